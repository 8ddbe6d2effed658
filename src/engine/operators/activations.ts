import type { Attributes, Value } from "../graph.ts";
import { defineOperator, type Operator } from "../graph.ts";
import { add, max, min, mul, sub } from "./arithmetic.ts";
import { attribute, op, required, scalar } from "./build.ts";
import { greater, where } from "./comparison.ts";
import { defineElementwise, type Slope, scale } from "./elementwise.ts";
import { abs, erf } from "./functions.ts";

function define(name: string, f: (x: number, a: Attributes) => number, slope: (x: Value, y: Value, a: Attributes) => Slope): void {
  defineElementwise({ name, arity: 1, takes: ["float32"], f: (a, x) => f(x, a), slope: (_, [x], y, a) => slope(x, y, a) });
}

const positive = (x: Value): Value => op("Cast", [greater(x, 0)], { to: 1 });
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

// Of the output, so that the runtime may still fuse Relu into the product before it.
define(
  "Relu",
  (x) => Math.max(x, 0),
  (_, y) => positive(y),
);
define(
  "LeakyRelu",
  (x, a) => (x > 0 ? x : attribute(a, "alpha", 0.01) * x),
  (x, _, a) => where(greater(x, 0), scalar(x.graph, 1), attribute(a, "alpha", 0.01)),
);
define(
  "Elu",
  (x, a) => (x > 0 ? x : attribute(a, "alpha", 1) * Math.expm1(x)),
  (x, y, a) => where(greater(x, 0), 1, add(y, attribute(a, "alpha", 1))),
);
// Klambauer et al., "Self-Normalizing Neural Networks", 2017
const seluAlpha = 1.6732632423543772;
const seluGamma = 1.0507009873554805;
define(
  "Selu",
  (x, a) => attribute(a, "gamma", seluGamma) * (x > 0 ? x : attribute(a, "alpha", seluAlpha) * Math.expm1(x)),
  (x, y, a) => {
    const gamma = attribute(a, "gamma", seluGamma);
    return where(greater(x, 0), gamma, add(y, gamma * attribute(a, "alpha", seluAlpha)));
  },
);
define("Sigmoid", logistic, (_, y) => mul(y, sub(1, y)));
define("Tanh", Math.tanh, (_, y) => sub(1, mul(y, y)));
define(
  "Softplus",
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  (x) => op("Sigmoid", [x]),
);
define(
  "Softsign",
  (x) => x / (1 + Math.abs(x)),
  (x) => {
    const below = op("Reciprocal", [add(abs(x), 1)]);
    return mul(below, below);
  },
);
define(
  "HardSigmoid",
  (x, a) => Math.min(1, Math.max(0, attribute(a, "alpha", 0.2) * x + attribute(a, "beta", 0.5))),
  (_, y, a) => mul(op("Cast", [op("And", [greater(y, 0), op("Less", [y, scalar(y.graph, 1)])])], { to: 1 }), attribute(a, "alpha", 0.2)),
);

const inside = (x: Value, y: Value): Value => op("Cast", [op("Equal", [x, y])], { to: 1 });

/** Clip passes the derivative where it changes nothing, bounds included; its bounds are constants. */
const clipRules: Pick<Operator, "jvp" | "vjp"> = {
  jvp(node, [t, low, high]) {
    if (low || high) throw new Error("Clip: no derivative with respect to its bounds; write min(max(x, low), high)");
    return [t && scale(t, inside(required("Clip", node.inputs, 0), node.outputs[0]))];
  },
  vjp(node, [cotangent], needed) {
    if (needed[1] || needed[2]) throw new Error("Clip: no derivative with respect to its bounds; write min(max(x, low), high)");
    return [cotangent && scale(cotangent, inside(required("Clip", node.inputs, 0), node.outputs[0])), null, null];
  },
};
defineOperator({
  name: "Clip",
  elementwise: true,
  infer(inputs) {
    const x = required("Clip", inputs, 0);
    for (const bound of inputs.slice(1))
      if (bound && (bound.shape.length > 0 || bound.dtype !== x.dtype))
        throw new Error(`Clip: its bounds must be scalars of dtype ${x.dtype}`);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  evaluate([x, low, high]) {
    if (!x) throw new Error("Clip: input 0 is missing");
    const [least, most] = [low?.data[0] ?? Number.NEGATIVE_INFINITY, high?.data[0] ?? Number.POSITIVE_INFINITY];
    return [{ shape: x.shape, data: x.data.map((v) => Math.min(most, Math.max(least, v))) }];
  },
  ...clipRules,
});

export const relu = (x: Value): Value => op("Relu", [x]);
export const leakyRelu = (x: Value, alpha = 0.01): Value => op("LeakyRelu", [x], { alpha });
export const elu = (x: Value, alpha = 1): Value => op("Elu", [x], { alpha });
export const selu = (x: Value): Value => op("Selu", [x], { alpha: seluAlpha, gamma: seluGamma });
export const sigmoid = (x: Value): Value => op("Sigmoid", [x]);
export const hardSigmoid = (x: Value, alpha = 0.2, beta = 0.5): Value => op("HardSigmoid", [x], { alpha, beta });
export const tanh = (x: Value): Value => op("Tanh", [x]);
export const softplus = (x: Value): Value => op("Softplus", [x]);
export const softsign = (x: Value): Value => op("Softsign", [x]);

/** x·σ(x) */
export const silu = (x: Value): Value => mul(x, sigmoid(x));

/** x·tanh(softplus(x)) (Misra, 2019) */
export const mish = (x: Value): Value => mul(x, tanh(softplus(x)));

/** x·Φ(x), Φ the standard normal's distribution function; "tanh" is PyTorch's approximation of that name. */
export function gelu(x: Value, approximate: "none" | "tanh" = "none"): Value {
  if (approximate === "none") return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
  const cubic = add(x, mul(mul(x, mul(x, x)), 0.044715));
  return mul(mul(x, 0.5), add(tanh(mul(cubic, Math.sqrt(2 / Math.PI))), 1));
}

/** x held within [low, high]. */
export function clip(x: Value, low: Value | number, high: Value | number): Value {
  if (typeof low !== "number" || typeof high !== "number") return min(max(x, low), high);
  if (low > high) throw new Error(`Clip: its lower bound ${low} is above its upper bound ${high}`);
  return op("Clip", [
    x,
    low === Number.NEGATIVE_INFINITY ? null : scalar(x.graph, low, x.dtype),
    high === Number.POSITIVE_INFINITY ? null : scalar(x.graph, high, x.dtype),
  ]);
}

/** Huber's loss of a residual: r²/2 within ±delta, delta(|r| − delta/2) beyond. */
export function huber(residual: Value, delta = 1): Value {
  const held = clip(residual, -delta, delta);
  return mul(held, sub(residual, mul(held, 0.5)));
}

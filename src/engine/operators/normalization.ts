import { normalAxis, showShape } from "../dims.ts";
import type { Node, Value } from "../graph.ts";
import { defineOperator } from "../graph.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { align, attribute, axisOf, expectDType, full, isScalar, knownIntegers, op, required, scalar, unbroadcast } from "./build.ts";
import { scale } from "./elementwise.ts";
import { exp, sqrt } from "./functions.ts";
import { along, fill, front, given, offset } from "./kernels.ts";
import { reduceMean, reduceSum } from "./reduction.ts";

const shiftedExp = (line: readonly number[]): { top: number; powers: number[]; sum: number } => {
  const top = line.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = line.map((x) => Math.exp(x - top));
  return { top, powers, sum: powers.reduce((a, b) => a + b, 0) };
};

function defineAlongAxis(
  name: string,
  f: (line: number[]) => readonly number[],
  /** t ↦ J·t, and c ↦ Jᵀ·c, with the axis to sum over */
  push: (t: Value, y: Value, axis: number) => Value,
  pull: (c: Value, y: Value, axis: number) => Value,
): void {
  defineOperator({
    name,
    infer(inputs, attributes) {
      const x = required(name, inputs, 0);
      expectDType(name, x, "float32");
      axisOf({ operator: name, inputs, attributes }, -1);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    evaluate: (inputs, attributes) => [along(given(inputs, 0), attribute(attributes, "axis", -1), f)],
    jvp: (node, [t]) => [t && push(t, node.outputs[0], axisOf(node, -1) + 1)],
    vjp: (node, [c]) => [c && pull(c, node.outputs[0], axisOf(node, -1))],
  });
}

// y = softmax x: dy = y (dx − Σ y dx), x̄ = y (ȳ − Σ y ȳ)
const through = (t: Value, y: Value, axis: number): Value => mul(y, sub(t, reduceSum(mul(y, t), axis, true)));
defineAlongAxis(
  "Softmax",
  (line) => {
    const { powers, sum } = shiftedExp(line);
    return powers.map((p) => p / sum);
  },
  through,
  through,
);
// y = log softmax x: dy = dx − Σ eʸ dx, x̄ = ȳ − eʸ Σ ȳ
defineAlongAxis(
  "LogSoftmax",
  (line) => {
    const { top, sum } = shiftedExp(line);
    return line.map((x) => x - top - Math.log(sum));
  },
  (t, y, axis) => sub(t, reduceSum(mul(exp(y), t), axis, true)),
  (c, y, axis) => sub(c, mul(exp(y), reduceSum(c, axis, true))),
);

/** The standardised input z = (x − mean)/σ, 1/σ, and the axes it is standardised over, of a LayerNormalization. */
function standardised(node: Node): { z: Value; inverse: Value; axes: number[] } {
  const x = node.inputs[0] as Value;
  const start = axisOf(node, -1);
  const axes = x.shape.slice(start).map((_, i) => start + i);
  const centred = sub(x, reduceMean(x, axes, true));
  const inverse = div(1, sqrt(add(reduceMean(mul(centred, centred), axes, true), attribute(node.attributes, "epsilon", 1e-5))));
  return { z: mul(centred, inverse), inverse, axes };
}

/** u − mean u − z·mean(z u): the projection that both derivatives of z share, up to 1/σ. */
function projected(u: Value, z: Value, axes: readonly number[]): Value {
  return sub(sub(u, reduceMean(u, axes, true)), mul(z, reduceMean(mul(z, u), axes, true)));
}

// y = scale·z + bias, z = (x − mean x)/σ, σ² = var x + ε (Ba, Kiros and Hinton, 2016): dz = (dx − mean dx − z·mean(z dx))/σ
defineOperator({
  name: "LayerNormalization",
  infer(inputs, attributes) {
    const x = required("LayerNormalization", inputs, 0);
    expectDType("LayerNormalization", x, "float32");
    const start = normalAxis("LayerNormalization", attribute(attributes, "axis", -1), x.shape.length);
    const wanted = showShape(x.shape.slice(start));
    for (const part of [required("LayerNormalization", inputs, 1), inputs[2]])
      if (part && showShape(part.shape) !== wanted)
        throw new Error(`LayerNormalization: scale and bias must be ${wanted}, got ${showShape(part.shape)}`);
    return [{ dtype: "float32", shape: x.shape }];
  },
  evaluate(inputs, attributes) {
    const [x, factor] = [given(inputs, 0), given(inputs, 1)];
    const bias = inputs[2];
    const start = front(attribute(attributes, "axis", -1), x.shape.length);
    const length = x.shape.slice(start).reduce((a, b) => a * b, 1);
    const lines = along({ shape: [x.data.length / length, length], data: x.data }, 1, (line) => {
      const mean = line.reduce((a, b) => a + b, 0) / length;
      const variance = line.reduce((a, b) => a + (b - mean) ** 2, 0) / length;
      return line.map((v) => (v - mean) / Math.sqrt(variance + attribute(attributes, "epsilon", 1e-5)));
    });
    return [
      fill(
        x.shape,
        (index, at) => lines.data[at] * factor.data[offset(factor.shape, index)] + (bias ? bias.data[offset(bias.shape, index)] : 0),
      ),
    ];
  },
  jvp(node, [tx, tscale, tbias]) {
    const [x, factor] = node.inputs as Value[];
    const { z, inverse, axes } = standardised(node);
    const parts: Value[] = [];
    if (tx) {
      const behind = axes.map((axis) => axis + 1);
      parts.push(mul(projected(tx, z, behind), isUnit(factor) ? inverse : mul(inverse, factor)));
    }
    const rank = x.shape.length;
    if (tscale) parts.push(mul(align(tscale, factor.shape.length, rank), z));
    if (tbias) parts.push(align(tbias, factor.shape.length, rank));
    return [parts.length === 0 ? null : parts.reduce((a, b) => add(a, b))];
  },
  vjp(node, [cotangent], needed) {
    if (!cotangent) return [null, null, null];
    const factor = node.inputs[1] as Value;
    const { z, inverse, axes } = standardised(node);
    return [
      needed[0] ? mul(projected(isUnit(factor) ? cotangent : scale(cotangent, factor), z, axes), inverse) : null,
      needed[1] ? unbroadcast(mul(cotangent, z), factor.shape) : null,
      needed[2] ? unbroadcast(cotangent, factor.shape) : null,
    ];
  },
});

const isUnit = (value: Value): boolean => isScalar(value, 1);

/** exp(x)/Σ exp(x) along an axis. */
export const softmax = (x: Value, axis = -1): Value => op("Softmax", [x], { axis });
export const logSoftmax = (x: Value, axis = -1): Value => op("LogSoftmax", [x], { axis });

/** Standardised over the last axes, from `axis` on, then scaled and shifted; scale and bias have the shape of those axes. */
export function layerNormalization(x: Value, factor: Value, bias: Value | null = null, epsilon = 1e-5, axis = -1): Value {
  return op("LayerNormalization", bias ? [x, factor, bias] : [x, factor], { axis, epsilon });
}

defineOperator({
  name: "CumSum",
  infer(inputs, attributes) {
    const x = required("CumSum", inputs, 0);
    cumulativeAxis(x, required("CumSum", inputs, 1));
    if (attribute(attributes, "exclusive", 0) !== 0) throw new Error("CumSum: exclusive sums are not supported");
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  evaluate: (inputs, attributes) => [
    along(given(inputs, 0), given(inputs, 1).data[0], (line) => {
      const ordered = attribute(attributes, "reverse", 0) ? line.reverse() : line;
      let sum = 0;
      const sums = ordered.map((v) => (sum += v));
      return attribute(attributes, "reverse", 0) ? sums.reverse() : sums;
    }),
  ],
  jvp(node, [t]) {
    if (!t) return [null];
    const [x, at] = node.inputs as Value[];
    const axis = cumulativeAxis(x, at);
    return [op("CumSum", [full(t, x, [axis]), scalar(t.graph, axis + 1, "int64")], node.attributes)];
  },
  vjp: (node, [cotangent]) => [
    cotangent && op("CumSum", [cotangent, node.inputs[1]], { ...node.attributes, reverse: 1 - attribute(node.attributes, "reverse", 0) }),
    null,
  ],
});

function cumulativeAxis(x: Value, axis: Value): number {
  return normalAxis("CumSum", knownIntegers("CumSum", "axis", axis)[0], x.shape.length);
}

/** Running sums along an axis. */
export const cumSum = (x: Value, axis: number, reverse = false): Value =>
  op("CumSum", [x, scalar(x.graph, axis, "int64")], { exclusive: 0, reverse: Number(reverse) });

import type { DType, Value } from "../graph.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { type Operand, op, operands, scalar } from "./build.ts";
import { equal, greater, greaterOrEqual, less, where } from "./comparison.ts";
import { defineElementwise, type Slope } from "./elementwise.ts";

/** Functions of one number: y = f(x) with dy/dx written in x and y. */
function define(
  name: string,
  f: (x: number) => number,
  slope: "flat" | ((x: Value, y: Value) => Slope),
  takes: readonly DType[] = ["float32"],
) {
  defineElementwise({
    name,
    arity: 1,
    takes,
    f: (_, x) => f(x),
    slope: slope === "flat" ? "flat" : (_, [x], y) => slope(x, y),
  });
  return (x: Value): Value => op(name, [x]);
}

const numeric: readonly DType[] = ["float32", "int64"];
const square = (x: Value): Value => mul(x, x);

export const neg = define(
  "Neg",
  (x) => -x,
  () => -1,
  numeric,
);
export const abs = define("Abs", Math.abs, (x) => op("Sign", [x]), numeric);
export const exp = define("Exp", Math.exp, (_, y) => y);
export const log = define("Log", Math.log, (x) => reciprocal(x));
export const sqrt = define("Sqrt", Math.sqrt, (_, y) => div(0.5, y));
export const reciprocal: (x: Value) => Value = define(
  "Reciprocal",
  (x) => 1 / x,
  (_, y) => op("Neg", [square(y)]),
);
export const sin = define("Sin", Math.sin, (x) => op("Cos", [x]));
export const cos = define("Cos", Math.cos, (x) => op("Neg", [op("Sin", [x])]));
export const tan = define("Tan", Math.tan, (_, y) => add(square(y), 1));
export const asin = define("Asin", Math.asin, (x) => reciprocal(sqrt(sub(1, square(x)))));
export const acos = define("Acos", Math.acos, (x) => op("Neg", [reciprocal(sqrt(sub(1, square(x))))]));
export const atan = define("Atan", Math.atan, (x) => reciprocal(add(square(x), 1)));
export const erf = define("Erf", errorFunction, (x) => mul(op("Exp", [op("Neg", [square(x)])]), 2 / Math.sqrt(Math.PI)));
export const sign = define("Sign", Math.sign, "flat", numeric);
export const floor = define("Floor", Math.floor, "flat");
export const ceil = define("Ceil", Math.ceil, "flat");
// ONNX rounds halves to the even neighbour.
export const round = define("Round", (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)), "flat");

/**
 * The angle of the point (x, y), in (−π, π]; its derivative is right everywhere but at the origin.
 * The quotient is always of the smaller by the larger, so that nothing is divided by zero.
 */
export function atan2(y: Operand, x: Operand): Value {
  const [v, u] = operands("atan2", y, x);
  const steep = greater(abs(v), abs(u));
  const below = where(steep, v, u);
  const angle = atan(div(where(steep, u, v), where(equal(below, 0), 1, below)));
  const left = where(less(u, 0), where(greaterOrEqual(v, 0), scalar(v.graph, Math.PI), -Math.PI), 0);
  return where(steep, sub(mul(sign(v), Math.PI / 2), angle), add(angle, left));
}

/**
 * erf(x) = 2/√π e^(−x²) Σ 2^n x^(2n+1) / (2n+1)!! near zero, whose terms are all positive; beyond, 1 − erfc(x) by its
 * continued fraction (Abramowitz and Stegun, 7.1.6 and 7.1.14). Exact to about 1e-15.
 */
function errorFunction(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    return (Math.sign(x) * 2 * Math.exp(-z * z) * sum) / Math.sqrt(Math.PI);
  }
  let fraction = z;
  for (let n = 80; n >= 1; n--) fraction = z + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (fraction * Math.sqrt(Math.PI)));
}

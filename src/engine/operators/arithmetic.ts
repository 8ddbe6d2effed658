import type { DType, Value } from "../graph.ts";
import { isScalar, type Operand, op, operands, scalar } from "./build.ts";
import { defineElementwise } from "./elementwise.ts";

const float: readonly DType[] = ["float32"];
const numeric: readonly DType[] = ["float32", "int64"];

const binary = (operator: string, a: Operand, b: Operand): Value => op(operator, operands(operator, a, b));
const mask = (operator: string, a: Value, b: Value): Value => op("Cast", [op(operator, [a, b])], { to: 1 });

defineElementwise({ name: "Add", arity: 2, takes: numeric, f: (_, a, b) => a + b, slope: () => 1 });
defineElementwise({ name: "Sub", arity: 2, takes: numeric, f: (_, a, b) => a - b, slope: (i) => (i === 0 ? 1 : -1) });
defineElementwise({ name: "Mul", arity: 2, takes: numeric, f: (_, a, b) => a * b, slope: (i, [a, b]) => (i === 0 ? b : a) });
defineElementwise({
  name: "Div",
  arity: 2,
  takes: numeric,
  f: (_, a, b) => a / b,
  slope: (i, [, b], y) => (i === 0 ? op("Reciprocal", [b]) : op("Neg", [op("Div", [y, b])])),
});
// d a^b = b a^(b−1) da + a^b log(a) db
defineElementwise({
  name: "Pow",
  arity: 2,
  takes: float,
  f: (_, a, b) => a ** b,
  slope: (i, [a, b], y) => (i === 0 ? op("Mul", [b, op("Pow", [a, op("Sub", [b, scalar(b.graph, 1)])])]) : op("Mul", [y, op("Log", [a])])),
});
// A tie belongs to the first operand.
defineElementwise({
  name: "Max",
  arity: 2,
  takes: numeric,
  f: (_, a, b) => Math.max(a, b),
  slope: (i, [a, b]) => mask(i === 0 ? "GreaterOrEqual" : "Less", a, b),
});
defineElementwise({
  name: "Min",
  arity: 2,
  takes: numeric,
  f: (_, a, b) => Math.min(a, b),
  slope: (i, [a, b]) => mask(i === 0 ? "LessOrEqual" : "Greater", a, b),
});
// ONNX: fmod 1 keeps the dividend's sign as C does (the only form for floats), 0 the divisor's.
defineElementwise({
  name: "Mod",
  arity: 2,
  takes: numeric,
  f: ({ fmod }, a, b) => (fmod === 1 ? a % b : a - b * Math.floor(a / b)),
  slope: (i, [a, b], y) => (i === 0 ? 1 : op("Div", [op("Sub", [y, a]), b])),
});

export const add = (a: Operand, b: Operand): Value => neutral(a, b, 0) ?? binary("Add", a, b);
export const sub = (a: Operand, b: Operand): Value => binary("Sub", a, b);
export const mul = (a: Operand, b: Operand): Value => neutral(a, b, 1) ?? binary("Mul", a, b);
export const div = (a: Operand, b: Operand): Value => binary("Div", a, b);
export const max = (a: Operand, b: Operand): Value => binary("Max", a, b);
export const min = (a: Operand, b: Operand): Value => binary("Min", a, b);

/** The operand that a plain 0 of a sum or 1 of a product leaves as it is. */
function neutral(a: Operand, b: Operand, element: number): Value | null {
  if (typeof a !== "number" && (b === element || (typeof b !== "number" && isScalar(b, element)))) return a;
  if (typeof b !== "number" && (a === element || (typeof a !== "number" && isScalar(a, element)))) return b;
  return null;
}

/** a^b; squares and roots become cheaper operators. */
export function pow(a: Value, b: Operand): Value {
  if (b === 2) return mul(a, a);
  if (b === 0.5) return op("Sqrt", [a]);
  return b === 1 ? a : binary("Pow", a, b);
}

/** The remainder with the divisor's sign: a − b·⌊a/b⌋, as NumPy's and PyTorch's. */
export function mod(a: Operand, b: Operand): Value {
  const [x, y] = operands("Mod", a, b);
  return x.dtype === "int64" ? op("Mod", [x, y], { fmod: 0 }) : sub(x, mul(y, op("Floor", [div(x, y)])));
}

import { broadcastShapes } from "../dims.ts";
import type { DType, Value } from "../graph.ts";
import { defineOperator } from "../graph.ts";
import { align, expectDType, isScalar, type Operand, op, operands, required, scalar, unbroadcast } from "./build.ts";
import { defineElementwise } from "./elementwise.ts";
import { given, mapped } from "./kernels.ts";

function compare(name: string, f: (a: number, b: number) => boolean, takes: readonly DType[] = ["float32", "int64"]) {
  defineElementwise({ name, arity: 2, takes, gives: "bool", f: (_, a, b) => Number(f(a, b)), slope: "flat" });
  return (a: Operand, b: Operand): Value => op(name, operands(name, a, b));
}

export const greater: (a: Operand, b: Operand) => Value = compare("Greater", (a, b) => a > b);
export const less: (a: Operand, b: Operand) => Value = compare("Less", (a, b) => a < b);
export const greaterOrEqual: (a: Operand, b: Operand) => Value = compare("GreaterOrEqual", (a, b) => a >= b);
export const lessOrEqual: (a: Operand, b: Operand) => Value = compare("LessOrEqual", (a, b) => a <= b);
export const equal: (a: Operand, b: Operand) => Value = compare("Equal", (a, b) => a === b, ["float32", "int64", "bool"]);
export const and: (a: Operand, b: Operand) => Value = compare("And", (a, b) => a !== 0 && b !== 0, ["bool"]);
export const or: (a: Operand, b: Operand) => Value = compare("Or", (a, b) => a !== 0 || b !== 0, ["bool"]);
export const xor: (a: Operand, b: Operand) => Value = compare("Xor", (a, b) => (a !== 0) !== (b !== 0), ["bool"]);

defineElementwise({ name: "Not", arity: 1, takes: ["bool"], f: (_, a) => Number(a === 0), slope: "flat" });
export const not = (a: Value): Value => op("Not", [a]);

defineOperator({
  name: "Where",
  elementwise: true,
  infer(inputs) {
    const [condition, a, b] = [0, 1, 2].map((i) => required("Where", inputs, i));
    expectDType("Where", condition, "bool");
    if (a.dtype !== b.dtype) throw new Error(`Where: its branches differ in dtype: ${a.dtype} and ${b.dtype}`);
    return [{ dtype: a.dtype, shape: broadcastShapes("Where", condition.shape, a.shape, b.shape) }];
  },
  evaluate: (inputs) => [mapped([given(inputs, 0), given(inputs, 1), given(inputs, 2)], (c, a, b) => (c !== 0 ? a : b))],
  // Selecting, not masking by a product: an infinite derivative of the branch not taken must not turn into NaN.
  jvp(node, [, ta, tb]) {
    const [condition, a, b] = node.inputs as Value[];
    const rank = node.outputs[0].shape.length;
    if (!ta && !tb) return [null];
    const zero = scalar(condition.graph, 0);
    const [x, y] = [ta ? align(ta, a.shape.length, rank) : zero, tb ? align(tb, b.shape.length, rank) : zero];
    if (isScalar(x, 1) && isScalar(y, 0)) return [op("Cast", [condition], { to: 1 })];
    return [x === y ? x : op("Where", [condition, x, y])];
  },
  vjp(node, [cotangent], needed) {
    const [condition, a, b] = node.inputs as Value[];
    if (!cotangent) return [null, null, null];
    const zero = scalar(condition.graph, 0);
    return [
      null,
      needed[1] ? unbroadcast(op("Where", [condition, cotangent, zero]), a.shape) : null,
      needed[2] ? unbroadcast(op("Where", [condition, zero, cotangent]), b.shape) : null,
    ];
  },
});

/** a where the condition holds, else b. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  const dtype = typeof a !== "number" ? a.dtype : typeof b !== "number" ? b.dtype : "float32";
  const value = (x: Operand) => (typeof x === "number" ? scalar(condition.graph, x, dtype) : x);
  return op("Where", [condition, value(a), value(b)]);
}

const codes: Readonly<Record<DType, number>> = { float32: 1, int64: 7, bool: 9 };
const dtypes: Readonly<Record<number, DType>> = { 1: "float32", 7: "int64", 9: "bool" };

defineOperator({
  name: "Cast",
  infer(inputs, { to }) {
    const dtype = dtypes[Number(to)];
    if (!dtype) throw new Error(`Cast: to must be 1 (float32), 7 (int64) or 9 (bool), got ${to}`);
    return [{ dtype, shape: required("Cast", inputs, 0).shape }];
  },
  evaluate(inputs, { to }) {
    const x = given(inputs, 0);
    if (to === 1) return [x];
    return [{ shape: x.shape, data: x.data.map(to === 7 ? Math.trunc : (v) => Number(v !== 0)) }];
  },
  jvp: (node, [t]) => [node.attributes.to === 1 ? t : null],
  vjp: (node, [cotangent]) => [node.attributes.to === 1 && node.inputs[0]?.dtype === "float32" ? cotangent : null],
});

/** The same numbers in another dtype; fractions are cut off, and bool is "not zero". */
export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : op("Cast", [x], { to: codes[dtype] });
}

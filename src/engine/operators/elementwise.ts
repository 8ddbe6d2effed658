import { broadcastShapes } from "../dims.ts";
import type { Attributes, DType, Node, Value } from "../graph.ts";
import { defineOperator, type Operator } from "../graph.ts";
import { align, expectDType, flat, isScalar, op, required, scalar, unbroadcast } from "./build.ts";
import { given, mapped } from "./kernels.ts";

/** ∂y/∂x of an operator that works element by element: a tensor that broadcasts to the output, or a number. */
export type Slope = Value | number;

export interface Elementwise {
  readonly name: string;
  readonly arity: number;
  readonly takes: readonly DType[];
  /** dtype of the output; the inputs' own where left out. */
  readonly gives?: DType;
  readonly f: (attributes: Attributes, ...x: number[]) => number;
  /** "flat": the derivative is zero wherever it exists. */
  readonly slope: "flat" | ((index: number, inputs: readonly Value[], output: Value, attributes: Attributes) => Slope);
}

/** t·slope, with products by ±1 left out. */
export function scale(t: Value, slope: Slope): Value {
  if (slope === 1) return t;
  if (slope === -1) return op("Neg", [t]);
  if (typeof slope === "number") return op("Mul", [t, scalar(t.graph, slope)]);
  return isScalar(t, 1) ? slope : op("Mul", [t, slope]);
}

/** Register an operator that works element by element: dy = Σ_i (∂y/∂x_i) dx_i gives both derivatives. */
export function defineElementwise({ name, arity, takes, gives, f, slope }: Elementwise): Operator {
  const inputsOf = (node: Node) => node.inputs as readonly Value[];
  const rules: Pick<Operator, "jvp" | "vjp"> =
    slope === "flat"
      ? flat
      : {
          jvp(node, tangents) {
            const rank = node.outputs[0].shape.length;
            let sum: Value | null = null;
            tangents.forEach((tangent, i) => {
              if (!tangent) return;
              const aligned = align(tangent, inputsOf(node)[i].shape.length, rank);
              const part = scale(aligned, slope(i, inputsOf(node), node.outputs[0], node.attributes));
              sum = sum ? op("Add", [sum, part]) : part;
            });
            return [sum];
          },
          vjp(node, [cotangent], needed) {
            return inputsOf(node).map((input, i) => {
              if (!cotangent || !needed[i]) return null;
              return unbroadcast(scale(cotangent, slope(i, inputsOf(node), node.outputs[0], node.attributes)), input.shape);
            });
          },
        };
  return defineOperator({
    name,
    elementwise: true,
    infer(inputs) {
      if (inputs.length !== arity) throw new Error(`${name}: takes ${arity} input${arity === 1 ? "" : "s"}, got ${inputs.length}`);
      const values = inputs.map((_, i) => required(name, inputs, i));
      for (const value of values) {
        expectDType(name, value, ...takes);
        if (value.dtype !== values[0].dtype)
          throw new Error(`${name}: its inputs differ in dtype: ${values.map((v) => v.dtype).join(" and ")}`);
      }
      return [{ dtype: gives ?? values[0].dtype, shape: broadcastShapes(name, ...values.map((v) => v.shape)) }];
    },
    evaluate: (inputs, attributes) => [
      mapped(
        inputs.map((_, i) => given(inputs, i)),
        (...x) => f(attributes, ...x),
      ),
    ],
    ...rules,
  });
}

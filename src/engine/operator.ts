import type { Attributes, DType, Graph, Node, Shape, Value } from "./graph.ts";

/**
 * The ONNX operator set that graphs are written in. At 18 the axes of Squeeze, Unsqueeze and every Reduce…, the sizes of Split and the bounds of Clip
 * and Slice are inputs. Attributes keep ONNX's own names and codes (`Cast.to`: 1 float32, 7 int64, 9 bool). Max and Min take two inputs, LayerNormalization has one output.
 */
export const OPSET = 18;

/** A tensor of the reference evaluator: everything in Float64, row-major. */
export interface Reference {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/**
 * One ONNX operator: what its outputs look like, what they are, and how they change.
 * `jvp`: tangents carry one more axis than their values, in front: the directions D (length 1 where constant).
 *   A tangent may have length 1 where its value has more (broadcasting); `null` is zero.
 * `vjp`: cotangents have the shape of their values; `null` is zero. Only inputs that are `needed` have to be answered. Both append to the node's graph.
 * `elementwise`: an output element depends on the input elements it is broadcast from only, and `jvp` works on tangents without the axis D as well.
 */
export interface Operator {
  readonly name: string;
  infer(inputs: readonly (Value | null)[], attributes: Attributes, graph: Graph): { readonly dtype: DType; readonly shape: Shape }[];
  evaluate(inputs: readonly (Reference | null)[], attributes: Attributes): Reference[];
  jvp?(node: Node, tangents: readonly (Value | null)[]): (Value | null)[];
  vjp?(node: Node, cotangents: readonly (Value | null)[], needed: readonly boolean[]): (Value | null)[];
  readonly elementwise?: boolean;
}

const registry = new Map<string, Operator>();

export function defineOperator(operator: Operator): Operator {
  registry.set(operator.name, operator);
  return operator;
}

export function operatorNames(): string[] {
  return [...registry.keys()].sort();
}

export class UnsupportedOperatorError extends Error {}

export function operatorNamed(name: string): Operator {
  const operator = registry.get(name);
  if (!operator) throw new UnsupportedOperatorError(`operator '${name}' is not one that vinverse can run and differentiate`);
  return operator;
}

import type { Attributes, DType, Graph, Node, Shape, Value } from "./graph.ts";

/** A tensor of the reference evaluator: everything in Float64, row-major. */
export interface Reference {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/**
 * One ONNX operator: what its outputs look like, what they are, and how they change.
 * `jvp`: tangents carry one more axis than their values, in front: the directions D (length 1 where constant).
 *   A tangent may have length 1 where its value has more (broadcasting); `null` is zero.
 * `vjp`: cotangents have the shape of their values; `null` is zero. Both append to the node's graph.
 */
export interface Operator {
  readonly name: string;
  infer(inputs: readonly (Value | null)[], attributes: Attributes, graph: Graph): { readonly dtype: DType; readonly shape: Shape }[];
  evaluate(inputs: readonly (Reference | null)[], attributes: Attributes): Reference[];
  jvp?(node: Node, tangents: readonly (Value | null)[]): (Value | null)[];
  vjp?(node: Node, cotangents: readonly (Value | null)[]): (Value | null)[];
}

const registry = new Map<string, Operator>();

export function defineOperator(operator: Operator): Operator {
  registry.set(operator.name, operator);
  return operator;
}

export class UnsupportedOperatorError extends Error {}

export function operatorNamed(name: string): Operator {
  const operator = registry.get(name);
  if (!operator) throw new UnsupportedOperatorError(`operator '${name}' is not one that vinverse can run and differentiate`);
  return operator;
}

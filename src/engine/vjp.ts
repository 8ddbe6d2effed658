import { sameShape, showShape } from "./dims.ts";
import type { Value } from "./graph.ts";
import { operatorNamed, UnsupportedOperatorError } from "./graph.ts";
import { expandTo, op, scalar } from "./operators/build.ts";
import "./operators/index.ts";
import { nodesBehind } from "./reference.ts";

/**
 * Reverse mode: the cotangents of `wrt` for a cotangent of `output`, Jᵀ·c. Appends to the graph.
 * @param cotangent of output's shape
 * @param wrt inputs of the graph, or any values within it; what lies before them is held
 * @returns one value a `wrt`, of its shape; zeros where the output does not depend on it
 * @throws UnsupportedOperatorError naming an operator that has no reverse rule
 */
export function vjp(output: Value, cotangent: Value, wrt: readonly Value[]): Value[] {
  if (!sameShape(output.shape, cotangent.shape))
    throw new Error(`vjp: an output ${showShape(output.shape)} cannot have a cotangent ${showShape(cotangent.shape)}`);
  const targets = new Set(wrt);
  const nodes = nodesBehind(output.graph, [output]);
  const varied = new Set<Value>(wrt);
  for (const node of nodes) {
    if (node.inputs.some((v) => v && v.dtype === "float32" && varied.has(v)))
      for (const v of node.outputs) if (v.dtype === "float32") varied.add(v);
  }

  const cotangents = new Map<Value, Value>([[output, cotangent]]);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const given = node.outputs.map((v) => (targets.has(v) ? null : (cotangents.get(v) ?? null)));
    const needed = node.inputs.map((v) => v !== null && varied.has(v) && v.dtype === "float32");
    if (given.every((c) => c === null) || !needed.some(Boolean)) continue;
    const operator = operatorNamed(node.operator);
    if (!operator.vjp) throw new UnsupportedOperatorError(`operator '${node.operator}' has no reverse derivative`);
    operator.vjp(node, given, needed).forEach((part, j) => {
      const value = node.inputs[j];
      if (!part || !value || !needed[j]) return;
      const sum = cotangents.get(value);
      cotangents.set(value, sum ? op("Add", [sum, part]) : part);
    });
  }
  return wrt.map((value) => cotangents.get(value) ?? expandTo(scalar(value.graph, 0), value.shape, [value]));
}

/** The gradient of a loss of one element with respect to each of `wrt`, of their shapes. Appends to the graph. */
export function gradient(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.shape.some((dim) => dim !== 1))
    throw new Error(`gradient: a loss has one element, got ${showShape(loss.shape)}; reduce it, or use vjp`);
  const one = loss.shape.length === 0 ? scalar(loss.graph, 1) : loss.graph.constant([1], loss.shape as number[]);
  return vjp(loss, one, wrt);
}

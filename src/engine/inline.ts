import { showShape } from "./dims.ts";
import type { Graph, Value } from "./graph.ts";
import { nodesBehind } from "./reference.ts";
import "./operators/index.ts";

/**
 * Append a graph's nodes to another, its inputs replaced by values of that one.
 * Shapes are inferred anew, so a named length may become a number or another name.
 * @param feeds a value of `target` for every input that the outputs depend on
 * @param wanted names of the outputs to append; all where left out
 * @returns the source's outputs, as values of the target
 */
export function inline(
  source: Graph,
  target: Graph,
  feeds: Readonly<Record<string, Value>>,
  wanted: readonly string[] = [...source.outputs.keys()],
): Record<string, Value> {
  const kept = [...source.outputs].filter(([name]) => wanted.includes(name));
  const copies = new Map<Value, Value>();
  for (const input of source.inputs) {
    const value = feeds[input.name];
    if (!value) continue;
    const fits =
      value.shape.length === input.shape.length && input.shape.every((dim, i) => typeof dim === "string" || dim === value.shape[i]);
    if (value.graph !== target) throw new Error(`inline: the value for '${input.name}' belongs to another graph`);
    if (!fits || value.dtype !== input.dtype)
      throw new Error(
        `inline: input '${input.name}' is ${input.dtype}${showShape(input.shape)}, got ${value.dtype}${showShape(value.shape)}`,
      );
    copies.set(input, value);
  }
  const copy = (value: Value): Value => {
    let held = copies.get(value);
    if (held) return held;
    const data = source.constants.get(value);
    if (!data) throw new Error(`inline: input '${value.name}' has no value`);
    held = target.constant(data, value.shape as number[], value.dtype);
    copies.set(value, held);
    return held;
  };
  for (const node of nodesBehind(
    source,
    kept.map(([, value]) => value),
  )) {
    const outputs = target.apply(
      node.operator,
      node.inputs.map((v) => v && copy(v)),
      node.attributes,
    );
    node.outputs.forEach((value, i) => {
      copies.set(value, outputs[i]);
    });
  }
  return Object.fromEntries(kept.map(([name, value]) => [name, copy(value)]));
}

import { sameShape, showShape } from "./dims.ts";
import type { Node, Value } from "./graph.ts";
import { operatorNamed, UnsupportedOperatorError } from "./graph.ts";
import { expandTo, scalar } from "./operators/build.ts";
import { scale } from "./operators/elementwise.ts";
import "./operators/index.ts";
import { nodesBehind } from "./reference.ts";

/**
 * A tangent as base·factor (elementwise; no factor is 1). Chains of elementwise operators only multiply factors of the value's own size,
 * so that the tangents, which are D times larger, are touched once a chain.
 */
interface Tangent {
  readonly base: Value;
  readonly factor: Value | null;
}

/** Tangents of outputs, each [D, …] or with length 1 where constant; null where an output does not depend on what is varied. */
function push(outputs: readonly Value[], seeds: ReadonlyMap<Value, Value>): (Value | null)[] {
  const tangents = new Map<Value, Tangent>();
  for (const [value, base] of seeds) tangents.set(value, { base, factor: null });
  const products = new Map<Tangent, Value>();
  const whole = (tangent: Tangent | undefined): Value | null => {
    if (!tangent) return null;
    const product = products.get(tangent) ?? (tangent.factor ? scale(tangent.base, tangent.factor) : tangent.base);
    products.set(tangent, product);
    return product;
  };

  for (const node of nodesBehind(outputs[0].graph, outputs)) {
    const given = node.inputs.map((v) => (v ? tangents.get(v) : undefined));
    if (given.every((t) => t === undefined) || node.outputs.every((v) => seeds.has(v))) continue;
    const operator = operatorNamed(node.operator);
    if (!operator.jvp) throw new UnsupportedOperatorError(`operator '${node.operator}' has no forward derivative`);
    const base = operator.elementwise ? commonBase(node, given) : null;
    const results = base
      ? operator.jvp(
          node,
          given.map((t) => t && (t.factor ?? scalar(base.graph, 1))).map((t) => t ?? null),
        )
      : operator.jvp(node, given.map(whole));
    results.forEach((result, i) => {
      const value = node.outputs[i];
      if (result && !seeds.has(value)) tangents.set(value, base ? { base, factor: result } : { base: result, factor: null });
    });
  }
  return outputs.map((output) => whole(tangents.get(output)));
}

/** The one base that all of a node's tangents are multiples of, where none of them is stretched by the node. */
function commonBase(node: Node, given: readonly (Tangent | undefined)[]): Value | null {
  let base: Value | null = null;
  for (let i = 0; i < given.length; i++) {
    const tangent = given[i];
    if (!tangent) continue;
    if ((base && tangent.base !== base) || !sameShape((node.inputs[i] as Value).shape, node.outputs[0].shape)) return null;
    base = tangent.base;
  }
  return base;
}

/**
 * Forward mode: the change of `output` for changes of `wrt`, J·t, for D directions at once. Appends to the graph.
 * @param wrt what is varied: inputs of the graph, or any values within it; everything else is held
 * @param tangent one a varied value: [D, …its shape], or length 1 along an axis where it is constant
 * @returns [D, …shape of output]
 * @throws UnsupportedOperatorError naming an operator that has no forward rule
 */
export function jvp(output: Value, wrt: Value | readonly Value[], tangent: Value | readonly Value[]): Value {
  const seeds = new Map<Value, Value>();
  const [values, tangents] = [list(wrt), list(tangent)];
  if (values.length !== tangents.length) throw new Error(`jvp: ${values.length} values need as many tangents, got ${tangents.length}`);
  values.forEach((value, i) => {
    const fits =
      tangents[i].shape.length === value.shape.length + 1 && value.shape.every((dim, j) => [1, dim].includes(tangents[i].shape[j + 1]));
    if (!fits) throw new Error(`jvp: a value ${showShape(value.shape)} cannot have a tangent ${showShape(tangents[i].shape)}`);
    seeds.set(value, tangents[i]);
  });
  const directions = tangents.map((t) => t.shape[0]).find((dim) => dim !== 1) ?? 1;
  const result = push([output], seeds)[0] ?? scalar(output.graph, 0);
  return expandTo(result, [directions, ...output.shape], [output, ...tangents]);
}

const list = (x: Value | readonly Value[]): readonly Value[] => ("graph" in x ? [x] : x);

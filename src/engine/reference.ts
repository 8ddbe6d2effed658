import type { Graph, Node, Value } from "./graph.ts";
import { operatorNamed, type Reference } from "./graph.ts";
import "./operators/index.ts";

export function reference(data: ArrayLike<number>, shape: readonly number[] = [data.length]): Reference {
  const size = shape.reduce((a, b) => a * b, 1);
  if (size !== data.length) throw new Error(`a tensor of shape [${shape}] needs ${size} numbers, got ${data.length}`);
  return { shape, data: Float64Array.from(data) };
}

/** The nodes that values depend on, in an order in which they can run. */
export function nodesBehind(graph: Graph, values: Iterable<Value>): Node[] {
  const wanted = new Set(values);
  const nodes: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!node.outputs.some((v) => wanted.has(v))) continue;
    nodes.push(node);
    for (const v of node.inputs) if (v) wanted.add(v);
  }
  return nodes.reverse();
}

/**
 * Run a graph in Float64, one plain loop an operator: slow, and the oracle that everything else is checked against.
 * @param feeds a tensor for every input that the outputs depend on; int64 and bool as numbers
 * @throws if a feed is missing or has another shape than declared; a named length must be the same wherever it appears
 */
export function evaluate(graph: Graph, feeds: Readonly<Record<string, Reference>>): Record<string, Reference> {
  const held = new Map<Value, Reference>();
  const lengths = new Map<string, number>();
  const unknown = Object.keys(feeds).find((name) => !graph.inputs.some((v) => v.name === name));
  if (unknown !== undefined)
    throw new Error(`feed '${unknown}' is no input of the graph: ${graph.inputs.map((v) => v.name).join(", ") || "it has none"}`);
  for (const input of graph.inputs) {
    const feed = feeds[input.name];
    if (!feed) continue;
    checkFeed(input, feed, lengths);
    held.set(input, feed);
  }
  for (const [value, data] of graph.constants) held.set(value, { shape: value.shape as number[], data: Float64Array.from(data) });
  const find = (value: Value): Reference => {
    const found = held.get(value);
    if (!found) throw new Error(`input '${value.name}' of the graph has no feed`);
    return found;
  };
  for (const node of nodesBehind(graph, graph.outputs.values())) {
    const results = operatorNamed(node.operator).evaluate(
      node.inputs.map((v) => v && find(v)),
      node.attributes,
    );
    node.outputs.forEach((value, i) => {
      held.set(value, value.dtype === "int64" ? { shape: results[i].shape, data: results[i].data.map(Math.trunc) } : results[i]);
    });
  }
  return Object.fromEntries([...graph.outputs].map(([name, value]) => [name, find(value)]));
}

function checkFeed(input: Value, feed: Reference, lengths: Map<string, number>): void {
  const refused = () => new Error(`feed '${input.name}' must be [${input.shape.join(", ")}], got [${feed.shape}]`);
  if (feed.shape.length !== input.shape.length) throw refused();
  input.shape.forEach((dim, i) => {
    if (typeof dim === "number" ? dim !== feed.shape[i] : (lengths.get(dim) ?? feed.shape[i]) !== feed.shape[i]) throw refused();
    if (typeof dim === "string") lengths.set(dim, feed.shape[i]);
  });
}

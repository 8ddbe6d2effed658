import type { State } from "./adam.ts";
import type { Graph, Value } from "./graph.ts";
import { reshape, split } from "./operators/index.ts";

/** Parameters end to end in one vector of a graph, so that one elementwise operator moves them all. */
export interface Packed {
  /** [P], an input by the name of the pack */
  readonly vector: Value;
  /** Each in its shape. */
  readonly parts: Readonly<Record<string, Value>>;
}

/** Parameters as one tensor of a name. */
export function pack(name: string, parameters: State): State {
  const data = new Float32Array(sizesOf(parameters).reduce((a, b) => a + b, 0));
  let at = 0;
  for (const part of Object.values(parameters)) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { [name]: { shape: [data.length], data } };
}

/** Views of a packed vector. @param like parameters of the same names and shapes, in the same order */
export function unpack(vector: Float32Array, like: State): State {
  let at = 0;
  return Object.fromEntries(
    Object.entries(like).map(([name, { shape, data }]) => {
      at += data.length;
      return [name, { shape, data: vector.subarray(at - data.length, at) }];
    }),
  );
}

/** Declare a packed vector as an input. @param like parameters of the same names and shapes */
export function packedInput(graph: Graph, name: string, like: State): Packed {
  const sizes = sizesOf(like);
  const vector = graph.input(name, [sizes.reduce((a, b) => a + b, 0)]);
  const pieces = sizes.length === 1 ? [vector] : split(vector, sizes, 0);
  return { vector, parts: Object.fromEntries(Object.entries(like).map(([part, { shape }], i) => [part, reshape(pieces[i], shape)])) };
}

function sizesOf(parameters: State): number[] {
  return Object.values(parameters).map(({ data }) => data.length);
}

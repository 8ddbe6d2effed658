import { Graph, type Value } from "../../engine/index.ts";

/**
 * Layer widths of a feed-forward network that is known only as a function, e.g. [3, 256, 256, 1]: read off the weights it leaves in a graph.
 * @param widths what may enter it; the first that it takes is meant
 * @returns undefined where none fits
 */
export function networkSizes(network: (input: Value) => Value, widths: readonly number[]): number[] | undefined {
  for (const width of widths) {
    const graph = new Graph();
    try {
      network(graph.input("x", ["N", width]));
    } catch {
      continue;
    }
    const sizes = [width];
    for (const { operator, inputs } of graph.nodes) {
      const weight = inputs[1];
      if (operator === "MatMul" && weight && graph.constants.has(weight)) sizes.push(Number(weight.shape[1]));
    }
    return sizes;
  }
  return undefined;
}

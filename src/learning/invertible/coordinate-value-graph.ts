import { type CoordinateEncoding, encodeCoordinates } from "../../critics/coordinate-values.ts";
import { follow } from "../../engine/adam.ts";
import { adam, add, concat, Graph, huber, mul, reduceMean, type State, sub, type Value } from "../../engine/index.ts";
import { packedInput } from "../../engine/pack.ts";
import { apply, type Layers } from "../layers.ts";

export interface CoordinateValueGraphOptions {
  readonly encoding: CoordinateEncoding;
  readonly discounts: readonly number[];
  readonly actionSize: number;
  readonly batch: number;
  /** Networks u and w. */
  readonly state: { readonly layers: Layers; readonly parameters: State };
  readonly action: { readonly layers: Layers; readonly parameters: State };
  /** [d] weight of every coordinate's error */
  readonly importance: readonly number[];
  /** Whether u still learns; w always does. */
  readonly both: boolean;
}

/**
 * One update of temporal differences towards a slow copy ū of u: "states", "actions", "next states", "rate", "state rate" and "part" in, "loss" and what moved out.
 *   y = (x' − x)/σ + ū(s'),   w(s, a) ← y (Huber),   u(s) ← γ y (least squares).
 */
export function coordinateValueGraph(options: CoordinateValueGraphOptions): Graph {
  const { encoding, discounts, batch, importance, both } = options;
  const d = encoding.centre.length;
  const graph = new Graph();
  const states = graph.input("states", [batch, d]);
  const actions = graph.input("actions", [batch, options.actionSize]);
  const next = graph.input("next states", [batch, d]);
  const perHead = (of: (discount: number, j: number) => number) =>
    graph.constant(discounts.flatMap((discount) => Array.from({ length: d }, (_, j) => of(discount, j))));
  const here = encodeCoordinates(encoding, states);
  const slow = packedInput(graph, "slow", options.state.parameters);
  const change = mul(sub(next, states), graph.constant(Float64Array.from(encoding.scale, (s) => 1 / s)));
  const repeated = discounts.length === 1 ? change : concat(Array<Value>(discounts.length).fill(change), 1);
  const target = add(repeated, apply(options.state.layers, slow.parts, encodeCoordinates(encoding, next)));

  const action = packedInput(graph, "action", options.action.parameters);
  const w = apply(options.action.layers, action.parts, concat([here, actions], 1));
  const loss = reduceMean(
    huber(
      mul(
        sub(w, target),
        perHead((_, j) => importance[j]),
      ),
    ),
    null,
  );
  graph.output("loss", loss);
  adam(loss, { action: action.vector }, graph.input("rate", [1]), { name: "action" });
  if (!both) {
    graph.output("new slow", add(slow.vector, 0));
    return graph;
  }
  const state = packedInput(graph, "state", options.state.parameters);
  const u = apply(options.state.layers, state.parts, here);
  const error = sub(
    u,
    mul(
      target,
      perHead((discount) => discount),
    ),
  );
  const stateLoss = reduceMean(mul(error, error), null);
  graph.output("state loss", stateLoss);
  const moved = adam(stateLoss, { state: state.vector }, graph.input("state rate", [1]), { name: "state" });
  follow({ slow: slow.vector }, moved, () => "state", graph.input("part", [1]));
  return graph;
}

/** One update of a network that is fitted to the change itself, δ(s, a) ← (x' − x)/σ (Huber): what critics are held against. */
export function directGraph(options: Omit<CoordinateValueGraphOptions, "discounts" | "state" | "both">): Graph {
  const { encoding, batch, importance } = options;
  const d = encoding.centre.length;
  const graph = new Graph();
  const states = graph.input("states", [batch, d]);
  const actions = graph.input("actions", [batch, options.actionSize]);
  const next = graph.input("next states", [batch, d]);
  const action = packedInput(graph, "action", options.action.parameters);
  const found = apply(options.action.layers, action.parts, concat([encodeCoordinates(encoding, states), actions], 1));
  const change = mul(sub(next, states), graph.constant(Float64Array.from(encoding.scale, (s) => 1 / s)));
  const loss = reduceMean(huber(mul(sub(found, change), graph.constant([...importance]))), null);
  graph.output("loss", loss);
  adam(loss, { action: action.vector }, graph.input("rate", [1]), { name: "action" });
  return graph;
}

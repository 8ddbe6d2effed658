import { Graph, jacobian } from "../engine/index.ts";
import { confineGraph } from "./confine.ts";
import type { ContinuousDefinition } from "./definition.ts";

/**
 * One step of an amortised model as a graph: "states" [N, d], "actions" [N, m] → "next_states" [N, d], what `predict` answers
 * (and "jacobian" [d, N, d], ∂s'_k/∂s_j at [j, ·, k], where asked for).
 * @throws TypeError for a pointwise model: it solves an equation at every question
 */
export function stepGraph(definition: ContinuousDefinition, options: { readonly jacobian?: boolean } = {}): Graph {
  const { solver, system } = definition;
  if (solver.method !== "amortised")
    throw new TypeError(
      "a pointwise model solves an equation at every question, so there is no step to write: infer it with --method amortised",
    );
  const { coordinates, stateSize: d, actionSize } = system;
  const graph = new Graph();
  const states = graph.input("states", ["N", d]);
  const actions = graph.input("actions", ["N", actionSize]);
  const next = confineGraph(solver.dynamics.graph(states, actions), coordinates);
  graph.output("next_states", next);
  if (options.jacobian) graph.output("jacobian", jacobian(next, states));
  return graph;
}

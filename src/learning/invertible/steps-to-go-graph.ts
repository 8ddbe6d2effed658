import { type StepsToGoParts, stepsAfter } from "../../critics/steps-to-go.ts";
import { follow, inputsOf } from "../../engine/adam.ts";
import {
  abs,
  adam,
  add,
  concat,
  Graph,
  min,
  mul,
  reduceMean,
  reduceMin,
  reduceSum,
  reshape,
  type State,
  slice,
  sub,
  unsqueeze,
  type Value,
} from "../../engine/index.ts";
import { apply, type Layers, renamed } from "../layers.ts";

export type StepsToGoSettings = Omit<StepsToGoParts, "network" | "start">;

export interface StepsToGoGraphOptions {
  readonly layers: Layers;
  readonly parameters: State;
  readonly parts: StepsToGoSettings;
  readonly batch: number;
  /**
   * "slow": all actions of every state, towards a slow copy. "residual": one action a state, the gradient through both sides
   * (Baird's residual gradient, 1995; for deterministic dynamics), with a small pull towards the slow copy.
   */
  readonly phase: "slow" | "residual";
}

/** Gradients together are not longer than this. */
const CLIP = 5;
/** Errors in steps beyond which a loss is linear: of the first phase, of the residual, and of its pull. */
const LINEAR = { slow: 10, residual: 1, pull: 5 };
const PULL = 0.1;

/** Smooth L1: e²/2β within ±β, |e| − β/2 beyond. */
function smooth(error: Value, beta: number): Value {
  const size = abs(error);
  const within = min(size, beta);
  return reduceMean(add(mul(mul(within, within), 0.5 / beta), sub(size, within)), null);
}

/**
 * One update of steps to go: "observations" [B, o], "next observations" [B·A or B, o], "open" [.., goals] (0 where the next state is in the goal),
 * "code" [B, A] of the action (residual only), "rate" and "part" (of the way that the slow copy goes) in; out: "loss", "k" [B, A, goals] of the states
 * (residual: of the next ones), and what moved.
 *   k(s, a) = 0 where s' is in the goal, else 1 + min_a' k(s', a').
 */
export function stepsToGoGraph({ layers, parameters, parts, batch, phase }: StepsToGoGraphOptions): Graph {
  const { goals, actions } = parts;
  const o = parts.encoding.centre.length;
  const rows = phase === "slow" ? batch * actions : batch;
  const graph = new Graph();
  const observations = graph.input("observations", [batch, o]);
  const next = graph.input("next observations", [rows, o]);
  const open = graph.input("open", [rows, goals.length]);
  const rate = graph.input("rate", [1]);
  const part = graph.input("part", [1]);
  const inputs = inputsOf(graph, parameters);
  const copies = inputsOf(graph, renamed(parameters, layers.name, "slow"));
  const steps = (of: Layers, with_: Readonly<Record<string, Value>>, seen: Value) =>
    stepsAfter({ ...parts, network: (x) => apply(of, with_, x) }, seen);
  const after = (k: Value) => mul(add(reduceMin(k, [1]), 1), open);
  const slow = after(steps({ ...layers, name: "slow" }, copies, next));
  let loss: Value;
  if (phase === "slow") {
    const here = steps(layers, inputs, observations);
    graph.output("k", here);
    const all = reshape(here, [rows, goals.length]);
    loss = mul(smooth(sub(all, slow), LINEAR.slow), 2);
  } else {
    const code = graph.input("code", [batch, actions]);
    const both = steps(layers, inputs, concat([observations, next], 0));
    const here = reduceSum(mul(slice(both, 0, batch, 0), unsqueeze(code, [2])), [1]);
    const ahead = graph.output("k", slice(both, batch, 2 * batch, 0));
    const there = after(ahead);
    loss = add(smooth(sub(here, there), LINEAR.residual), mul(smooth(sub(here, slow), LINEAR.pull), PULL));
  }
  graph.output("loss", loss);
  const moved = adam(loss, inputs, rate, { clip: CLIP });
  follow(copies, moved, (copy) => `${layers.name}${copy.slice("slow".length)}`, part);
  return graph;
}

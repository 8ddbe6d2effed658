import { follow } from "../../engine/adam.ts";
import {
  adam,
  add,
  argMax,
  cast,
  Graph,
  huber,
  mul,
  oneHot,
  reduceMean,
  reduceSum,
  type State,
  squeeze,
  sub,
  type Value,
} from "../../engine/index.ts";
import { packedInput } from "../../engine/pack.ts";
import { apply, type Layers } from "../layers.ts";
import type { Learner } from "../learner.ts";
import type { EnvironmentSource } from "./actors.ts";
import { allActionsLearner } from "./all-actions.ts";
import { checkedSettings } from "./deep-options.ts";
import { OFF_POLICY_DEFAULTS, type OffPolicyOptions } from "./off-policy.ts";

export interface DqnOptions extends OffPolicyOptions {
  /** Share of random actions at the end, and the part of the training after which it is reached. */
  readonly explorationFinalEps?: number;
  readonly explorationFraction?: number;
  /** Mean length of runs of one random action (1): longer ones go farther where the first reward is far (Dabney et al. 2021). */
  readonly persistence?: number;
}

export const DQN_DEFAULTS = {
  ...OFF_POLICY_DEFAULTS,
  finalLearningRate: 0.1,
  numEnvs: 4,
  bufferSize: 50_000,
  updatesPerStep: 0.5,
  nSteps: 3,
  explorationFinalEps: 0.04,
  explorationFraction: 0.15,
  persistence: 1,
};
const GRADIENT_LENGTH = 10;

/**
 * DQN (Mnih et al. 2015), double (van Hasselt et al. 2016), with n-step returns R and a slowly following target network Q':
 *   y = R + γʰ Q'(s⁺, argmax_a Q(s⁺, a)),  loss = mean Huber(Q(s, a) − y).
 */
export async function dqn(source: EnvironmentSource, options: DqnOptions): Promise<Learner> {
  const settings = checkedSettings("dqn", DQN_DEFAULTS, options);
  return allActionsLearner(source, settings, {
    algorithm: "DQN",
    short: "dqn",
    heads: ["Q"],
    outputs: 1,
    update: (online, parameters) => dqnGraph(online, parameters, settings.batchSize, settings.tau),
    greedy,
    values: (online, target) => ({ kind: "deep-q", online, target }),
  });
}

/** One update of DQN: a `ReplayBatch` and "rate" in; "loss" and the parameters after Adam and the target's move out. */
export function dqnGraph(online: Layers, parameters: State, batch: number, tau: number): Graph {
  const [o, actions] = [online.sizes[0], online.sizes[online.sizes.length - 1]];
  const graph = new Graph();
  const packed = packedInput(graph, "online", parameters);
  const target = packedInput(graph, "target", parameters);
  const next = graph.input("next observations", [batch, o]);
  const q = apply(online, packed.parts, graph.input("observations", [batch, o]));
  const chosen = pick(q, squeeze(graph.input("actions", [batch, 1]), [1]), actions);
  const ahead = pick(apply(online, target.parts, next), greedy(apply(online, packed.parts, next)), actions);
  const y = add(graph.input("returns", [batch, 1]), mul(graph.input("discounts", [batch, 1]), ahead));
  const loss = graph.output("loss", reduceMean(huber(sub(chosen, y)), null));
  const moved = adam(loss, { online: packed.vector }, graph.input("rate", [1]), { clip: GRADIENT_LENGTH });
  follow({ target: target.vector }, moved, () => "online", tau);
  return graph;
}

/** [B, A] → int64 [B] */
function greedy(q: Value): Value {
  return argMax(q, 1);
}

/** Q [B, A] at actions [B] → [B, 1] */
function pick(q: Value, action: Value, actions: number): Value {
  const code = oneHot(action.dtype === "int64" ? action : cast(action, "int64"), actions);
  return reduceSum(mul(q, code), [1], true);
}

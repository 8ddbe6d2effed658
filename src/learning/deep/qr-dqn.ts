import { follow } from "../../engine/adam.ts";
import {
  abs,
  adam,
  add,
  argMax,
  cast,
  Graph,
  huber,
  less,
  mul,
  oneHot,
  reduceMean,
  reduceSum,
  reshape,
  type State,
  squeeze,
  sub,
  unsqueeze,
  type Value,
} from "../../engine/index.ts";
import { packedInput } from "../../engine/pack.ts";
import { apply, type Layers } from "../layers.ts";
import type { Learner } from "../learner.ts";
import type { EnvironmentSource } from "./actors.ts";
import { allActionsLearner } from "./all-actions.ts";
import { checkedSettings } from "./deep-options.ts";
import { DQN_DEFAULTS, type DqnOptions } from "./dqn.ts";

export interface QrDqnOptions extends DqnOptions {
  readonly quantiles?: number;
}

export const QR_DQN_DEFAULTS = { ...DQN_DEFAULTS, quantiles: 25 };
const GRADIENT_LENGTH = 10;

/**
 * QR-DQN (Dabney et al. 2018): quantiles θ_j(s, a) at midpoints τ_j = (j + ½)/n, drawn towards y_i = R + γʰ θ'_i(s⁺, a⁺), a⁺ greedy for the
 * target's own mean, by the quantile Huber loss  mean_i Σ_j |τ_j − 1{y_i < θ_j}| Huber(y_i − θ_j).
 */
export async function qrDqn(source: EnvironmentSource, options: QrDqnOptions): Promise<Learner> {
  const settings = checkedSettings("qr-dqn", QR_DQN_DEFAULTS, options);
  const { quantiles } = settings;
  return allActionsLearner(source, settings, {
    algorithm: "QR-DQN",
    short: "qrdqn",
    heads: Array.from({ length: quantiles }, (_, i) => `quantile ${i}`),
    outputs: quantiles,
    update: (online, parameters) => qrDqnGraph(online, parameters, settings.batchSize, quantiles, settings.tau),
    greedy: (output) => greedy(table(output, quantiles)),
    values: (online, target) => ({ kind: "quantile-deep-q", quantiles, online, target }),
  });
}

/** One update of QR-DQN: a `ReplayBatch` and "rate" in; "loss" and the parameters after Adam and the target's move out. */
export function qrDqnGraph(online: Layers, parameters: State, batch: number, quantiles: number, tau: number): Graph {
  const o = online.sizes[0];
  const graph = new Graph();
  const packed = packedInput(graph, "online", parameters);
  const target = packedInput(graph, "target", parameters);
  const here = table(apply(online, packed.parts, graph.input("observations", [batch, o])), quantiles);
  const there = table(apply(online, target.parts, graph.input("next observations", [batch, o])), quantiles);
  const theta = column(here, cast(squeeze(graph.input("actions", [batch, 1]), [1]), "int64"));
  const ahead = column(there, greedy(there));
  const y = add(graph.input("returns", [batch, 1]), mul(graph.input("discounts", [batch, 1]), ahead));
  /** [B, i, j]: y_i − θ_j */
  const error = sub(unsqueeze(y, [2]), unsqueeze(theta, [1]));
  const midpoints = graph.constant(Float64Array.from({ length: quantiles }, (_, j) => (j + 0.5) / quantiles));
  const weight = abs(sub(midpoints, cast(less(error, 0), "float32")));
  const loss = graph.output("loss", mul(reduceMean(mul(weight, huber(error)), null), quantiles));
  const moved = adam(loss, { online: packed.vector }, graph.input("rate", [1]), { clip: GRADIENT_LENGTH });
  follow({ target: target.vector }, moved, () => "online", tau);
  return graph;
}

/** [N, n·A] → [N, n, A], Stable-Baselines3's order */
function table(flat: Value, quantiles: number): Value {
  return reshape(flat, [flat.shape[0], quantiles, (flat.shape[1] as number) / quantiles]);
}

/** argmax_a mean_j θ_j: int64 [N] */
function greedy(theta: Value): Value {
  return argMax(reduceMean(theta, [1]), 1);
}

/** θ [N, n, A] at actions [N] → [N, n] */
function column(theta: Value, action: Value): Value {
  return reduceSum(mul(theta, unsqueeze(oneHot(action, theta.shape[2] as number), [1])), [2]);
}

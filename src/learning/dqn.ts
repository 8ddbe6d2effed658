import {
  adam,
  adamState,
  add,
  argMax,
  cast,
  compile,
  createRandom,
  follow,
  Graph,
  huber,
  mul,
  oneHot,
  pack,
  packedInput,
  recur,
  reduceMean,
  reduceSum,
  type State,
  squeeze,
  sub,
  unpack,
  type Value,
} from "../engine/index.ts";
import { createActors, type EnvironmentSource } from "./actors.ts";
import { epsilonGreedy } from "./epsilon-greedy.ts";
import { LearningError } from "./errors.ts";
import { standardOf } from "./hindsight.ts";
import { apply, initialise, type Layers, toNetwork } from "./layers.ts";
import type { Learner, LearnerOptions } from "./learner.ts";
import { offPolicyLearner } from "./off-policy.ts";

export interface DqnOptions extends LearnerOptions {
  readonly capacity?: number;
  readonly starts?: number;
  readonly updatesPerStep?: number;
  readonly lookahead?: number;
  /** τ of the target network's Polyak averaging. */
  readonly targetRate?: number;
  /** Share of random actions at the end, and the part of the training after which it is reached. */
  readonly lastEpsilon?: number;
  readonly explorationPart?: number;
  /** Mean length of runs of one random action (1): longer ones go farther where the first reward is far (Dabney et al. 2021). */
  readonly persistence?: number;
}

export const DQN_DEFAULTS = {
  discount: 0.99,
  hidden: [128, 128],
  batch: 128,
  rate: 1e-3,
  lastRate: 0.1,
  copies: 4,
  threads: 1,
  capacity: 50_000,
  starts: 1000,
  updatesPerStep: 0.5,
  lookahead: 3,
  targetRate: 0.01,
  lastEpsilon: 0.04,
  explorationPart: 0.15,
  persistence: 1,
};
const GRADIENT_LENGTH = 10;

/**
 * DQN (Mnih et al. 2015), double (van Hasselt et al. 2016), with n-step returns R and a slowly following target network Q':
 *   y = R + γʰ Q'(s⁺, argmax_a Q(s⁺, a)),  loss = mean Huber(Q(s, a) − y).
 */
export async function dqn(source: EnvironmentSource, options: DqnOptions): Promise<Learner> {
  const settings = { ...DQN_DEFAULTS, ...options };
  const { seed, batch } = settings;
  const actors = createActors(source, settings.copies, seed);
  const { id, actionSpace, observationSpace } = actors.environment;
  if (actionSpace.kind !== "discrete") throw new LearningError(`DQN chooses among Discrete actions; ${id} acts in a Box: use sac or td3`);
  const { n: actions, start } = actionSpace;
  const standard = await standardOf(actors.environment, seed);
  const online: Layers = { name: "online", sizes: [actors.observationSize, ...settings.hidden, actions], activation: "ReLU", standard };
  const parameters = initialise(online, createRandom(seed));
  const graph = dqnGraph(online, parameters, batch, settings.targetRate);
  const recurrence = await recur(
    graph,
    { ...adamState(pack("online", parameters)), ...pack("target", parameters) },
    { threads: settings.threads },
  );

  const acting = new Graph();
  acting.output(
    "action",
    greedy(apply(online, packedInput(acting, "online", parameters).parts, acting.input("observations", ["N", actors.observationSize]))),
  );
  const session = await compile(acting, { threads: 1 });
  const best = async (observations: Float64Array, n: number): Promise<Float64Array> => {
    const { action } = await session.run({
      observations: { dims: [n, actors.observationSize], data: observations },
      online: recurrence.state.online.data,
    });
    return Float64Array.from(action.data as Int32Array, (a) => a + start);
  };
  const exploration = epsilonGreedy(actors.n, actionSpace, settings);
  const networkOf = (name: string, state: State) => toNetwork(online, unpack(state[name].data, parameters));
  return offPolicyLearner(actors, {
    algorithm: "DQN",
    settings,
    recurrence,
    exploit: best,
    memory: exploration.memory,
    explore: async (observations, n, random, progress) => exploration.apply(await best(observations, n), random, progress),
    critic: (state, learner) => {
      const name = `dqn ${id}`;
      return {
        name,
        algorithm: "DQN",
        environment: id,
        heads: [{ name: "Q", critic: name, discount: settings.discount, rewardScale: 1, rewardOffset: 0 }],
        observationSpace,
        actionSpace,
        values: { kind: "deep-q", online: networkOf("online", state), target: networkOf("target", state) },
        made: { settings, steps: learner.steps, updates: learner.updates },
      };
    },
  });
}

/** One update of DQN: a `ReplayBatch` and "rate" in; "loss" and the parameters after Adam and the target's move out. */
export function dqnGraph(online: Layers, parameters: State, batch: number, targetRate: number): Graph {
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
  follow({ target: target.vector }, moved, () => "online", targetRate);
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

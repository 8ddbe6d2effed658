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
  inputsOf,
  mul,
  oneHot,
  recur,
  reduceMean,
  reduceSum,
  type State,
  squeeze,
  sub,
  type Value,
} from "../engine/index.ts";
import { createActors } from "./actors.ts";
import { epsilonGreedy } from "./epsilon-greedy.ts";
import { apply, initialise, type Layers, renamed, toNetwork } from "./layers.ts";
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
export async function dqn(id: string, options: DqnOptions): Promise<Learner> {
  const settings = { ...DQN_DEFAULTS, ...options };
  const { seed, batch } = settings;
  const actors = createActors(id, settings.copies, seed);
  const { actionSpace, observationSpace } = actors.environment;
  if (actionSpace.kind !== "discrete") throw new TypeError(`DQN chooses among Discrete actions; ${id} acts in a Box: use sac or td3`);
  const { n: actions, start } = actionSpace;
  const online: Layers = { name: "online", sizes: [actors.observationSize, ...settings.hidden, actions], activation: "ReLU" };
  const target = { ...online, name: "target" };
  const parameters = initialise(online, createRandom(seed));
  const graph = dqnGraph(online, target, parameters, batch, settings.targetRate);
  const recurrence = await recur(
    graph,
    { ...adamState(parameters), ...renamed(parameters, "online", "target") },
    { threads: settings.threads },
  );

  const acting = new Graph();
  acting.output("action", greedy(apply(online, inputsOf(acting, parameters), acting.input("observations", ["N", actors.observationSize]))));
  const session = await compile(acting, { threads: 1 });
  const best = async (observations: Float64Array, n: number): Promise<Float64Array> => {
    const weights = Object.fromEntries(Object.keys(parameters).map((name) => [name, asTensor(recurrence.state[name])]));
    const { action } = await session.run({ observations: { dims: [n, actors.observationSize], data: observations }, ...weights });
    return Float64Array.from(action.data as Int32Array, (a) => a + start);
  };
  const exploration = epsilonGreedy(actors.n, actionSpace, settings);
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
        values: { kind: "deep-q", online: toNetwork(online, state), target: toNetwork(target, state) },
        made: { settings, steps: learner.steps, updates: learner.updates },
      };
    },
  });
}

/** One update of DQN: a `ReplayBatch` and "rate" in; "loss" and the parameters after Adam and the target's move out. */
export function dqnGraph(online: Layers, target: Layers, parameters: State, batch: number, targetRate: number): Graph {
  const [o, actions] = [online.sizes[0], online.sizes[online.sizes.length - 1]];
  const graph = new Graph();
  const inputs = inputsOf(graph, parameters);
  const copies = inputsOf(graph, renamed(parameters, online.name, target.name));
  const next = graph.input("next observations", [batch, o]);
  const q = apply(online, inputs, graph.input("observations", [batch, o]));
  const chosen = pick(q, squeeze(graph.input("actions", [batch, 1]), [1]), actions);
  const ahead = pick(apply(target, copies, next), greedy(apply(online, inputs, next)), actions);
  const y = add(graph.input("returns", [batch, 1]), mul(graph.input("discounts", [batch, 1]), ahead));
  const loss = graph.output("loss", reduceMean(huber(sub(chosen, y)), null));
  const moved = adam(loss, inputs, graph.input("rate", [1]), { clip: GRADIENT_LENGTH });
  follow(copies, moved, (copy) => `${online.name}${copy.slice(target.name.length)}`, targetRate);
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

function asTensor({ shape, data }: State[string]): { readonly dims: readonly number[]; readonly data: Float32Array } {
  return { dims: shape, data };
}

import type { SavedValues } from "../../critics/families.ts";
import { adamState, compile, Graph, recur, type State, type Value } from "../../engine/index.ts";
import { pack, packedInput, unpack } from "../../engine/pack.ts";
import { createRandom } from "../../numbers/random.ts";
import { LearningError } from "../errors.ts";
import { apply, initialise, type Layers, toNetwork } from "../layers.ts";
import type { Learner } from "../learner.ts";
import { createActors, type EnvironmentSource } from "./actors.ts";
import { type EpsilonSettings, epsilonGreedy } from "./epsilon-greedy.ts";
import { standardOf } from "./hindsight.ts";
import { type OffPolicySettings, offPolicyLearner } from "./off-policy.ts";

export type AllActionsSettings = OffPolicySettings & EpsilonSettings;

/** What sets an algorithm apart whose one network says something of every Discrete action at once. */
export interface AllActions {
  readonly algorithm: string;
  /** Begins the critic's name. */
  readonly short: string;
  /** A head each. */
  readonly heads: readonly string[];
  /** Numbers that the network gives for an action. */
  readonly outputs: number;
  /** One update: a `ReplayBatch` and "rate" in; "loss", and "online" and "target" after it, out. */
  update(online: Layers, parameters: State): Graph;
  /** The best action of the network's output [N, outputs · A]: int64 [N]. */
  greedy(output: Value): Value;
  values(online: ReturnType<typeof toNetwork>, target: ReturnType<typeof toNetwork>): SavedValues;
}

/** Learners of a network and its slow copy, ε-greedy: DQN and QR-DQN. @throws LearningError where actions are of a Box */
export async function allActionsLearner(source: EnvironmentSource, settings: AllActionsSettings, parts: AllActions): Promise<Learner> {
  const { algorithm, short, outputs } = parts;
  const { seed } = settings;
  const actors = createActors(source, settings.numEnvs, seed);
  const { id, actionSpace, observationSpace } = actors.environment;
  if (actionSpace.kind !== "discrete")
    throw new LearningError(`${algorithm} chooses among Discrete actions; ${id} acts in a Box: use sac or td3`);
  const o = actors.observationSize;
  const standard = await standardOf(actors.environment, seed);
  const { activation, layerNorm } = settings;
  const online: Layers = { name: "online", sizes: [o, ...settings.hidden, outputs * actionSpace.n], activation, layerNorm, standard };
  const parameters = initialise(online, createRandom(seed));
  const recurrence = await recur(
    parts.update(online, parameters),
    { ...adamState(pack("online", parameters)), ...pack("target", parameters) },
    { threads: settings.threads },
  );

  const acting = new Graph();
  const observed = acting.input("observations", ["N", o]);
  acting.output("action", parts.greedy(apply(online, packedInput(acting, "online", parameters).parts, observed)));
  const session = await compile(acting, { threads: 1 });
  const best = async (observations: Float64Array, n: number): Promise<Float64Array> => {
    const { action } = await session.run({ observations: { dims: [n, o], data: observations }, online: recurrence.state.online.data });
    return Float64Array.from(action.data as Int32Array, (a) => a + actionSpace.start);
  };
  const exploration = epsilonGreedy(actors.n, actionSpace, settings);
  const networkOf = (name: string, state: State) => toNetwork(online, unpack(state[name].data, parameters));
  return offPolicyLearner(actors, {
    algorithm,
    settings,
    recurrence,
    exploit: best,
    memory: exploration.memory,
    explore: async (observations, n, random, progress) => exploration.apply(await best(observations, n), random, progress),
    critic: (state, learner) => {
      const name = `${short} ${id}`;
      return {
        name,
        algorithm,
        environment: id,
        heads: parts.heads.map((head) => ({ name: head, critic: name, discount: settings.discount, rewardScale: 1, rewardOffset: 0 })),
        observationSpace,
        actionSpace,
        values: parts.values(networkOf("online", state), networkOf("target", state)),
        made: { settings, steps: learner.steps, updates: learner.updates },
      };
    },
  });
}

import type { Network } from "../../critics/network.ts";
import { follow } from "../../engine/adam.ts";
import {
  adam,
  adamState,
  add,
  clip,
  compile,
  concat,
  Graph,
  min,
  mul,
  neg,
  type RuntimeTensor,
  recur,
  reduceMean,
  type State,
  sub,
  tanh,
  type Value,
} from "../../engine/index.ts";
import { type Packed, pack, packedInput, unpack } from "../../engine/pack.ts";
import { createRandom, type Random } from "../../numbers/random.ts";
import { apply, initialise, type Layers, toNetwork } from "../layers.ts";
import type { Learner } from "../learner.ts";
import { createActors, type EnvironmentSource } from "./actors.ts";
import { checkDeepOptions, checkedSettings } from "./deep-options.ts";
import { standardOf } from "./hindsight.ts";
import { OFF_POLICY_DEFAULTS, type OffPolicyOptions, offPolicyLearner } from "./off-policy.ts";
import { unitActions } from "./unit-actions.ts";

export interface Td3Options extends OffPolicyOptions {
  /** Deviation of the noise on explored actions. */
  readonly explorationNoise?: number;
  /** Deviation of the noise on the target's actions, cut at 2.5 deviations; 0 leaves them. */
  readonly targetNoise?: number;
  /** Critic updates for one of the actor and the targets. */
  readonly policyDelay?: number;
  /** 2 for TD3, 1 for DDPG. */
  readonly critics?: 1 | 2;
}

export const TD3_DEFAULTS = {
  ...OFF_POLICY_DEFAULTS,
  explorationNoise: 0.1,
  targetNoise: 0.2,
  policyDelay: 2,
  critics: 2 as 1 | 2,
};
/** In deviations: 0.5 where the deviation is 0.2, as in the paper. */
const NOISE_CUT = 2.5;

export interface Td3Networks {
  /** o → m, before its tanh */
  readonly actor: Layers;
  /** o + m → 1 */
  readonly critics: readonly Layers[];
}

/** DDPG (Lillicrap et al. 2016): one critic, no noise on the target's actions, no delay. */
export async function ddpg(source: EnvironmentSource, options: Td3Options): Promise<Learner> {
  checkDeepOptions("ddpg", TD3_DEFAULTS, options);
  return td3(source, { critics: 1, targetNoise: 0, policyDelay: 1, ...options });
}

/**
 * TD3 (Fujimoto et al. 2018): twin critics towards y = R + γʰ min_i Q'_i(s⁺, π'(s⁺) + cut noise); every other update the actor climbs Q₁(s, π(s))
 * and the targets follow.
 */
export async function td3(source: EnvironmentSource, options: Td3Options): Promise<Learner> {
  const settings = checkedSettings("td3", TD3_DEFAULTS, options);
  const { seed, batchSize: batch } = settings;
  const actors = createActors(source, settings.numEnvs, seed);
  const { observationSize: o, actionSize: m, environment } = actors;
  const { id } = environment;
  const units = unitActions(environment);
  const standard = await standardOf(environment, seed);
  const { activation, layerNorm } = settings;
  const layers = (name: string, from: number, to: number): Layers => ({
    name,
    sizes: [from, ...settings.hidden, to],
    activation,
    layerNorm,
    standard,
  });
  const numbers = Array.from({ length: settings.critics }, (_, i) => i);
  const networks: Td3Networks = {
    actor: layers("actor", o, m),
    critics: numbers.map((i) => layers(`critic ${i}`, o + m, 1)),
  };
  const initial = td3State(networks, createRandom(seed));
  const recurrence = await recur(td3Graph(networks, initial, batch, settings.tau, settings.targetNoise), initial.all, {
    threads: settings.threads,
  });

  const acting = new Graph();
  acting.output(
    "action",
    tanh(apply(networks.actor, packedInput(acting, "actor", initial.actor).parts, acting.input("observations", ["N", o]))),
  );
  const session = await compile(acting, { threads: 1 });
  const best = async (observations: Float64Array, n: number) => {
    return Float64Array.from(
      (await session.run({ observations: { dims: [n, o], data: observations }, actor: recurrence.state.actor.data })).action
        .data as Float32Array,
    );
  };
  const noise: RuntimeTensor = { dtype: "float32", dims: [batch, m], data: new Float32Array(batch * m) };
  const due: RuntimeTensor = { dtype: "float32", dims: [1], data: new Float32Array(1) };
  const name = `${settings.critics === 1 ? "ddpg" : "td3"} ${id}`;
  const algorithm = settings.critics === 1 ? "DDPG" : "TD3";
  return offPolicyLearner(actors, {
    algorithm,
    settings,
    recurrence,
    toEnvironment: units.fromUnit,
    exploit: best,
    async explore(observations, n, random, progress) {
      if (progress === 0) return Float64Array.from({ length: n * m }, () => 2 * random.uniform() - 1);
      const chosen = await best(observations, n);
      return chosen.map((u) => Math.min(1, Math.max(-1, u + settings.explorationNoise * random.normal())));
    },
    feeds(random, update) {
      for (let i = 0; i < noise.data.length; i++) noise.data[i] = settings.targetNoise * random.normal();
      due.data[0] = (update + 1) % settings.policyDelay === 0 ? 1 : 0;
      return { noise, due };
    },
    critic: (state, learner) => {
      const criticsOf = (of: string) => networks.critics.map((one) => toNetwork(one, unpack(state[of].data, initial.critics)));
      const actorOf = (of: string): Network => [
        ...toNetwork(networks.actor, unpack(state[of].data, initial.actor)),
        { kind: "activation", name: "Tanh" },
      ];
      return {
        name,
        algorithm,
        environment: id,
        heads: numbers.map((i) => ({ name: `Q${i + 1}`, critic: name, discount: settings.discount, rewardScale: 1, rewardOffset: 0 })),
        observationSpace: environment.observationSpace,
        actionSpace: environment.actionSpace,
        values: {
          kind: "deterministic-actor-critic",
          critics: criticsOf("critics"),
          targetCritics: criticsOf("slow critics"),
          actor: actorOf("actor"),
          targetActor: actorOf("slow actor"),
        },
        made: { settings, steps: learner.steps, updates: learner.updates },
      };
    },
  });
}

/** One update: a `ReplayBatch`, "noise" [B, m] of deviation `targetNoise`, "due" [1] (1 where actor and targets move) and "rate" in; two losses and everything that moved out. */
export function td3Graph({ actor, critics }: Td3Networks, initial: Td3State, batch: number, tau: number, targetNoise: number): Graph {
  const o = actor.sizes[0];
  const m = actor.sizes[actor.sizes.length - 1];
  const graph = new Graph();
  const ofActor = packedInput(graph, "actor", initial.actor);
  const ofCritics = packedInput(graph, "critics", initial.critics);
  const slowActor = packedInput(graph, "slow actor", initial.actor);
  const slowCritics = packedInput(graph, "slow critics", initial.critics);
  const rate = graph.input("rate", [1]);
  const due = graph.input("due", [1]);
  const here = graph.input("observations", [batch, o]);
  const next = graph.input("next observations", [batch, o]);
  const values = (of: Packed, s: Value, a: Value) => critics.map((one) => apply(one, of.parts, concat([s, a], 1)));

  const cut = NOISE_CUT * targetNoise;
  const smoothed = add(tanh(apply(actor, slowActor.parts, next)), clip(graph.input("noise", [batch, m]), -cut, cut));
  const ahead = values(slowCritics, next, clip(smoothed, -1, 1)).reduce((a, b) => min(a, b));
  const y = add(graph.input("returns", [batch, 1]), mul(graph.input("discounts", [batch, 1]), ahead));
  const squares = values(ofCritics, here, graph.input("actions", [batch, m])).map((q) => mul(sub(q, y), sub(q, y)));
  const criticLoss = graph.output(
    "critic loss",
    reduceMean(
      squares.reduce((a, b) => add(a, b)),
      null,
    ),
  );
  const [climbed] = values(ofCritics, here, tanh(apply(actor, ofActor.parts, here)));
  const actorLoss = graph.output("actor loss", neg(reduceMean(climbed, null)));

  const moved = {
    ...adam(criticLoss, { critics: ofCritics.vector }, rate, { name: "critics" }),
    ...adam(actorLoss, { actor: ofActor.vector }, rate, { name: "actor", gate: due }),
  };
  const slow = { "slow actor": slowActor.vector, "slow critics": slowCritics.vector };
  follow(slow, moved, (copy) => copy.slice("slow ".length), mul(due, tau));
  return graph;
}

export interface Td3State {
  readonly actor: State;
  readonly critics: State;
  /** Both packed, with their slow copies and Adam's moments. */
  readonly all: State;
}

export function td3State({ actor, critics }: Td3Networks, random: Random): Td3State {
  const ofActor = initialise(actor, random);
  const ofCritics: State = Object.assign({}, ...critics.map((one) => initialise(one, random)));
  const slow = { ...pack("slow actor", ofActor), ...pack("slow critics", ofCritics) };
  return {
    actor: ofActor,
    critics: ofCritics,
    all: { ...adamState(pack("actor", ofActor), "actor"), ...adamState(pack("critics", ofCritics), "critics"), ...slow },
  };
}

import type { Network } from "../../critics/network.ts";
import { follow } from "../../engine/adam.ts";
import {
  adam,
  adamState,
  add,
  clip,
  compile,
  concat,
  exp,
  Graph,
  log,
  min,
  mul,
  neg,
  type RuntimeTensor,
  recur,
  reduceMean,
  reduceSum,
  type State,
  slice,
  sub,
  tanh,
  type Value,
} from "../../engine/index.ts";
import { type Packed, pack, packedInput, unpack } from "../../engine/pack.ts";
import { createRandom, type Random } from "../../numbers/random.ts";
import { apply, initialise, type Layers, toNetwork } from "../layers.ts";
import type { Learner } from "../learner.ts";
import { createActors, type EnvironmentSource } from "./actors.ts";
import { checkedSettings } from "./deep-options.ts";
import { standardOf } from "./hindsight.ts";
import { OFF_POLICY_DEFAULTS, type OffPolicyOptions, offPolicyLearner } from "./off-policy.ts";
import { unitActions } from "./unit-actions.ts";

export interface SacOptions extends OffPolicyOptions {
  /** α at the start; it is then tuned until the policy's entropy is −m. */
  readonly temperature?: number;
  /** Mean length of runs of one draw of exploring noise (1): longer ones go farther where the first reward is far (Dabney et al. 2021). */
  readonly persistence?: number;
}

export const SAC_DEFAULTS = {
  ...OFF_POLICY_DEFAULTS,
  learningStarts: 500,
  tau: 0.005,
  temperature: 1,
  persistence: 1,
};
const LOG_DEVIATION = [-20, 2] as const;

export interface SacNetworks {
  /** o → mean and log deviation, 2m */
  readonly actor: Layers;
  /** o + m → 1 */
  readonly critics: readonly [Layers, Layers];
}

/**
 * SAC with tuned temperature (Haarnoja et al. 2018): twin critics towards y = R + γʰ (min_i Q'_i(s⁺, a⁺) − α log π(a⁺|s⁺)), a⁺ ~ π; the actor
 * towards min E[α log π(a|s) − min_i Q_i(s, a)]; log α along −log α E[log π + H], H = −m. Critics, actor and temperature step in one run.
 */
export async function sac(source: EnvironmentSource, options: SacOptions): Promise<Learner> {
  const settings = checkedSettings("sac", SAC_DEFAULTS, options);
  const { seed, batchSize: batch } = settings;
  const actors = createActors(source, settings.numEnvs, seed);
  const { observationSize: o, actionSize: m, environment } = actors;
  const { id } = environment;
  const units = unitActions(environment);
  const standard = await standardOf(environment, seed);
  const { activation, layerNorm } = settings;
  const value = (name: string): Layers => ({ name, sizes: [o + m, ...settings.hidden, 1], activation, layerNorm, standard });
  const networks: SacNetworks = {
    actor: { name: "actor", sizes: [o, ...settings.hidden, 2 * m], activation, layerNorm, standard },
    critics: [value("critic 0"), value("critic 1")],
  };
  const { actor } = networks;
  const initial = sacState(networks, settings.temperature, createRandom(seed));
  const recurrence = await recur(sacGraph(networks, initial, batch, settings.tau), initial.all, { threads: settings.threads });

  const acting = new Graph();
  const { mean, deviation } = gaussian(
    apply(actor, packedInput(acting, "actor", initial.actor).parts, acting.input("observations", ["N", o])),
    m,
  );
  acting.output("best", tanh(mean));
  acting.output("drawn", tanh(add(mean, mul(deviation, acting.input("noise", ["N", m])))));
  const session = await compile(acting, { threads: 1 });
  const act = async (which: "best" | "drawn", observations: Float64Array, n: number, noise: Float64Array) => {
    const feeds = {
      observations: { dims: [n, o], data: observations },
      noise: { dims: [n, m], data: noise },
      actor: recurrence.state.actor.data,
    };
    return Float64Array.from((await session.run(feeds, [which]))[which].data as Float32Array);
  };
  const noise = ["noise", "next noise"].map((name) => [name, tensor([batch, m])] as const);
  const exploration = heldNoise(settings.numEnvs, m, settings.persistence);
  return offPolicyLearner(actors, {
    algorithm: "SAC",
    settings,
    recurrence,
    toEnvironment: units.fromUnit,
    exploit: (observations, n) => act("best", observations, n, new Float64Array(n * m)),
    memory: exploration.memory,
    async explore(observations, n, random, progress) {
      const noise = exploration.next(random, progress === 0);
      return progress === 0 ? noise : act("drawn", observations, n, noise);
    },
    feeds(random) {
      for (const [, { data }] of noise) for (let i = 0; i < data.length; i++) data[i] = random.normal();
      return Object.fromEntries(noise);
    },
    critic: (state, learner) => {
      const name = `sac ${id}`;
      const both = (of: string) => networks.critics.map((one) => toNetwork(one, unpack(state[of].data, initial.critics)));
      return {
        name,
        algorithm: "SAC",
        environment: id,
        heads: [0, 1].map((i) => ({ name: `Q${i + 1}`, critic: name, discount: settings.discount, rewardScale: 1, rewardOffset: 0 })),
        observationSpace: environment.observationSpace,
        actionSpace: environment.actionSpace,
        values: {
          kind: "stochastic-actor-critic",
          critics: both("critics"),
          targetCritics: both("targets"),
          actor: squashedGaussian(toNetwork(actor, unpack(state.actor.data, initial.actor)), m),
          temperature: Math.exp(state.temperature.data[0]),
        },
        made: { settings, steps: learner.steps, updates: learner.updates },
      };
    },
  });
}

/** One update of SAC: a `ReplayBatch`, "noise" and "next noise" [B, m] and "rate" in; three losses and everything that moved out. */
export function sacGraph({ actor, critics }: SacNetworks, initial: SacState, batch: number, tau: number): Graph {
  const o = actor.sizes[0];
  const m = critics[0].sizes[0] - o;
  const graph = new Graph();
  const ofActor = packedInput(graph, "actor", initial.actor);
  const ofCritics = packedInput(graph, "critics", initial.critics);
  const ofTargets = packedInput(graph, "targets", initial.critics);
  const temperature = packedInput(graph, "temperature", initial.temperature);
  const logAlpha = temperature.parts.logarithm;
  const rate = graph.input("rate", [1]);
  const here = graph.input("observations", [batch, o]);
  const next = graph.input("next observations", [batch, o]);
  const both = (of: Packed, s: Value, a: Value) => critics.map((one) => apply(one, of.parts, concat([s, a], 1)));
  const alpha = exp(logAlpha);

  const ahead = draw(apply(actor, ofActor.parts, next), graph.input("next noise", [batch, m]));
  const [t1, t2] = both(ofTargets, next, ahead.action);
  const soft = sub(min(t1, t2), mul(ahead.logDensity, alpha));
  const y = add(graph.input("returns", [batch, 1]), mul(graph.input("discounts", [batch, 1]), soft));
  const errors = both(ofCritics, here, graph.input("actions", [batch, m])).map((q) => sub(q, y));
  const criticLoss = graph.output("critic loss", reduceMean(add(mul(errors[0], errors[0]), mul(errors[1], errors[1])), null));

  const now = draw(apply(actor, ofActor.parts, here), graph.input("noise", [batch, m]));
  const [q1, q2] = both(ofCritics, here, now.action);
  const actorLoss = graph.output("actor loss", reduceMean(sub(mul(now.logDensity, alpha), min(q1, q2)), null));
  const temperatureLoss = graph.output("temperature loss", mul(neg(logAlpha), reduceMean(sub(now.logDensity, m), null)));

  const moved = adam(criticLoss, { critics: ofCritics.vector }, rate, { name: "critics" });
  adam(actorLoss, { actor: ofActor.vector }, rate, { name: "actor" });
  adam(temperatureLoss, { temperature: temperature.vector }, rate, { name: "temperature" });
  follow({ targets: ofTargets.vector }, moved, () => "critics", tau);
  return graph;
}

export interface SacState {
  readonly actor: State;
  readonly critics: State;
  readonly temperature: State;
  /** All of them packed, with the targets and Adam's moments. */
  readonly all: State;
}

export function sacState({ actor, critics }: SacNetworks, temperature: number, random: Random): SacState {
  const parts = {
    actor: initialise(actor, random),
    critics: { ...initialise(critics[0], random), ...initialise(critics[1], random) },
    temperature: { logarithm: { shape: [1], data: Float32Array.of(Math.log(temperature)) } },
  };
  const packed = Object.entries(parts).map(([name, state]) => adamState(pack(name, state), name));
  return { ...parts, all: Object.assign(pack("targets", parts.critics), ...packed) };
}

/** Noise [n, m] that a copy keeps for geometric runs of the given mean length: uniform in ±1, or standard normal. Runs begin anew where the kind changes. */
function heldNoise(n: number, m: number, persistence: number) {
  const memory = new Float64Array(n * m + 1).fill(Number.NaN);
  return {
    memory,
    next(random: Random, uniform: boolean): Float64Array {
      const kind = uniform ? 1 : 0;
      const fresh = memory[n * m] !== kind;
      memory[n * m] = kind;
      for (let i = 0; i < n; i++) {
        if (!fresh && persistence > 1 && random.uniform() * persistence >= 1) continue;
        for (let j = 0; j < m; j++) memory[i * m + j] = uniform ? 2 * random.uniform() - 1 : random.normal();
      }
      return memory.slice(0, n * m);
    },
  };
}

/** Halves of [N, 2m]: the mean, and the deviation from its logarithm. */
function gaussian(output: Value, m: number): { readonly mean: Value; readonly deviation: Value } {
  return { mean: slice(output, 0, m, 1), deviation: exp(clip(slice(output, m, 2 * m, 1), LOG_DEVIATION[0], LOG_DEVIATION[1])) };
}

/** a = tanh(μ + σε) and log π(a|s) [N, 1], in which ε²/2 is constant: Σ −log σ − ε²/2 − ½ log 2π − log(1 − a² + 1e-6). */
function draw(output: Value, noise: Value): { readonly action: Value; readonly logDensity: Value } {
  const { mean, deviation } = gaussian(output, noise.shape[1] as number);
  const action = tanh(add(mean, mul(deviation, noise)));
  const volume = add(log(deviation), log(sub(1 + 1e-6, mul(action, action))));
  const normal = add(mul(mul(noise, noise), 0.5), 0.5 * Math.log(2 * Math.PI));
  return { action, logDensity: neg(reduceSum(add(normal, volume), [1], true)) };
}

/** The actor as critics hold it: the last layer cut into mean and log deviation. */
function squashedGaussian(network: Network, m: number) {
  const last = network[network.length - 1];
  if (last.kind !== "linear") throw new TypeError("an actor ends in a linear layer");
  const rows = (from: number): Network => [
    {
      ...last,
      outputs: m,
      weight: last.weight.slice(from * last.inputs, (from + m) * last.inputs),
      bias: last.bias?.slice(from, from + m),
    },
  ];
  return { latent: network.slice(0, -1), mean: rows(0), deviation: { kind: "network" as const, logarithm: rows(m) }, actions: m };
}

function tensor(dims: readonly number[]): RuntimeTensor {
  return { dtype: "float32", dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) };
}

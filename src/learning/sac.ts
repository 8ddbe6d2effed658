import type { Network } from "../critics/network.ts";
import {
  adam,
  adamState,
  add,
  clip,
  compile,
  concat,
  createRandom,
  exp,
  follow,
  Graph,
  inputsOf,
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
} from "../engine/index.ts";
import { createActors } from "./actors.ts";
import { apply, initialise, type Layers, renamed, toNetwork } from "./layers.ts";
import type { Learner, LearnerOptions } from "./learner.ts";
import { offPolicyLearner } from "./off-policy.ts";
import { unitActions } from "./unit-actions.ts";

export interface SacOptions extends LearnerOptions {
  readonly capacity?: number;
  readonly starts?: number;
  readonly updatesPerStep?: number;
  readonly lookahead?: number;
  readonly targetRate?: number;
  /** α at the start; it is then tuned until the policy's entropy is −m. */
  readonly temperature?: number;
}

const DEFAULTS = {
  discount: 0.99,
  hidden: [128, 128],
  batch: 128,
  rate: 1e-3,
  lastRate: 0.3,
  copies: 1,
  threads: 1,
  capacity: 100_000,
  starts: 500,
  updatesPerStep: 1,
  lookahead: 1,
  targetRate: 0.005,
  temperature: 1,
};
const LOG_DEVIATION = [-20, 2] as const;

export interface SacNetworks {
  /** o → mean and log deviation, 2m */
  readonly actor: Layers;
  /** o + m → 1 */
  readonly critics: readonly [Layers, Layers];
  readonly targets: readonly [Layers, Layers];
}

/**
 * SAC with tuned temperature (Haarnoja et al. 2018): twin critics towards y = R + γʰ (min_i Q'_i(s⁺, a⁺) − α log π(a⁺|s⁺)), a⁺ ~ π; the actor
 * towards min E[α log π(a|s) − min_i Q_i(s, a)]; log α along −log α E[log π + H], H = −m. Critics, actor and temperature step in one run.
 */
export async function sac(id: string, options: SacOptions): Promise<Learner> {
  const settings = { ...DEFAULTS, ...options };
  const { seed, batch } = settings;
  const actors = createActors(id, settings.copies, seed);
  const { observationSize: o, actionSize: m, environment } = actors;
  const units = unitActions(environment);
  const value = (name: string): Layers => ({ name, sizes: [o + m, ...settings.hidden, 1], activation: "ReLU" });
  const networks: SacNetworks = {
    actor: { name: "actor", sizes: [o, ...settings.hidden, 2 * m], activation: "ReLU" },
    critics: [value("critic 0"), value("critic 1")],
    targets: [value("target 0"), value("target 1")],
  };
  const { actor } = networks;
  const initial = sacState(networks, settings.temperature, createRandom(seed));
  const recurrence = await recur(sacGraph(networks, initial, batch, settings.targetRate), initial.all, { threads: settings.threads });

  const acting = new Graph();
  const { mean, deviation } = gaussian(apply(actor, inputsOf(acting, initial.actor), acting.input("observations", ["N", o])), m);
  acting.output("best", tanh(mean));
  acting.output("drawn", tanh(add(mean, mul(deviation, acting.input("noise", ["N", m])))));
  const session = await compile(acting, { threads: 1 });
  const act = async (which: "best" | "drawn", observations: Float64Array, n: number, noise: Float64Array) => {
    const weights = Object.fromEntries(
      Object.keys(initial.actor).map((name) => [name, { dims: recurrence.state[name].shape, data: recurrence.state[name].data }]),
    );
    const feeds = { observations: { dims: [n, o], data: observations }, noise: { dims: [n, m], data: noise }, ...weights };
    return Float64Array.from((await session.run(feeds, [which]))[which].data as Float32Array);
  };
  const noise = ["noise", "next noise"].map((name) => [name, tensor([batch, m])] as const);
  return offPolicyLearner(actors, {
    algorithm: "SAC",
    settings,
    recurrence,
    toEnvironment: units.fromUnit,
    exploit: (observations, n) => act("best", observations, n, new Float64Array(n * m)),
    async explore(observations, n, random, progress) {
      if (progress === 0) return Float64Array.from({ length: n * m }, () => 2 * random.uniform() - 1);
      return act(
        "drawn",
        observations,
        n,
        Float64Array.from({ length: n * m }, () => random.normal()),
      );
    },
    feeds(random) {
      for (const [, { data }] of noise) for (let i = 0; i < data.length; i++) data[i] = random.normal();
      return Object.fromEntries(noise);
    },
    critic: (state, learner) => {
      const name = `sac ${id}`;
      const both = (layers: readonly Layers[]) => layers.map((one) => toNetwork(one, state));
      return {
        name,
        algorithm: "SAC",
        environment: id,
        heads: [0, 1].map((i) => ({ name: `Q${i + 1}`, critic: name, discount: settings.discount, rewardScale: 1, rewardOffset: 0 })),
        observationSpace: environment.observationSpace,
        actionSpace: environment.actionSpace,
        values: {
          kind: "stochastic-actor-critic",
          critics: both(networks.critics),
          targetCritics: both(networks.targets),
          actor: squashedGaussian(toNetwork(actor, state), m),
          temperature: Math.exp(state["log temperature"].data[0]),
        },
        made: { settings, steps: learner.steps, updates: learner.updates },
      };
    },
  });
}

/** One update of SAC: a `ReplayBatch`, "noise" and "next noise" [B, m] and "rate" in; three losses and everything that moved out. */
export function sacGraph({ actor, critics, targets }: SacNetworks, initial: SacState, batch: number, targetRate: number): Graph {
  const o = actor.sizes[0];
  const m = critics[0].sizes[0] - o;
  const graph = new Graph();
  const ofActor = inputsOf(graph, initial.actor);
  const ofCritics = inputsOf(graph, initial.critics);
  const ofTargets = inputsOf(graph, initial.targets);
  const logAlpha = graph.input("log temperature", [1]);
  const rate = graph.input("rate", [1]);
  const here = graph.input("observations", [batch, o]);
  const next = graph.input("next observations", [batch, o]);
  const both = (layers: readonly Layers[], of: Readonly<Record<string, Value>>, s: Value, a: Value) =>
    layers.map((one) => apply(one, of, concat([s, a], 1)));
  const alpha = exp(logAlpha);

  const ahead = draw(apply(actor, ofActor, next), graph.input("next noise", [batch, m]));
  const [t1, t2] = both(targets, ofTargets, next, ahead.action);
  const soft = sub(min(t1, t2), mul(ahead.logDensity, alpha));
  const y = add(graph.input("returns", [batch, 1]), mul(graph.input("discounts", [batch, 1]), soft));
  const errors = both(critics, ofCritics, here, graph.input("actions", [batch, m])).map((q) => sub(q, y));
  const criticLoss = graph.output("critic loss", reduceMean(add(mul(errors[0], errors[0]), mul(errors[1], errors[1])), null));

  const now = draw(apply(actor, ofActor, here), graph.input("noise", [batch, m]));
  const [q1, q2] = both(critics, ofCritics, here, now.action);
  const actorLoss = graph.output("actor loss", reduceMean(sub(mul(now.logDensity, alpha), min(q1, q2)), null));
  const temperatureLoss = graph.output("temperature loss", mul(neg(logAlpha), reduceMean(sub(now.logDensity, m), null)));

  const moved = adam(criticLoss, ofCritics, rate, { name: "critic" });
  adam(actorLoss, ofActor, rate, { name: "actor" });
  adam(temperatureLoss, { "log temperature": logAlpha }, rate, { name: "temperature" });
  follow(ofTargets, moved, (copy) => copy.replace("target", "critic"), targetRate);
  return graph;
}

export interface SacState {
  readonly actor: State;
  readonly critics: State;
  readonly targets: State;
  /** With Adam's moments and the temperature. */
  readonly all: State;
}

export function sacState({ actor, critics, targets }: SacNetworks, temperature: number, random: ReturnType<typeof createRandom>): SacState {
  const ofActor = initialise(actor, random);
  const ofCritics = { ...initialise(critics[0], random), ...initialise(critics[1], random) };
  const ofTargets = Object.fromEntries(critics.flatMap(({ name }, i) => Object.entries(renamed(ofCritics, name, targets[i].name))));
  const logAlpha = { "log temperature": { shape: [1], data: Float32Array.of(Math.log(temperature)) } };
  return {
    actor: ofActor,
    critics: ofCritics,
    targets: ofTargets,
    all: { ...adamState(ofActor, "actor"), ...adamState(ofCritics, "critic"), ...adamState(logAlpha, "temperature"), ...ofTargets },
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

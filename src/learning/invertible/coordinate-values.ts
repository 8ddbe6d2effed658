import type { OnProgress } from "../../base/progress.ts";
import type { CoordinateEncoding } from "../../critics/coordinate-values.ts";
import type { Network } from "../../critics/network.ts";
import { adamState, type RuntimeTensor, recur, type State } from "../../engine/index.ts";
import { pack, unpack } from "../../engine/pack.ts";
import { createRandom, type RestorableRandom, randomStateSize } from "../../numbers/random.ts";
import { initialise, type Layers, toNetwork } from "../layers.ts";
import { coordinateValueGraph, directGraph } from "./coordinate-value-graph.ts";

/** float32 transitions: states [n, d], actions [n, m] in [−1, 1], next states [n, d]. Episodes' ends are no ends for coordinates. */
export interface CoordinateTransitions {
  readonly n: number;
  readonly states: Float32Array;
  readonly actions: Float32Array;
  readonly nextStates: Float32Array;
}

/** Everything that a later run needs to go on. */
export interface CoordinateCheckpoint {
  readonly done: number;
  readonly random: Float64Array;
  readonly state: State;
}

export interface CoordinateTraining {
  readonly transitions: CoordinateTransitions;
  readonly encoding: CoordinateEncoding;
  /** [d] weight of every coordinate's error */
  readonly importance: readonly number[];
  readonly seed: number;
  readonly hidden?: readonly number[];
  readonly updates?: number;
  readonly batchSize?: number;
  /** First rate of Adam; it falls to nothing along a cosine. */
  readonly learningRate?: number;
  readonly threads?: number;
  readonly from?: CoordinateCheckpoint;
  readonly onCheckpoint?: (checkpoint: CoordinateCheckpoint) => Promise<void>;
  readonly onProgress?: OnProgress;
}

const DEFAULTS = { hidden: [256, 256], updates: 40_000, batchSize: 256, learningRate: 1e-3 };
/** Share of the updates in which u learns; w goes on learning what u then is. */
const STATES = 0.3;
/** Part of the way that the slow copy goes at every update: first quickly, at the end slowly. */
const PARTS = [0.02, 0.005];
const FAST = 0.8;
const LAST_LAYER = 0.1;
const LEAST_RATE = 1e-5;
const CHECKPOINT = 2000;

/**
 * Values of coordinates at several discounts by temporal differences, then w alone while u stands still: the pair then obeys Bellman's equation as well as w can be fitted.
 * Loss, gradients and both of Adam's steps are one graph.
 */
export async function trainCoordinateValues(
  training: CoordinateTraining & { readonly discounts: readonly number[] },
): Promise<{ readonly stateNetwork: Network; readonly actionNetwork: Network }> {
  const {
    encoding,
    discounts,
    transitions,
    importance,
    seed,
    hidden,
    updates,
    batchSize: batch,
    learningRate,
  } = { ...DEFAULTS, ...training };
  const d = encoding.centre.length;
  const m = transitions.actions.length / transitions.n;
  const seen = d + encoding.phases.length;
  const heads = d * discounts.length;
  const random = createRandom(seed);
  const state = networkOf("state", [seen, ...hidden, heads], random);
  const action = networkOf("action", [seen + m, ...hidden, heads], random);
  const shape = { encoding, discounts, actionSize: m, batch, state, action, importance };
  const moving = Math.round(STATES * updates);
  const slow = pack("slow", state.parameters);
  const initial = {
    ...adamState(pack("action", action.parameters), "action"),
    ...adamState(pack("state", state.parameters), "state"),
    ...slow,
  };
  const loop = { ...training, batch, random, m, updates };
  const first = await loopOf(loop, coordinateValueGraph({ ...shape, both: true }), initial, 0, moving, (t) => ({
    rate: cosine(learningRate, t / updates) + LEAST_RATE,
    "state rate": cosine(learningRate, t / moving) + LEAST_RATE / 10,
    part: t < FAST * moving ? PARTS[0] : PARTS[1],
  }));
  const alone = ["action", "m action", "v action", "powers action", "slow"];
  const kept = Object.fromEntries(alone.map((name) => [name, first[name]]));
  const last = await loopOf(loop, coordinateValueGraph({ ...shape, both: false }), kept, moving, updates, (t) => ({
    rate: cosine(learningRate, t / updates) + LEAST_RATE,
  }));
  return {
    stateNetwork: toNetwork(state.layers, unpack(last.slow.data, state.parameters)),
    actionNetwork: toNetwork(action.layers, unpack(last.action.data, action.parameters)),
  };
}

/** A network fitted to (x' − x)/σ directly: the same input, hidden layers, data, batches and updates as w. */
export async function trainDirectly(training: CoordinateTraining): Promise<Network> {
  const { encoding, transitions, importance, seed, hidden, updates, batchSize: batch, learningRate } = { ...DEFAULTS, ...training };
  const d = encoding.centre.length;
  const m = transitions.actions.length / transitions.n;
  const random = createRandom(seed);
  const action = networkOf("action", [d + encoding.phases.length + m, ...hidden, d], random);
  const graph = directGraph({ encoding, actionSize: m, batch, action, importance });
  const initial = adamState(pack("action", action.parameters), "action");
  const loop = { ...training, batch, random, m, updates };
  const last = await loopOf(loop, graph, initial, 0, updates, (t) => ({ rate: cosine(learningRate, t / updates) + LEAST_RATE }));
  return toNetwork(action.layers, unpack(last.action.data, action.parameters));
}

function networkOf(name: string, sizes: readonly number[], random: RestorableRandom) {
  const layers: Layers = { name, sizes, activation: "SiLU" };
  return { layers, parameters: initialise(layers, random, LAST_LAYER) };
}

function cosine(first: number, done: number): number {
  return (first * (1 + Math.cos(Math.PI * Math.min(1, done)))) / 2;
}

type Loop = CoordinateTraining & {
  readonly batch: number;
  readonly random: RestorableRandom;
  readonly m: number;
  readonly updates: number;
};

/** Updates `begin` to `end` of a graph, or what of them a checkpoint leaves. */
async function loopOf(
  { transitions, batch, random, m, from, threads, updates, onCheckpoint, onProgress }: Loop,
  graph: Parameters<typeof recur>[0],
  initial: State,
  begin: number,
  end: number,
  scalars: (t: number) => Readonly<Record<string, number>>,
): Promise<State> {
  if (from && from.done >= end && end < updates) return from.state;
  const { n } = transitions;
  const d = transitions.states.length / n;
  const tensor = (width: number): RuntimeTensor => ({ dtype: "float32", dims: [batch, width], data: new Float32Array(batch * width) });
  const feeds: Record<string, RuntimeTensor> = { states: tensor(d), actions: tensor(m), "next states": tensor(d) };
  for (const name of Object.keys(scalars(begin))) feeds[name] = { dtype: "float32", dims: [1], data: new Float32Array(1) };
  const training = await recur(graph, initial, { threads });
  let t = begin;
  if (from && from.done > begin) {
    training.restore(from.state);
    random.restore(from.random, 0);
    t = from.done;
  }
  for (; t < end; t++) {
    for (let b = 0; b < batch; b++) {
      const row = random.integer(n);
      for (let j = 0; j < d; j++) feeds.states.data[b * d + j] = transitions.states[row * d + j];
      for (let j = 0; j < m; j++) feeds.actions.data[b * m + j] = transitions.actions[row * m + j];
      for (let j = 0; j < d; j++) feeds["next states"].data[b * d + j] = transitions.nextStates[row * d + j];
    }
    for (const [name, value] of Object.entries(scalars(t))) feeds[name].data[0] = value;
    const { loss } = await training.run(feeds);
    const done = t + 1;
    if (done % 100 === 0) onProgress?.(done, updates, `loss ${loss[0].toExponential(2)}`);
    if (done % CHECKPOINT === 0 && done < end && onCheckpoint) {
      const kept = new Float64Array(randomStateSize);
      random.save(kept, 0);
      await onCheckpoint({ done, random: kept, state: copied(training.state) });
    }
  }
  const last = copied(training.state);
  await training.release();
  return last;
}

function copied(state: State): State {
  return Object.fromEntries(Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
}

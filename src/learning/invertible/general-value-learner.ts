import type { Head } from "../../critics/critic.ts";
import type { GeneralValues } from "../../critics/families/general-value-functions.ts";
import { adamState, compile, Graph, type Recurrence, type RuntimeTensor, recur, type State } from "../../engine/index.ts";
import { pack, unpack } from "../../engine/pack.ts";
import type { Random } from "../../numbers/random.ts";
import type { Space } from "../../spaces/space.ts";
import type { Checkpoint } from "../checkpoint-file.ts";
import { LearningError } from "../errors.ts";
import { initialise, type Layers, toNetwork } from "../layers.ts";
import { type GeneralValueSettings, generalValueGraph, valuesWith } from "./general-value-graph.ts";
import { type TransitionMemory, transitionFeeds } from "./transition-memory.ts";

export interface GeneralValueSchedule {
  readonly batchSize: number;
  /** Updates towards a slow copy of the network, then updates that follow the gradient through both sides (deterministic dynamics only). */
  readonly targetSteps: number;
  readonly residualSteps: number;
  /** First rates of Adam in the two phases; each falls to nothing along a cosine. */
  readonly learningRates: readonly [number, number];
}

/** The network of general value functions, at work on a memory of transitions. */
export interface GeneralValueLearner {
  /** Updates made, and to make. */
  readonly done: number;
  readonly total: number;
  /** Of the last update. */
  readonly loss: number;
  readonly phase: "temporal differences" | "residual gradient";
  update(memory: TransitionMemory, random: Random): Promise<void>;
  /** What a critic holds of it, as it is now. */
  values(): GeneralValues;
  /** On transitions that it was not trained on: RMS of V(s') − N(s, a), and of V(s') − V(s), a head at a time. */
  measure(held: TransitionMemory): Promise<{ readonly residual: Float64Array; readonly signal: Float64Array }>;
  save(): Checkpoint;
  restore(checkpoint: Checkpoint): Promise<void>;
  release(): Promise<void>;
}

export interface GeneralValueNetwork {
  readonly parts: GeneralValueSettings;
  readonly hidden: readonly number[];
  readonly activation: string;
  readonly actionSize: number;
  readonly threads?: number;
}

/** @param random draws the first parameters */
export async function generalValueLearner(
  { parts, hidden, activation, actionSize, threads }: GeneralValueNetwork,
  { batchSize: batch, targetSteps, residualSteps, learningRates }: GeneralValueSchedule,
  random: Random,
): Promise<GeneralValueLearner> {
  const o = parts.centre.length;
  const heads = parts.phases.length * parts.discounts.length;
  const layers: Layers = { name: "online", sizes: layerSizes(parts.actionSpace, o, actionSize, hidden, heads), activation };
  const fresh = initialise(layers, random);
  const feeds = transitionFeeds(batch, o, actionSize);
  const rate: RuntimeTensor = { dtype: "float32", dims: [1], data: new Float32Array(1) };
  const total = targetSteps + residualSteps;
  let done = 0;
  let loss = Number.NaN;
  const start = (parameters: State, slowly: boolean): Promise<Recurrence> =>
    recur(
      generalValueGraph({ layers, parts, batch, actionSize, parameters, slowly }),
      { ...adamState(pack("online", parameters)), ...(slowly ? pack("slow", parameters) : {}) },
      { threads },
    );
  let slowly = targetSteps > 0;
  let recurrence = await start(fresh, slowly);
  const parameters = () => unpack(recurrence.state.online.data.slice(), fresh);
  const turn = async (from: State) => {
    await recurrence.release();
    recurrence = await start(from, slowly);
  };
  return {
    total,
    get done() {
      return done;
    },
    get loss() {
      return loss;
    },
    get phase() {
      return slowly ? "temporal differences" : "residual gradient";
    },
    async update(memory, draws) {
      if (done === total) return;
      if (slowly && done === targetSteps) {
        slowly = false;
        await turn(parameters());
      }
      memory.draw(draws, feeds);
      done++;
      const [first, part] = slowly ? [learningRates[0], done / targetSteps] : [learningRates[1], (done - targetSteps) / residualSteps];
      rate.data[0] = (first * (1 + Math.cos(Math.PI * part))) / 2;
      loss = (await recurrence.run({ ...feeds, rate })).loss[0];
    },
    values: () => ({
      kind: "general-value-functions",
      discounts: parts.discounts,
      policy: parts.policy,
      continuation: toNetwork(layers, parameters()),
      centre: Float32Array.from(parts.centre),
      scale: Float32Array.from(parts.scale),
      weights: Float32Array.from(parts.weights),
      phases: Float32Array.from(parts.phases),
      ...(parts.increments ? { increments: Float32Array.from(parts.increments) } : {}),
    }),
    measure: (held) => measure(parts, layers, parameters(), held, heads),
    save() {
      const tensors = Object.entries(recurrence.state).map(([name, { shape, data }]) => [`general ${name}`, { shape, data: data.slice() }]);
      return { ...Object.fromEntries(tensors), "general progress": { shape: [3], data: Float64Array.of(done, loss, slowly ? 1 : 0) } };
    },
    async restore(checkpoint) {
      const [at, last, towards] = checkpoint["general progress"].data;
      if (slowly !== (towards === 1)) {
        slowly = towards === 1;
        await turn(fresh);
      }
      const state = Object.fromEntries(
        Object.keys(recurrence.state).map((name) => {
          const held = checkpoint[`general ${name}`];
          if (!held) throw new LearningError(`the checkpoint has no 'general ${name}': it is of another network`);
          return [name, { shape: held.shape, data: held.data as Float32Array }];
        }),
      );
      recurrence.restore(state);
      done = at;
      loss = last;
    },
    release: () => recurrence.release(),
  };
}

/** One head a cumulant and discount, all cumulants at the first discount first. */
export function generalHeads(critic: string, cumulants: number, discounts: readonly number[], residual: Float64Array): Head[] {
  return discounts.flatMap((discount, d) =>
    Array.from({ length: cumulants }, (_, c) => ({
      name: `signal ${c} γ ${discount}`,
      critic,
      discount,
      rewardScale: 1,
      rewardOffset: 0,
      cumulant: `signal ${c}`,
      residual: residual[d * cumulants + c],
    })),
  );
}

/** Residual over signal of the heads of each discount. */
export function ratios(
  discounts: readonly number[],
  cumulants: number,
  { residual, signal }: { readonly residual: Float64Array; readonly signal: Float64Array },
): { readonly discount: number; readonly ratio: number }[] {
  return discounts.map((discount, d) => {
    const part = (of: Float64Array) => Math.hypot(...of.subarray(d * cumulants, (d + 1) * cumulants));
    return { discount, ratio: part(residual) / part(signal) };
  });
}

/**
 * Signals cos(w·x + b) of standardised observations, b uniform: w normal with this deviation, but for a share of signals that see one number of the
 * observation each, all in turn, at the same mean square: what moves little between states is not drowned there by what moves much.
 */
export function randomSignals(o: number, cumulants: number, bandwidth: number, random: Random, share = 0) {
  const weights = Float32Array.from({ length: o * cumulants }, () => bandwidth * random.normal());
  const phases = Float32Array.from({ length: cumulants }, () => 2 * Math.PI * random.uniform());
  for (let c = 0; c < Math.round(share * cumulants); c++) {
    for (let j = 0; j < o; j++) weights[j * cumulants + c] = j === c % o ? bandwidth * Math.sqrt(o) * (0.5 + random.uniform()) : 0;
  }
  return { weights, phases };
}

/** σ of every head: RMS of r(s') − r(s), over 1 − γ, as if signals changed so for ever. */
export function incrementsOf(
  { centre, scale, weights, phases }: Pick<GeneralValueSettings, "centre" | "scale" | "weights" | "phases">,
  discounts: readonly number[],
  { size, observationSize: o, observations, nextObservations }: TransitionMemory,
): Float32Array {
  const cumulants = phases.length;
  const squares = new Float64Array(cumulants);
  const signal = (of: Float32Array, row: number, c: number) => {
    let angle = phases[c];
    for (let j = 0; j < o; j++) angle += (weights[j * cumulants + c] * (of[row * o + j] - centre[j])) / scale[j];
    return Math.cos(angle);
  };
  const rows = Math.min(size, 4000);
  for (let i = 0; i < rows; i++) {
    const row = Math.floor((i * size) / rows);
    for (let c = 0; c < cumulants; c++) squares[c] += (signal(nextObservations, row, c) - signal(observations, row, c)) ** 2 / rows;
  }
  return Float32Array.from({ length: cumulants * discounts.length }, (_, i) => {
    return Math.max(1e-6, Math.sqrt(squares[i % cumulants])) / (1 - discounts[Math.floor(i / cumulants)]);
  });
}

/** Mean and deviation of observations [.., o]. */
export function standardise(observations: ArrayLike<number>, o: number): { readonly centre: Float32Array; readonly scale: Float32Array } {
  const n = observations.length / o;
  const centre = new Float64Array(o);
  const scale = new Float64Array(o);
  for (let i = 0; i < observations.length; i++) centre[i % o] += observations[i] / n;
  for (let i = 0; i < observations.length; i++) scale[i % o] += (observations[i] - centre[i % o]) ** 2 / n;
  return { centre: Float32Array.from(centre), scale: Float32Array.from(scale, (x) => Math.sqrt(x) || 1) };
}

function layerSizes(actions: Space, o: number, m: number, hidden: readonly number[], heads: number): number[] {
  return actions.kind === "discrete" ? [o, ...hidden, actions.n * heads] : [o + m, ...hidden, heads];
}

async function measure(
  parts: GeneralValueSettings,
  layers: Layers,
  parameters: State,
  { observationSize: o, actionSize: m, size: n, observations, actions, nextObservations }: TransitionMemory,
  heads: number,
): Promise<{ readonly residual: Float64Array; readonly signal: Float64Array }> {
  const graph = new Graph();
  const here = graph.input("observations", ["N", o]);
  const next = graph.input("next observations", ["N", o]);
  const constants = Object.fromEntries(Object.entries(parameters).map(([name, { shape, data }]) => [name, graph.constant(data, shape)]));
  const online = valuesWith(parts, layers, constants);
  graph.output("to come", online.continuation(here, graph.input("actions", ["N", m])));
  graph.output("here", online.stateValues([here]));
  graph.output("there", online.stateValues([next]));
  const session = await compile(graph);
  const out = await session.run({ observations, actions, "next observations": nextObservations });
  await session.release();
  const rms = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    const sums = new Float64Array(heads);
    for (let i = 0; i < n * heads; i++) sums[i % heads] += (a[i] - b[i]) ** 2 / n;
    return sums.map(Math.sqrt);
  };
  const [toCome, before, after] = ["to come", "here", "there"].map((name) => out[name].data as Float32Array);
  return { residual: rms(after, toCome), signal: rms(after, before) };
}

import { type FixedPolicy, generalValueFunctions } from "../critics/general-value-functions.ts";
import type { SavedCritic } from "../critics/saved.ts";
import {
  adamState,
  compile,
  createRandom,
  Graph,
  pack,
  type Random,
  type Recurrence,
  type RuntimeTensor,
  recur,
  type State,
  unpack,
} from "../engine/index.ts";
import { collectTransitions } from "../environments/collect.ts";
import type { Environment } from "../environments/environment.ts";
import { LearningError } from "./errors.ts";
import { type GeneralValueSettings, generalValueGraph, valuesWith } from "./general-value-graph.ts";
import { initialise, type Layers, toNetwork } from "./layers.ts";

export interface GeneralValueOptions {
  readonly seed: number;
  /** C: random signals; heads are C a discount (24). */
  readonly cumulants?: number;
  /** 0.5, 0.8, 0.95 */
  readonly discounts?: readonly number[];
  /** Standard deviation of the signals' frequencies, per standard deviation of an observation (0.35). */
  readonly bandwidth?: number;
  /** What the values are of, and what data are gathered by, ε-random ("uniform"). */
  readonly policy?: FixedPolicy;
  readonly epsilon?: number;
  readonly hidden?: readonly number[];
  readonly activation?: string;
  readonly transitions?: number;
  readonly batch?: number;
  /** Updates towards a slow copy of the network, then updates that follow the gradient through both sides (deterministic dynamics only). */
  readonly targetSteps?: number;
  readonly residualSteps?: number;
  /** First rates of Adam in the two phases; each falls to nothing along a cosine. */
  readonly rates?: readonly [number, number];
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

export interface TrainedGeneralValues {
  readonly critic: SavedCritic;
  /** RMS over held-out transitions of V(s') − V(s), a head at a time: what there is to see. */
  readonly signal: Float64Array;
  readonly updatesPerSecond: number;
}

export const GVF_DEFAULTS = {
  cumulants: 24,
  discounts: [0.5, 0.8, 0.95],
  bandwidth: 0.35,
  policy: { kind: "uniform" } as FixedPolicy,
  epsilon: 0.3,
  hidden: [96, 96],
  activation: "SiLU",
  transitions: 30_000,
  batch: 256,
  targetSteps: 3000,
  residualSteps: 12_000,
  rates: [2e-3, 2e-3] as readonly [number, number],
};
const HELD_OUT = 2000;

/**
 * General value functions of random signals, trained to be inverted: temporal differences towards a slow copy, then the residual gradient (Baird 1995),
 * which leaves a far smaller Bellman residual where the dynamics are deterministic. Episodes' ends are no ends for these signals.
 */
export async function trainGeneralValues(environment: Environment, options: GeneralValueOptions): Promise<TrainedGeneralValues> {
  const settings = { ...GVF_DEFAULTS, ...options };
  const { seed, cumulants, discounts, policy, batch, targetSteps, residualSteps, onProgress } = settings;
  const random = createRandom(seed);
  const data = await gather(environment, policy, settings.epsilon, settings.transitions, random.integer(2 ** 31));
  const held = await gather(environment, policy, settings.epsilon, HELD_OUT, random.integer(2 ** 31));
  const { o, m } = data;
  const arrays = { ...standardise(data.observations, o), ...signals(o, cumulants, settings.bandwidth, random) };
  const heads = cumulants * discounts.length;
  const { actionSpace } = environment;
  const layers: Layers = {
    name: "online",
    sizes: actionSpace.kind === "discrete" ? [o, ...settings.hidden, actionSpace.n * heads] : [o + m, ...settings.hidden, heads],
    activation: settings.activation,
  };
  const parameters = initialise(layers, random);
  const parts = { ...arrays, actionSpace, discounts, policy };
  const shape = { layers, parts, batch, actionSize: m };
  const first = await recur(generalValueGraph({ ...shape, parameters, slowly: true }), {
    ...adamState(pack("online", parameters)),
    ...pack("slow", parameters),
  });
  const rows = batches(data, batch);
  const start = performance.now();
  const total = targetSteps + residualSteps;
  await train(first, rows, random, settings.rates[0], targetSteps, (done, loss) =>
    onProgress?.(done, total, `temporal differences, loss ${loss.toExponential(2)}`),
  );
  const warm = unpack(first.state.online.data.slice(), parameters);
  await first.release();
  const second = await recur(generalValueGraph({ ...shape, parameters: warm, slowly: false }), adamState(pack("online", warm)));
  await train(second, rows, random, settings.rates[1], residualSteps, (done, loss) =>
    onProgress?.(targetSteps + done, total, `residual gradient, loss ${loss.toExponential(2)}`),
  );
  const seconds = (performance.now() - start) / 1000;
  const trained = unpack(second.state.online.data, parameters);
  const continuation = toNetwork(layers, trained);
  const measured = await measure(parts, layers, trained, held, heads);
  await second.release();

  const discountOf = (i: number) => discounts[Math.floor(i / cumulants)];
  const name = `gvf ${environment.id}`;
  const critic: SavedCritic = {
    name,
    algorithm: "GVF",
    environment: environment.id,
    heads: Array.from({ length: heads }, (_, i) => ({
      name: `signal ${i % cumulants} γ ${discountOf(i)}`,
      critic: name,
      discount: discountOf(i),
      rewardScale: 1,
      rewardOffset: 0,
      cumulant: `signal ${i % cumulants}`,
      residual: measured.residual[i],
    })),
    observationSpace: environment.observationSpace,
    actionSpace,
    values: { kind: "general-value-functions", discounts, policy, continuation, ...arrays },
    made: {
      settings: Object.fromEntries(Object.entries({ ...settings, policy: policy.kind }).filter(([key]) => key !== "onProgress")),
      residualOverSignal: discounts.map((discount, d) => {
        const part = (of: Float64Array) => Math.hypot(...of.subarray(d * cumulants, (d + 1) * cumulants));
        return { discount, ratio: part(measured.residual) / part(measured.signal) };
      }),
    },
  };
  return { critic, signal: measured.signal, updatesPerSecond: total / seconds };
}

interface Data {
  readonly n: number;
  readonly o: number;
  readonly m: number;
  readonly observations: Float64Array;
  readonly actions: Float64Array;
  readonly nextObservations: Float64Array;
}

async function gather(environment: Environment, policy: FixedPolicy, epsilon: number, n: number, seed: number): Promise<Data> {
  const { simulation, actionSpace } = environment;
  if (!simulation) throw new LearningError(`general value functions need continuous observations; ${environment.id} has numbered states`);
  const o = simulation.observationSpace.low.length;
  const m = actionSpace.kind === "box" ? actionSpace.low.length : 1;
  const session = policy.kind === "uniform" ? undefined : await compile(policyGraph(policy, environment, o));
  const { states, actions, nextStates } = await collectTransitions(
    environment,
    async (observations, rows) =>
      session ? ((await session.run({ observations })).actions.data as Float32Array) : new Float64Array(rows * m),
    { n, seed, epsilon: session ? epsilon : 1 },
  );
  await session?.release();
  const observe = (of: Float64Array) => {
    const out = new Float64Array(n * o);
    simulation.observations(of, n, out);
    return out;
  };
  return { n, o, m, actions, observations: observe(states), nextObservations: observe(nextStates) };
}

function policyGraph(policy: FixedPolicy, { actionSpace }: Environment, o: number): Graph {
  const none = new Float32Array(o);
  const graph = new Graph();
  const act = generalValueFunctions({
    actionSpace,
    policy,
    centre: none,
    scale: new Float32Array(o).fill(1),
    weights: none,
    phases: new Float32Array(1),
    discounts: [0],
    continuation: (x) => x,
  }).policy!;
  graph.output("actions", act([graph.input("observations", ["N", o])]));
  return graph;
}

function standardise(observations: Float64Array, o: number): { readonly centre: Float32Array; readonly scale: Float32Array } {
  const n = observations.length / o;
  const centre = new Float64Array(o);
  const scale = new Float64Array(o);
  for (let i = 0; i < observations.length; i++) centre[i % o] += observations[i] / n;
  for (let i = 0; i < observations.length; i++) scale[i % o] += (observations[i] - centre[i % o]) ** 2 / n;
  return { centre: Float32Array.from(centre), scale: Float32Array.from(scale, (x) => Math.sqrt(x) || 1) };
}

function signals(o: number, cumulants: number, bandwidth: number, random: Random) {
  return {
    weights: Float32Array.from({ length: o * cumulants }, () => bandwidth * random.normal()),
    phases: Float32Array.from({ length: cumulants }, () => 2 * Math.PI * random.uniform()),
  };
}

interface Batches {
  readonly feeds: Readonly<Record<string, RuntimeTensor>>;
  draw(random: Random): void;
}

function batches({ n, o, m, ...data }: Data, batch: number): Batches {
  const tensor = (width: number): RuntimeTensor => ({ dtype: "float32", dims: [batch, width], data: new Float32Array(batch * width) });
  const feeds = { observations: tensor(o), actions: tensor(m), "next observations": tensor(o) };
  const copy = (into: RuntimeTensor, from: Float64Array, width: number, row: number, b: number) => {
    for (let j = 0; j < width; j++) into.data[b * width + j] = from[row * width + j];
  };
  return {
    feeds,
    draw(random) {
      for (let b = 0; b < batch; b++) {
        const row = random.integer(n);
        copy(feeds.observations, data.observations, o, row, b);
        copy(feeds.actions, data.actions, m, row, b);
        copy(feeds["next observations"], data.nextObservations, o, row, b);
      }
    },
  };
}

async function train(
  recurrence: Recurrence,
  rows: Batches,
  random: Random,
  first: number,
  steps: number,
  report: (done: number, loss: number) => void,
): Promise<void> {
  const rate: RuntimeTensor = { dtype: "float32", dims: [1], data: new Float32Array(1) };
  for (let t = 1; t <= steps; t++) {
    rows.draw(random);
    rate.data[0] = (first * (1 + Math.cos((Math.PI * t) / steps))) / 2;
    const { loss } = await recurrence.run({ ...rows.feeds, rate });
    if (t % 100 === 0 || t === steps) report(t, loss[0]);
  }
}

async function measure(
  parts: GeneralValueSettings,
  layers: Layers,
  parameters: State,
  { o, m, n, observations, actions, nextObservations }: Data,
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

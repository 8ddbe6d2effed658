import { files } from "#files";
import type { SavedCritic } from "../critics/saved.ts";
import { encodedSize, type SparseGoal, stepsAfter, stepsToGoHeads, type WaveEncoding } from "../critics/steps-to-go.ts";
import {
  adamState,
  compile,
  createRandom,
  Graph,
  type Random,
  type RuntimeTensor,
  randomStateSize,
  recur,
  type State,
} from "../engine/index.ts";
import type { Physics } from "../environments/environment.ts";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import { apply, initialise, type Layers, renamed, toNetwork } from "./layers.ts";
import { type StepsToGoSettings, stepsToGoGraph } from "./steps-to-go-graph.ts";

/** What there is to learn, and where. Discrete actions, deterministic dynamics. */
export interface StepsToGoTask {
  /** Gymnasium id */
  readonly environment: string;
  readonly physics: Physics;
  readonly goals: readonly SparseGoal[];
  readonly encoding: WaveEncoding;
  /** n states to learn at, flat [n, d]. */
  draw(random: Random, n: number, out: Float64Array): void;
  /** [d] Next states are clipped to these before they are valued: where `draw` goes. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export interface StepsToGoOptions {
  readonly seed: number;
  readonly hidden?: readonly number[];
  /** Updates towards the slow copy, then of the residual gradient. */
  readonly slowUpdates?: number;
  readonly residualUpdates?: number;
  readonly slowBatch?: number;
  readonly residualBatch?: number;
  /** First rates of Adam in the two phases; each falls along a cosine. */
  readonly rates?: readonly [number, number];
  readonly threads?: number;
  /** Folder to keep checkpoints in: a training that was stopped goes on, and ends with the same numbers. */
  readonly folder?: string;
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

export const STEPS_TO_GO_DEFAULTS = {
  hidden: [256, 256, 256] as readonly number[],
  slowUpdates: 12_000,
  residualUpdates: 16_000,
  slowBatch: 512,
  residualBatch: 512,
  rates: [1e-3, 3e-4] as readonly [number, number],
  threads: 1,
};
const CHECKPOINT_EVERY = 1000;
const REPORT_EVERY = 100;
/** Updates over which a rate rises to its first value. */
const RISE = 150;
/** What is left of a rate at the end of the first phase. */
const LEFT = 0.02;
const HELD_OUT = 4000;
const HELD_OUT_SEED = 99_991;

/**
 * Steps to go of sparse goals (src/critics/steps-to-go.ts): temporal differences towards a slow copy until the values are about right, then the residual
 * gradient (Baird 1995), which leaves a far smaller Bellman residual where dynamics are deterministic. The slow copy is the critic.
 */
export async function trainStepsToGo(task: StepsToGoTask, options: StepsToGoOptions): Promise<SavedCritic> {
  const settings = { ...STEPS_TO_GO_DEFAULTS, ...options };
  const { seed, hidden, slowUpdates, residualUpdates, slowBatch, residualBatch, rates, threads, folder, onProgress } = settings;
  const { physics, goals, encoding, environment } = task;
  const { actionSpace } = physics;
  if (actionSpace.kind !== "discrete") throw new TypeError(`steps to go are learned of Discrete actions; ${environment} has none`);
  const actions = actionSpace.n;
  const layers: Layers = {
    name: "online",
    sizes: [encodedSize(encoding), ...hidden, actions * goals.length],
    activation: "SiLU",
    normalised: true,
  };
  const parts: StepsToGoSettings = { encoding, goals, actions };
  const random = createRandom(seed);
  const total = slowUpdates + residualUpdates;
  const described = JSON.stringify({ environment, seed, hidden, slowUpdates, residualUpdates, slowBatch, residualBatch, rates });
  const held = folder === undefined ? undefined : await readCheckpoint(folder, described);
  let done = held?.done ?? 0;
  const fresh = initialise(layers, random);
  if (held) random.restore(held.random, 0);

  let weights = fresh;
  for (const phase of ["slow", "residual"] as const) {
    const first = phase === "slow" ? 0 : slowUpdates;
    const updates = phase === "slow" ? slowUpdates : residualUpdates;
    if (done > first + updates || updates === 0) continue;
    const batch = phase === "slow" ? slowBatch : residualBatch;
    const start = renamed(weights, "online", "online");
    const recurrence = await recur(
      stepsToGoGraph({ layers, parameters: start, parts, batch, phase }),
      { ...adamState(start), ...renamed(start, "online", "slow") },
      { threads },
    );
    if (held && held.done >= first && held.done <= first + updates && held.phase === phase) recurrence.restore(held.state);
    const rows = phase === "slow" ? everyAction(task, batch) : oneAction(task, batch);
    const rate: RuntimeTensor = { dtype: "float32", dims: [1], data: new Float32Array(1) };
    const part: RuntimeTensor = { dtype: "float32", dims: [1], data: new Float32Array(1) };
    while (done < first + updates) {
      const t = done - first;
      const cosine = (1 + Math.cos((Math.PI * t) / updates)) / 2;
      rate.data[0] = Math.min(1, (t + 1) / RISE) * (phase === "slow" ? rates[0] * ((1 - LEFT) * cosine + LEFT) : rates[1] * cosine + 1e-6);
      part.data[0] = phase === "slow" && t < 0.6 * updates ? 0.03 : 0.01;
      rows.draw(random);
      const { loss } = await recurrence.run({ ...rows.feeds, rate, part });
      done++;
      if (done % REPORT_EVERY === 0) {
        if (!Number.isFinite(loss[0]))
          throw new RangeError(`steps to go of ${environment}, seed ${seed}: the loss is no number at update ${done}`);
        onProgress?.(done, total, `${phase === "slow" ? "towards a slow copy" : "residual gradient"}, loss ${loss[0].toFixed(4)}`);
      }
      if (folder !== undefined && done % CHECKPOINT_EVERY === 0)
        await writeCheckpoint(folder, described, { done, phase, random: randomState(random), state: recurrence.state });
    }
    weights = Object.fromEntries(
      Object.entries(renamed(recurrence.state, "slow", "online")).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
    );
    await recurrence.release();
  }
  const residual = await bellmanResidual(task, layers, parts, weights, threads);
  const name = `steps-to-go ${environment}`;
  return {
    name,
    algorithm: "steps-to-go",
    environment,
    heads: stepsToGoHeads(name, goals),
    observationSpace: physics.observationSpace,
    actionSpace,
    values: { kind: "steps-to-go", encoding, goals, network: toNetwork(layers, weights) },
    made: { seed, hidden, slowUpdates, residualUpdates, slowBatch, residualBatch, rates, bellmanResidual: residual },
  };
}

interface Rows {
  readonly feeds: Readonly<Record<string, RuntimeTensor>>;
  draw(random: Random): void;
}

function tensor(dims: readonly number[]): RuntimeTensor & { readonly data: Float32Array } {
  return { dtype: "float32", dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) };
}

/** Steps of one batch of the task, its observations and which goals they arrive in. */
function stepper({ physics, goals, low, high, draw }: StepsToGoTask, batch: number, rows: number) {
  const d = physics.coordinates.names.length;
  const o = physics.observationSpace.low.length;
  const states = new Float64Array(batch * d);
  const before = new Float64Array(rows * d);
  const actions = new Float64Array(rows);
  const seen = new Float64Array(batch * o);
  const seenNext = new Float64Array(rows * o);
  const out = { nextStates: new Float64Array(rows * d), rewards: new Float64Array(rows), terminated: new Uint8Array(rows) };
  const observations = tensor([batch, o]);
  const next = tensor([rows, o]);
  const open = tensor([rows, goals.length]);
  return {
    actions,
    feeds: { observations, "next observations": next, open },
    step(random: Random, actionOf: (row: number) => number) {
      draw(random, batch, states);
      physics.observations(states, batch, seen);
      observations.data.set(seen);
      const each = rows / batch;
      for (let r = 0; r < rows; r++) {
        const from = Math.floor(r / each) * d;
        for (let j = 0; j < d; j++) before[r * d + j] = states[from + j];
        actions[r] = actionOf(r);
      }
      physics.step(before, actions, rows, out);
      physics.observations(out.nextStates, rows, seenNext);
      for (let r = 0; r < rows; r++)
        for (let g = 0; g < goals.length; g++) open.data[r * goals.length + g] = inGoal(goals[g], seenNext, r * o) ? 0 : 1;
      for (let i = 0; i < rows * d; i++) out.nextStates[i] = Math.min(high[i % d], Math.max(low[i % d], out.nextStates[i]));
      physics.observations(out.nextStates, rows, seenNext);
      next.data.set(seenNext);
    },
  };
}

export function inGoal({ indices, target, radius }: SparseGoal, observations: ArrayLike<number>, at: number): boolean {
  let square = 0;
  for (let i = 0; i < indices.length; i++) square += (observations[at + indices[i]] - target[i]) ** 2;
  return square < radius * radius;
}

function everyAction(task: StepsToGoTask, batch: number): Rows {
  const { n, start } = task.physics.actionSpace as { readonly n: number; readonly start: number };
  const { feeds, step } = stepper(task, batch, batch * n);
  return { feeds, draw: (random) => step(random, (row) => start + (row % n)) };
}

function oneAction(task: StepsToGoTask, batch: number): Rows {
  const { n, start } = task.physics.actionSpace as { readonly n: number; readonly start: number };
  const { feeds, step } = stepper(task, batch, batch);
  const code = tensor([batch, n]);
  return {
    feeds: { ...feeds, code },
    draw(random) {
      code.data.fill(0);
      step(random, (row) => {
        const action = random.integer(n);
        code.data[row * n + action] = 1;
        return start + action;
      });
    },
  };
}

/** Mean and root mean square over states and actions of k(s, a) less what Bellman's equation makes it, in steps. */
async function bellmanResidual(task: StepsToGoTask, layers: Layers, parts: StepsToGoSettings, weights: State, threads: number) {
  const graph = new Graph();
  const held = Object.fromEntries(Object.entries(weights).map(([name, { shape, data }]) => [name, graph.constant(data, shape)]));
  const o = parts.encoding.centre.length;
  graph.output("k", stepsAfter({ ...parts, network: (x) => apply(layers, held, x) }, graph.input("observations", ["N", o])));
  const session = await compile(graph, { threads, chunk: 1024 });
  const { actions, goals } = parts;
  const g = goals.length;
  const rows = stepper(task, HELD_OUT, HELD_OUT);
  const random = createRandom(HELD_OUT_SEED);
  const { start } = task.physics.actionSpace as { readonly start: number };
  rows.step(random, () => start + random.integer(actions));
  const here = (await session.run({ observations: rows.feeds.observations.data })).k.data as Float32Array;
  const there = (await session.run({ observations: rows.feeds["next observations"].data })).k.data as Float32Array;
  await session.release();
  let sum = 0;
  let squares = 0;
  for (let b = 0; b < HELD_OUT; b++) {
    const action = rows.actions[b] - start;
    for (let i = 0; i < g; i++) {
      let least = Infinity;
      for (let a = 0; a < actions; a++) least = Math.min(least, there[(b * actions + a) * g + i]);
      const error = here[(b * actions + action) * g + i] - rows.feeds.open.data[b * g + i] * (1 + least);
      sum += Math.abs(error);
      squares += error * error;
    }
  }
  return { mean: sum / (HELD_OUT * g), rms: Math.sqrt(squares / (HELD_OUT * g)) };
}

interface Kept {
  readonly done: number;
  readonly phase: "slow" | "residual";
  readonly random: Float64Array;
  readonly state: State;
}

function randomState(random: ReturnType<typeof createRandom>): Float64Array {
  const out = new Float64Array(randomStateSize);
  random.save(out, 0);
  return out;
}

async function writeCheckpoint(folder: string, described: string, { done, phase, random, state }: Kept): Promise<void> {
  const said = new TextEncoder().encode(described);
  const tensors = Object.fromEntries(Object.entries(state).map(([name, { shape, data }]) => [`state/${name}`, { shape, data }]));
  await files.write(
    `${folder}/checkpoint.safetensors`,
    writeSafetensors({
      ...tensors,
      random: { shape: [random.length], data: random },
      done: { shape: [2], data: Float64Array.of(done, phase === "slow" ? 0 : 1) },
      configuration: { shape: [said.length], data: said },
    }),
  );
}

/** What was kept of the same training; undefined where there is nothing, or it is of another. */
async function readCheckpoint(folder: string, described: string): Promise<Kept | undefined> {
  const file = `${folder}/checkpoint.safetensors`;
  if ((await files.kind(file)) !== "file") return undefined;
  const tensors = readSafetensors(await files.read(file), file);
  const { configuration, done, random } = tensors;
  if (!(configuration?.data instanceof Uint8Array) || new TextDecoder().decode(configuration.data) !== described) return undefined;
  const state = Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith("state/"))
      .map(([name, { shape, data }]) => [name.slice("state/".length), { shape, data: data as Float32Array }]),
  );
  return { done: done.data[0] as number, phase: done.data[1] === 0 ? "slow" : "residual", random: random.data as Float64Array, state };
}

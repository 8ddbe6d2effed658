import { files } from "#files";
import type { OnProgress } from "../../base/progress.ts";
import type { SavedCritic } from "../../critics/saved.ts";
import { encodedSize, type SparseGoal, stepsAfter, stepsToGoHeads, type WaveEncoding } from "../../critics/steps-to-go.ts";
import { adamState, compile, Graph, type RuntimeTensor, recur, type State } from "../../engine/index.ts";
import type { Physics } from "../../environments/environment.ts";
import { readSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import { createRandom, type Random, randomStateSize } from "../../numbers/random.ts";
import { apply, initialise, type Layers, renamed, toNetwork } from "../layers.ts";
import { inTodaysNames } from "../renamed-options.ts";
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

/** A stretch of training with one loss. */
export interface StepsToGoPhase {
  /** "slow": all actions of each state, towards a slow copy. "residual": one action, the gradient through both sides. */
  readonly kind: "slow" | "residual";
  readonly updates: number;
  /** First rate of Adam; it falls along a cosine. */
  readonly learningRate: number;
  readonly batchSize?: number;
  /** Part of a batch that is where the critic's own policy goes, in place of where the task draws: a critic that is right where it is never led is easily led astray. */
  readonly walkers?: number;
}

export interface StepsToGoOptions {
  readonly seed: number;
  readonly hidden?: readonly number[];
  readonly phases?: readonly StepsToGoPhase[];
  readonly threads?: number;
  /** Folder to keep checkpoints in: a training that was stopped goes on, and ends with the same numbers. */
  readonly folder?: string;
  readonly onProgress?: OnProgress;
}

export const STEPS_TO_GO_DEFAULTS = {
  hidden: [256, 256, 256] as readonly number[],
  phases: [
    { kind: "slow", updates: 12_000, learningRate: 1e-3 },
    { kind: "residual", updates: 12_000, learningRate: 3e-4 },
  ] as readonly StepsToGoPhase[],
  threads: 1,
};
const BATCH = 512;
const CHECKPOINT_EVERY = 1000;
const REPORT_EVERY = 100;
/** Updates over which a rate rises to its first value. */
const RISE = 150;
/** What is left of a rate at the end of a phase: a part of it, or this. */
const LEFT = 0.02;
const LEAST = 1e-6;
/** A walker acts at random so often, and starts anew after so many steps, or in its goal. */
const STRAY = 0.2;
const LONGEST = 60;
const HELD_OUT = 4000;
const HELD_OUT_SEED = 99_991;

/**
 * Steps to go of sparse goals (src/critics/steps-to-go.ts): temporal differences towards a slow copy until the values are about right, then the residual
 * gradient (Baird 1995), which leaves a far smaller Bellman residual where dynamics are deterministic. The slow copy is the critic.
 */
export async function trainStepsToGo(task: StepsToGoTask, options: StepsToGoOptions): Promise<SavedCritic> {
  const settings = { ...STEPS_TO_GO_DEFAULTS, ...options };
  const { seed, hidden, phases, threads, folder, onProgress } = settings;
  const { physics, goals, encoding, environment } = task;
  const { actionSpace } = physics;
  if (actionSpace.kind !== "discrete") throw new TypeError(`steps to go are learned of Discrete actions; ${environment} has none`);
  const actions = actionSpace.n;
  const layers: Layers = {
    name: "online",
    sizes: [encodedSize(encoding), ...hidden, actions * goals.length],
    activation: "SiLU",
    layerNorm: true,
  };
  const parts: StepsToGoSettings = { encoding, goals, actions };
  const random = createRandom(seed);
  const total = phases.reduce((sum, { updates }) => sum + updates, 0);
  const described = JSON.stringify({ environment, seed, hidden, phases });
  const held = folder === undefined ? undefined : await readCheckpoint(folder, described);
  let done = held?.done ?? 0;
  const fresh = initialise(layers, random);
  if (held) random.restore(held.random, 0);

  let weights = fresh;
  let first = 0;
  for (const [p, { kind, updates, learningRate: top, batchSize: batch = BATCH, walkers = 0 }] of phases.entries()) {
    if (held && held.phase > p) {
      first += updates;
      continue;
    }
    const start = renamed(weights, "online", "online");
    const recurrence = await recur(
      stepsToGoGraph({ layers, parameters: start, parts, batch, phase: kind }),
      { ...adamState(start), ...renamed(start, "online", "slow") },
      { threads },
    );
    const walking = Math.round(walkers * batch);
    const rows = kind === "slow" ? everyAction(task, batch, walking) : oneAction(task, batch, walking);
    if (held?.phase === p) {
      recurrence.restore(held.state);
      rows.walkers.set(held.walkers);
    }
    const rate: RuntimeTensor = { dtype: "float32", dims: [1], data: new Float32Array(1) };
    const part: RuntimeTensor = { dtype: "float32", dims: [1], data: new Float32Array(1) };
    while (done < first + updates) {
      const t = done - first;
      const cosine = (1 + Math.cos((Math.PI * t) / updates)) / 2;
      rate.data[0] = Math.min(1, (t + 1) / RISE) * (kind === "slow" ? top * ((1 - LEFT) * cosine + LEFT) : top * cosine + LEAST);
      part.data[0] = kind === "slow" && t < 0.6 * updates ? 0.03 : 0.01;
      rows.draw(random);
      const { loss, k } = await recurrence.run({ ...rows.feeds, rate, part });
      rows.walk(k, random);
      done++;
      if (done % REPORT_EVERY === 0) {
        if (!Number.isFinite(loss[0]))
          throw new RangeError(`steps to go of ${environment}, seed ${seed}: the loss is no number at update ${done}`);
        onProgress?.(done, total, `${kind === "slow" ? "towards a slow copy" : "residual gradient"}, loss ${loss[0].toFixed(4)}`);
      }
      if (folder !== undefined && done % CHECKPOINT_EVERY === 0)
        await writeCheckpoint(folder, described, {
          done,
          phase: p,
          random: randomState(random),
          state: recurrence.state,
          walkers: rows.walkers,
        });
    }
    weights = Object.fromEntries(
      Object.entries(renamed(recurrence.state, "slow", "online")).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
    );
    await recurrence.release();
    first += updates;
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
    made: { seed, hidden, phases, bellmanResidual: residual },
  };
}

interface Rows {
  readonly feeds: Readonly<Record<string, RuntimeTensor>>;
  /** [walking, d + 3] state, goal, age and next action (or −1) of each walker; age −1 before its first step. */
  readonly walkers: Float64Array;
  draw(random: Random): void;
  /** Go on by what the critic says: of all actions here where all were taken, else of all actions there. */
  walk(k: Float32Array, random: Random): void;
}

function tensor(dims: readonly number[]): RuntimeTensor & { readonly data: Float32Array } {
  return { dtype: "float32", dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) };
}

/** Steps of one batch of the task, its observations and which goals they arrive in. The first rows are the walkers'. */
function stepper({ physics, goals, low, high, draw }: StepsToGoTask, batch: number, rows: number, walking: number) {
  const d = physics.coordinates.names.length;
  const o = physics.observationSpace.low.length;
  const width = d + 3;
  const states = new Float64Array(batch * d);
  const before = new Float64Array(rows * d);
  const actions = new Float64Array(rows);
  const seen = new Float64Array(batch * o);
  const seenNext = new Float64Array(rows * o);
  const out = { nextStates: new Float64Array(rows * d), rewards: new Float64Array(rows), terminated: new Uint8Array(rows) };
  const observations = tensor([batch, o]);
  const next = tensor([rows, o]);
  const open = tensor([rows, goals.length]);
  const walkers = new Float64Array(walking * width).fill(-1);
  return {
    actions,
    walkers,
    width,
    feeds: { observations, "next observations": next, open },
    step(random: Random, actionOf: (row: number) => number) {
      draw(random, batch, states);
      for (let w = 0; w < walking; w++) {
        const at = w * width;
        if (walkers[at + d + 1] >= 0) states.set(walkers.subarray(at, at + d), w * d);
        else {
          // anywhere, not only where the task draws its first rows
          const from = w + Math.floor((batch - w) * random.uniform());
          states.copyWithin(w * d, from * d, (from + 1) * d);
          walkers[at + d] = random.integer(goals.length);
          walkers[at + d + 1] = 0;
          walkers[at + d + 2] = -1;
        }
      }
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
    /** Walker w goes where row r went. */
    move(w: number, r: number) {
      const at = w * width;
      walkers.set(out.nextStates.subarray(r * d, (r + 1) * d), at);
      const arrived = open.data[r * goals.length + walkers[at + d]] === 0;
      walkers[at + d + 1] = arrived || walkers[at + d + 1] >= LONGEST ? -1 : walkers[at + d + 1] + 1;
    },
    goalOf: (w: number) => walkers[w * width + d],
  };
}

export function inGoal({ indices, target, radius }: SparseGoal, observations: ArrayLike<number>, at: number): boolean {
  let square = 0;
  for (let i = 0; i < indices.length; i++) square += (observations[at + indices[i]] - target[i]) ** 2;
  return square < radius * radius;
}

/** The action of row b of k [.., actions, goals] with the fewest steps to goal g. */
function fewest(k: Float32Array, b: number, actions: number, goals: number, g: number): number {
  let best = 0;
  for (let a = 1; a < actions; a++) if (k[(b * actions + a) * goals + g] < k[(b * actions + best) * goals + g]) best = a;
  return best;
}

function everyAction(task: StepsToGoTask, batch: number, walking: number): Rows {
  const { n, start } = task.physics.actionSpace as { readonly n: number; readonly start: number };
  const { feeds, step, walkers, move, goalOf } = stepper(task, batch, batch * n, walking);
  return {
    feeds,
    walkers,
    draw: (random) => step(random, (row) => start + (row % n)),
    walk(k, random) {
      for (let w = 0; w < walking; w++) {
        const action = random.uniform() < STRAY ? random.integer(n) : fewest(k, w, n, task.goals.length, goalOf(w));
        move(w, w * n + action);
      }
    },
  };
}

function oneAction(task: StepsToGoTask, batch: number, walking: number): Rows {
  const { n, start } = task.physics.actionSpace as { readonly n: number; readonly start: number };
  const { feeds, step, walkers, move, goalOf, width } = stepper(task, batch, batch, walking);
  const code = tensor([batch, n]);
  return {
    feeds: { ...feeds, code },
    walkers,
    draw(random) {
      code.data.fill(0);
      step(random, (row) => {
        const meant = row < walking ? walkers[(row + 1) * width - 1] : -1;
        const action = meant < 0 ? random.integer(n) : meant;
        code.data[row * n + action] = 1;
        return start + action;
      });
    },
    walk(k, random) {
      for (let w = 0; w < walking; w++) {
        move(w, w);
        walkers[(w + 1) * width - 1] = random.uniform() < STRAY ? -1 : fewest(k, w, n, task.goals.length, goalOf(w));
      }
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
  const rows = stepper(task, HELD_OUT, HELD_OUT, 0);
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
  /** Number of the phase. */
  readonly phase: number;
  readonly random: Float64Array;
  readonly state: State;
  readonly walkers: Float64Array;
}

function randomState(random: ReturnType<typeof createRandom>): Float64Array {
  const out = new Float64Array(randomStateSize);
  random.save(out, 0);
  return out;
}

async function writeCheckpoint(folder: string, described: string, { done, phase, random, state, walkers }: Kept): Promise<void> {
  const said = new TextEncoder().encode(described);
  const tensors = Object.fromEntries(Object.entries(state).map(([name, { shape, data }]) => [`state/${name}`, { shape, data }]));
  await files.write(
    `${folder}/checkpoint.safetensors`,
    writeSafetensors({
      ...tensors,
      random: { shape: [random.length], data: random },
      done: { shape: [2], data: Float64Array.of(done, phase) },
      walkers: { shape: [walkers.length], data: walkers },
      configuration: { shape: [said.length], data: said },
    }),
  );
}

/** What was kept of the same training; undefined where there is nothing, or it is of another. */
async function readCheckpoint(folder: string, described: string): Promise<Kept | undefined> {
  const file = `${folder}/checkpoint.safetensors`;
  if ((await files.kind(file)) !== "file") return undefined;
  const tensors = readSafetensors(await files.read(file), file);
  const { configuration, done, random, walkers } = tensors;
  if (!(configuration?.data instanceof Uint8Array)) return undefined;
  if (JSON.stringify(inTodaysNames(JSON.parse(new TextDecoder().decode(configuration.data)))) !== described) return undefined;
  const state = Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith("state/"))
      .map(([name, { shape, data }]) => [name.slice("state/".length), { shape, data: data as Float32Array }]),
  );
  return {
    done: done.data[0] as number,
    phase: done.data[1] as number,
    random: random.data as Float64Array,
    state,
    walkers: walkers.data as Float64Array,
  };
}

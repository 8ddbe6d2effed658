import type { Tables } from "../environments/environment.ts";
import { allocateIntegers, allocateReals, foldedSizes, foldTables, ownMemory } from "./fold.ts";
import { type CompiledSweeps, createSweeps, type FoldedTables, type Sweeps } from "./sweeps.ts";
import { createArena } from "./sweeps-wasm.ts";
import type { SweepOptions, TabularValues } from "./value-iteration.ts";

export interface PolicyIterationOptions extends Omit<SweepOptions, "stop"> {
  /** Most evaluation sweeps after each improvement: 0 is value iteration. */
  readonly evaluations?: number;
  /** Processor threads. The same number of them gives the same bytes. 1 where a runtime has none. */
  readonly threads?: number;
}

export interface Solution extends TabularValues {
  /** [states] first best action of the last improvement: greedy in values within `errorBound` of V* */
  readonly choice: Int32Array;
  /** Improvement sweeps among `swept`. */
  readonly improved: number;
}

const EVALUATIONS = 8;
/** An evaluation has done its work once its sweeps change this share of what the improvement did. */
const SETTLED = 0.1;
/** Two steps of an evaluation lie on one line where their squared cosine is above this: then their limit is extrapolated. */
const ALIGNED = 0.9;
const SLOWEST = 0.9999;
/** Outcomes from which on it is worth to compile. */
const LARGE = 200_000;

/**
 * Modified policy iteration (Puterman and Shin 1978) with Gauss–Seidel sweeps in alternating order. The Gauss–Seidel operator of Bellman's optimality
 * equation contracts by γ in the sup norm as the Jacobi one does, so that after an improvement ‖V_k − V*‖∞ ≤ γ/(1−γ) ‖V_k − V_{k−1}‖∞
 * whatever V_{k−1} was: evaluation sweeps in between, and Aitken's extrapolation of them along their slowest mode, cost the bound nothing.
 */
export function policyIteration(tables: Tables, options: PolicyIterationOptions): Solution {
  const { states, actions } = tables;
  const large = tables.nextStates.length >= LARGE;
  const arena = large ? createArena([...foldedSizes(tables), 8 * states, 4 * states], false) : undefined;
  const allocate = arena?.allocate ?? ownMemory;
  const folded = foldTables(tables, options.rewards ?? tables.rewards, options.discount, options.terminalValue, allocate);
  const blocks = [0, states];
  const v = allocateReals(allocate, states);
  const choice = allocateIntegers(allocate, states);
  const q = new Float64Array(states * actions);
  const run = iterateBlock(createSweeps(folded, arena), settingsOf(options), {
    v,
    choice,
    q,
    blocks,
    block: 0,
    exchange: (change) => change,
  });
  // the tables' memory need not live as long as the answer
  return { q, v: Float64Array.from(v), choice: Int32Array.from(choice), ...run };
}

/** The same by several threads: Gauss–Seidel within a block of states each, Jacobi between blocks, which contracts as well. */
export async function policyIterationInParallel(tables: Tables, options: PolicyIterationOptions): Promise<Solution> {
  const threads = Math.min(options.threads ?? 2, Math.max(1, Math.floor(tables.states / 64)));
  const { Worker } = threadsOfNode() ?? {};
  if (!Worker || threads < 2) return policyIteration(tables, options);
  const { states, actions } = tables;
  const own = Array.from({ length: threads }, () => 8 * states);
  const arena = createArena([...foldedSizes(tables), ...own, 4 * states], true);
  const apart = (bytes: number) => ({ buffer: new SharedArrayBuffer(bytes), byteOffset: 0 });
  const allocate = arena?.allocate ?? apart;
  const folded = foldTables(tables, options.rewards ?? tables.rewards, options.discount, options.terminalValue, allocate);
  const job: Job = {
    folded,
    settings: settingsOf(options),
    blocks: equalWork(folded, threads),
    ...(arena ? { compiled: { memory: arena.memory, module: arena.module } } : {}),
    own: own.map(() => allocateReals(allocate, states)),
    v: [allocateReals(apart, states), allocateReals(apart, states)],
    choice: allocateIntegers(allocate, states),
    q: allocateReals(apart, states * actions),
    changes: allocateReals(apart, 2 * threads),
    control: allocateIntegers(apart, 2),
  };
  // compilers that keep names wrap functions in a helper of this name
  const source = `const __name = (f) => f;
    const { parentPort, workerData } = require("node:worker_threads");
    const createSweeps = ${createSweeps.toString()};
    const iterateBlock = ${iterateBlock.toString()};
    parentPort.postMessage((${runThread.toString()})(workerData, createSweeps, iterateBlock));`;
  const runs = await Promise.all(
    Array.from(
      { length: threads },
      (_, block) =>
        new Promise<Run>((resolve, reject) => {
          const worker = new Worker(source, { eval: true, execArgv: [], workerData: { ...job, block } });
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    ),
  );
  const { last, ...run } = runs[0];
  return { q: Float64Array.from(job.q), v: Float64Array.from(job.v[last]), choice: Int32Array.from(job.choice), ...run };
}

interface Settings {
  readonly discount: number;
  readonly tolerance: number;
  readonly sweeps: number;
  readonly evaluations: number;
  readonly settled: number;
  readonly aligned: number;
  readonly slowest: number;
}

function settingsOf({ discount, tolerance = 1e-10, sweeps = 1_000_000, evaluations = EVALUATIONS }: PolicyIterationOptions): Settings {
  if (!(discount >= 0 && discount <= 1)) throw new RangeError(`discount must lie in [0, 1], got ${discount}`);
  return { discount, tolerance, sweeps, evaluations, settled: SETTLED, aligned: ALIGNED, slowest: SLOWEST };
}

interface Block {
  /** [states], this thread's own */
  readonly v: Float64Array;
  readonly choice: Int32Array;
  readonly q: Float64Array;
  /** [blocks + 1] first state of each */
  readonly blocks: readonly number[];
  readonly block: number;
  /** Give the other blocks this one's values and get theirs: the largest change of all. */
  exchange(change: number): number;
}

interface Run {
  readonly change: number;
  readonly errorBound: number;
  readonly swept: number;
  readonly improved: number;
  /** Which of the two shared copies holds the end. */
  readonly last: number;
}

/** Uses nothing from outside itself: its source is sent to threads. Every thread takes the same decisions. */
function iterateBlock(sweeps: Sweeps, settings: Settings, { v, choice, q, blocks, block, exchange }: Block): Run {
  const { discount, tolerance, evaluations, settled } = settings;
  const from = blocks[block];
  const to = blocks[block + 1];
  const before = new Float64Array(v.length);
  const step = new Float64Array(v.length);
  let swept = 0;
  let improved = 0;
  let change = Number.POSITIVE_INFINITY;
  let errorBound = Number.POSITIVE_INFINITY;
  while (swept < settings.sweeps) {
    change = exchange(sweeps.improve(v, choice, from, to, swept++ % 2 === 1));
    improved++;
    let scale = 0;
    for (let s = 0; s < v.length; s++) scale = Math.max(scale, Math.abs(v[s]));
    const rounding = 4 * Number.EPSILON * scale;
    errorBound = discount < 1 ? (discount * change + rounding) / (1 - discount) : change === 0 ? 0 : Number.POSITIVE_INFINITY;
    if (errorBound <= tolerance || change <= rounding) break;
    let remembered = false;
    for (let k = 0; k < evaluations && swept < settings.sweeps; k += 2) {
      before.set(v);
      const forth = exchange(sweeps.evaluate(v, choice, from, to, swept++ % 2 === 1));
      const back = exchange(sweeps.evaluate(v, choice, from, to, swept++ % 2 === 1));
      if (Math.max(forth, back) <= settled * change) break;
      if (discount === 1) continue;
      let squared = 0;
      let crossed = 0;
      let earlier = 0;
      for (let s = 0; s < v.length; s++) {
        const d = v[s] - before[s];
        squared += d * d;
        crossed += d * step[s];
        earlier += step[s] * step[s];
        step[s] = d;
      }
      const ratio = crossed / earlier;
      if (remembered && crossed > 0 && crossed * crossed >= settings.aligned * squared * earlier && ratio < settings.slowest) {
        const ahead = ratio / (1 - ratio);
        for (let s = 0; s < v.length; s++) v[s] += ahead * step[s];
        remembered = false;
      } else remembered = true;
    }
  }
  sweeps.values(v, q, from, to);
  return { change, errorBound, swept, improved, last: (swept + 1) % 2 };
}

interface Job {
  readonly folded: FoldedTables;
  readonly settings: Settings;
  readonly blocks: readonly number[];
  readonly compiled?: CompiledSweeps;
  /** [threads] values that each sweeps over, [states] */
  readonly own: readonly Float64Array[];
  /** Two shared copies in turn, so that one barrier a sweep is enough. */
  readonly v: readonly [Float64Array, Float64Array];
  readonly choice: Int32Array;
  readonly q: Float64Array;
  /** [2, threads] */
  readonly changes: Float64Array;
  /** Threads that wait, and how often they have been let go. */
  readonly control: Int32Array;
}

function runThread(job: Job & { readonly block: number }, create: typeof createSweeps, iterate: typeof iterateBlock): Run {
  const { blocks, block, control, changes, choice, q } = job;
  const threads = blocks.length - 1;
  const own = job.own[block];
  let turn = 0;
  const exchange = (change: number): number => {
    const side = turn++ % 2;
    const everyone = job.v[side];
    everyone.set(own.subarray(blocks[block], blocks[block + 1]), blocks[block]);
    changes[side * threads + block] = change;
    const generation = Atomics.load(control, 1);
    if (Atomics.add(control, 0, 1) === threads - 1) {
      Atomics.store(control, 0, 0);
      Atomics.add(control, 1, 1);
      Atomics.notify(control, 1);
    } else while (Atomics.load(control, 1) === generation) Atomics.wait(control, 1, generation);
    let most = 0;
    for (let t = 0; t < threads; t++) {
      most = Math.max(most, changes[side * threads + t]);
      if (t !== block) own.set(everyone.subarray(blocks[t], blocks[t + 1]), blocks[t]);
    }
    return most;
  };
  return iterate(create(job.folded, job.compiled), job.settings, { v: own, choice, q, blocks, block, exchange });
}

/** Blocks of states with about the same number of outcomes. */
function equalWork({ states, actions, offsets }: FoldedTables, threads: number): number[] {
  const total = offsets[states * actions];
  const starts = [0];
  for (let s = 0; s < states && starts.length < threads; s++)
    if (offsets[s * actions] >= (total * starts.length) / threads) starts.push(Math.max(s, starts[starts.length - 1] + 1));
  while (starts.length < threads) starts.push(states);
  return [...starts, states];
}

/** Absent in browsers, and in Node before 20.16. */
function threadsOfNode(): typeof import("node:worker_threads") | undefined {
  const runtime = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  return runtime?.getBuiltinModule?.("node:worker_threads") as typeof import("node:worker_threads") | undefined;
}

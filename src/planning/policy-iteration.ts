import type { Tables } from "../environments/environment.ts";
import { allocateIntegers, allocateReals, foldedSizes, foldTables, ownMemory } from "./fold.ts";
import { type IterationOptions, iterateBlock, type Solution, settingsOf } from "./iterate-block.ts";
import { createSweeps } from "./sweeps.ts";
import { createArena } from "./sweeps-wasm.ts";

export type { Solution } from "./iterate-block.ts";

export interface PolicyIterationOptions extends IterationOptions {
  readonly threads?: undefined;
}

export interface ThreadedPolicyIterationOptions extends IterationOptions {
  /** Processor threads, fewer for few states. The same number of them gives the same bytes. */
  readonly threads: number;
}

/** Outcomes from which on it is worth to compile. */
const LARGE = 200_000;
/** A thread has at least this many states. */
const FEWEST = 64;

/**
 * Modified policy iteration (Puterman and Shin 1978) with Gauss–Seidel sweeps in alternating order. The Gauss–Seidel operator of Bellman's optimality
 * equation contracts by γ in the sup norm as the Jacobi one does, so that after an improvement ‖V_k − V*‖∞ ≤ γ/(1−γ) ‖V_k − V_{k−1}‖∞
 * whatever V_{k−1} was: evaluation sweeps in between, and Aitken's extrapolation of them along their slowest mode, cost the bound nothing.
 * With `threads` the answer is a promise: Gauss–Seidel within a block of states each, Jacobi between blocks, which contracts as well.
 * @throws PlanningError for a discount outside [0, 1]
 */
export function policyIteration(tables: Tables, options: ThreadedPolicyIterationOptions): Promise<Solution>;
export function policyIteration(tables: Tables, options: PolicyIterationOptions): Solution;
export function policyIteration(
  tables: Tables,
  options: PolicyIterationOptions | ThreadedPolicyIterationOptions,
): Solution | Promise<Solution> {
  if (options.threads === undefined) return iterate(tables, options);
  const threads = Math.min(options.threads, Math.floor(tables.states / FEWEST));
  // a browser that plans on one thread needs no door to others
  if (threads > 1) return import("./iterate-in-threads.ts").then(({ iterateInThreads }) => iterateInThreads(tables, options, threads));
  return Promise.resolve().then(() => iterate(tables, options));
}

function iterate(tables: Tables, options: IterationOptions): Solution {
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

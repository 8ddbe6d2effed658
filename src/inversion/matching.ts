import { type ColumnIndex, headScale, indexColumns } from "../identifiability/column-index.ts";
import { BEST, beginSearch, createNearest, LIMIT, type Nearest, offer, RUNNER_UP } from "../identifiability/nearest.ts";
import { matchSorted } from "./match-sorted.ts";

/** States among which each answer is looked for, as one sparse list a set. */
export interface CandidateSets {
  /** [sets + 1] */
  readonly offsets: Int32Array;
  readonly states: Int32Array;
  /** Query k uses set ⌊k / queriesPerSet⌋: the number of actions where there is a set a state, 1 where there is a set a pair. */
  readonly queriesPerSet: number;
}

export interface MatchProblem {
  readonly heads: number;
  /** c_i(s'), [states, heads] */
  readonly columns: Float64Array;
  /** Q_i(s,a) − r_i(s,a), [n, heads] */
  readonly targets: Float64Array;
  /** [heads], e.g. 1 / residual variance; equal when absent */
  readonly weights?: ArrayLike<number>;
  /** [n, heads] 1 where head i speaks of query k, 0 where it says nothing */
  readonly mask?: Uint8Array;
  /** Every state when absent. */
  readonly candidates?: CandidateSets;
  /** Columns this close to the best one are a tie; in units of value, root mean square over heads. 1e-9 of the largest column entry when absent. */
  readonly tolerance?: number;
  /** Leave `runnerUp` at NaN and search faster (no matter with one head). */
  readonly nearestOnly?: boolean;
}

export interface Matches {
  /** [n] the nearest state, the lowest of equals; −1 where no head speaks or there is no candidate */
  readonly nearest: Int32Array;
  /** [n] ‖target − its column‖ */
  readonly distance: Float64Array;
  /** [n] the same of the nearest column outside the tie; Infinity where there is none */
  readonly runnerUp: Float64Array;
  /** [n] number of states in the tie, 1 where the answer is unique */
  readonly ties: Int32Array;
  readonly tolerance: number;
  /** Every state of tie k, the nearest first, equals by number. */
  tied(k: number): Int32Array;
}

/**
 * ŝ'(s,a) = argmin_s' ‖(Q_i − r_i)(s,a) − c_i(s')‖, the weighted root mean square over heads (Adamczyk 2025, equation 5, where there is one head).
 * One head: sorted search. Several: a k-d tree over the distinct columns. Candidate sets: a scan of each that gives a column up as soon as it has lost.
 */
export function matchColumns(problem: MatchProblem): Matches {
  const { heads, columns, targets, mask, candidates } = problem;
  if (columns.length % heads || targets.length % heads || (mask && mask.length !== targets.length))
    throw new RangeError(`matching: columns, targets and mask must be whole rows of ${heads} heads`);
  const n = targets.length / heads;
  const tolerance = problem.tolerance ?? 1e-9 * largest(columns);
  const index = candidates ? undefined : indexColumns(columns, heads, problem.weights);
  if (index && heads === 1 && !mask && targets.every(Number.isFinite)) {
    const { from, to, ...found } = matchSorted(index.distinct, targets, tolerance);
    const tied = (k: number) => Int32Array.from({ length: to[k] - from[k] }, (_, g) => from[k] + g);
    return { ...found, tolerance, tied: (k) => ranked(problem, index.scale, k, expand(index, tied(k))) };
  }
  const scale = index?.scale ?? headScale(heads, problem.weights);
  const search = index ? index.search : searchSets(columns, heads, scale);
  const found = createNearest(tolerance, !problem.nearestOnly);

  const nearest = new Int32Array(n).fill(-1);
  const distance = new Float64Array(n).fill(Number.NaN);
  const runnerUp = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const ties = new Int32Array(n);
  const offsets = new Int32Array(n + 1);
  let list = new Int32Array(n);
  const query = new Float64Array(heads);
  const used = new Uint8Array(heads).fill(1);
  const sizes = index?.distinct.offsets;
  for (let k = 0; k < n; k++) {
    let share = 0;
    for (let i = 0; i < heads; i++) {
      query[i] = targets[k * heads + i] * scale[i];
      if (mask) used[i] = mask[k * heads + i];
      if (used[i]) share += scale[i] * scale[i];
    }
    offsets[k + 1] = offsets[k];
    if (!(share > 0)) continue;
    const stretch = mask ? 1 / Math.sqrt(share) : 1;
    found.tolerance = tolerance / stretch;
    beginSearch(found);
    if (candidates) (search as SetSearch)(found, query, used, candidates, Math.floor(k / candidates.queriesPerSet));
    else (search as ColumnIndex["search"])(found, query, 0, mask ? used : undefined);
    if (found.count === 0) continue;
    nearest[k] = best(found, index);
    distance[k] = Math.sqrt(found.squared[BEST]) * stretch;
    runnerUp[k] = problem.nearestOnly ? Number.NaN : Math.sqrt(found.squared[RUNNER_UP]) * stretch;
    if (offsets[k] + found.count > list.length) list = enlarge(list, offsets[k] + found.count);
    for (let t = 0; t < found.count; t++) {
      list[offsets[k] + t] = found.ties[t];
      ties[k] += sizes ? sizes[found.ties[t] + 1] - sizes[found.ties[t]] : 1;
    }
    offsets[k + 1] = offsets[k] + found.count;
  }
  return {
    nearest,
    distance,
    runnerUp,
    ties,
    tolerance,
    tied(k) {
      const entries = list.subarray(offsets[k], offsets[k + 1]);
      return ranked(problem, scale, k, index ? expand(index, entries) : entries.slice());
    },
  };
}

type SetSearch = (nearest: Nearest, query: Float64Array, used: Uint8Array, sets: CandidateSets, set: number) => void;

function searchSets(columns: Float64Array, heads: number, scale: Float64Array): SetSearch {
  return (nearest, query, used, sets, set) => {
    const { squared } = nearest;
    for (let c = sets.offsets[set]; c < sets.offsets[set + 1]; c++) {
      const state = sets.states[c];
      const limit = squared[LIMIT];
      let sum = 0;
      for (let i = 0; i < heads && sum <= limit; i++)
        if (used[i]) {
          const d = columns[state * heads + i] * scale[i] - query[i];
          sum += d * d;
        }
      if (sum <= limit) offer(nearest, state, sum);
    }
  };
}

/** The lowest state at the best distance. */
function best(found: Nearest, index: ColumnIndex | undefined): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (let t = 0; t < found.count; t++) {
    if (found.tieSquared[t] > found.squared[BEST]) continue;
    const state = index ? index.distinct.members[index.distinct.offsets[found.ties[t]]] : found.ties[t];
    if (state < lowest) lowest = state;
  }
  return lowest;
}

function expand(index: ColumnIndex, groups: Int32Array): Int32Array {
  const { offsets, members } = index.distinct;
  if (groups.length === 1) return members.slice(offsets[groups[0]], offsets[groups[0] + 1]);
  const parts = Array.from(groups, (group) => members.subarray(offsets[group], offsets[group + 1]));
  const states = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    states.set(part, at);
    at += part.length;
  }
  return states;
}

/** The nearest first, equals by number. */
function ranked(problem: MatchProblem, scale: Float64Array, k: number, states: Int32Array): Int32Array {
  return states.length < 2 ? states : byDistance(states, (s) => distanceTo(problem, scale, k, s));
}

function distanceTo(problem: MatchProblem, scale: Float64Array, k: number, state: number): number {
  const { heads, columns, targets, mask } = problem;
  let sum = 0;
  for (let i = 0; i < heads; i++)
    if (!mask || mask[k * heads + i]) sum += ((columns[state * heads + i] - targets[k * heads + i]) * scale[i]) ** 2;
  return sum;
}

function byDistance(states: Int32Array, distance: (state: number) => number): Int32Array {
  const of = new Map(Array.from(states, (s) => [s, distance(s)]));
  return states.sort((a, b) => of.get(a)! - of.get(b)! || a - b);
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let k = 0; k < values.length; k++) most = Math.max(most, Math.abs(values[k]));
  return most;
}

function enlarge(list: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  const out = new Int32Array(Math.max(needed, 2 * list.length));
  out.set(list);
  return out;
}

import { headScale, indexColumns } from "../../identifiability/column-index.ts";
import { BEST, beginSearch, createNearest, LIMIT, offer, RUNNER_UP } from "../../identifiability/nearest.ts";
import { createRowMatcher, type RowMatcher } from "./match-rows.ts";
import type { MatchRows } from "./row-matches.ts";

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

export interface Matches extends MatchRows {
  readonly tolerance: number;
  /** Every state of tie k, the nearest first, equals by number. Looked for again where there is more than one. */
  tied(k: number): Int32Array;
}

/**
 * ŝ'(s,a) = argmin_s' ‖(Q_i − r_i)(s,a) − c_i(s')‖, the weighted root mean square over heads (Adamczyk 2025, equation 5, where there is one head).
 * One head: sorted search. Several: a k-d tree over the distinct columns. Candidate sets: a scan of each that gives a column up as soon as it has lost.
 */
export function matchColumns(problem: MatchProblem): Matches {
  const { heads, columns, targets, mask, candidates, nearestOnly } = problem;
  if (columns.length % heads || targets.length % heads || (mask && mask.length !== targets.length))
    throw new RangeError(`matching: columns, targets and mask must be whole rows of ${heads} heads`);
  const n = targets.length / heads;
  const tolerance = problem.tolerance ?? defaultTolerance(columns);
  const index = candidates ? undefined : indexColumns(columns, heads, problem.weights);
  const scale = index?.scale ?? headScale(heads, problem.weights);
  const matcher = index ? createRowMatcher(index, { tolerance, nearestOnly }) : createSetMatcher(problem, candidates!, scale, tolerance);
  const out: MatchRows = {
    nearest: new Int32Array(n),
    distance: new Float64Array(n),
    runnerUp: new Float64Array(n),
    ties: new Int32Array(n),
  };
  matcher.match(targets, mask, out);
  return {
    ...out,
    tolerance,
    tied(k) {
      if (out.ties[k] < 2) return out.ties[k] === 1 ? out.nearest.slice(k, k + 1) : new Int32Array(0);
      return byDistance(matcher.tied(targets, mask, k), (s) => distanceTo(problem, scale, k, s));
    },
  };
}

/** Below this a difference is rounding. */
export function defaultTolerance(columns: Float64Array): number {
  let most = 0;
  for (let k = 0; k < columns.length; k++) {
    const x = Math.abs(columns[k]);
    if (x > most) most = x;
  }
  return 1e-9 * most;
}

/** A scan of the candidates of each query. */
function createSetMatcher(problem: MatchProblem, sets: CandidateSets, scale: Float64Array, tolerance: number): RowMatcher {
  const { heads, columns, nearestOnly = false } = problem;
  const found = createNearest(tolerance, !nearestOnly);
  const { squared } = found;
  const query = new Float64Array(heads);
  const used = new Int32Array(heads);
  /** Returns what turns distances over the heads in use into root mean squares; 0 where there is no answer. */
  const search = (targets: Float64Array, mask: Uint8Array | undefined, k: number): number => {
    let width = 0;
    let share = 0;
    beginSearch(found);
    for (let i = 0; i < heads; i++) {
      const at = k * heads + i;
      if (mask && !mask[at]) continue;
      if (!Number.isFinite(targets[at])) return 0;
      query[i] = targets[at] * scale[i];
      used[width++] = i;
      share += scale[i] * scale[i];
    }
    if (!(share > 0)) return 0;
    const stretch = mask ? 1 / Math.sqrt(share) : 1;
    found.tolerance = tolerance / stretch;
    const set = Math.floor(k / sets.queriesPerSet);
    for (let c = sets.offsets[set]; c < sets.offsets[set + 1]; c++) {
      const state = sets.states[c];
      const limit = squared[LIMIT];
      let sum = 0;
      for (let l = 0; l < width && sum <= limit; l++) {
        const d = columns[state * heads + used[l]] * scale[used[l]] - query[used[l]];
        sum += d * d;
      }
      if (sum <= limit) offer(found, state, sum);
    }
    return found.count > 0 ? stretch : 0;
  };
  return {
    match(targets, mask, out) {
      for (let k = 0; k < out.nearest.length; k++) {
        const stretch = search(targets, mask, k);
        const some = stretch > 0;
        out.nearest[k] = some ? lowestBest() : -1;
        out.distance[k] = some ? Math.sqrt(squared[BEST]) * stretch : Number.NaN;
        out.runnerUp[k] = some && nearestOnly ? Number.NaN : some ? Math.sqrt(squared[RUNNER_UP]) * stretch : Number.POSITIVE_INFINITY;
        out.ties[k] = some ? found.count : 0;
      }
    },
    tied(targets, mask, k) {
      return search(targets, mask, k) > 0 ? found.ties.slice(0, found.count) : new Int32Array(0);
    },
  };
  function lowestBest(): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (let t = 0; t < found.count; t++) if (found.tieSquared[t] <= squared[BEST] && found.ties[t] < lowest) lowest = found.ties[t];
    return lowest;
  }
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

import type { ColumnIndex } from "../../identifiability/column-index.ts";
import { BEST, beginSearch, createNearest, type Nearest, RUNNER_UP } from "../../identifiability/nearest.ts";
import { createSortedMatcher } from "./match-sorted.ts";
import type { MatchRows } from "./row-matches.ts";

/** Everything is matched against one index; targets and mask are [n, heads]. */
export interface RowMatcher {
  match(targets: Float64Array, mask: Uint8Array | undefined, out: MatchRows): void;
  /** States in the tie of the query at row k, in no order. */
  tied(targets: Float64Array, mask: Uint8Array | undefined, k: number): Int32Array;
}

export interface MatchSettings {
  /** Columns this close to the best one are a tie; in units of value, root mean square over heads. */
  readonly tolerance: number;
  /** Leave `runnerUp` at NaN and search faster (no matter with one head). */
  readonly nearestOnly?: boolean;
}

/** Queries searched together: so many that they crowd in the leaves, so few that their rows stay in the cache. */
const BATCH = 1 << 18;

export function createRowMatcher(index: ColumnIndex, { tolerance, nearestOnly = false }: MatchSettings): RowMatcher {
  const { heads, scale, distinct } = index;
  const sorted = heads === 1 ? createSortedMatcher(distinct, tolerance) : undefined;
  const found = createNearest(tolerance, !nearestOnly);
  const row = new Float64Array(heads);

  /** Sum of the squared scale of the heads in use; 0 where a target is not finite. */
  const shareOf = (targets: Float64Array, mask: Uint8Array | undefined, at: number): number => {
    let share = 0;
    for (let i = 0; i < heads; i++) {
      if (mask && !mask[at + i]) continue;
      if (!Number.isFinite(targets[at + i])) return 0;
      share += scale[i] * scale[i];
    }
    return share;
  };
  const isWhole = (mask: Uint8Array, at: number): boolean => {
    for (let i = 0; i < heads; i++) if (!mask[at + i]) return false;
    return true;
  };
  const searchOne = (targets: Float64Array, mask: Uint8Array | undefined, at: number, stretch: number): void => {
    for (let i = 0; i < heads; i++) row[i] = targets[at + i] * scale[i];
    found.tolerance = tolerance / stretch;
    beginSearch(found);
    index.search(found, row, 0, mask, at);
  };
  const write = (out: MatchRows, k: number, stretch: number): void => {
    let ties = 0;
    for (let t = 0; t < found.count; t++) ties += distinct.offsets[found.ties[t] + 1] - distinct.offsets[found.ties[t]];
    out.nearest[k] = found.count === 1 ? distinct.members[distinct.offsets[found.ties[0]]] : lowestBest(found, distinct);
    out.distance[k] = Math.sqrt(found.squared[BEST]) * stretch;
    out.runnerUp[k] = nearestOnly ? Number.NaN : Math.sqrt(found.squared[RUNNER_UP]) * stretch;
    out.ties[k] = ties;
  };
  const matchSome = (targets: Float64Array, mask: Uint8Array | undefined, out: MatchRows): void => {
    const n = targets.length / heads;
    const whole = new Int32Array(n);
    const queries = new Float64Array(targets.length);
    let count = 0;
    for (let k = 0; k < n; k++) {
      const at = k * heads;
      const share = shareOf(targets, mask, at);
      if (share > 0 && (!mask || isWhole(mask, at))) {
        for (let i = 0; i < heads; i++) queries[count * heads + i] = targets[at + i] * scale[i];
        whole[count++] = k;
      } else if (share > 0) {
        searchOne(targets, mask, at, 1 / Math.sqrt(share));
        write(out, k, 1 / Math.sqrt(share));
      } else {
        out.nearest[k] = -1;
        out.distance[k] = Number.NaN;
        out.runnerUp[k] = Number.POSITIVE_INFINITY;
        out.ties[k] = 0;
      }
    }
    found.tolerance = tolerance;
    index.searchAll(
      found,
      queries.subarray(0, count * heads),
      () => beginSearch(found),
      (k) => write(out, whole[k], 1),
    );
  };

  return {
    match(targets, mask, out) {
      if (sorted && !mask) return sorted.match(targets, out);
      const n = targets.length / heads;
      for (let from = 0; from < n; from += BATCH) {
        const to = Math.min(n, from + BATCH);
        const rows = {
          nearest: out.nearest.subarray(from, to),
          distance: out.distance.subarray(from, to),
          runnerUp: out.runnerUp.subarray(from, to),
          ties: out.ties.subarray(from, to),
        };
        matchSome(targets.subarray(from * heads, to * heads), mask?.subarray(from * heads, to * heads), rows);
      }
    },
    tied(targets, mask, k) {
      const share = shareOf(targets, mask, k * heads);
      if (!(share > 0)) return new Int32Array(0);
      if (sorted && !mask) {
        const { from, to } = sorted.tie(targets[k]);
        return distinct.members.slice(distinct.offsets[from], distinct.offsets[to]);
      }
      const whole = !mask || isWhole(mask, k * heads);
      searchOne(targets, whole ? undefined : mask, k * heads, whole ? 1 : 1 / Math.sqrt(share));
      return membersOf(distinct, found.ties.subarray(0, found.count));
    },
  };
}

type Groups = ColumnIndex["distinct"];

/** The lowest state at the best distance. */
function lowestBest(found: Nearest, { offsets, members }: Groups): number {
  let lowest = -1;
  for (let t = 0; t < found.count; t++) {
    if (found.tieSquared[t] > found.squared[BEST]) continue;
    const state = members[offsets[found.ties[t]]];
    if (lowest < 0 || state < lowest) lowest = state;
  }
  return lowest;
}

function membersOf({ offsets, members }: Groups, groups: Int32Array): Int32Array {
  let count = 0;
  for (const group of groups) count += offsets[group + 1] - offsets[group];
  const states = new Int32Array(count);
  let at = 0;
  for (const group of groups) {
    states.set(members.subarray(offsets[group], offsets[group + 1]), at);
    at += offsets[group + 1] - offsets[group];
  }
  return states;
}

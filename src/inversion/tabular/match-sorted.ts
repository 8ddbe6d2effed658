import type { DistinctColumns } from "../../identifiability/distinct-columns.ts";
import type { MatchRows } from "./row-matches.ts";

export interface SortedMatcher {
  /** Nearest of all targets. */
  match(targets: Float64Array, out: MatchRows): void;
  /** The distinct values `from` … `to` − 1 tie for one target. */
  tie(target: number): { readonly from: number; readonly to: number };
}

/** Targets are taken by rising value, roughly, a batch at a time, so that neighbours share what they read; answers go back in order as whole records. */
const BATCH = 1 << 18;
const BUCKETS = 1 << 16;

/**
 * Nearest of the sorted distinct values of one head: a table of equal bins narrows each binary search to the few values of a bin,
 * so a search touches two cache lines where halving 10^6 values touches twenty.
 */
export function createSortedMatcher(distinct: DistinctColumns, tolerance: number): SortedMatcher {
  const { values, groups, offsets, members } = distinct;
  const { bins, low, perUnit } = binStarts(values);
  const last = bins.length - 2;
  let from = 0;
  let to = 0;
  /** The first value that is not below x; the tie goes to `from`, `to`. */
  const locate = (x: number): number => {
    const bin = perUnit > 0 ? Math.min(last, Math.max(0, Math.floor((x - low) * perUnit))) : 0;
    // the number of the bin never falls as x rises, rounding included: smaller bins hold smaller values
    let left = bins[bin];
    let right = bins[bin + 1];
    while (left < right) {
      const middle = (left + right) >>> 1;
      if (values[middle] < x) left = middle + 1;
      else right = middle;
    }
    const above = right < groups ? values[right] - x : Number.POSITIVE_INFINITY;
    const below = right > 0 ? x - values[right - 1] : Number.POSITIVE_INFINITY;
    const limit = (below < above ? below : above) + tolerance;
    from = right;
    to = right;
    while (from > 0 && x - values[from - 1] <= limit) from--;
    while (to < groups && values[to] - x <= limit) to++;
    return right;
  };
  /** record[at …] = nearest, distance, runner-up, ties */
  const answer = (x: number, record: Float64Array, at: number): void => {
    if (!Number.isFinite(x)) {
      record[at] = -1;
      record[at + 1] = Number.NaN;
      record[at + 2] = Number.POSITIVE_INFINITY;
      record[at + 3] = 0;
      return;
    }
    const right = locate(x);
    const above = right < groups ? values[right] - x : Number.POSITIVE_INFINITY;
    const below = right > 0 ? x - values[right - 1] : Number.POSITIVE_INFINITY;
    const beyond = from > 0 ? x - values[from - 1] : Number.POSITIVE_INFINITY;
    const ahead = to < groups ? values[to] - x : Number.POSITIVE_INFINITY;
    const state = members[offsets[below < above ? right - 1 : right]];
    record[at] = below === above ? Math.min(state, members[offsets[right - 1]]) : state;
    record[at + 1] = below < above ? below : above;
    record[at + 2] = beyond < ahead ? beyond : ahead;
    record[at + 3] = offsets[to] - offsets[from];
  };
  const buckets = Math.min(BUCKETS, last + 1);
  const perBucket = (perUnit * buckets) / (last + 1);
  return {
    match(targets, out) {
      const size = Math.min(BATCH, targets.length);
      const records = new Float64Array(4 * size);
      const place = new Int32Array(size);
      const queries = new Float64Array(size);
      const starts = new Int32Array(buckets + 1);
      for (let first = 0; first < targets.length; first += size) {
        const n = Math.min(size, targets.length - first);
        starts.fill(0);
        for (let t = 0; t < n; t++) {
          const bucket = Math.floor((targets[first + t] - low) * perBucket);
          place[t] = bucket > 0 ? (bucket < buckets ? bucket : buckets - 1) : 0;
          starts[place[t] + 1]++;
        }
        for (let c = 0; c < buckets; c++) starts[c + 1] += starts[c];
        for (let t = 0; t < n; t++) {
          place[t] = starts[place[t]]++;
          queries[place[t]] = targets[first + t];
        }
        for (let p = 0; p < n; p++) answer(queries[p], records, 4 * p);
        for (let t = 0; t < n; t++) {
          const at = 4 * place[t];
          out.nearest[first + t] = records[at];
          out.distance[first + t] = records[at + 1];
          out.runnerUp[first + t] = records[at + 2];
          out.ties[first + t] = records[at + 3];
        }
      }
    },
    tie(target) {
      locate(target);
      return { from, to };
    },
  };
}

/** Where each of as many equal bins as there are values begins. */
function binStarts(values: Float64Array): { readonly bins: Int32Array; readonly low: number; readonly perUnit: number } {
  const low = values[0];
  const range = values[values.length - 1] - low;
  const count = Math.max(1, values.length);
  const perUnit = range > 0 && Number.isFinite(range) ? count / range : 0;
  const bins = new Int32Array(count + 1).fill(values.length);
  if (perUnit === 0) return { bins: Int32Array.of(0, values.length), low, perUnit };
  let at = 0;
  for (let b = 0; b < count; b++) {
    while (at < values.length && Math.floor((values[at] - low) * perUnit) < b) at++;
    bins[b] = at;
  }
  return { bins, low, perUnit };
}

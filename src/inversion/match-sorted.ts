import type { DistinctColumns } from "../identifiability/distinct-columns.ts";

export interface SortedMatches {
  readonly nearest: Int32Array;
  readonly distance: Float64Array;
  readonly runnerUp: Float64Array;
  readonly ties: Int32Array;
  /** [n] the distinct values `from` … `to` − 1 are the tie */
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/**
 * Nearest of the sorted distinct values of one head, for all targets: a table of equal bins narrows each binary search to the few values of a bin,
 * so a search touches two cache lines where halving 10^6 values touches twenty.
 */
export function matchSorted(distinct: DistinctColumns, targets: Float64Array, tolerance: number): SortedMatches {
  const { values, groups, offsets, members } = distinct;
  const n = targets.length;
  const out: SortedMatches = {
    nearest: new Int32Array(n),
    distance: new Float64Array(n),
    runnerUp: new Float64Array(n),
    ties: new Int32Array(n),
    from: new Int32Array(n),
    to: new Int32Array(n),
  };
  const { bins, low, perUnit } = binStarts(values);
  const last = bins.length - 2;
  for (let k = 0; k < n; k++) {
    const x = targets[k];
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
    const best = Math.min(below, above);
    const limit = best + tolerance;
    let from = right;
    let to = right;
    while (from > 0 && x - values[from - 1] <= limit) from--;
    while (to < groups && values[to] - x <= limit) to++;
    const beyond = from > 0 ? x - values[from - 1] : Number.POSITIVE_INFINITY;
    const ahead = to < groups ? values[to] - x : Number.POSITIVE_INFINITY;
    const group = below < above ? right - 1 : right;
    const state = members[offsets[group]];
    out.nearest[k] = below === above ? Math.min(state, members[offsets[right - 1]]) : state;
    out.distance[k] = best;
    out.runnerUp[k] = Math.min(beyond, ahead);
    out.ties[k] = offsets[to] - offsets[from];
    out.from[k] = from;
    out.to[k] = to;
  }
  return out;
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

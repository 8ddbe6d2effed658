import { type DistinctColumns, distinctColumns } from "./distinct-columns.ts";
import { createKdTree } from "./kd-tree.ts";
import { LIMIT, type Nearest, offer } from "./nearest.ts";
import { searchShadows } from "./shadow-search.ts";
import { lowerBound } from "./sorted-values.ts";

/** From this many heads on the k-d tree is over the directions in which columns spread most: measured with 104 heads, boxes of all coordinates cost more than they prune. */
const MANY = 12;

/**
 * Distance between a query and a column in the matching norm, the weighted root mean square over the heads in use:
 *
 *     ‖x‖ = √( Σ_i w_i x_i² / Σ_i w_i )
 *
 * Columns are kept scaled by √(w_i / Σ w), so that it is a Euclidean distance.
 */
export interface ColumnIndex {
  readonly states: number;
  readonly heads: number;
  /** [heads] √(w_i / Σ w) */
  readonly scale: Float64Array;
  /** Scaled. */
  readonly distinct: DistinctColumns;
  /** Offers groups of `distinct`; query scaled, `used` as for the k-d tree. */
  search(nearest: Nearest, query: Float64Array, at: number, used?: Uint8Array, usedAt?: number): void;
}

/**
 * @param columns [states, heads]
 * @param weights [heads], ≥ 0, e.g. 1 / residual variance; equal when absent
 */
export function indexColumns(columns: Float64Array, heads: number, weights?: ArrayLike<number>): ColumnIndex {
  const scale = headScale(heads, weights);
  const scaled = new Float64Array(columns.length);
  for (let k = 0; k < columns.length; k++) scaled[k] = columns[k] * scale[k % heads];
  const distinct = distinctColumns(scaled, heads);
  const search =
    heads === 1
      ? searchSorted(distinct.values)
      : heads < MANY
        ? createKdTree(distinct.values, heads).search
        : searchShadows(distinct.values, heads);
  return { states: columns.length / heads, heads, scale, distinct, search };
}

/** √(w_i / Σ w) */
export function headScale(heads: number, weights?: ArrayLike<number>): Float64Array {
  const w = Float64Array.from({ length: heads }, (_, i) => weights?.[i] ?? 1);
  const sum = w.reduce((total, x) => total + x, 0);
  if (w.some((x) => !(x >= 0)) || !(sum > 0 && sum < Number.POSITIVE_INFINITY))
    throw new RangeError("head weights must be finite, at least 0, and not all 0");
  return w.map((x) => Math.sqrt(x / sum));
}

/** Outwards from the place of the query in the sorted values. */
function searchSorted(values: Float64Array): ColumnIndex["search"] {
  return (nearest, query, at) => {
    const { squared } = nearest;
    const x = query[at];
    let right = lowerBound(values, x);
    let left = right - 1;
    while (left >= 0 || right < values.length) {
      const below = left >= 0 ? x - values[left] : Number.POSITIVE_INFINITY;
      const above = right < values.length ? values[right] - x : Number.POSITIVE_INFINITY;
      const d = Math.min(below, above) ** 2;
      if (d > squared[LIMIT]) return;
      offer(nearest, below <= above ? left-- : right++, d);
    }
  };
}

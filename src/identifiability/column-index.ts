import { buildKdTree, type KdTreeData } from "./build-kd-tree.ts";
import { type DistinctColumns, distinctColumns } from "./distinct-columns.ts";
import { searchKdTree } from "./kd-tree.ts";
import { LIMIT, type Nearest, offer } from "./nearest.ts";
import { buildShadows, type ShadowData, searchShadows } from "./shadow-search.ts";
import { lowerBound } from "./sorted-values.ts";

/** From this many heads on the k-d tree is over the directions in which columns spread most: measured with 104 heads, boxes of all coordinates cost more than they prune. */
const MANY = 12;

/** All of a column index but its functions: plain tables, so that threads can share it. */
export interface ColumnIndexData {
  readonly states: number;
  readonly heads: number;
  /** [heads] √(w_i / Σ w) */
  readonly scale: Float64Array;
  /** Scaled. */
  readonly distinct: DistinctColumns;
  /** Of several heads. */
  readonly tree?: KdTreeData;
  /** Of many. */
  readonly shadows?: ShadowData;
}

/**
 * Distance between a query and a column in the matching norm, the weighted root mean square over the heads in use:
 *
 *     ‖x‖ = √( Σ_i w_i x_i² / Σ_i w_i )
 *
 * Columns are kept scaled by √(w_i / Σ w), so that it is a Euclidean distance.
 */
export interface ColumnIndex extends ColumnIndexData {
  /** Offers groups of `distinct`; query scaled, `used` as for the k-d tree. */
  search(nearest: Nearest, query: Float64Array, at: number, used?: Uint8Array, usedAt?: number): void;
  /** The same for many queries, in whatever order is fastest: `begin` before each, `end` after. */
  searchAll(nearest: Nearest, queries: Float64Array, begin: (k: number) => void, end: (k: number) => void): void;
}

/**
 * @param columns [states, heads]
 * @param weights [heads], ≥ 0, e.g. 1 / residual variance; equal when absent
 */
export function indexColumns(columns: Float64Array, heads: number, weights?: ArrayLike<number>): ColumnIndex {
  return openIndex(indexData(columns, heads, weights));
}

export function indexData(columns: Float64Array, heads: number, weights?: ArrayLike<number>): ColumnIndexData {
  const scale = headScale(heads, weights);
  const distinct = distinctColumns(heads === 1 ? columns : scaled(columns, scale), heads);
  const of = { states: columns.length / heads, heads, scale, distinct };
  if (heads === 1) return of;
  return heads < MANY ? { ...of, tree: buildKdTree(distinct.values, heads) } : { ...of, shadows: buildShadows(distinct.values, heads) };
}

/** Searches an index that this thread, or another, has built. */
export function openIndex(data: ColumnIndexData): ColumnIndex {
  const { distinct, heads, tree, shadows } = data;
  if (tree) return { ...data, ...pick(searchKdTree(tree)) };
  if (shadows) return { ...data, ...pick(searchShadows(distinct.values, heads, shadows)) };
  const search = searchSorted(distinct.values);
  return {
    ...data,
    search,
    searchAll(nearest, queries, begin, end) {
      for (let k = 0; k < queries.length; k++) {
        begin(k);
        search(nearest, queries, k);
        end(k);
      }
    },
  };
}

function pick({ search, searchAll }: Pick<ColumnIndex, "search" | "searchAll">): Pick<ColumnIndex, "search" | "searchAll"> {
  return { search, searchAll };
}

function scaled(columns: Float64Array, scale: Float64Array): Float64Array {
  const heads = scale.length;
  const out = new Float64Array(columns.length);
  for (let at = 0; at < columns.length; at += heads) for (let i = 0; i < heads; i++) out[at + i] = columns[at + i] * scale[i];
  return out;
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

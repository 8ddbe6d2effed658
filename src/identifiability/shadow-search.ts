import { buildKdTree, type KdTreeData } from "./build-kd-tree.ts";
import { type KdTree, searchKdTree } from "./kd-tree.ts";
import { LIMIT, type Nearest, offer } from "./nearest.ts";

/** Directions of the tree. */
const DIRECTIONS = 4;
/** Rounds of subspace iteration: any orthonormal basis prunes correctly, a better one prunes more. */
const ROUNDS = 2;
/** Rows that the directions are taken from. */
const SAMPLE = 4096;

/** Projections of points on the few directions of greatest spread, in a k-d tree. */
export interface ShadowData {
  /** [directions, dimensions] orthonormal rows */
  readonly basis: Float64Array;
  readonly tree: KdTreeData;
  /** How much too large a squared distance of shadows may be, from rounding. */
  readonly slack: number;
}

/** @param points [n, dimensions] */
export function buildShadows(points: Float64Array, dimensions: number): ShadowData {
  const n = points.length / dimensions;
  const basis = mainDirections(points, dimensions);
  const width = basis.length / dimensions;
  const shadows = new Float64Array(n * width);
  let largest = 0;
  for (let k = 0; k < n; k++) {
    project(points, k * dimensions, basis, dimensions, shadows, k * width);
    let size = 0;
    for (let i = 0; i < dimensions; i++) size += points[k * dimensions + i] ** 2;
    largest = Math.max(largest, size);
  }
  return { basis, tree: buildKdTree(shadows, width), slack: dimensions * largest * (8 * Number.EPSILON) ** 2 };
}

/**
 * Search in many coordinates: a k-d tree over the projections on the few directions of greatest spread. A projection is never farther than the point itself,
 * so whatever it rules out is ruled out; the rest get their true distance, given up as soon as it has lost.
 * @param points [n, dimensions]
 */
export function searchShadows(points: Float64Array, dimensions: number, data: ShadowData): Pick<KdTree, "search" | "searchAll"> {
  const { basis } = data;
  const width = basis.length / dimensions;
  const shadow = new Float64Array(width);
  let q: Float64Array = new Float64Array(dimensions);
  let qAt = 0;
  const consider = (nearest: Nearest, index: number): void => {
    const limit = nearest.squared[LIMIT];
    const point = index * dimensions;
    let sum = 0;
    let i = 0;
    while (i < dimensions && sum <= limit) {
      const end = Math.min(dimensions, i + 8);
      for (; i < end; i++) {
        const d = points[point + i] - q[qAt + i];
        sum += d * d;
      }
    }
    if (sum <= limit) offer(nearest, index, sum);
  };
  const tree = searchKdTree(data.tree, { consider, slack: data.slack });
  return {
    search(nearest, query, at, used, usedAt = 0) {
      q = query;
      qAt = at;
      if (used) scanUsed(nearest, points, dimensions, query.subarray(at, at + dimensions), used, usedAt);
      else {
        project(query, at, basis, dimensions, shadow, 0);
        tree.search(nearest, shadow, 0);
      }
    },
    searchAll(nearest, queries, begin, end) {
      const n = queries.length / dimensions;
      const shadows = new Float64Array(n * width);
      for (let k = 0; k < n; k++) project(queries, k * dimensions, basis, dimensions, shadows, k * width);
      const start = (k: number): void => {
        q = queries;
        qAt = k * dimensions;
        begin(k);
      };
      tree.searchAll(nearest, shadows, start, end);
    },
  };
}

/** With coordinates left out a projection proves nothing. */
function scanUsed(nearest: Nearest, points: Float64Array, dimensions: number, q: Float64Array, used: Uint8Array, usedAt: number): void {
  for (let point = 0, k = 0; point < points.length; point += dimensions, k++) {
    const limit = nearest.squared[LIMIT];
    let sum = 0;
    for (let i = 0; i < dimensions && sum <= limit; i++)
      if (used[usedAt + i]) {
        const d = points[point + i] - q[i];
        sum += d * d;
      }
    if (sum <= limit) offer(nearest, k, sum);
  }
}

function project(from: Float64Array, at: number, basis: Float64Array, dimensions: number, into: Float64Array, intoAt: number): void {
  for (let c = 0, b = 0; b < basis.length; c++) {
    let dot = 0;
    for (let i = 0; i < dimensions; i++) dot += basis[b++] * from[at + i];
    into[intoAt + c] = dot;
  }
}

/** Orthonormal rows [≤ DIRECTIONS, dimensions] near the leading principal directions, by subspace iteration from the coordinates of greatest variance. */
function mainDirections(points: Float64Array, dimensions: number): Float64Array {
  const n = points.length / dimensions;
  const stride = Math.max(1, Math.floor(n / SAMPLE));
  const mean = new Float64Array(dimensions);
  const variance = new Float64Array(dimensions);
  let count = 0;
  for (let k = 0; k < n; k += stride, count++) for (let i = 0; i < dimensions; i++) mean[i] += points[k * dimensions + i];
  for (let i = 0; i < dimensions; i++) mean[i] /= count;
  for (let k = 0; k < n; k += stride) for (let i = 0; i < dimensions; i++) variance[i] += (points[k * dimensions + i] - mean[i]) ** 2;
  const widest = Array.from(variance.keys()).sort((a, b) => variance[b] - variance[a] || a - b);
  const width = Math.min(DIRECTIONS, dimensions, n);
  let basis: Float64Array = new Float64Array(width * dimensions);
  for (let c = 0; c < width; c++) basis[c * dimensions + widest[c]] = 1;
  const row = new Float64Array(dimensions);
  const shadow = new Float64Array(width);
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(basis.length);
    for (let k = 0; k < n; k += stride) {
      for (let i = 0; i < dimensions; i++) row[i] = points[k * dimensions + i] - mean[i];
      project(row, 0, basis, dimensions, shadow, 0);
      for (let c = 0; c < width; c++) for (let i = 0; i < dimensions; i++) next[c * dimensions + i] += shadow[c] * row[i];
    }
    basis = orthonormal(next, dimensions);
    if (basis.length === 0) return Float64Array.from({ length: dimensions }, (_, i) => (i === 0 ? 1 : 0));
  }
  return basis;
}

/** Gram-Schmidt, twice over; rows that are spanned by those before them are dropped. */
function orthonormal(rows: Float64Array, dimensions: number): Float64Array {
  const out = new Float64Array(rows.length);
  let kept = 0;
  for (let c = 0; c < rows.length / dimensions; c++) {
    const row = rows.slice(c * dimensions, (c + 1) * dimensions);
    const before = Math.hypot(...row);
    for (let pass = 0; pass < 2; pass++)
      for (let b = 0; b < kept; b++) {
        let dot = 0;
        for (let i = 0; i < dimensions; i++) dot += out[b * dimensions + i] * row[i];
        for (let i = 0; i < dimensions; i++) row[i] -= dot * out[b * dimensions + i];
      }
    const after = Math.hypot(...row);
    if (!(after > 1e-8 * before)) continue;
    for (let i = 0; i < dimensions; i++) out[kept * dimensions + i] = row[i] / after;
    kept++;
  }
  return out.slice(0, kept * dimensions);
}

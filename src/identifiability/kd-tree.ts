import { LIMIT, type Nearest, offer } from "./nearest.ts";

/** Points of a leaf: below this a linear scan beats another box test. */
const BUCKET = 8;

/** A balanced k-d tree (Bentley 1975) that keeps the bounding box of every node: values over a low-dimensional space of states lie on a thin sheet, which boxes hug and half-spaces do not. */
export interface KdTree {
  readonly points: number;
  readonly dimensions: number;
  /**
   * Offers every point that may be nearest, or second, to `query[at …]` in squared Euclidean distance.
   * @param used [dimensions] from `usedAt`: 0 where the coordinate is to be left out
   */
  search(nearest: Nearest, query: Float64Array, at: number, used?: Uint8Array, usedAt?: number): void;
}

/** Where the points are shadows of others, no farther from a query than those are. */
export interface Shadows {
  /** Work out the true distance of a point whose shadow is near enough, and offer it. */
  readonly consider: (nearest: Nearest, index: number) => void;
  /** Squared distances of shadows may be too large by this, from rounding. */
  readonly slack: number;
}

/** A relative error that covers the cross term of (√limit + √slack)². */
const CROSS = 1e-9;

/** @param points [n, dimensions], n ≥ 1 */
export function createKdTree(points: Float64Array, dimensions: number, shadows?: Shadows): KdTree {
  const n = points.length / dimensions;
  if (n < 1) throw new RangeError("a k-d tree needs at least one point");
  let depth = 0;
  while (n / 2 ** depth > BUCKET) depth++;
  const leaves = 2 ** depth;
  const { order, starts, splitAxis, splitValue } = partition(points, dimensions, depth);
  const axes = axesByVariance(points, dimensions);
  for (let node = 1; node < leaves; node++) splitAxis[node] = axes.indexOf(splitAxis[node]);
  const sorted = new Float64Array(points.length);
  for (let k = 0; k < n; k++) for (let j = 0; j < dimensions; j++) sorted[k * dimensions + j] = points[order[k] * dimensions + axes[j]];
  const boxes = boundingBoxes(sorted, dimensions, starts);
  const factor = shadows ? 1 + CROSS : 1;
  const slack = shadows ? shadows.slack / CROSS : 0;
  const stack = new Int32Array(depth + 2);
  const q = new Float64Array(dimensions);

  /** Positions of the coordinates in use, where some are not. */
  const list = new Int32Array(dimensions);
  let width = dimensions;

  /** Whether the box of a node comes within `limit`, squared. */
  const reaches = (node: number, limit: number): boolean => {
    let sum = 0;
    const box = 2 * dimensions * node;
    if (width === dimensions)
      for (let j = 0; j < dimensions && sum <= limit; j++) {
        const x = q[j];
        const low = boxes[box + 2 * j];
        const high = boxes[box + 2 * j + 1];
        const d = x < low ? low - x : x > high ? x - high : 0;
        sum += d * d;
      }
    else
      for (let l = 0; l < width && sum <= limit; l++) {
        const j = list[l];
        const d = Math.max(0, boxes[box + 2 * j] - q[j], q[j] - boxes[box + 2 * j + 1]);
        sum += d * d;
      }
    return sum <= limit;
  };
  const scan = (nearest: Nearest, leaf: number): void => {
    const { squared } = nearest;
    for (let k = starts[leaf]; k < starts[leaf + 1]; k++) {
      const point = k * dimensions;
      const limit = squared[LIMIT] * factor + slack;
      let sum = 0;
      if (width === dimensions)
        for (let j = 0; j < dimensions && sum <= limit; j++) {
          const d = sorted[point + j] - q[j];
          sum += d * d;
        }
      else
        for (let l = 0; l < width && sum <= limit; l++) {
          const d = sorted[point + list[l]] - q[list[l]];
          sum += d * d;
        }
      if (sum > limit) continue;
      if (shadows) shadows.consider(nearest, order[k]);
      else offer(nearest, order[k], sum);
    }
  };

  return {
    points: n,
    dimensions,
    search(nearest, query, at, used, usedAt = 0) {
      width = 0;
      for (let j = 0; j < dimensions; j++) {
        q[j] = query[at + axes[j]];
        if (!used || used[usedAt + axes[j]]) list[width++] = j;
      }
      let top = 0;
      stack[0] = 1;
      while (top >= 0) {
        let node = stack[top--];
        // the first way down passes no box: near leaves are met first, and then most boxes fail in their first coordinates
        if (node > 1 && !reaches(node, nearest.squared[LIMIT] * factor + slack)) continue;
        while (node < leaves) {
          const right = q[splitAxis[node]] > splitValue[node] ? 1 : 0;
          stack[++top] = 2 * node + 1 - right;
          node = 2 * node + right;
        }
        scan(nearest, node - leaves);
      }
    },
  };
}

/** Median splits across the widest axis, `depth` times: leaf l holds `order[starts[l] … starts[l + 1])`; the children of node k are 2k and 2k + 1. */
function partition(points: Float64Array, dimensions: number, depth: number) {
  const n = points.length / dimensions;
  const order = Int32Array.from({ length: n }, (_, k) => k);
  const keys = new Float64Array(n);
  const splitAxis = new Int32Array(2 ** depth);
  const splitValue = new Float64Array(2 ** depth);
  let starts = Int32Array.of(0, n);
  for (let level = 0; level < depth; level++) {
    const next = new Int32Array(2 * starts.length - 1);
    for (let c = 0; c + 1 < starts.length; c++) {
      const from = starts[c];
      const to = starts[c + 1];
      const middle = (from + to) >> 1;
      const axis = widestAxis(points, dimensions, order, from, to);
      for (let k = from; k < to; k++) keys[k] = points[order[k] * dimensions + axis];
      select(keys, order, from, to - 1, middle);
      splitAxis[2 ** level + c] = axis;
      splitValue[2 ** level + c] = keys[middle];
      next[2 * c] = from;
      next[2 * c + 1] = middle;
    }
    next[next.length - 1] = n;
    starts = next;
  }
  return { order, starts, splitAxis, splitValue };
}

function widestAxis(points: Float64Array, dimensions: number, order: Int32Array, from: number, to: number): number {
  let axis = 0;
  let widest = -1;
  for (let j = 0; j < dimensions; j++) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let k = from; k < to; k++) {
      const x = points[order[k] * dimensions + j];
      if (x < low) low = x;
      if (x > high) high = x;
    }
    if (high - low > widest) {
      widest = high - low;
      axis = j;
    }
  }
  return axis;
}

/** Hoare's selection: afterwards keys[left … k) ≤ keys[k] ≤ keys(k … right], `order` carried along. */
function select(keys: Float64Array, order: Int32Array, left: number, right: number, k: number): void {
  while (right > left) {
    const pivot = medianOfThree(keys[left], keys[(left + right) >> 1], keys[right]);
    let i = left;
    let j = right;
    while (i <= j) {
      while (keys[i] < pivot) i++;
      while (keys[j] > pivot) j--;
      if (i > j) break;
      const key = keys[i];
      keys[i] = keys[j];
      keys[j] = key;
      const index = order[i];
      order[i++] = order[j];
      order[j--] = index;
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else return;
  }
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/** Axes by falling variance, so that partial distances are given up early. */
function axesByVariance(points: Float64Array, dimensions: number): Int32Array {
  const n = points.length / dimensions;
  const sum = new Float64Array(dimensions);
  const squares = new Float64Array(dimensions);
  for (let k = 0; k < points.length; k++) sum[k % dimensions] += points[k];
  for (let k = 0; k < points.length; k++) squares[k % dimensions] += (points[k] - sum[k % dimensions] / n) ** 2;
  return Int32Array.from({ length: dimensions }, (_, j) => j).sort((a, b) => squares[b] - squares[a] || a - b);
}

/** [2 · leaves, dimensions, low and high], node 1 the root and leaf l node leaves + l. */
function boundingBoxes(sorted: Float64Array, dimensions: number, starts: Int32Array): Float64Array {
  const leaves = starts.length - 1;
  const boxes = new Float64Array(4 * leaves * dimensions);
  for (let l = 0; l < leaves; l++)
    for (let j = 0; j < dimensions; j++) {
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      for (let k = starts[l]; k < starts[l + 1]; k++) {
        low = Math.min(low, sorted[k * dimensions + j]);
        high = Math.max(high, sorted[k * dimensions + j]);
      }
      boxes[2 * ((leaves + l) * dimensions + j)] = low;
      boxes[2 * ((leaves + l) * dimensions + j) + 1] = high;
    }
  for (let node = leaves - 1; node >= 1; node--)
    for (let j = 0; j < 2 * dimensions; j += 2) {
      const left = 4 * node * dimensions + j;
      const right = left + 2 * dimensions;
      boxes[2 * node * dimensions + j] = Math.min(boxes[left], boxes[right]);
      boxes[2 * node * dimensions + j + 1] = Math.max(boxes[left + 1], boxes[right + 1]);
    }
  return boxes;
}

import type { KdTreeData } from "./build-kd-tree.ts";
import { LIMIT, type Nearest, offer } from "./nearest.ts";

/** A balanced k-d tree (Bentley 1975) that keeps the bounding box of every node: values over a low-dimensional space of states lie on a thin sheet, which boxes hug and half-spaces do not. */
export interface KdTree {
  readonly points: number;
  readonly dimensions: number;
  /**
   * Offers every point that may be nearest, or second, to `query[at …]` in squared Euclidean distance.
   * @param used [dimensions] from `usedAt`: 0 where the coordinate is to be left out
   */
  search(nearest: Nearest, query: Float64Array, at: number, used?: Uint8Array, usedAt?: number): void;
  /**
   * The same for many queries, leaf by leaf, so that queries of one place share what they read.
   * @param queries [n, dimensions]
   * @param begin called before query k is looked for, `end` after; in an order of the tree's own
   */
  searchAll(nearest: Nearest, queries: Float64Array, begin: (k: number) => void, end: (k: number) => void): void;
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

export function searchKdTree(tree: KdTreeData, shadows?: Shadows): KdTree {
  const { dimensions, axes, order, sorted, starts, splitAxis, splitValue, boxes } = tree;
  const leaves = starts.length - 1;
  const factor = shadows ? 1 + CROSS : 1;
  const slack = shadows ? shadows.slack / CROSS : 0;
  const stack = new Int32Array(2 * Math.ceil(Math.log2(leaves + 1)) + 4);
  const q = new Float64Array(dimensions);
  const pathAxis = new Int32Array(stack.length);
  const pathValue = new Float64Array(stack.length);
  const walls = new Float64Array(2 * dimensions);

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
    const end = starts[leaf + 1];
    let limit = squared[LIMIT] * factor + slack;
    for (let k = starts[leaf]; k < end; k++) {
      const point = k * dimensions;
      let sum = 0;
      if (width === dimensions)
        for (let j = 0; j < dimensions; j += 2) {
          const d = sorted[point + j] - q[j];
          sum += d * d;
          if (j + 1 === dimensions) break;
          const e = sorted[point + j + 1] - q[j + 1];
          sum += e * e;
          if (sum > limit) break;
        }
      else
        for (let l = 0; l < width && sum <= limit; l++) {
          const d = sorted[point + list[l]] - q[list[l]];
          sum += d * d;
        }
      if (sum > limit) continue;
      if (shadows) shadows.consider(nearest, order[k]);
      else offer(nearest, order[k], sum);
      limit = squared[LIMIT] * factor + slack;
    }
  };
  /** Everything below `top` that may be near enough; `trusted` where its own box is known to be. */
  const descend = (nearest: Nearest, from: number, trusted: boolean): void => {
    const { squared } = nearest;
    let top = 0;
    stack[0] = from;
    while (top >= 0) {
      let node = stack[top--];
      if (!(trusted && node === from) && !reaches(node, squared[LIMIT] * factor + slack)) continue;
      while (node < leaves) {
        const right = q[splitAxis[node]] > splitValue[node] ? 1 : 0;
        stack[++top] = 2 * node + 1 - right;
        node = 2 * node + right;
      }
      scan(nearest, node - leaves);
    }
  };
  const leafOf = (): number => {
    let node = 1;
    while (node < leaves) node = 2 * node + (q[splitAxis[node]] > splitValue[node] ? 1 : 0);
    return node - leaves;
  };
  /** Bounds of all places whose leaf this is: nothing of another leaf lies within. */
  const findWalls = (leaf: number): void => {
    for (let j = 0; j < dimensions; j++) {
      walls[2 * j] = Number.NEGATIVE_INFINITY;
      walls[2 * j + 1] = Number.POSITIVE_INFINITY;
    }
    for (let node = leaf + leaves, level = 0; node > 1; node >>= 1, level++) {
      const axis = splitAxis[node >> 1];
      const value = splitValue[node >> 1];
      pathAxis[level] = axis;
      pathValue[level] = value;
      if (node & 1) walls[2 * axis] = Math.max(walls[2 * axis], value);
      else walls[2 * axis + 1] = Math.min(walls[2 * axis + 1], value);
    }
  };
  /** Whether everything within `limit`, squared, of the query is inside the walls. */
  const enclosed = (limit: number): boolean => {
    for (let j = 0; j < dimensions; j++) {
      const below = q[j] - walls[2 * j];
      const above = walls[2 * j + 1] - q[j];
      if (!(below * below > limit && above * above > limit)) return false;
    }
    return true;
  };

  return {
    points: order.length,
    dimensions,
    search(nearest, query, at, used, usedAt = 0) {
      width = 0;
      for (let j = 0; j < dimensions; j++) {
        q[j] = query[at + axes[j]];
        if (!used || used[usedAt + axes[j]]) list[width++] = j;
      }
      // the first way down passes no box: near leaves are met first, and then most boxes fail in their first coordinates
      descend(nearest, 1, true);
    },
    searchAll(nearest, queries, begin, end) {
      const n = queries.length / dimensions;
      const { squared } = nearest;
      width = dimensions;
      const take = (k: number) => {
        for (let j = 0; j < dimensions; j++) q[j] = queries[k * dimensions + axes[j]];
      };
      const leaf = new Int32Array(n);
      const counts = new Int32Array(leaves + 1);
      for (let k = 0; k < n; k++) {
        take(k);
        leaf[k] = leafOf();
        counts[leaf[k] + 1]++;
      }
      for (let l = 0; l < leaves; l++) counts[l + 1] += counts[l];
      const turn = new Int32Array(n);
      for (let k = 0; k < n; k++) turn[counts[leaf[k]]++] = k;
      let current = -1;
      for (let t = 0; t < n; t++) {
        const k = turn[t];
        take(k);
        begin(k);
        if (leaf[k] !== current) {
          current = leaf[k];
          findWalls(current);
        }
        scan(nearest, current);
        if (!enclosed(squared[LIMIT] * factor + slack))
          for (let node = current + leaves, level = 0; node > 1; node >>= 1, level++) {
            const limit = squared[LIMIT] * factor + slack;
            const d = q[pathAxis[level]] - pathValue[level];
            if (d * d <= limit && reaches(node ^ 1, limit)) descend(nearest, node ^ 1, true);
          }
        end(k);
      }
    },
  };
}

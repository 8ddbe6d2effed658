import type { KdTreeData } from "./build-kd-tree.ts";

/** Two further questions to a k-d tree: the m nearest points, and the lowest along a direction. */
export interface NearColumns {
  /**
   * The `count` points nearest to `query[at …]`, nearest first, into `indices` and `squared`; returns how many there are.
   * @param query in the order of the points' own coordinates
   */
  nearest(query: Float64Array, at: number, count: number, indices: Int32Array, squared: Float64Array): number;
  /** argmin_j x·c_j over all points, by branch and bound: a box is at least Σ_i min(x_i low_i, x_i high_i). `value` is of that point. */
  lowest(x: Float64Array): { readonly index: number; readonly value: number };
}

export function createNearColumns({ dimensions, axes, order, sorted, starts, boxes }: KdTreeData): NearColumns {
  const leaves = starts.length - 1;
  const q = new Float64Array(dimensions);
  const stack = new Int32Array(2 * Math.ceil(Math.log2(leaves + 1)) + 4);

  const boxSquared = (node: number): number => {
    let sum = 0;
    for (let j = 0, at = 2 * dimensions * node; j < dimensions; j++, at += 2) {
      const d = q[j] < boxes[at] ? boxes[at] - q[j] : q[j] > boxes[at + 1] ? q[j] - boxes[at + 1] : 0;
      sum += d * d;
    }
    return sum;
  };
  const boxLowest = (node: number): number => {
    let sum = 0;
    for (let j = 0, at = 2 * dimensions * node; j < dimensions; j++, at += 2) sum += q[j] * (q[j] > 0 ? boxes[at] : boxes[at + 1]);
    return sum;
  };
  /** Leaves whose bound is below `limit()`, the better child first. */
  const visit = (bound: (node: number) => number, limit: () => number, scan: (leaf: number) => void): void => {
    let top = 0;
    stack[0] = 1;
    while (top >= 0) {
      let node = stack[top--];
      if (!(bound(node) < limit())) continue;
      while (node < leaves) {
        const [left, right] = [bound(2 * node), bound(2 * node + 1)];
        stack[++top] = left <= right ? 2 * node + 1 : 2 * node;
        node = left <= right ? 2 * node : 2 * node + 1;
      }
      if (bound(node) < limit()) scan(node - leaves);
    }
  };

  return {
    nearest(query, at, count, indices, squared) {
      for (let j = 0; j < dimensions; j++) q[j] = query[at + axes[j]];
      let found = 0;
      const limit = () => (found < count ? Number.POSITIVE_INFINITY : squared[count - 1]);
      visit(boxSquared, limit, (leaf) => {
        for (let k = starts[leaf]; k < starts[leaf + 1]; k++) {
          const most = limit();
          let sum = 0;
          for (let j = 0; j < dimensions && sum < most; j++) sum += (sorted[k * dimensions + j] - q[j]) ** 2;
          if (!(sum < most)) continue;
          let to = found < count ? found++ : count - 1;
          for (; to > 0 && squared[to - 1] > sum; to--) {
            squared[to] = squared[to - 1];
            indices[to] = indices[to - 1];
          }
          squared[to] = sum;
          indices[to] = order[k];
        }
      });
      return found;
    },
    lowest(x) {
      for (let j = 0; j < dimensions; j++) q[j] = x[axes[j]];
      let value = Number.POSITIVE_INFINITY;
      let index = -1;
      visit(
        boxLowest,
        () => value,
        (leaf) => {
          for (let k = starts[leaf]; k < starts[leaf + 1]; k++) {
            let sum = 0;
            for (let j = 0; j < dimensions; j++) sum += sorted[k * dimensions + j] * q[j];
            if (sum < value) {
              value = sum;
              index = order[k];
            }
          }
        },
      );
      return { index, value };
    },
  };
}

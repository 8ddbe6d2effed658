/** Points of a leaf: below this a linear scan beats another box test. */
const BUCKET = 8;

/** A k-d tree as plain tables, so that threads can share it. Node 1 is the root, the children of node k are 2k and 2k + 1, and leaf l is node leaves + l. */
export interface KdTreeData {
  readonly dimensions: number;
  /** [dimensions] coordinate j of the tree is coordinate axes[j] of the points: by falling variance, so that partial distances are given up early */
  readonly axes: Int32Array;
  /** [n] which point each sorted one is */
  readonly order: Int32Array;
  /** [n, dimensions] leaf l holds rows starts[l] … starts[l + 1] */
  readonly sorted: Float64Array;
  /** [leaves + 1] */
  readonly starts: Int32Array;
  /** [leaves] points of the left child are at most splitValue along splitAxis, of the right child at least */
  readonly splitAxis: Int32Array;
  readonly splitValue: Float64Array;
  /** [2 · leaves, dimensions, low and high] */
  readonly boxes: Float64Array;
}

/**
 * Median splits across the widest axis. Rows are moved, and one subtree finished before the next: from a few levels down all of it lies in the cache.
 * @param points [n, dimensions], n ≥ 1
 */
export function buildKdTree(points: Float64Array, dimensions: number): KdTreeData {
  const n = points.length / dimensions;
  if (n < 1) throw new RangeError("a k-d tree needs at least one point");
  let depth = 0;
  while (n / 2 ** depth > BUCKET) depth++;
  const leaves = 2 ** depth;
  const axes = axesByVariance(points, dimensions);
  const order = new Int32Array(n);
  const sorted = new Float64Array(points.length);
  for (let k = 0; k < n; k++) {
    order[k] = k;
    for (let j = 0; j < dimensions; j++) sorted[k * dimensions + j] = points[k * dimensions + axes[j]];
  }
  const starts = new Int32Array(leaves + 1);
  const splitAxis = new Int32Array(leaves);
  const splitValue = new Float64Array(leaves);
  const boxes = new Float64Array(4 * leaves * dimensions);

  const grow = (node: number, from: number, to: number): void => {
    const box = 2 * dimensions * node;
    let axis = 0;
    for (let j = 0; j < dimensions; j++) {
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      for (let at = from * dimensions + j; at < to * dimensions; at += dimensions) {
        const x = sorted[at];
        if (x < low) low = x;
        if (x > high) high = x;
      }
      boxes[box + 2 * j] = low;
      boxes[box + 2 * j + 1] = high;
      if (high - low > boxes[box + 2 * axis + 1] - boxes[box + 2 * axis]) axis = j;
    }
    if (node >= leaves) {
      starts[node - leaves + 1] = to;
      return;
    }
    const middle = (from + to) >> 1;
    selectRow(sorted, order, dimensions, axis, from, to - 1, middle);
    splitAxis[node] = axis;
    splitValue[node] = sorted[middle * dimensions + axis];
    grow(2 * node, from, middle);
    grow(2 * node + 1, middle, to);
  };
  grow(1, 0, n);
  return { dimensions, axes, order, sorted, starts, splitAxis, splitValue, boxes };
}

/** Hoare's selection over whole rows: afterwards rows before k are at most row k along the axis, and those after it at least. */
function selectRow(rows: Float64Array, order: Int32Array, dimensions: number, axis: number, left: number, right: number, k: number): void {
  while (right > left) {
    const pivot = pivotOf(rows, dimensions, axis, left, right);
    let i = left;
    let j = right;
    while (i <= j) {
      while (rows[i * dimensions + axis] < pivot) i++;
      while (rows[j * dimensions + axis] > pivot) j--;
      if (i > j) break;
      if (i < j) {
        for (let a = i * dimensions, b = j * dimensions, end = a + dimensions; a < end; a++, b++) {
          const x = rows[a];
          rows[a] = rows[b];
          rows[b] = x;
        }
        const index = order[i];
        order[i] = order[j];
        order[j] = index;
      }
      i++;
      j--;
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else return;
  }
}

/** Median of three, or of three such where there are many. */
function pivotOf(rows: Float64Array, dimensions: number, axis: number, left: number, right: number): number {
  const value = (k: number) => rows[k * dimensions + axis];
  const middle = (left + right) >> 1;
  if (right - left < 64) return medianOfThree(value(left), value(middle), value(right));
  const step = (right - left) >> 3;
  return medianOfThree(
    medianOfThree(value(left), value(left + step), value(left + 2 * step)),
    medianOfThree(value(middle - step), value(middle), value(middle + step)),
    medianOfThree(value(right - 2 * step), value(right - step), value(right)),
  );
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

function axesByVariance(points: Float64Array, dimensions: number): Int32Array {
  const n = points.length / dimensions;
  const sum = new Float64Array(dimensions);
  const squares = new Float64Array(dimensions);
  for (let at = 0; at < points.length; at += dimensions) for (let j = 0; j < dimensions; j++) sum[j] += points[at + j];
  for (let at = 0; at < points.length; at += dimensions)
    for (let j = 0; j < dimensions; j++) squares[j] += (points[at + j] - sum[j] / n) ** 2;
  return Int32Array.from({ length: dimensions }, (_, j) => j).sort((a, b) => squares[b] - squares[a] || a - b);
}

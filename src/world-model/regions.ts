/**
 * Split n points [n, d] into 2^depth regions of equal size by medians, along the coordinate of the largest standardised spread each time.
 * @returns [n] region of each point
 */
export function splitRegions(points: Float64Array, d: number, scale: Float64Array, depth: number): Int32Array {
  const n = points.length / d;
  const region = new Int32Array(n);
  const split = (rows: Int32Array, level: number, label: number) => {
    if (level === 0 || rows.length < 2) {
      for (const row of rows) region[row] = label;
      return;
    }
    let widest = 0;
    let spread = -1;
    for (let j = 0; j < d; j++) {
      let low = Infinity;
      let high = -Infinity;
      for (const row of rows) {
        low = Math.min(low, points[row * d + j]);
        high = Math.max(high, points[row * d + j]);
      }
      if ((high - low) / scale[j] > spread) {
        spread = (high - low) / scale[j];
        widest = j;
      }
    }
    const sorted = rows.slice().sort((a, b) => points[a * d + widest] - points[b * d + widest] || a - b);
    const middle = sorted.length >> 1;
    split(sorted.subarray(0, middle), level - 1, 2 * label);
    split(sorted.subarray(middle), level - 1, 2 * label + 1);
  };
  split(
    Int32Array.from({ length: n }, (_, i) => i),
    depth,
    0,
  );
  return region;
}

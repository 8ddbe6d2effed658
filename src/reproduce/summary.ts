/** Middle of the sorted numbers, the mean of the two middle ones where there are two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Medians and ranges over seeds of records with the same keys. */
export function summarise(runs: readonly Readonly<Record<string, number>>[]): {
  readonly figures: Record<string, number>;
  readonly ranges: Record<string, readonly [number, number]>;
} {
  const figures: Record<string, number> = {};
  const ranges: Record<string, readonly [number, number]> = {};
  for (const key of Object.keys(runs[0])) {
    const values = runs.map((run) => run[key]);
    figures[key] = median(values);
    ranges[key] = [Math.min(...values), Math.max(...values)];
  }
  return { figures, ranges };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

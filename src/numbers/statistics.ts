import { createRandom } from "./random.ts";

/** Mean of the values; NaN of none. */
export function mean(values: ArrayLike<number>): number {
  return sum(values) / values.length;
}

export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

/** Middle of the sorted values; the mean of the two middle ones where there are two. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The q-th quantile of the values, 0 ≤ q ≤ 1, linear between the sorted ones; NaN of none. `quantile(values, 0.5)` is the median. */
export function quantile(values: ArrayLike<number>, q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile lies between 0 and 1, got ${q}`);
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return at === below ? sorted[below] : sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/** The number nearest to x within [low, high]; NaN stays NaN. */
export function clamp(x: number, low: number, high: number): number {
  return x < low ? low : Math.min(x, high);
}

/** Mean and standard deviation of each column of rows [n, d]; a column that never changes has scale 1. */
export function moments(rows: ArrayLike<number>, d: number): { readonly centre: Float64Array; readonly scale: Float64Array } {
  const n = rows.length / d;
  const centre = new Float64Array(d);
  const scale = new Float64Array(d);
  for (let i = 0; i < n * d; i++) centre[i % d] += rows[i] / n;
  for (let i = 0; i < n * d; i++) scale[i % d] += (rows[i] - centre[i % d]) ** 2 / n;
  return { centre, scale: scale.map((variance) => Math.sqrt(variance) || 1) };
}

export interface Interval {
  readonly value: number;
  /** 95 % by the percentile bootstrap */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 1000;

/** A statistic of paired rows, with its bootstrap interval. The same rows give the same interval. */
export function bootstrap(n: number, statistic: (rows: Int32Array) => number): Interval {
  const random = createRandom(n);
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  const value = statistic(rows);
  const values = new Float64Array(RESAMPLES);
  const drawn = new Int32Array(n);
  for (let b = 0; b < RESAMPLES; b++) {
    for (let i = 0; i < n; i++) drawn[i] = random.integer(n);
    values[b] = statistic(drawn);
  }
  values.sort();
  return { value, low: values[Math.floor(0.025 * RESAMPLES)], high: values[Math.floor(0.975 * RESAMPLES)] };
}

export const medianOf = (values: readonly number[]): Interval =>
  bootstrap(values.length, (rows) => median(Array.from(rows, (i) => values[i])));

export const meanOf = (values: readonly number[]): Interval => bootstrap(values.length, (rows) => mean(Array.from(rows, (i) => values[i])));

/** exp of the mean of ln(theirs/ours): how many times fewer steps ours are, seed by seed. */
export const speedup = (theirs: readonly number[], ours: readonly number[]): Interval =>
  bootstrap(ours.length, (rows) => Math.exp(rows.reduce((sum, i) => sum + Math.log(theirs[i] / ours[i]), 0) / ours.length));

/** Every combination of the options' values. */
export function gridOf(options: Readonly<Record<string, readonly number[]>>): Record<string, number>[] {
  let grid: Record<string, number>[] = [{}];
  for (const [name, values] of Object.entries(options))
    grid = grid.flatMap((entry) => values.map((value) => ({ ...entry, [name]: value })));
  return grid;
}

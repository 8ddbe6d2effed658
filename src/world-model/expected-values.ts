import type { BellmanSystem } from "../bellman/system.ts";
import { type SigmaPoints, sigmaPoints } from "./sigma-points.ts";

/** E V and its derivatives under s' = m + L ξ, ξ ~ N(0, I). */
export interface ExpectedValues {
  /** [n, k] E V_i(m + L ξ) */
  readonly values: Float64Array;
  /** [n, d + d(d + 1)/2, k]: by m first, then by the entries of L, row by row up to the diagonal */
  readonly slopes: Float64Array;
}

/** Rows of which all points are evaluated at a time. */
const CHUNK = 512;

/** Entries of a lower triangle. */
export const triangle = (d: number): number => (d * (d + 1)) / 2;

/**
 * E_ξ V_i(m_b + L_b ξ) of n rows by sigma points, with ∂/∂m_x = E ∂_x V and ∂/∂L_xy = E[ξ_y ∂_x V]. What the points ask of V is summed up in Float64.
 * @param means [n, d] @param factors [n, d(d + 1)/2] lower triangles, row by row
 */
export async function expectedUnderNoise(
  system: BellmanSystem,
  means: Float64Array,
  factors: Float64Array,
  rule: SigmaPoints = sigmaPoints(system.stateSize),
): Promise<ExpectedValues> {
  const d = system.stateSize;
  const k = system.heads.length;
  const n = means.length / d;
  const lower = triangle(d);
  const width = d + lower;
  const { count, points, weights } = rule;
  const values = new Float64Array(n * k);
  const slopes = new Float64Array(n * width * k);
  for (let from = 0; from < n; from += CHUNK) {
    const rows = Math.min(CHUNK, n - from);
    const total = rows * count;
    const out = await system.linearise(scattered(means, factors, rule, d, from, rows));
    for (let b = 0; b < rows; b++)
      for (let p = 0; p < count; p++) {
        const w = weights[p];
        const row = b * count + p;
        const into = (from + b) * k;
        for (let i = 0; i < k; i++) values[into + i] += w * out.values[row * k + i];
        let entry = d;
        for (let x = 0; x < d; x++) {
          const source = (x * total + row) * k;
          const base = (from + b) * width * k;
          for (let i = 0; i < k; i++) slopes[base + x * k + i] += w * out.jacobian[source + i];
          for (let y = 0; y <= x; y++, entry++) {
            const factor = w * points[p * d + y];
            if (factor === 0) continue;
            for (let i = 0; i < k; i++) slopes[base + entry * k + i] += factor * out.jacobian[source + i];
          }
        }
      }
  }
  return { values, slopes };
}

/** E V alone: [n, k]. */
export async function meanUnderNoise(system: BellmanSystem, means: Float64Array, factors: Float64Array): Promise<Float64Array> {
  const d = system.stateSize;
  const k = system.heads.length;
  const n = means.length / d;
  const rule = sigmaPoints(d);
  const values = new Float64Array(n * k);
  for (let from = 0; from < n; from += CHUNK) {
    const rows = Math.min(CHUNK, n - from);
    const out = await system.values(scattered(means, factors, rule, d, from, rows));
    for (let at = 0; at < out.length; at++) {
      const row = Math.floor(at / k);
      values[(from + Math.floor(row / rule.count)) * k + (at % k)] += rule.weights[row % rule.count] * out[at];
    }
  }
  return values;
}

function scattered(
  means: Float64Array,
  factors: Float64Array,
  { count, points }: SigmaPoints,
  d: number,
  from: number,
  rows: number,
): Float64Array {
  const lower = triangle(d);
  const out = new Float64Array(rows * count * d);
  for (let b = 0; b < rows; b++)
    for (let p = 0; p < count; p++) {
      let entry = (from + b) * lower;
      for (let x = 0; x < d; x++) {
        let sum = means[(from + b) * d + x];
        for (let y = 0; y <= x; y++) sum += factors[entry++] * points[p * d + y];
        out[(b * count + p) * d + x] = sum;
      }
    }
  return out;
}

/** L Lᵀ of n lower triangles: [n, d, d]. */
export function covariances(factors: Float64Array, d: number): Float64Array {
  const lower = triangle(d);
  const n = factors.length / lower;
  const out = new Float64Array(n * d * d);
  const at = (x: number, y: number) => (x * (x + 1)) / 2 + y;
  for (let b = 0; b < n; b++)
    for (let x = 0; x < d; x++)
      for (let y = 0; y < d; y++) {
        let sum = 0;
        for (let j = 0; j <= Math.min(x, y); j++) sum += factors[b * lower + at(x, j)] * factors[b * lower + at(y, j)];
        out[(b * d + x) * d + y] = sum;
      }
  return out;
}

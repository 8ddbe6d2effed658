import type { BellmanSystem } from "../bellman/system.ts";
import { cholesky, choleskySolve } from "../numbers/dense.ts";
import { createRandom } from "../numbers/random.ts";
import { median } from "../numbers/statistics.ts";
import { expectedUnderNoise, triangle } from "./expected-values.ts";

export interface GaussianPrior {
  /** [d] how far a state is expected to move, one standard deviation around "nothing moves". */
  readonly reach: ArrayLike<number>;
  /** [d] how large the noise is expected to be: the entries of L are normal around 0 with this deviation, row by row. */
  readonly noise: ArrayLike<number>;
  readonly iterations: number;
  /** Whitened residuals beyond this count linearly. */
  readonly huber: number;
  readonly seed: number;
}

export interface GaussianSolution {
  /** [n, d] */
  readonly means: Float64Array;
  /** [n, d(d + 1)/2] L of the covariance L Lᵀ, row by row, its diagonal at least 0 */
  readonly factors: Float64Array;
  /** [n] √(Σ_i (r_i/σ_i)²) */
  readonly residual: Float64Array;
  /** [n, k] E V_i − y_i */
  readonly residuals: Float64Array;
  /** [n, d] one standard deviation of the mean, by (JᵀWJ + P)⁻¹ */
  readonly deviation: Float64Array;
}

/** First guess of L, in units of the expected noise. */
const FIRST_SHARE = 0.3;
/** Pairs whose cost is more than this times the median's are tried again from elsewhere: an L that has shrunk to nothing cannot grow again, its slope is 0. */
const POOR = 4;
/** Tries in all. */
const STARTS = 16;
const TOLERANCE = 1e-9;

/**
 * Every (state, action) pair on its own: the Gaussian N(m, L Lᵀ) of next states that minimises
 *
 *     Σ_i ρ((E V_i(m + L ξ) − y_i)/σ_i) + ½ Σ_j ((m_j − s_j)/reach_j)² + ½ Σ_{j ≥ l} (L_jl/noise_j)²
 *
 * by damped Gauss-Newton steps in m and L. To second order E V = V(m) + ½ tr(L Lᵀ ∇²V): the slopes of V tell the mean, its curvatures the covariance.
 * @param states [n, d] @param targets [n, k] @param sigma [k]
 */
export async function solveGaussian(
  system: BellmanSystem,
  states: Float64Array,
  targets: Float64Array,
  sigma: Float64Array,
  prior: GaussianPrior,
): Promise<GaussianSolution> {
  const d = system.stateSize;
  const k = system.heads.length;
  const n = states.length / d;
  const lower = triangle(d);
  const best = {
    means: states.slice(),
    factors: new Float64Array(n * lower),
    residual: new Float64Array(n).fill(Number.NaN),
    residuals: new Float64Array(n * k),
    deviation: new Float64Array(n * d).fill(Number.NaN),
  };
  const random = createRandom(prior.seed);
  const least = new Float64Array(n).fill(Infinity);
  let rows = Int32Array.from({ length: n }, (_, b) => b);
  for (let start = 0; start < STARTS && rows.length > 0; start++) {
    const scatter = start === 0 ? 0 : 1;
    const found = await descend(system, pick(states, rows, d), pick(targets, rows, k), sigma, prior, {
      means: Float64Array.from({ length: rows.length * d }, (_, at) => {
        const j = at % d;
        return states[rows[Math.floor(at / d)] * d + j] + scatter * prior.reach[j] * random.normal();
      }),
      share: Float64Array.from(rows, () => FIRST_SHARE * 2 ** (2 * scatter * random.normal())),
    });
    rows.forEach((b, t) => {
      if (!(found.cost[t] < least[b])) return;
      least[b] = found.cost[t];
      for (const [name, width] of [
        ["means", d],
        ["factors", lower],
        ["residuals", k],
        ["deviation", d],
      ] as const)
        best[name].set(found[name].subarray(t * width, (t + 1) * width), b * width);
      let sum = 0;
      for (let i = 0; i < k; i++) sum += (found.residuals[t * k + i] / sigma[i]) ** 2;
      best.residual[b] = Math.sqrt(sum);
    });
    const limit = POOR * median(least);
    rows = Int32Array.from(rows.filter((b) => !(least[b] <= limit)));
  }
  positiveDiagonals(best.factors, d);
  return best;
}

async function descend(
  system: BellmanSystem,
  states: Float64Array,
  targets: Float64Array,
  sigma: Float64Array,
  { reach, noise, iterations, huber }: GaussianPrior,
  first: { readonly means: Float64Array; readonly share: Float64Array },
) {
  const d = system.stateSize;
  const k = system.heads.length;
  const n = states.length / d;
  const lower = triangle(d);
  const width = d + lower;
  const rowOf = Int32Array.from(entries(d), ([x]) => x);
  const isDiagonal = Uint8Array.from(entries(d), ([x, y]) => (x === y ? 1 : 0));
  const { means, share } = first;
  const factors = Float64Array.from({ length: n * lower }, (_, at) =>
    isDiagonal[at % lower] ? share[Math.floor(at / lower)] * noise[rowOf[at % lower]] : 0,
  );
  const cost = new Float64Array(n).fill(Infinity);
  const residuals = new Float64Array(n * k);
  const deviation = new Float64Array(n * d).fill(Number.NaN);
  const damping = new Float64Array(n).fill(1e-3);
  const normal = new Float64Array(n * width * width);
  const gradient = new Float64Array(n * width);
  const trialNormal = new Float64Array(width * width);
  const trialGradient = new Float64Array(width);
  const matrix = new Float64Array(width * width);
  const step = new Float64Array(width);
  const weights = new Float64Array(k);
  let active = Int32Array.from({ length: n }, (_, b) => b);
  let trialMeans = means.slice();
  let trialFactors = factors.slice();
  for (let round = 0; round <= iterations && active.length > 0; round++) {
    const { values, slopes } = await expectedUnderNoise(system, trialMeans, trialFactors);
    const still: number[] = [];
    const nextMeans: number[] = [];
    const nextFactors: number[] = [];
    active.forEach((b, t) => {
      let trialCost = 0;
      for (let i = 0; i < k; i++) {
        const u = Math.abs(values[t * k + i] - targets[b * k + i]) / sigma[i];
        trialCost += u < huber ? 0.5 * u * u : huber * (u - 0.5 * huber);
        weights[i] = (u < huber ? 1 : huber / u) / (sigma[i] * sigma[i]);
      }
      for (let j = 0; j < d; j++) trialCost += 0.5 * ((trialMeans[t * d + j] - states[b * d + j]) / reach[j]) ** 2;
      for (let e = 0; e < lower; e++) trialCost += 0.5 * (trialFactors[t * lower + e] / noise[rowOf[e]]) ** 2;
      let done = false;
      if (trialCost < cost[b]) {
        done = cost[b] - trialCost < TOLERANCE * cost[b];
        cost[b] = trialCost;
        damping[b] = Math.max(damping[b] * 0.3, 1e-9);
        means.set(trialMeans.subarray(t * d, (t + 1) * d), b * d);
        factors.set(trialFactors.subarray(t * lower, (t + 1) * lower), b * lower);
        trialNormal.fill(0);
        trialGradient.fill(0);
        for (let i = 0; i < k; i++) {
          const r = values[t * k + i] - targets[b * k + i];
          residuals[b * k + i] = r;
          for (let p = 0; p < width; p++) {
            const weighted = weights[i] * slopes[(t * width + p) * k + i];
            trialGradient[p] += weighted * r;
            for (let q = 0; q <= p; q++) trialNormal[p * width + q] += weighted * slopes[(t * width + q) * k + i];
          }
        }
        for (let p = 0; p < width; p++) {
          const precision = 1 / (p < d ? reach[p] : noise[rowOf[p - d]]) ** 2;
          trialNormal[p * width + p] += precision;
          trialGradient[p] += precision * (p < d ? means[b * d + p] - states[b * d + p] : factors[b * lower + p - d]);
        }
        normal.set(trialNormal, b * width * width);
        gradient.set(trialGradient, b * width);
        for (let x = 0; x < d; x++) deviation[b * d + x] = deviationOf(trialNormal, width, x, matrix, step);
      } else damping[b] *= 10;
      if (done || damping[b] > 1e9) return;
      matrix.set(normal.subarray(b * width * width, (b + 1) * width * width));
      for (let p = 0; p < width; p++) {
        matrix[p * width + p] *= 1 + damping[b];
        step[p] = -gradient[b * width + p];
      }
      if (!cholesky(matrix, width)) return;
      choleskySolve(matrix, width, step);
      still.push(b);
      for (let j = 0; j < d; j++) nextMeans.push(means[b * d + j] + step[j]);
      for (let e = 0; e < lower; e++) nextFactors.push(factors[b * lower + e] + step[d + e]);
    });
    active = Int32Array.from(still);
    trialMeans = Float64Array.from(nextMeans);
    trialFactors = Float64Array.from(nextFactors);
  }
  return { means, factors, cost, residuals, deviation };
}

/** Row and column of every entry of a lower triangle. */
export function entries(d: number): (readonly [number, number])[] {
  return Array.from({ length: d }, (_, x) => Array.from({ length: x + 1 }, (_, y) => [x, y] as const)).flat();
}

function pick(from: Float64Array, rows: Int32Array, width: number): Float64Array {
  const out = new Float64Array(rows.length * width);
  rows.forEach((b, t) => {
    out.set(from.subarray(b * width, (b + 1) * width), t * width);
  });
  return out;
}

/** √ of a diagonal entry of the inverse. */
function deviationOf(normal: Float64Array, width: number, x: number, matrix: Float64Array, unit: Float64Array): number {
  matrix.set(normal);
  if (!cholesky(matrix, width)) return Number.NaN;
  unit.fill(0);
  unit[x] = 1;
  choleskySolve(matrix, width, unit);
  return Math.sqrt(unit[x]);
}

/** L and L with a column turned are of one covariance. */
export function positiveDiagonals(factors: Float64Array, d: number): void {
  const lower = triangle(d);
  const all = entries(d);
  for (let at = 0; at < factors.length; at += lower)
    for (let y = 0; y < d; y++) {
      if (factors[at + triangle(y) + y] >= 0) continue;
      all.forEach(([, column], e) => {
        if (column === y) factors[at + e] = -factors[at + e];
      });
    }
}

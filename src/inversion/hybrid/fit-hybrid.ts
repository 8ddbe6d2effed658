import { RefusalError } from "../../base/refusal-error.ts";
import { cholesky, choleskySolve } from "../../numbers/dense.ts";
import { confine } from "../../world-model/confine.ts";
import { touches } from "../../world-model/contact.ts";
import type { Structure } from "../../world-model/structure.ts";
import { silence, type ValueEquations } from "./value-equations.ts";

export interface HybridOptions {
  readonly iterations?: number;
  /** δ of the weights 1/(|r| + δ), in the heads' unit. */
  readonly robust?: number;
  /** [d] half widths of the central differences; 0.04 standard deviations of the states, 0.025 rad of an angle. */
  readonly stencil?: Float64Array;
  readonly start?: Float64Array;
  /** τ where it is known. */
  readonly timeStep?: number;
  /** [n] region of each sample: a critic's errors are alike within one, so gradients are summed there before they are multiplied. Without it every sample is its own. */
  readonly regions?: Int32Array;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface HybridFit {
  readonly theta: Float64Array;
  /** Curvature of the weighted squares and outer product of their gradients, [p, p], over n. */
  readonly curvature: Float64Array;
  readonly outer: Float64Array;
  /** Equations that took part in the last step, of n · k. */
  readonly used: number;
}

/** A slight damping: features of a polynomial are nearly collinear, and a stronger one stops short in their directions. */
const HYBRID = { iterations: 12, robust: 0.1, spread: 0.04, angle: 0.025, damping: 1e-4, ridge: 1e-9 };

export function stencilOf({ coordinates }: ValueEquations, scale: Float64Array): Float64Array {
  return scale.map((s, j) => (coordinates.angular[j] ? HYBRID.angle : HYBRID.spread * s));
}

/**
 * The law inside the box of states from values that have cliffs: iteratively reweighted Gauss-Newton steps on
 *     Σ_b Σ_i w_bi (V_i(s_b + f(s_b, a_b; θ)) − y_bi)²,   w = 1/(|r| + δ),
 * with slopes of V by central differences wide enough to see past a critic's own roughness. An equation is left out where its known side is silent,
 * where its stencil reaches into a goal, and where its stencil touches a face of the box: there another law holds.
 * @param phi structure.features.matrix of the states
 */
export async function fitHybrid(
  equations: ValueEquations,
  structure: Structure,
  states: Float64Array,
  phi: Float64Array,
  targets: Float64Array,
  scale: Float64Array,
  options: HybridOptions = {},
): Promise<HybridFit> {
  const { iterations = HYBRID.iterations, robust = HYBRID.robust, timeStep, regions, onProgress } = options;
  const stencil = options.stencil ?? stencilOf(equations, scale);
  const { coordinates, stateSize: d } = equations;
  const k = equations.heads.length;
  const n = states.length / d;
  const p = structure.parameters;
  const { silent, arrived } = silence(equations);
  const theta = options.start?.slice() ?? new Float64Array(p);
  const fixed = timeStep !== undefined || structure.integrator === "free";
  if (timeStep !== undefined) theta[0] = timeStep;
  const raw = new Float64Array(n * d);
  const curvature = new Float64Array(p * p);
  const outer = new Float64Array(p * p);
  const regional = new Float64Array((regions ? regions.reduce((a, b) => Math.max(a, b), 0) + 1 : n) * p);
  const gradient = new Float64Array(p);
  const own = new Float64Array(p);
  const factor = new Float64Array(p * p);
  const row = new Float64Array(d * p);
  const block = new Float64Array(d * d);
  const slope = new Float64Array(d);
  const inner = new Float64Array(d * p);
  const bent = new Float64Array(n);
  let used = 0;

  const asked = (moved: Float64Array) => equations.values(confine(moved, equations.coordinates));
  for (let iteration = 0; iteration <= iterations; iteration++) {
    onProgress?.(iteration, iterations);
    structure.change(states, phi, n, theta, raw);
    for (let i = 0; i < n * d; i++) raw[i] += states[i];
    bent.fill(0);
    for (let b = 0; b < n; b++) {
      for (let j = 0; j < d; j++) {
        if (coordinates.angular[j]) continue;
        const x = raw[b * d + j];
        if (touches(coordinates, j, "low", x - stencil[j]) || touches(coordinates, j, "high", x + stencil[j])) bent[b] = 1;
      }
    }
    const values = await asked(raw.slice());
    const sides: (readonly [Float32Array | Float64Array, Float32Array | Float64Array])[] = [];
    for (let j = 0; j < d; j++) {
      const shifted = async (by: number) => {
        const moved = raw.slice();
        for (let b = 0; b < n; b++) moved[b * d + j] += by;
        return asked(moved);
      };
      sides.push([await shifted(stencil[j]), await shifted(-stencil[j])]);
    }
    curvature.fill(0);
    gradient.fill(0);
    used = 0;
    for (let b = 0; b < n; b++) {
      if (bent[b]) continue;
      block.fill(0);
      slope.fill(0);
      let heard = 0;
      for (let i = 0; i < k; i++) {
        const at = b * k + i;
        if (targets[at] > silent[i] || values[at] > arrived[i]) continue;
        if (sides.some(([up, down]) => up[at] > arrived[i] || down[at] > arrived[i])) continue;
        heard++;
        const residual = values[at] - targets[at];
        const weight = 1 / (Math.abs(residual) + robust);
        for (let x = 0; x < d; x++) {
          const jx = (sides[x][0][at] - sides[x][1][at]) / (2 * stencil[x]);
          slope[x] += weight * residual * jx;
          for (let y = 0; y < d; y++) block[x * d + y] += (weight * jx * (sides[y][0][at] - sides[y][1][at])) / (2 * stencil[y]);
        }
      }
      if (heard === 0) continue;
      used += heard;
      structure.sensitivity(states, phi, b, theta, row);
      own.fill(0);
      inner.fill(0);
      for (let x = 0; x < d; x++) {
        for (let q = 0; q < p; q++) {
          if (row[x * p + q] === 0) continue;
          own[q] += row[x * p + q] * slope[x];
          for (let y = 0; y < d; y++) inner[y * p + q] += block[y * d + x] * row[x * p + q];
        }
      }
      for (let q = 0; q < p; q++) gradient[q] += own[q] / n;
      for (let x = 0; x < d; x++) {
        for (let q = 0; q < p; q++) {
          const s = row[x * p + q] / n;
          if (s !== 0) for (let r = 0; r <= q; r++) curvature[q * p + r] += s * inner[x * p + r];
        }
      }
      if (iteration === iterations) for (let q = 0; q < p; q++) regional[(regions ? regions[b] : b) * p + q] += own[q] / n;
    }
    if (used === 0) throw new RefusalError("hybrid fit: no equation says anything of these states; draw states farther from the goals");
    let trace = 0;
    for (let q = 0; q < p; q++) {
      for (let r = q + 1; r < p; r++) curvature[q * p + r] = curvature[r * p + q];
      trace += curvature[q * p + q] / p;
    }
    if (iteration === iterations) break;
    factor.set(curvature);
    for (let q = 0; q < p; q++) factor[q * p + q] += HYBRID.damping * curvature[q * p + q] + HYBRID.ridge * trace + 1e-300;
    if (fixed) {
      for (let q = 0; q < p; q++) {
        factor[q] = 0;
        factor[q * p] = 0;
      }
      factor[0] = 1;
      gradient[0] = 0;
    }
    if (!cholesky(factor, p)) throw new RefusalError("hybrid fit: the curvature is not positive; fewer features would do");
    const step = gradient.map((g) => -g);
    choleskySolve(factor, p, step);
    for (let q = 0; q < p; q++) theta[q] += step[q];
  }
  outerProduct(regional, p, outer);
  if (fixed) for (let q = 0; q < p; q++) curvature[q * p] = curvature[q] = q === 0 ? 1 : 0;
  return { theta, curvature, outer, used };
}

function outerProduct(rows: Float64Array, p: number, out: Float64Array): void {
  for (let at = 0; at < rows.length; at += p) {
    for (let q = 0; q < p; q++) for (let r = 0; r < p; r++) out[q * p + r] += rows[at + q] * rows[at + r];
  }
}

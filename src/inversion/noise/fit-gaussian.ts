import type { BellmanSystem } from "../../bellman/system.ts";
import { cholesky, choleskySolve } from "../../numbers/dense.ts";
import { expectedUnderNoise, triangle } from "../../world-model/expected-values.ts";
import { mixFactors } from "../../world-model/noise.ts";
import type { Structure } from "../../world-model/structure.ts";

export interface GaussianFitProblem {
  readonly structure: Structure;
  /** [n, d] */
  readonly states: Float64Array;
  /** structure.features.matrix of them */
  readonly phi: Float64Array;
  /** [n, F] what L is linear in, the constant first */
  readonly psi: Float64Array;
  /** [n, k] */
  readonly targets: Float64Array;
  /** [k] residual scale of each head */
  readonly sigma: Float64Array;
  /** First guess of θ: a fit that knows of no noise. */
  readonly theta: Float64Array;
  /** First guess of the weights of L, [F, d(d + 1)/2]. */
  readonly weights: Float64Array;
  readonly huber: number;
  readonly ridge: number;
  /** τ is known. */
  readonly fixedTimeStep: boolean;
  /** [n] regions as clusters of the covariance of θ */
  readonly regions: Int32Array;
  readonly iterations: number;
}

export interface GaussianFit {
  readonly theta: Float64Array;
  readonly weights: Float64Array;
  readonly cost: number;
  /** E V_i − y_i, [n, k] */
  readonly residuals: Float64Array;
  /** Curvature of the mean cost and outer product of its regions' gradients, of θ alone: [p, p] */
  readonly curvature: Float64Array;
  readonly outer: Float64Array;
}

/**
 * One law and one noise for all samples: minimise over θ and the weights of L
 *
 *     (1/n) Σ_b Σ_i ρ((E V_i(s_b + f(s_b, a_b; θ) + L(s_b, a_b) ξ) − y_bi)/σ_i) + ridge |w|²
 *
 * by damped Gauss-Newton steps in both at once, expectations by sigma points. What noise adds to V through its curvature is else taken for motion.
 */
export async function fitGaussian(system: BellmanSystem, problem: GaussianFitProblem): Promise<GaussianFit> {
  const { structure, states, phi, psi, targets, sigma, huber, ridge, regions } = problem;
  const d = system.stateSize;
  const k = system.heads.length;
  const n = states.length / d;
  const p = structure.parameters;
  const lower = triangle(d);
  const entries = problem.weights.length;
  const features = entries / lower;
  const total = p + entries;
  const regionCount = regions.reduce((a, b) => Math.max(a, b), 0) + 1;
  const change = new Float64Array(n * d);
  const row = new Float64Array(d * p);
  const slope = new Float64Array(total);

  const at = async (parameters: Float64Array) => {
    const theta = parameters.subarray(0, p);
    structure.change(states, phi, n, theta, change);
    const means = states.map((x, i) => x + change[i]);
    const { values, slopes } = await expectedUnderNoise(system, means, mixFactors(psi, parameters.subarray(p), lower));
    const curvature = new Float64Array(total * total);
    const gradient = new Float64Array(total);
    const regional = new Float64Array(regionCount * p);
    const residuals = new Float64Array(n * k);
    let cost = 0;
    for (let b = 0; b < n; b++) {
      structure.sensitivity(states, phi, b, theta, row);
      for (let i = 0; i < k; i++) {
        const r = values[b * k + i] - targets[b * k + i];
        residuals[b * k + i] = r;
        const u = r / sigma[i];
        const size = Math.abs(u);
        cost += (size < huber ? size * size : huber * (2 * size - huber)) / n;
        slope.fill(0);
        const source = b * (d + lower) * k + i;
        for (let x = 0; x < d; x++) {
          const own = slopes[source + x * k] / sigma[i];
          if (own !== 0) for (let q = 0; q < p; q++) slope[q] += own * row[x * p + q];
        }
        for (let f = 0; f < features; f++)
          for (let e = 0; e < lower; e++) slope[p + f * lower + e] = (psi[b * features + f] * slopes[source + (d + e) * k]) / sigma[i];
        if (problem.fixedTimeStep) slope[0] = 0;
        const robust = (size < huber ? 1 : huber / size) / n;
        for (let q = 0; q < total; q++) {
          const weighted = robust * slope[q];
          if (weighted === 0) continue;
          gradient[q] += weighted * u;
          if (q < p) regional[regions[b] * p + q] += weighted * u;
          for (let l = 0; l <= q; l++) curvature[q * total + l] += weighted * slope[l];
        }
      }
    }
    for (let q = 0; q < p; q++) {
      if (q > 0) {
        cost += ridge * theta[q] ** 2;
        gradient[q] += ridge * theta[q];
        curvature[q * total + q] += ridge;
      }
    }
    if (problem.fixedTimeStep || structure.integrator === "free") curvature[0] = 1;
    return { cost, gradient, curvature, regional, residuals };
  };

  let parameters = Float64Array.of(...problem.theta, ...problem.weights);
  let found = await at(parameters);
  let damping = 1e-3;
  const factor = new Float64Array(total * total);
  const step = new Float64Array(total);
  for (let round = 0; round < problem.iterations && damping < 1e9; round++) {
    factor.set(found.curvature);
    for (let q = 0; q < total; q++) {
      factor[q * total + q] += damping * factor[q * total + q] + 1e-10;
      step[q] = -found.gradient[q];
    }
    if (!cholesky(factor, total)) {
      damping *= 10;
      continue;
    }
    choleskySolve(factor, total, step);
    const tried = parameters.map((x, q) => (q === 0 ? Math.max(0, x + step[q]) : x + step[q]));
    const next = await at(tried);
    if (!(next.cost < found.cost)) {
      damping *= 10;
      continue;
    }
    const settled = found.cost - next.cost < 1e-7 * found.cost;
    parameters = tried;
    found = next;
    damping = Math.max(damping * 0.3, 1e-9);
    if (settled) break;
  }
  const curvature = new Float64Array(p * p);
  const outer = new Float64Array(p * p);
  for (let q = 0; q < p; q++)
    for (let l = 0; l < p; l++) {
      curvature[q * p + l] = found.curvature[Math.max(q, l) * total + Math.min(q, l)];
      for (let region = 0; region < regionCount; region++)
        outer[q * p + l] += found.regional[region * p + q] * found.regional[region * p + l];
    }
  return {
    theta: parameters.slice(0, p),
    weights: parameters.slice(p),
    cost: found.cost,
    residuals: found.residuals,
    curvature,
    outer,
  };
}

import { repeatRows } from "../../bellman/expectation.ts";
import type { BellmanSystem } from "../../bellman/system.ts";
import type { Space } from "../../spaces/space.ts";
import type { Structure } from "../../world-model/structure.ts";

/** A part of the cost of θ that is the mean over samples of Huber's ρ, with its Gauss-Newton curvature. */
export interface CostTerm {
  readonly costOfNothing: number;
  cost(theta: Float64Array): Promise<number>;
  /** Adds to H [p, p] (lower triangle), g [p] and the gradients of the regions [regions, p]. */
  accumulate(theta: Float64Array, curvature: Float64Array, gradient: Float64Array, regional: Float64Array): Promise<void>;
}

/** Equations of state values at the samples of a fit. */
export interface ExpectedEquations {
  readonly system: BellmanSystem;
  /** y [n, k] */
  readonly targets: Float64Array;
  /** [k] */
  readonly sigma: Float64Array;
}

/**
 * (1/n) Σ_b Σ_i ρ(u_bi),  u_bi = (Σ_j w_bji V_i(s_b + f(s_b, a_bj; θ)) − y_bi) / σ_i:
 * Bellman's equation of V^π, one residual a state over all actions of the policy.
 */
export async function expectedTerm(
  { system, targets, sigma }: ExpectedEquations,
  structure: Structure,
  actionSpace: Space,
  states: Float64Array,
  { huber, regions }: { readonly huber: number; readonly regions?: Int32Array },
): Promise<CostTerm> {
  if (!system.expectation) throw new TypeError(`actions of a ${actionSpace.kind} space need a policy's distribution`);
  const d = system.stateSize;
  const k = system.heads.length;
  const n = states.length / d;
  const p = structure.parameters;
  const { points, actions, weights } = await system.expectation.points(states);
  const repeated = repeatRows(states, d, points);
  const rows = n * points;
  const phi = structure.features.matrix(repeated, actions, rows);
  const next = new Float64Array(rows * d);
  const residual = new Float64Array(n * k);
  const slope = new Float64Array(p);
  const row = new Float64Array(d * p);

  const place = (theta: Float64Array) => {
    structure.change(repeated, phi, rows, theta, next);
    for (let i = 0; i < next.length; i++) next[i] += repeated[i];
  };
  const whiten = (values: Float32Array) => {
    residual.fill(0);
    for (let r = 0; r < rows; r++) {
      const b = Math.floor(r / points);
      for (let i = 0; i < k; i++) residual[b * k + i] += weights[r * k + i] * values[r * k + i];
    }
    for (let at = 0; at < n * k; at++) residual[at] = (residual[at] - targets[at]) / sigma[at % k];
  };
  const rho = (values: Float32Array) => {
    whiten(values);
    let sum = 0;
    for (const u of residual) sum += Math.abs(u) < huber ? u * u : huber * (2 * Math.abs(u) - huber);
    return sum / n;
  };
  return {
    costOfNothing: rho(await system.values(repeated)),
    async cost(theta) {
      place(theta);
      return rho(await system.values(next));
    },
    async accumulate(theta, curvature, gradient, regional) {
      place(theta);
      const { values, jacobian } = await system.linearise(next);
      whiten(values);
      for (let b = 0; b < n; b++) {
        const region = (regions ? regions[b] : b) * p;
        for (let i = 0; i < k; i++) {
          const u = residual[b * k + i];
          slope.fill(0);
          for (let r = b * points; r < (b + 1) * points; r++) {
            const weight = weights[r * k + i];
            if (weight === 0) continue;
            structure.sensitivity(repeated, phi, r, theta, row);
            for (let x = 0; x < d; x++) {
              const factor = (weight * jacobian[(x * rows + r) * k + i]) / sigma[i];
              for (let q = 0; q < p; q++) slope[q] += factor * row[x * p + q];
            }
          }
          const robust = (Math.abs(u) < huber ? 1 : huber / Math.abs(u)) / n;
          for (let q = 0; q < p; q++) {
            const weighted = robust * slope[q];
            gradient[q] += weighted * u;
            regional[region + q] += weighted * u;
            for (let r = 0; r <= q; r++) curvature[q * p + r] += weighted * slope[r];
          }
        }
      }
    },
  };
}

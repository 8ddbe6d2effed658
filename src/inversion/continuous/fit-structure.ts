import type { BellmanSystem } from "../../bellman/system.ts";
import { cholesky, choleskySolve } from "../../numbers/dense.ts";
import type { Structure } from "../../world-model/structure.ts";
import { defaults } from "../defaults.ts";
import type { CostTerm } from "./expected-term.ts";

const standard = defaults.structured;

export interface FitOptions {
  /** Residuals beyond this many whitened units count linearly (Huber). */
  readonly huber?: number;
  /** Weight of |w|² against the mean cost of a sample; τ is not penalised. */
  readonly ridge?: number;
  readonly iterations?: number;
  /** τ where it is known (the control interval, in the unit of the rates); otherwise it is found. */
  readonly timeStep?: number;
  /** Weight of the Bellman residuals beside observed changes (1); 0 leaves the critic unasked. */
  readonly weight?: number;
  /** First guess of θ; without it the weights are 0 and τ is looked for. */
  readonly start?: Float64Array;
  /** [n] region of each sample: errors of a critic are alike within one, so gradients are summed there before they are multiplied. Without it every sample is its own. */
  readonly regions?: Int32Array;
  /** Real transitions of rows of their own, with their weight against the Bellman residuals. */
  readonly observed?: ObservedChanges;
  /** A further part of the cost. */
  readonly term?: CostTerm;
}

/** Changes that were seen, for users who pass transitions. */
export interface ObservedChanges {
  readonly states: Float64Array;
  readonly phi: Float64Array;
  /** s' − s, angles the short way round: [n, d] */
  readonly changes: Float64Array;
  /** [d] what one unit of error is worth, 1/σ² */
  readonly precision: Float64Array;
}

export interface Fit {
  readonly theta: Float64Array;
  /** Mean over samples of Σ_i ρ((V_i(s + f(s,a)) − y_i)/σ_i), at θ and for "nothing moves". */
  readonly cost: number;
  readonly costOfNothing: number;
  /** V_i − y_i at θ: [n, k] */
  readonly residuals: Float64Array;
  /** Curvature of the mean cost and outer product of the gradients of its regions at θ, [p, p]: the two parts of a cluster-robust covariance. */
  readonly curvature: Float64Array;
  readonly outer: Float64Array;
  readonly iterations: number;
}

/** Time steps tried first, in units of (spread of positions) / (spread of their rates). */
const CLOCKS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];

/**
 * One model for all samples: minimise over θ
 *
 *     (1/n) Σ_b Σ_i ρ((V_i(s_b + f(s_b, a_b; θ)) − y_bi) / σ_i) + ridge |w|²,    ρ(u) = u² within ±h, h(2|u| − h) beyond
 *
 * by damped Gauss-Newton steps with Huber's weights (iteratively reweighted least squares). Linear features make f's own derivative exact, V's comes from the engine.
 * @param states [n, d] @param phi structure.features.matrix of them @param targets [n, k] @param sigma [k] residual scale of each head
 */
export async function fitStructure(
  system: BellmanSystem,
  structure: Structure,
  states: Float64Array,
  phi: Float64Array,
  targets: Float64Array,
  sigma: Float64Array,
  options: FitOptions = {},
): Promise<Fit> {
  const { huber = standard.huber, ridge = standard.ridge, iterations = standard.iterations } = options;
  const d = system.stateSize;
  const k = system.heads.length;
  const n = states.length / d;
  const p = structure.parameters;
  const { observed, regions, term, timeStep, weight = 1 } = options;
  const change = new Float64Array(n * d);
  const next = new Float64Array(n * d);
  const residuals = new Float64Array(n * k);
  const row = new Float64Array(d * p);
  const weighted = new Float64Array(d * p);
  const block = new Float64Array(d * d);
  const slope = new Float64Array(d);
  const slopeTheta = new Float64Array(p);

  const place = (theta: Float64Array) => {
    structure.change(states, phi, n, theta, change);
    for (let i = 0; i < n * d; i++) next[i] = states[i] + change[i];
  };
  const dataCost = (values: Float32Array) => {
    let sum = 0;
    for (let b = 0; b < n; b++) {
      for (let i = 0; i < k; i++) {
        const u = Math.abs(values[b * k + i] - targets[b * k + i]) / sigma[i];
        sum += u < huber ? u * u : huber * (2 * u - huber);
      }
    }
    return sum / n;
  };
  const extraCost = (theta: Float64Array) => {
    let sum = 0;
    for (let i = 1; i < p; i++) sum += theta[i] * theta[i];
    return ridge * sum + (observed ? observedCost(structure, observed, theta) : 0);
  };
  const total = async (theta: Float64Array) => {
    const further = extraCost(theta) + (term ? await term.cost(theta) : 0);
    if (weight === 0) return further;
    place(theta);
    return weight * dataCost(await system.values(next)) + further;
  };

  let theta: Float64Array = options.start?.slice() ?? new Float64Array(p);
  const costOfNothing = (weight === 0 ? 0 : dataCost(await system.values(states))) + (term?.costOfNothing ?? 0);
  if (timeStep !== undefined) theta[0] = timeStep;
  else if (!options.start && structure.integrator !== "free") theta = await firstClock(system, structure, total);
  let cost = await total(theta);
  const curvature = new Float64Array(p * p);
  const regionCount = regions ? regions.reduce((a, b) => Math.max(a, b), 0) + 1 : n;
  // every real transition is a region of its own, after those of the samples
  const regional = new Float64Array((regionCount + (observed ? observed.states.length / d : 0)) * p);
  const gradient = new Float64Array(p);
  const factor = new Float64Array(p * p);
  const step = new Float64Array(p);

  const accumulate = async () => {
    curvature.fill(0);
    regional.fill(0);
    gradient.fill(0);
    if (weight > 0) await accumulateValues();
    if (weight !== 1) for (let at = 0; at < regional.length; at++) regional[at] *= weight;
    for (let q = 0; q < p; q++) {
      for (let r = 0; r <= q; r++) curvature[q * p + r] *= weight / n;
      gradient[q] *= weight;
      if (q > 0) {
        curvature[q * p + q] += ridge;
        gradient[q] += ridge * theta[q];
      }
    }
    if (observed) addObserved(structure, observed, theta, row, weighted, curvature, gradient, regional.subarray(regionCount * p));
    if (term) await term.accumulate(theta, curvature, gradient, regional);
    if (timeStep !== undefined) {
      for (let at = 0; at < regional.length; at += p) regional[at] = 0;
      gradient[0] = 0;
      for (let q = 0; q < p; q++) curvature[q * p] = q === 0 ? 1 : 0;
    }
    for (let q = 0; q < p; q++) {
      for (let r = q + 1; r < p; r++) curvature[q * p + r] = curvature[r * p + q];
    }
  };
  const accumulateValues = async () => {
    place(theta);
    const { values, jacobian } = await system.linearise(next);
    for (let b = 0; b < n; b++) {
      block.fill(0);
      slope.fill(0);
      for (let i = 0; i < k; i++) {
        const u = (values[b * k + i] - targets[b * k + i]) / sigma[i];
        residuals[b * k + i] = values[b * k + i] - targets[b * k + i];
        const robust = Math.abs(u) < huber ? 1 : huber / Math.abs(u);
        for (let x = 0; x < d; x++) {
          const jx = jacobian[(x * n + b) * k + i] / sigma[i];
          slope[x] += robust * u * jx;
          for (let y = 0; y <= x; y++) block[x * d + y] += robust * jx * (jacobian[(y * n + b) * k + i] / sigma[i]);
        }
      }
      for (let x = 0; x < d; x++) for (let y = x + 1; y < d; y++) block[x * d + y] = block[y * d + x];
      structure.sensitivity(states, phi, b, theta, row);
      addProduct(row, block, weighted, curvature, d, p);
      slopeTheta.fill(0);
      for (let x = 0; x < d; x++) for (let q = 0; q < p; q++) slopeTheta[q] += row[x * p + q] * slope[x];
      const region = (regions ? regions[b] : b) * p;
      for (let q = 0; q < p; q++) {
        gradient[q] += slopeTheta[q] / n;
        regional[region + q] += slopeTheta[q] / n;
      }
    }
  };

  let damping = 1e-3;
  let done = 0;
  for (; done < iterations; done++) {
    await accumulate();
    let lowered = 0;
    for (let attempt = 0; attempt < 8; attempt++) {
      factor.set(curvature);
      for (let q = 0; q < p; q++) factor[q * p + q] += damping * curvature[q * p + q] + 1e-10;
      for (let q = 0; q < p; q++) step[q] = -gradient[q];
      if (cholesky(factor, p)) {
        choleskySolve(factor, p, step);
        const tried = theta.map((value, q) => (q === 0 ? Math.max(0, value + step[q]) : value + step[q]));
        const triedCost = await total(tried);
        if (triedCost < cost) {
          lowered = cost - triedCost;
          theta = tried;
          cost = triedCost;
          damping = Math.max(damping * 0.3, 1e-8);
          break;
        }
      }
      damping = Math.min(damping * 10, 1e8);
    }
    if (lowered < 1e-6 * cost) break;
  }
  await accumulate();
  return {
    theta,
    cost: weight === 0 && !term ? 0 : (cost - extraCost(theta)) / (weight || 1),
    costOfNothing,
    residuals,
    curvature,
    outer: outerProduct(regional, p),
    iterations: done,
  };
}

function outerProduct(rows: Float64Array, p: number): Float64Array {
  const out = new Float64Array(p * p);
  for (let at = 0; at < rows.length; at += p) {
    for (let q = 0; q < p; q++) for (let r = 0; r < p; r++) out[q * p + r] += rows[at + q] * rows[at + r];
  }
  return out;
}

/** H += Dᵀ A D, D [d, p]; the lower triangle. */
function addProduct(sensitivity: Float64Array, block: Float64Array, held: Float64Array, into: Float64Array, d: number, p: number): void {
  held.fill(0);
  for (let x = 0; x < d; x++) {
    for (let y = 0; y < d; y++) {
      const a = block[x * d + y];
      if (a !== 0) for (let q = 0; q < p; q++) held[x * p + q] += a * sensitivity[y * p + q];
    }
  }
  for (let x = 0; x < d; x++) {
    for (let q = 0; q < p; q++) {
      const s = sensitivity[x * p + q];
      if (s !== 0) for (let r = 0; r <= q; r++) into[q * p + r] += s * held[x * p + r];
    }
  }
}

async function firstClock(
  system: BellmanSystem,
  structure: Structure,
  total: (theta: Float64Array) => Promise<number>,
): Promise<Float64Array> {
  const { rateOf } = system.coordinates;
  const { scale } = structure.features;
  const position = rateOf.findIndex((rate) => rate !== null);
  let best = new Float64Array(structure.parameters);
  if (position < 0) return best;
  const unit = scale[position] / scale[rateOf[position]!];
  let least = await total(best);
  for (const clock of CLOCKS) {
    const theta = new Float64Array(structure.parameters);
    theta[0] = clock * unit;
    const cost = await total(theta);
    if (cost < least) {
      least = cost;
      best = theta;
    }
  }
  return best;
}

function observedCost(structure: Structure, { states, phi, changes, precision }: ObservedChanges, theta: Float64Array): number {
  const d = precision.length;
  const n = states.length / d;
  const predicted = new Float64Array(n * d);
  structure.change(states, phi, n, theta, predicted);
  let sum = 0;
  for (let i = 0; i < n * d; i++) sum += precision[i % d] * (predicted[i] - changes[i]) ** 2;
  return sum;
}

function addObserved(
  structure: Structure,
  { states, phi, changes, precision }: ObservedChanges,
  theta: Float64Array,
  row: Float64Array,
  held: Float64Array,
  curvature: Float64Array,
  gradient: Float64Array,
  regional: Float64Array,
): void {
  const d = precision.length;
  const n = states.length / d;
  const p = structure.parameters;
  const predicted = new Float64Array(n * d);
  structure.change(states, phi, n, theta, predicted);
  const block = new Float64Array(d * d);
  for (let x = 0; x < d; x++) block[x * d + x] = precision[x];
  for (let b = 0; b < n; b++) {
    structure.sensitivity(states, phi, b, theta, row);
    addProduct(row, block, held, curvature, d, p);
    for (let x = 0; x < d; x++) {
      const error = precision[x] * (predicted[b * d + x] - changes[b * d + x]);
      for (let q = 0; q < p; q++) {
        gradient[q] += row[x * p + q] * error;
        regional[b * p + q] += row[x * p + q] * error;
      }
    }
  }
}

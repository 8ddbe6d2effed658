import { cholesky, choleskySolve } from "../../numbers/dense.ts";
import { changeOf, type LinearModel, linearModel, offTheFaces, type RealSteps, type StateActions } from "../../world-model/linear-model.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";

/** Against features that nothing has told apart, in units of a feature's mean square. */
const RIDGE = 1e-8;

/** What is known of the weights of a linear model: a normal distribution for each coordinate, with one step's noise. */
export interface LinearBelief {
  /** The mean as a model; the same object until steps are added. */
  readonly model: LinearModel;
  /** Steps that end on a face of the box of states say nothing and are passed over. */
  add(steps: RealSteps): void;
  /** Writes to `out` [n] what a step from (s, a) would tell of the weights, in nats: ½ Σ_j ln(1 + scale_j² φᵀ Λ_j⁻¹ φ / σ_j²) (MacKay 1992). */
  information(states: Float64Array, actions: Float64Array, n: number, out: Float64Array): void;
}

export interface BeliefOptions {
  /** [d] standard deviation of what a step's change differs from the best of its class */
  readonly noise: ArrayLike<number>;
  /** Λ_j to begin with, [d, features, features], of which lower triangles are read; nothing known where absent. */
  readonly precision?: Float64Array;
}

/** Bayesian linear regression of scaled changes Δ_j = scale_j θ_j·φ(s, a) + σ_j ε, from `model` for a mean: Λ_j ← Λ_j + scale_j² φφᵀ/σ_j². */
export function linearBelief(model: LinearModel, { noise, precision }: BeliefOptions): LinearBelief {
  const { coordinates, features } = model;
  const d = coordinates.names.length;
  const width = features.names.length;
  const square = width * width;
  const information = precision?.slice() ?? new Float64Array(d * square);
  // about the first mean, so that nothing cancels
  const right = new Float64Array(d * width);
  const factor = new Float64Array(d * square);
  const unit = new Float64Array(d * width);
  const gain = Float64Array.from({ length: d }, (_, j) => (features.scale[j] / noise[j]) ** 2);
  const solved = new Float64Array(width);
  let mean: LinearModel | undefined = model;
  let stale = true;

  const decompose = (): void => {
    if (!stale) return;
    for (let j = 0; j < d; j++) {
      const at = j * square;
      let largest = 0;
      for (let f = 0; f < width; f++) largest = Math.max(largest, information[at + f * width + f]);
      for (let f = 0; f < width; f++) unit[j * width + f] = 1 / Math.sqrt(information[at + f * width + f] || largest || 1);
      for (let f = 0; f < width; f++)
        for (let g = 0; g <= f; g++)
          factor[at + f * width + g] = information[at + f * width + g] * unit[j * width + f] * unit[j * width + g] + (f === g ? RIDGE : 0);
      if (!cholesky(factor.subarray(at, at + square), width))
        throw new RangeError(`the information on '${coordinates.names[j]}' is not positive definite`);
    }
    stale = false;
  };

  return {
    get model() {
      if (mean) return mean;
      decompose();
      const theta = model.theta.slice();
      for (let j = 0; j < d; j++) {
        for (let f = 0; f < width; f++) solved[f] = right[j * width + f] * unit[j * width + f];
        choleskySolve(factor.subarray(j * square, (j + 1) * square), width, solved);
        for (let f = 0; f < width; f++) theta[j * width + f] += solved[f] * unit[j * width + f];
      }
      mean = linearModel(coordinates, features, theta);
      return mean;
    },
    add(steps) {
      const { states, actions, nextStates, n } = steps;
      const phi = features.matrix(states, actions, n);
      const free = offTheFaces(coordinates, steps, nextStates);
      for (let b = 0; b < n; b++) {
        if (!free[b]) continue;
        const row = phi.subarray(b * width, (b + 1) * width);
        for (let j = 0; j < d; j++) {
          let error = changeOf(coordinates, states, nextStates, b * d + j, j) / features.scale[j];
          for (let f = 0; f < width; f++) error -= model.theta[j * width + f] * row[f];
          for (let f = 0; f < width; f++) {
            right[j * width + f] += gain[j] * row[f] * error;
            for (let g = 0; g <= f; g++) information[j * square + f * width + g] += gain[j] * row[f] * row[g];
          }
        }
      }
      mean = undefined;
      stale = true;
    },
    information(states, actions, n, out) {
      decompose();
      const phi = features.matrix(states, actions, n);
      for (let b = 0; b < n; b++) {
        let sum = 0;
        for (let j = 0; j < d; j++) {
          for (let f = 0; f < width; f++) solved[f] = phi[b * width + f] * unit[j * width + f];
          choleskySolve(factor.subarray(j * square, (j + 1) * square), width, solved);
          let leverage = 0;
          for (let f = 0; f < width; f++) leverage += phi[b * width + f] * unit[j * width + f] * solved[f];
          sum += Math.log1p(Math.max(0, leverage) * gain[j]) / 2;
        }
        out[b] = sum;
      }
    },
  };
}

/**
 * What an inferred model knows, by its own deviations: Λ_j = worth · mean_b scale_j² φ_b φ_bᵀ / σ_bj² over the pairs it is asked at. Its errors come from one critic and go together: all pairs are
 * worth so many steps, not as many as there are. Directions that the heads cannot see have infinite deviations and stay open.
 * @param at [n] pairs @returns [d, features, features], lower triangles
 */
export async function inferredPrecision(
  inferred: ContinuousWorldModel,
  { features }: LinearModel,
  { states, actions, n }: StateActions,
  { noise, worth = 1 }: { readonly noise: ArrayLike<number>; readonly worth?: number },
): Promise<Float64Array> {
  const { deviation } = await inferred.predict(states, actions);
  const phi = features.matrix(states, actions, n);
  const d = features.scale.length;
  const width = features.names.length;
  const precision = new Float64Array(d * width * width);
  for (let b = 0; b < n; b++)
    for (let j = 0; j < d; j++) {
      const sigma = Math.max(deviation[b * d + j], noise[j]);
      if (!Number.isFinite(sigma)) continue;
      const weight = (worth / n) * (features.scale[j] / sigma) ** 2;
      for (let f = 0; f < width; f++)
        for (let g = 0; g <= f; g++) precision[(j * width + f) * width + g] += weight * phi[b * width + f] * phi[b * width + g];
    }
  return precision;
}

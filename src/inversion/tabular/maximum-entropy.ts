import { cholesky, choleskySolve } from "../../numbers/dense.ts";

export interface EntropySolver {
  /**
   * The distribution of greatest entropy over the points whose mean is the target.
   * @param points [count, dimension]; @param target [dimension]
   * @returns [count] probabilities, overwritten by the next call, or undefined where none of full support comes within `tolerance` of the target
   */
  solve(points: Float64Array, count: number, target: Float64Array, tolerance: number): Float64Array | undefined;
}

const STEPS = 200;
/** Armijo's share of the predicted decrease. */
const SHARE = 1e-4;
/** Of the largest entry of the diagonal, added to it: heads may repeat each other. */
const RIDGE = 1e-12;

/**
 * max −Σ_s p_s log p_s over Σ_s p_s c_s = q, Σ p = 1 (Jaynes 1957): p_s ∝ exp(λ·(c_s − q)), λ the minimiser of the convex dual log Σ_s exp(λ·(c_s − q)),
 * whose gradient is the mean of c − q under p and whose Hessian is its covariance: damped Newton steps.
 * Of all distributions that the values allow it is the one that claims nothing else.
 */
export function createEntropySolver(dimension: number): EntropySolver {
  const lambda = new Float64Array(dimension);
  const trial = new Float64Array(dimension);
  const gradient = new Float64Array(dimension);
  const step = new Float64Array(dimension);
  const hessian = new Float64Array(dimension * dimension);
  let p = new Float64Array(0);

  /** Fills p; returns the dual's value. */
  const dual = (points: Float64Array, count: number, target: Float64Array, at: Float64Array): number => {
    let most = Number.NEGATIVE_INFINITY;
    for (let s = 0; s < count; s++) {
      let dot = 0;
      for (let i = 0; i < dimension; i++) dot += at[i] * (points[s * dimension + i] - target[i]);
      p[s] = dot;
      if (dot > most) most = dot;
    }
    let sum = 0;
    for (let s = 0; s < count; s++) {
      p[s] = Math.exp(p[s] - most);
      sum += p[s];
    }
    for (let s = 0; s < count; s++) p[s] /= sum;
    return most + Math.log(sum);
  };
  const differentiate = (points: Float64Array, count: number, target: Float64Array): void => {
    gradient.fill(0);
    hessian.fill(0);
    for (let s = 0; s < count; s++)
      for (let i = 0; i < dimension; i++) {
        const x = points[s * dimension + i] - target[i];
        gradient[i] += p[s] * x;
        for (let j = 0; j <= i; j++) hessian[i * dimension + j] += p[s] * x * (points[s * dimension + j] - target[j]);
      }
    let most = 0;
    for (let i = 0; i < dimension; i++) {
      for (let j = 0; j <= i; j++) hessian[i * dimension + j] -= gradient[i] * gradient[j];
      most = Math.max(most, hessian[i * dimension + i]);
    }
    for (let i = 0; i < dimension; i++) hessian[i * dimension + i] += RIDGE * most;
  };

  return {
    solve(points, count, target, tolerance) {
      if (p.length < count) p = new Float64Array(count);
      lambda.fill(0);
      let value = dual(points, count, target, lambda);
      for (let round = 0; round < STEPS; round++) {
        differentiate(points, count, target);
        if (norm(gradient) <= tolerance) return p.subarray(0, count);
        if (!cholesky(hessian, dimension)) break;
        step.set(gradient);
        choleskySolve(hessian, dimension, step);
        let slope = 0;
        for (let i = 0; i < dimension; i++) slope += gradient[i] * step[i];
        let length = 1;
        let next = Number.POSITIVE_INFINITY;
        for (; length > 1e-12; length /= 2) {
          for (let i = 0; i < dimension; i++) trial[i] = lambda[i] - length * step[i];
          next = dual(points, count, target, trial);
          if (next <= value - SHARE * length * slope) break;
        }
        if (!(next < value)) break;
        lambda.set(trial);
        value = next;
      }
      dual(points, count, target, lambda);
      differentiate(points, count, target);
      return norm(gradient) <= tolerance ? p.subarray(0, count) : undefined;
    },
  };
}

function norm(x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return Math.sqrt(sum);
}

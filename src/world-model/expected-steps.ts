import type { Coordinates } from "../environments/environment.ts";
import { cholesky, choleskySolve } from "../numbers/dense.ts";
import { median } from "../numbers/statistics.ts";
import type { Space } from "../spaces/space.ts";
import { createFeatures } from "./features.ts";

/** Where steps lead on average over the region, linear in state and action: a prior for answers pair by pair that tells mirror images apart. */
export interface ExpectedSteps {
  /** [d] each, of the features */
  readonly centre: readonly number[];
  readonly scale: readonly number[];
  /** [features, d] */
  readonly weights: readonly number[];
}

/** s + φ(s, a) · weights: [n, d] */
export function expectedStates(
  { centre, scale, weights }: ExpectedSteps,
  coordinates: Coordinates,
  actionSpace: Space,
  states: Float64Array,
  actions: Float64Array,
): Float64Array {
  const d = coordinates.names.length;
  const n = states.length / d;
  const phi = createFeatures("linear", coordinates, actionSpace, Float64Array.from(centre), Float64Array.from(scale)).matrix(
    states,
    actions,
    n,
  );
  const width = phi.length / n;
  const out = states.slice();
  for (let b = 0; b < n; b++) {
    for (let f = 0; f < width; f++) {
      const x = phi[b * width + f];
      for (let j = 0; j < d; j++) out[b * d + j] += x * weights[f * d + j];
    }
  }
  return out;
}

const ROUNDS = 20;
const RIDGE = 1e-6;
/** A difference beyond this many of the middle one's size belongs to another branch of the values. */
const OUTLIER = 3;

/**
 * Fitted to answers pair by pair, by least squares whose weights fall with the differences (Cauchy's; iteratively reweighted): answers on a
 * wrong branch are not followed.
 * @param steps ŝ' − s, [n, d]
 * @returns the prior, and [d] the middle size of what it leaves over
 */
export function fitExpectedSteps(
  coordinates: Coordinates,
  actionSpace: Space,
  {
    states,
    actions,
    centre,
    scale,
  }: { readonly states: Float64Array; readonly actions: Float64Array; readonly centre: Float64Array; readonly scale: Float64Array },
  steps: Float64Array,
): { readonly expected: ExpectedSteps; readonly left: number[] } {
  const d = coordinates.names.length;
  const n = states.length / d;
  const phi = createFeatures("linear", coordinates, actionSpace, centre, scale).matrix(states, actions, n);
  const width = phi.length / n;
  const weights = new Float64Array(width * d);
  const row = new Float64Array(n).fill(1);
  const size = new Float64Array(n);
  const left = new Array<number>(d).fill(0);
  for (let round = 0; round < ROUNDS; round++) {
    const gram = new Float64Array(width * width);
    const sides = Array.from({ length: d }, () => new Float64Array(width));
    for (let b = 0; b < n; b++) {
      for (let f = 0; f < width; f++) {
        const x = row[b] * phi[b * width + f];
        for (let g = 0; g <= f; g++) gram[f * width + g] += x * phi[b * width + g];
        for (let j = 0; j < d; j++) sides[j][f] += x * steps[b * d + j];
      }
    }
    for (let f = 0; f < width; f++) gram[f * width + f] += RIDGE * (n + gram[f * width + f]);
    cholesky(gram, width);
    sides.forEach((side, j) => {
      choleskySolve(gram, width, side);
      for (let f = 0; f < width; f++) weights[f * d + j] = side[f];
    });
    size.fill(0);
    const differences = Array.from({ length: d }, () => new Float64Array(n));
    for (let b = 0; b < n; b++) {
      for (let j = 0; j < d; j++) {
        let step = 0;
        for (let f = 0; f < width; f++) step += phi[b * width + f] * weights[f * d + j];
        differences[j][b] = Math.abs(steps[b * d + j] - step);
      }
    }
    differences.forEach((of, j) => {
      left[j] = median(of);
      for (let b = 0; b < n; b++) size[b] = Math.max(size[b], of[b] / (left[j] || Number.MIN_VALUE));
    });
    for (let b = 0; b < n; b++) row[b] = 1 / (1 + (size[b] / OUTLIER) ** 2);
  }
  return { expected: { centre: Array.from(centre), scale: Array.from(scale), weights: Array.from(weights) }, left };
}

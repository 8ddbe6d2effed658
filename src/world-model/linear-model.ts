import { wrapAngle } from "../environments/coordinates.ts";
import type { Coordinates } from "../environments/environment.ts";
import { cholesky, choleskySolve } from "../numbers/dense.ts";
import type { Space } from "../spaces/space.ts";
import { confine } from "./confine.ts";
import { boundedPositions, createFeatures, type FeatureKind, type Features, featureKinds } from "./features.ts";
import type { ContinuousStep, ContinuousWorldModel } from "./world-model.ts";

/** States [n, d] and actions [n, m] that were met. */
export interface StateActions {
  readonly n: number;
  readonly states: Float64Array;
  readonly actions: Float64Array;
}

/** Real steps. */
export interface RealSteps extends StateActions {
  /** [n, d] */
  readonly nextStates: Float64Array;
}

/** s' = s + scale ∘ (Θ φ(s, a)), cut to the box of known states: any world model put into few numbers, fast to step and to fit again. */
export interface LinearModel {
  readonly coordinates: Coordinates;
  readonly features: Features;
  /** [d, features] */
  readonly theta: Float64Array;
  /** d */
  readonly stateSize: number;
  /** s' [n, d], at once */
  nextStates(states: Float64Array, actions: Float64Array, n: number): Float64Array;
  /** The same for planners. */
  step(states: Float64Array, actions: Float64Array, n: number): Promise<ContinuousStep>;
}

export interface Distilled {
  readonly model: LinearModel;
  /** RMS of what is lost over the RMS of the change, on pairs that were not fitted, mean over coordinates. */
  readonly error: number;
}

/** A simpler class is preferred while it loses at most this much more, or less than this in itself. */
const SIMPLER = { times: 1.5, enough: 1e-3 };
/** Against rounding only. */
const RIDGE = 1e-9;

/** The features of one kind with weights of their own: [d, features]. */
export function linearModel(coordinates: Coordinates, features: Features, theta: Float64Array): LinearModel {
  const d = coordinates.names.length;
  const width = features.names.length;
  const { scale } = features;
  const nextStates: LinearModel["nextStates"] = (states, actions, n) => {
    const phi = features.matrix(states, actions, n);
    const out = new Float64Array(n * d);
    for (let b = 0; b < n; b++)
      for (let j = 0; j < d; j++) {
        let sum = 0;
        for (let f = 0; f < width; f++) sum += theta[j * width + f] * phi[b * width + f];
        out[b * d + j] = states[b * d + j] + scale[j] * sum;
      }
    return confine(out, coordinates);
  };
  return {
    coordinates,
    features,
    theta,
    stateSize: d,
    nextStates,
    step: async (states, actions, n) => ({ nextStates: nextStates(states, actions, n) }),
  };
}

/** A world model's own predictions fitted by least squares in one class of features. */
export interface Distillation extends Distilled {
  /** Features of the class. */
  readonly size: number;
}

/**
 * A world model's own predictions fitted by least squares in every class of features, the smallest first: no real step is used.
 * @param at where it is asked; half of the pairs judge what is fitted to the others
 */
export async function distillations(model: ContinuousWorldModel, actionSpace: Space, at: StateActions): Promise<Distillation[]> {
  const { coordinates } = model;
  const { nextStates } = await model.predict(at.states, at.actions);
  const pairs: RealSteps = { ...at, nextStates };
  const free = offTheFaces(coordinates, pairs, nextStates);
  const rows = Array.from({ length: at.n }, (_, b) => b).filter((b) => free[b]);
  const half = (odd: number) => rows.filter((_, i) => i % 2 === odd);
  const { centre, scale } = spreadOf(pairs, coordinates);
  const tried = featureKinds
    .filter((kind) => kind !== "chebyshev" || boundedPositions(coordinates).length > 0)
    .map((kind: FeatureKind) => {
      const features = createFeatures(kind, coordinates, actionSpace, centre, scale);
      const nothing = linearModel(coordinates, features, new Float64Array(centre.length * features.names.length));
      const fitted = (some: readonly number[]) =>
        refit(nothing, taken(pairs, some, coordinates), { deviation: scale, spread: () => 1 / RIDGE }).model;
      return { size: features.names.length, model: fitted(rows), error: lossOf(fitted(half(0)), taken(pairs, half(1), coordinates)) };
    });
  return tried.sort((x, y) => x.size - y.size);
}

/** The same in the simplest class of features that holds the model. */
export async function distil(model: ContinuousWorldModel, actionSpace: Space, at: StateActions): Promise<Distilled> {
  return simplest(await distillations(model, actionSpace, at));
}

/** The first, and so the smallest, that loses hardly more than the best. */
export function simplest<T extends { readonly error: number }>(tried: readonly T[]): T {
  const least = Math.min(...tried.map(({ error }) => error));
  return tried.find(({ error }) => error <= Math.max(SIMPLER.enough, SIMPLER.times * least))!;
}

export interface RefitOptions {
  /** [d] standard deviation of what the model leaves unexplained */
  readonly deviation: ArrayLike<number>;
  /** Standard deviation of the change of weight f of coordinate j, in units of `scale`. */
  readonly spread: (j: number, f: number) => number;
}

/**
 * Weights with the old ones for a prior: for each coordinate min_w Σ_b (Δ_b − scale w·φ_b)² / σ² + Σ_f (w_f − θ_f)² / spread_f².
 * Steps that end on a face of the box of states are left out: walls and limits say nothing of the law.
 * @returns the model, and posterior standard deviations [d, features]
 */
export function refit(model: LinearModel, steps: RealSteps, options: RefitOptions): { model: LinearModel; deviation: Float64Array } {
  const { coordinates, features, theta } = model;
  const { states, actions, nextStates, n } = steps;
  const d = coordinates.names.length;
  const width = features.names.length;
  const phi = features.matrix(states, actions, n);
  const free = offTheFaces(coordinates, steps, model.nextStates(states, actions, n));
  const fitted = new Float64Array(theta.length);
  const deviation = new Float64Array(theta.length);
  const normal = new Float64Array(width * width);
  const right = new Float64Array(width);
  for (let j = 0; j < d; j++) {
    const weight = (features.scale[j] / options.deviation[j]) ** 2;
    normal.fill(0);
    right.fill(0);
    for (let f = 0; f < width; f++) normal[f * width + f] = 1 / options.spread(j, f) ** 2;
    for (let b = 0; b < n; b++) {
      if (!free[b]) continue;
      let error = changeOf(coordinates, states, nextStates, b * d + j, j) / features.scale[j];
      for (let f = 0; f < width; f++) error -= theta[j * width + f] * phi[b * width + f];
      for (let f = 0; f < width; f++) {
        right[f] += weight * phi[b * width + f] * error;
        for (let g = 0; g <= f; g++) normal[f * width + g] += weight * phi[b * width + f] * phi[b * width + g];
      }
    }
    // in units of the diagonal, so that rounding is the same for all
    const unit = Float64Array.from({ length: width }, (_, f) => 1 / Math.sqrt(normal[f * width + f]));
    for (let f = 0; f < width; f++) for (let g = 0; g <= f; g++) normal[f * width + g] *= unit[f] * unit[g];
    for (let f = 0; f < width; f++) normal[f * width + f] += RIDGE;
    const solution = right.map((x, f) => x * unit[f]);
    if (!cholesky(normal, width)) throw new RangeError(`refit: the steps leave the change of '${coordinates.names[j]}' undetermined`);
    choleskySolve(normal, width, solution);
    for (let f = 0; f < width; f++) {
      fitted[j * width + f] = theta[j * width + f] + solution[f] * unit[f];
      const column = new Float64Array(width);
      column[f] = 1;
      choleskySolve(normal, width, column);
      deviation[j * width + f] = Math.sqrt(Math.max(0, column[f])) * unit[f];
    }
  }
  return { model: linearModel(coordinates, features, fitted), deviation };
}

/** s' − s of one number, angles the short way round. */
export function changeOf({ angular }: Coordinates, states: Float64Array, nextStates: Float64Array, at: number, j: number): number {
  const change = nextStates[at] - states[at];
  return angular[j] ? wrapAngle(change) : change;
}

/** [n] 1 where neither the step nor its prediction ends on a face of the box of states. */
export function offTheFaces({ low, high, angular }: Coordinates, { nextStates, n }: RealSteps, predicted: Float64Array): Uint8Array {
  const d = low.length;
  const free = new Uint8Array(n).fill(1);
  for (let i = 0; i < n * d; i++) {
    const j = i % d;
    if (angular[j]) continue;
    for (const x of [nextStates[i], predicted[i]]) if (x <= low[j] || x >= high[j]) free[Math.floor(i / d)] = 0;
  }
  return free;
}

/** RMS of what n predicted states [n, d] miss over the RMS of the change, mean over coordinates. */
export function changeError(coordinates: Coordinates, predicted: Float64Array, steps: RealSteps): number {
  const d = coordinates.names.length;
  const lost = new Float64Array(d);
  const moved = new Float64Array(d);
  for (let i = 0; i < predicted.length; i++) {
    const j = i % d;
    lost[j] += changeOf(coordinates, predicted, steps.nextStates, i, j) ** 2;
    moved[j] += changeOf(coordinates, steps.states, steps.nextStates, i, j) ** 2;
  }
  return lost.reduce((sum, x, j) => sum + Math.sqrt(x / (moved[j] || 1)) / d, 0);
}

function lossOf(model: LinearModel, steps: RealSteps): number {
  return changeError(model.coordinates, model.nextStates(steps.states, steps.actions, steps.n), steps);
}

function spreadOf({ states, n }: StateActions, { names }: Coordinates): { centre: Float64Array; scale: Float64Array } {
  const d = names.length;
  const centre = new Float64Array(d);
  const scale = new Float64Array(d);
  for (let i = 0; i < n * d; i++) centre[i % d] += states[i] / n;
  for (let i = 0; i < n * d; i++) scale[i % d] += (states[i] - centre[i % d]) ** 2 / n;
  return { centre, scale: scale.map((x) => Math.sqrt(x) || 1) };
}

/** Some rows. */
export function taken({ states, actions, nextStates }: RealSteps, rows: readonly number[], { names }: Coordinates): RealSteps {
  const pick = (from: Float64Array, width: number) => {
    const out = new Float64Array(rows.length * width);
    rows.forEach((b, i) => {
      for (let k = 0; k < width; k++) out[i * width + k] = from[b * width + k];
    });
    return out;
  };
  const d = names.length;
  const m = actions.length / (states.length / d);
  return { n: rows.length, states: pick(states, d), actions: pick(actions, m), nextStates: pick(nextStates, d) };
}

import { MismatchError } from "../../base/mismatch-error.ts";
import { cholesky, choleskySolve } from "../../numbers/dense.ts";
import {
  changeOf,
  type Distillation,
  type LinearModel,
  offTheFaces,
  type RealSteps,
  refit,
  type StateActions,
  simplest,
  taken,
} from "../../world-model/linear-model.ts";
import { ResidualDetector } from "./residual-detector.ts";

/** A weight is expected to change by as much as it is worth, or by this share of the coordinate's largest. */
const [RELATIVE, ABSOLUTE] = [1, 0.02];
/** A prior that holds nothing back, and the least deviation of a class that explains everything, in units of the features' scale. */
const [FREE, EXACT] = [1e6, 1e-6];
/** The least spread of a weight: the square of its inverse is still a number. */
const HELD = 1e-150;
/** Against features that the steps do not tell apart. */
const RIDGE = 1e-6;

/** A model and what is known of its errors. */
export interface Calibrated {
  /** The inferred model, corrected by the steps. */
  readonly model: LinearModel;
  /** [n, d] its residuals on the steps that end on no face, as they followed one another, over what leverage allows them */
  readonly residuals: Float64Array;
  /** [n] how far errors may exceed those of the steps: 1 where most were, √(φᵀG⁻¹φ / features) beyond, G the mean of φφᵀ over them */
  allowance(met: StateActions): Float64Array;
  /** [d] what its class of models cannot explain */
  readonly deviation: Float64Array;
  /** [d] RMS of the inferred model's residuals over that of the changes, before it was corrected */
  readonly inferredError: readonly number[];
  /** [d] `deviation` over the same */
  readonly unexplained: readonly number[];
}

/** What the class of models cannot explain, whatever its weights, is noise; the rest of the residual is the weights' own error, which the steps correct. */
export function calibrate(inferred: LinearModel, before: RealSteps): Calibrated {
  const { coordinates, features } = inferred;
  const d = coordinates.names.length;
  const free = offTheFaces(coordinates, before, inferred.nextStates(before.states, before.actions, before.n));
  const judged = taken(
    before,
    inOrder(before, d).filter((b) => free[b]),
    coordinates,
  );
  const first = rootMeanSquares(linearResiduals(inferred, judged), d);
  const moved = rootMeanSquares(
    judged.states.map((_, i) => changeOf(coordinates, judged.states, judged.nextStates, i, i % d)),
    d,
  );
  const least = (x: number, j: number) => Math.max(x, EXACT * features.scale[j]);
  const able = refit(inferred, judged, { deviation: first.map(least), spread: () => FREE }).model;
  const deviation = rootMeanSquares(linearResiduals(able, judged), d).map(least);
  const { model } = refit(inferred, judged, { deviation, spread: inProportion(inferred) });
  // what never moved is measured by what states span
  const over = (rms: Float64Array) => Array.from(rms, (x, j) => x / (moved[j] || features.scale[j]));
  const known = { model, deviation, allowance: allowanceOf(inferred, judged), inferredError: over(first), unexplained: over(deviation) };
  return { ...known, residuals: allowedResiduals(known, judged) };
}

/** In the simplest class of features that explains the steps before: a smaller one than the inferred model's is fitted again sooner, and a larger one is taken where that cannot explain them. */
export function calibrateIn(classes: readonly Distillation[], before: RealSteps): Calibrated {
  const tried = classes.map(({ model }) => calibrate(model, before));
  return simplest(tried.map((calibrated) => ({ calibrated, error: Math.max(...calibrated.unexplained) }))).calibrated;
}

/** What a model leaves unexplained, over what leverage allows: least squares says least where it has seen least, and a class that is not quite right errs there as its features grow. */
export function allowedResiduals({ model, allowance }: Pick<Calibrated, "model" | "allowance">, steps: RealSteps): Float64Array {
  const allowed = allowance(steps);
  const d = model.coordinates.names.length;
  return linearResiduals(model, steps).map((e, i) => e / allowed[Math.floor(i / d)]);
}

function allowanceOf({ features }: LinearModel, { states, actions, n }: StateActions): Calibrated["allowance"] {
  const width = features.names.length;
  const phi = features.matrix(states, actions, n);
  const gram = new Float64Array(width * width);
  for (let b = 0; b < n; b++)
    for (let f = 0; f < width; f++) for (let g = 0; g <= f; g++) gram[f * width + g] += (phi[b * width + f] * phi[b * width + g]) / n;
  const unit = Float64Array.from({ length: width }, (_, f) => 1 / (Math.sqrt(gram[f * width + f]) || 1));
  for (let f = 0; f < width; f++) for (let g = 0; g <= f; g++) gram[f * width + g] *= unit[f] * unit[g];
  for (let f = 0; f < width; f++) gram[f * width + f] += RIDGE;
  if (!cholesky(gram, width))
    throw new MismatchError(
      "the steps before the change do not tell the features of the model apart: give more of them in `before`, from more places",
    );
  return ({ states, actions, n }) => {
    const asked = features.matrix(states, actions, n).map((x, i) => x * unit[i % width]);
    return Float64Array.from({ length: n }, (_, b) => {
      const solved = asked.slice(b * width, (b + 1) * width);
      choleskySolve(gram, width, solved);
      let leverage = 0;
      for (let f = 0; f < width; f++) leverage += (asked[b * width + f] * solved[f]) / width;
      return Math.sqrt(Math.max(1, leverage));
    });
  };
}

/** Rows as they followed one another: after each the one that begins where it ended, if any does. */
function inOrder({ states, nextStates, n }: RealSteps, d: number): number[] {
  const key = (from: Float64Array, b: number) => from.subarray(b * d, (b + 1) * d).join();
  const begins = new Map(Array.from({ length: n }, (_, b) => [key(states, b), b]));
  const left = new Set(Array.from({ length: n }, (_, b) => b));
  const order: number[] = [];
  for (const first of left)
    for (let b: number | undefined = first; b !== undefined && left.delete(b); b = begins.get(key(nextStates, b))) order.push(b);
  return order;
}

/** The detector of a calibrated model, to be shown its `allowedResiduals`. */
export function detectorOf({ model: { coordinates, features }, residuals }: Calibrated, falseAlarmRate = 1e-5): ResidualDetector {
  const resolution = Array.from(features.scale, (x) => EXACT * x);
  return new ResidualDetector(residuals, coordinates.names.length, { falseAlarmRate, resolution });
}

/** A prior in which a weight changes in proportion to itself, as masses, lengths and forces change it. */
export function inProportion({ theta, features, coordinates }: LinearModel): (j: number, f: number) => number {
  const width = features.names.length;
  const largest = coordinates.names.map((_, j) =>
    theta.subarray(j * width, (j + 1) * width).reduce((most, w) => Math.max(most, Math.abs(w)), 0),
  );
  return (j, f) => RELATIVE * Math.abs(theta[j * width + f]) + ABSOLUTE * largest[j] + HELD;
}

function rootMeanSquares(rows: Float64Array, d: number): Float64Array {
  const out = new Float64Array(d);
  for (let i = 0; i < rows.length; i++) out[i % d] += (rows[i] ** 2 * d) / rows.length;
  return out.map(Math.sqrt);
}

/** s' less its prediction: [n, d] */
export function linearResiduals(model: LinearModel, { n, states, actions, nextStates }: RealSteps): Float64Array {
  const d = model.coordinates.names.length;
  const predicted = model.nextStates(states, actions, n);
  return Float64Array.from({ length: n * d }, (_, i) => changeOf(model.coordinates, predicted, nextStates, i, i % d));
}

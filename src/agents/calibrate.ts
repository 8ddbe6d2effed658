import { changeOf, type LinearModel, offTheFaces, refit, type Steps, taken } from "./linear-model.ts";
import { ResidualDetector } from "./residual-detector.ts";

/** A weight is expected to change by as much as it is worth, or by this share of the coordinate's largest. */
const [RELATIVE, ABSOLUTE] = [1, 0.02];
/** A prior that holds nothing back, and the least deviation of a class that explains everything, in units of the features' scale. */
const [FREE, EXACT] = [1e6, 1e-6];

/** A model and what is known of its errors. */
export interface Calibrated {
  /** The inferred model, corrected by the steps. */
  readonly model: LinearModel;
  /** [n, d] its residuals on the steps that end on no face */
  readonly residuals: Float64Array;
  /** [d] what its class of models cannot explain */
  readonly deviation: Float64Array;
  /** [d] RMS of the inferred model's residuals over that of the changes, before it was corrected */
  readonly inferredError: readonly number[];
}

/** What the class of models cannot explain, whatever its weights, is noise; the rest of the residual is the weights' own error, which the steps correct. */
export function calibrate(inferred: LinearModel, before: Steps): Calibrated {
  const { coordinates, features } = inferred;
  const d = coordinates.names.length;
  const free = offTheFaces(coordinates, before, inferred.step(before.states, before.actions, before.n));
  const rows = Array.from(free.keys()).filter((b) => free[b]);
  const judged = taken(before, rows, coordinates);
  const first = rootMeanSquares(residualsOf(inferred, judged), d);
  const moved = rootMeanSquares(
    judged.states.map((_, i) => changeOf(coordinates, judged.states, judged.nextStates, i, i % d)),
    d,
  );
  const able = refit(inferred, judged, { deviation: first.map((x) => x + Number.MIN_VALUE), spread: () => FREE }).model;
  const deviation = rootMeanSquares(residualsOf(able, judged), d).map((x, j) => Math.max(x, EXACT * features.scale[j]));
  const { model } = refit(inferred, judged, { deviation, spread: inProportion(inferred) });
  return { model, residuals: residualsOf(model, judged), deviation, inferredError: Array.from(first, (x, j) => x / moved[j]) };
}

/** The detector of a calibrated model. */
export function detectorOf({ model, residuals }: Calibrated, falseAlarmRate = 1e-5): ResidualDetector {
  return new ResidualDetector(residuals, model.coordinates.names.length, { falseAlarmRate });
}

/** A prior in which a weight changes in proportion to itself, as masses, lengths and forces change it. */
export function inProportion({ theta, features, coordinates }: LinearModel): (j: number, f: number) => number {
  const width = features.names.length;
  const largest = coordinates.names.map((_, j) =>
    theta.subarray(j * width, (j + 1) * width).reduce((most, w) => Math.max(most, Math.abs(w)), 0),
  );
  return (j, f) => RELATIVE * Math.abs(theta[j * width + f]) + ABSOLUTE * largest[j] + Number.MIN_VALUE;
}

function rootMeanSquares(rows: Float64Array, d: number): Float64Array {
  const out = new Float64Array(d);
  for (let i = 0; i < rows.length; i++) out[i % d] += (rows[i] ** 2 * d) / rows.length;
  return out.map(Math.sqrt);
}

/** s' less its prediction: [n, d] */
export function residualsOf(model: LinearModel, { n, states, actions, nextStates }: Steps): Float64Array {
  const d = model.coordinates.names.length;
  const predicted = model.step(states, actions, n);
  return Float64Array.from({ length: n * d }, (_, i) => changeOf(model.coordinates, predicted, nextStates, i, i % d));
}

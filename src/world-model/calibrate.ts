import { wrapAngle } from "../environments/coordinates.ts";
import { boundScores } from "./bounds.ts";
import { continuousModel } from "./continuous.ts";
import type { DefinedModel } from "./definition.ts";
import type { ContinuousWorldModel } from "./world-model.ts";

/** Real transitions that the model was not fitted to; those that end an episode do not belong here. */
export interface CalibrationTransitions {
  readonly n: number;
  /** [n, d] */
  readonly states: Float64Array;
  /** [n, m] */
  readonly actions: Float64Array;
  /** [n, d] */
  readonly nextStates: Float64Array;
}

/**
 * The same model with bounds that real transitions have measured (split conformal prediction): as often as asked they hold the next state of a further
 * transition drawn like these, whatever the model. From 9 transitions on at 90 %; with fewer the width is a guess, updated by them. It shares its sessions with `model`: releasing one releases both.
 * @throws TypeError for a model that inferDynamics or loadWorldModel did not make; RangeError without transitions
 */
export async function calibrateBounds(model: ContinuousWorldModel, transitions: CalibrationTransitions): Promise<DefinedModel> {
  const { definition } = model as Partial<DefinedModel>;
  if (!definition) throw new TypeError("calibrate: the model was not made by inferDynamics or loadWorldModel");
  const { n, states, actions, nextStates } = transitions;
  const { angular } = model.coordinates;
  const d = angular.length;
  if (n === 0) throw new RangeError("calibrate: there are no transitions");
  if (states.length !== n * d || nextStates.length !== n * d)
    throw new RangeError(
      `calibrate: states and nextStates must be flat [${n}, ${d}], got ${states.length} and ${nextStates.length} numbers`,
    );
  const predicted = await model.predict(states, actions);
  const errors = predicted.nextStates.map((x, i) => (angular[i % d] ? wrapAngle(x - nextStates[i]) : x - nextStates[i]));
  const typical = definition.bounds?.typical ?? stepSizes(states, nextStates, angular);
  const scores = boundScores(errors, predicted.deviation, typical);
  return continuousModel({
    ...definition,
    bounds: { basis: "transitions", typical, refused: definition.bounds?.refused ?? false, scores },
  });
}

/** [d] RMS of s' − s, the short way round for angles. */
export function stepSizes(states: Float64Array, nextStates: Float64Array, angular: readonly boolean[]): Float64Array {
  const d = angular.length;
  const square = new Float64Array(d);
  for (let i = 0; i < states.length; i++) {
    const step = nextStates[i] - states[i];
    square[i % d] += ((angular[i % d] ? wrapAngle(step) : step) ** 2 * d) / states.length;
  }
  return square.map(Math.sqrt);
}

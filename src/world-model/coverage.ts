import { wrapAngle } from "../environments/coordinates.ts";
import { median } from "../numbers/statistics.ts";
import { LEVEL } from "./bounds.ts";
import type { ContinuousPrediction, ContinuousWorldModel } from "./world-model.ts";

/** What bounds of one level held of the true next states, and how much was left unanswered. */
export interface Coverage {
  readonly level: number;
  /** Share of true coordinates within their bound, of those that were answered and of all; NaN where none was */
  readonly answered: number;
  readonly all: number;
  /** Share of coordinates that the model abstained from */
  readonly abstained: number;
  /** Median over answered coordinates of bound over |error| */
  readonly widthOverError: number;
  /** RMS error over RMS change, of what was answered and of what was not; NaN where nothing was */
  readonly errorAnswered: number;
  readonly errorAbstained: number;
}

/** Levels of a coverage curve. */
export const LEVELS: readonly number[] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

export interface TrueSteps {
  /** [n, d] */
  readonly states: Float64Array;
  /** [n, m] */
  readonly actions: Float64Array;
  /** [n, d] */
  readonly nextStates: Float64Array;
}

/** Coverage of each coordinate and of all together, at one level; errors are held against each coordinate's own RMS change before they are put together. */
export function coverageOf(
  { nextStates: predicted, bound, trusted }: Pick<ContinuousPrediction, "nextStates" | "bound" | "trusted">,
  { states, nextStates }: Pick<TrueSteps, "states" | "nextStates">,
  angular: readonly boolean[],
  level = LEVEL,
): { readonly whole: Coverage; readonly dimensions: readonly Coverage[] } {
  const d = angular.length;
  const change = new Float64Array(d);
  const turn = (x: number, j: number) => (angular[j] ? wrapAngle(x) : x);
  for (let i = 0; i < states.length; i++) change[i % d] += (turn(nextStates[i] - states[i], i % d) ** 2 * d) / states.length;
  const of = (keep: (j: number) => boolean): Coverage => {
    const ratios: number[] = [];
    const counts = { all: 0, answered: 0, held: 0, heldAnswered: 0 };
    const squares = { answered: 0, abstained: 0 };
    for (let i = 0; i < states.length; i++) {
      const j = i % d;
      if (!keep(j) || change[j] === 0) continue;
      const error = Math.abs(turn(predicted[i] - nextStates[i], j));
      const held = error <= bound[i] ? 1 : 0;
      counts.all++;
      counts.held += held;
      if (trusted[i]) {
        counts.answered++;
        counts.heldAnswered += held;
        squares.answered += error ** 2 / change[j];
        ratios.push(bound[i] / error);
      } else squares.abstained += error ** 2 / change[j];
    }
    return {
      level,
      answered: counts.heldAnswered / counts.answered,
      all: counts.held / counts.all,
      abstained: 1 - counts.answered / counts.all,
      widthOverError: median(ratios),
      errorAnswered: Math.sqrt(squares.answered / counts.answered),
      errorAbstained: Math.sqrt(squares.abstained / (counts.all - counts.answered)),
    };
  };
  return { whole: of(() => true), dimensions: angular.map((_, j) => of((i) => i === j)) };
}

/** Coverage of all coordinates together at each of `levels`. */
export async function coverageCurve(
  model: ContinuousWorldModel,
  { states, actions, nextStates }: TrueSteps,
  levels: readonly number[] = LEVELS,
): Promise<Coverage[]> {
  const curve: Coverage[] = [];
  for (const level of levels) {
    const prediction = await model.predict(states, actions, { level });
    curve.push(coverageOf(prediction, { states, nextStates }, model.coordinates.angular, level).whole);
  }
  return curve;
}

import { median } from "../../numbers/statistics.ts";
import type { Simulator } from "../../planning/simulator.ts";
import { type ArmEpisodes, armCoordinatesSize } from "./episodes.ts";

/** Real steps of the arm in its coordinates. */
export interface ArmSteps {
  readonly n: number;
  /** [n, 15] */
  readonly states: Float64Array;
  /** [n, 4] */
  readonly actions: Float64Array;
  /** [n, 15] */
  readonly nextStates: Float64Array;
  /** [n] number of the episode */
  readonly episodes: Int32Array;
}

const d = armCoordinatesSize;

/** All steps of recorded episodes, one episode after the other. */
export function stepsOf({ episodes, steps, paths, actions }: ArmEpisodes): ArmSteps {
  const n = episodes * steps;
  const states = new Float64Array(n * d);
  const nextStates = new Float64Array(n * d);
  for (let e = 0; e < episodes; e++) {
    const at = e * (steps + 1) * d;
    states.set(paths.subarray(at, at + steps * d), e * steps * d);
    nextStates.set(paths.subarray(at + d, at + (steps + 1) * d), e * steps * d);
  }
  return { n, states, actions, nextStates, episodes: Int32Array.from({ length: n }, (_, i) => Math.floor(i / steps)) };
}

/** Those of some episodes. */
export function ofEpisodes(steps: ArmSteps, keep: (episode: number) => boolean): ArmSteps {
  const rows = Array.from(steps.episodes.keys()).filter((i) => keep(steps.episodes[i]));
  const pick = (from: Float64Array, width: number) => {
    const out = new Float64Array(rows.length * width);
    rows.forEach((row, i) => {
      out.set(from.subarray(row * width, (row + 1) * width), i * width);
    });
    return out;
  };
  return {
    n: rows.length,
    states: pick(steps.states, d),
    actions: pick(steps.actions, 4),
    nextStates: pick(steps.nextStates, d),
    episodes: Int32Array.from(rows, (row) => steps.episodes[row]),
  };
}

/** x' − f(x, a) [n, 15] */
export async function residualsOf(model: Simulator, { states, actions, nextStates, n }: ArmSteps): Promise<Float64Array> {
  const { nextStates: predicted } = await model.step(states, actions, n);
  return predicted.map((x, i) => nextStates[i] - x);
}

/** Steps of an episode that a median is taken of, at least. */
const LEAST = 6;

/** The cube is between closed fingers, off the table: what it weighs and how strong the arm is shows there. */
export function holding(states: ArrayLike<number>, at: number): boolean {
  return Math.hypot(states[at + 4] - states[at], states[at + 5] - states[at + 1]) < 0.015 && states[at + 6] > 0.03 && states[at + 3] < 0.05;
}

/**
 * What residuals [n, 15] come to in each episode: per coordinate their median and the logarithm of their median size, while the cube is held and while it is not.
 * NaN where an episode has too few such steps. Episodes in the order of their numbers, [60] each.
 */
export function residualFeatures(steps: ArmSteps, residuals: Float64Array): Float64Array[] {
  const out: Float64Array[] = [];
  const last = steps.episodes.reduce((a, b) => Math.max(a, b), -1);
  for (let e = 0; e <= last; e++) {
    const features = new Float64Array(4 * d).fill(Number.NaN);
    for (const [c, held] of [true, false].entries()) {
      const rows = Array.from(steps.episodes.keys()).filter((i) => steps.episodes[i] === e && holding(steps.states, i * d) === held);
      if (rows.length < LEAST) continue;
      for (let j = 0; j < d; j++) {
        const values = rows.map((i) => residuals[i * d + j]);
        const centre = median(values);
        features[2 * c * d + j] = centre;
        features[(2 * c + 1) * d + j] = Math.log(1e-7 + median(values.map(Math.abs)));
      }
    }
    out.push(features);
  }
  return out;
}

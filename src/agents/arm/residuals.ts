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

/** The cube is between closed fingers, off the table: what it weighs and how strong the arm is shows there. */
export function holding(states: ArrayLike<number>, at: number): boolean {
  return Math.hypot(states[at + 4] - states[at], states[at + 5] - states[at + 1]) < 0.015 && states[at + 6] > 0.03 && states[at + 3] < 0.05;
}

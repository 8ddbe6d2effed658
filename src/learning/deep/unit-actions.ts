import type { Environment } from "../../environments/environment.ts";
import { LearningError } from "../errors.ts";

/** Between [−1, 1]ᵐ, where actors act, and a bounded Box. */
export interface UnitActions {
  fromUnit(actions: ArrayLike<number>): Float64Array;
}

/** @throws LearningError where actions are not of a bounded Box */
export function unitActions({ id, actionSpace }: Environment): UnitActions {
  if (actionSpace.kind !== "box") throw new LearningError(`${id} has Discrete actions: use dqn or qr-dqn`);
  const { low, high } = actionSpace;
  if (![...low, ...high].every(Number.isFinite)) throw new LearningError(`${id} has actions without bounds`);
  const m = low.length;
  return {
    fromUnit: (actions) => Float64Array.from(actions, (u, i) => low[i % m] + ((u + 1) * (high[i % m] - low[i % m])) / 2),
  };
}

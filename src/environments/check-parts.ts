import type { Random } from "../numbers/random.ts";
import { sample } from "../spaces/space.ts";
import type { Action, Environment, Observation, Step } from "./environment.ts";

export interface Checking {
  readonly steps: number;
  readonly seed: number;
  readonly report: (problem: string) => void;
}

/** Step on with random actions, over the ends of episodes, and call `visit` for each step. */
export function wander(
  environment: Environment,
  random: Random,
  steps: number,
  visit: (step: Step, action: Action, before: Float64Array) => void,
) {
  for (let t = 0; t < steps; t++) {
    const action = sample(environment.actionSpace, random) as Action;
    const before = environment.state;
    const step = environment.step(action);
    visit(step, action, before);
    if (step.terminated || step.truncated) environment.reset();
  }
}

export function numbers(observation: Observation): number[] {
  return typeof observation === "number" ? [observation] : [...observation];
}

/** Bit-identical: NaN equals NaN. */
export function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!(Object.is(a[i], b[i]) || a[i] === b[i])) return false;
  return true;
}

export function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b));
}

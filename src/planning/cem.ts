import type { Random } from "../numbers/random.ts";
import type { Space } from "../spaces/space.ts";
import { PlanningError } from "./errors.ts";
import type { ContinuousPolicy } from "./policy.ts";
import { createEvaluator, type ShootingProblem } from "./shooting.ts";

export interface CemOptions {
  readonly random: Random;
  readonly population?: number;
  readonly iterations?: number;
  /** Share of the population that the next one is drawn around. */
  readonly elites?: number;
  /** [m] first standard deviation; half the range when absent */
  readonly spread?: ArrayLike<number>;
}

/** Standard deviations do not fall below this share of the range: a plan that is too sure cannot be corrected. */
const NARROWEST = 0.02;
/** The nearest whole number, never −0. */
const whole = (x: number) => Math.round(x) + 0;
/** Just under a half, so that no number rounds to an action that is not there. */
const HALF = 0.499;

/**
 * The cross-entropy method (Rubinstein 1999) over action sequences, planned anew at every step (Chua et al. 2018): draw plans from a normal distribution, refit it
 * to the cheapest, repeat; act on the first action of the best plan seen, and start the next from the rest of the mean.
 */
export function cem(problem: ShootingProblem, options: CemOptions): ContinuousPolicy {
  const { random, population = 192, iterations = 3, elites = 0.1, spread } = options;
  const { low, high, horizon } = problem;
  const m = low.length;
  const size = horizon * m;
  const kept = Math.max(2, Math.round(elites * population));
  const evaluate = createEvaluator(problem, population);
  const mean = new Float64Array(size);
  const deviation = new Float64Array(size);
  const plans = new Float64Array(population * size);
  const best = new Float64Array(size);
  const order = Array.from({ length: population }, (_, b) => b);
  const reset = () => {
    for (let i = 0; i < size; i++) mean[i] = (low[i % m] + high[i % m]) / 2;
  };
  reset();
  return {
    kind: "continuous",
    reset,
    async act(state) {
      for (let i = 0; i < size; i++) deviation[i] = spread?.[i % m] ?? (high[i % m] - low[i % m]) / 2;
      let least = Number.POSITIVE_INFINITY;
      for (let iteration = 0; iteration < iterations; iteration++) {
        for (let b = 0; b < population; b++)
          for (let i = 0; i < size; i++) {
            // the first plan is the mean itself, the second the best so far
            const drawn = b === 0 ? mean[i] : b === 1 && iteration > 0 ? best[i] : mean[i] + deviation[i] * random.normal();
            plans[b * size + i] = Math.min(high[i % m], Math.max(low[i % m], drawn));
          }
        const costs = await evaluate(state, plans);
        order.sort((a, b) => costs[a] - costs[b] || a - b);
        if (costs[order[0]] < least) {
          least = costs[order[0]];
          best.set(plans.subarray(order[0] * size, (order[0] + 1) * size));
        }
        for (let i = 0; i < size; i++) {
          let sum = 0;
          let squares = 0;
          for (let e = 0; e < kept; e++) {
            const x = plans[order[e] * size + i];
            sum += x;
            squares += x * x;
          }
          mean[i] = sum / kept;
          deviation[i] = Math.max(NARROWEST * (high[i % m] - low[i % m]), Math.sqrt(Math.max(0, squares / kept - mean[i] ** 2)));
        }
      }
      const action = best.slice(0, m);
      mean.copyWithin(0, m);
      return action;
    },
  };
}

/**
 * The same over the actions of a space: those of a Discrete one are drawn as numbers and rounded.
 * @throws PlanningError for a space that is neither
 */
export function cemOver(space: Space, problem: Omit<ShootingProblem, "low" | "high" | "whole">, options: CemOptions): ContinuousPolicy {
  if (space.kind === "dict")
    throw new PlanningError("MISMATCH", "the actions of this space are a Dict; CEM plans actions of a Box or of a Discrete space", {
      field: "actionSpace",
    });
  if (space.kind === "box") return cem({ ...problem, low: space.low, high: space.high }, options);
  const policy = cem({ ...problem, whole: true, low: [space.start - HALF], high: [space.start + space.n - 1 + HALF] }, options);
  return { ...policy, act: async (state) => (await policy.act(state)).map(whole) };
}

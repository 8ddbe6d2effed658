import type { Random } from "../numbers/random.ts";
import type { ContinuousPolicy } from "./policy.ts";
import { createEvaluator, type ShootingProblem } from "./shooting.ts";

export interface MppiOptions {
  readonly random: Random;
  readonly population?: number;
  readonly iterations?: number;
  /** λ, as a share of the spread of the costs of a population: the smaller, the greedier. */
  readonly temperature?: number;
  /** [m] standard deviation of the noise; a quarter of the range when absent */
  readonly spread?: ArrayLike<number>;
}

/**
 * Model predictive path integral control (Williams et al. 2017): u ← Σ_b w_b u_b, w_b ∝ exp(−(S_b − min S)/λ), over plans drawn around u.
 * λ is a share of the standard deviation of S, so that the units of the cost do not matter.
 */
export function mppi(problem: ShootingProblem, options: MppiOptions): ContinuousPolicy {
  const { random, population = 192, iterations = 2, temperature = 0.3, spread } = options;
  const { low, high, horizon } = problem;
  const m = low.length;
  const size = horizon * m;
  const evaluate = createEvaluator(problem, population);
  const mean = new Float64Array(size);
  const plans = new Float64Array(population * size);
  const reset = () => {
    for (let i = 0; i < size; i++) mean[i] = (low[i % m] + high[i % m]) / 2;
  };
  reset();
  return {
    kind: "continuous",
    reset,
    async act(state) {
      for (let iteration = 0; iteration < iterations; iteration++) {
        for (let b = 0; b < population; b++)
          for (let i = 0; i < size; i++) {
            const sigma = spread?.[i % m] ?? (high[i % m] - low[i % m]) / 4;
            const drawn = b === 0 ? mean[i] : mean[i] + sigma * random.normal();
            plans[b * size + i] = Math.min(high[i % m], Math.max(low[i % m], drawn));
          }
        const costs = await evaluate(state, plans);
        let least = Number.POSITIVE_INFINITY;
        let sum = 0;
        let squares = 0;
        for (let b = 0; b < population; b++) {
          least = Math.min(least, costs[b]);
          sum += costs[b];
          squares += costs[b] ** 2;
        }
        const lambda = temperature * Math.sqrt(Math.max(0, squares / population - (sum / population) ** 2)) + Number.MIN_VALUE;
        mean.fill(0);
        let total = 0;
        for (let b = 0; b < population; b++) {
          const weight = Math.exp((least - costs[b]) / lambda);
          total += weight;
          for (let i = 0; i < size; i++) mean[i] += weight * plans[b * size + i];
        }
        for (let i = 0; i < size; i++) mean[i] /= total;
      }
      const action = mean.slice(0, m);
      mean.copyWithin(0, m);
      return action;
    },
  };
}

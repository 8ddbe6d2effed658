import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/numbers/random.ts";
import { cem } from "../../src/planning/cem.ts";
import { mppi } from "../../src/planning/mppi.ts";
import type { ShootingProblem } from "../../src/planning/shooting.ts";

const [H, M, P] = [3, 2, 400];
const target = [0.5, -0.3, 0.2, 0.1, -0.4, 0.6];

/** A bowl over plans, and all populations that were asked about: the model only keeps the actions. */
function recorded() {
  const taken: Float64Array[] = [];
  const problem: ShootingProblem = {
    low: [-4, -4],
    high: [4, 4],
    horizon: H,
    model: {
      stateSize: 1,
      async step(states, actions) {
        taken.push(actions.slice());
        return { nextStates: states };
      },
    },
    cost(_states, actions, n, t, out) {
      for (let b = 0; b < n; b++) for (let j = 0; j < M; j++) out[b] += (1 + j) * (actions[b * M + j] - target[t * M + j]) ** 2;
    },
  };
  /** Plans [P][H · M] of population k. */
  const population = (k: number) =>
    Array.from({ length: P }, (_, b) => Array.from({ length: H * M }, (_, i) => taken[k * H + Math.floor(i / M)][b * M + (i % M)]));
  return { problem, population };
}
const costOf = (plan: number[]) => plan.reduce((sum, x, i) => sum + (1 + (i % M)) * (x - target[i]) ** 2, 0);
const meanOf = (plans: number[][]) => target.map((_, i) => plans.reduce((sum, plan) => sum + plan[i], 0) / plans.length);
const deviationOf = (plans: number[][]) => {
  const mean = meanOf(plans);
  return mean.map((m, i) => Math.sqrt(plans.reduce((sum, plan) => sum + (plan[i] - m) ** 2, 0) / plans.length));
};
const cheapest = (plans: number[][], n: number) => [...plans].sort((x, y) => costOf(x) - costOf(y)).slice(0, n);
function expectPlan(found: ArrayLike<number>, wanted: ArrayLike<number>) {
  for (let i = 0; i < wanted.length; i++) expect(found[i]).toBeCloseTo(wanted[i], 9);
}

describe("CEM", () => {
  const act = async (steps: number) => {
    const { problem, population } = recorded();
    const policy = cem(problem, { random: createRandom(8), population: P, iterations: 3, elites: 0.1, spread: [1, 1] });
    const actions: Float64Array[] = [];
    for (let k = 0; k < steps; k++) actions.push(await policy.act([0]));
    return { population, actions };
  };

  test("draws the next population around the mean of the cheapest tenth, as wide as they are", async () => {
    const { population } = await act(1);
    for (const k of [0, 1]) {
      const elites = cheapest(population(k), P / 10);
      const next = population(k + 1);
      expectPlan(next[0], meanOf(elites));
      const drawn = deviationOf(next.slice(2));
      deviationOf(elites).forEach((wanted, i) => {
        const width = Math.max(0.02 * 8, wanted);
        expect(drawn[i]).toBeGreaterThan(0.8 * width);
        expect(drawn[i]).toBeLessThan(1.2 * width);
      });
    }
  });

  test("keeps the best plan so far in the population and acts on it", async () => {
    const { population, actions } = await act(1);
    expectPlan(population(1)[1], cheapest(population(0), 1)[0]);
    expectPlan(population(2)[1], cheapest([...population(0), ...population(1)], 1)[0]);
    const [best] = cheapest([0, 1, 2].flatMap(population), 1);
    expectPlan(actions[0], best.slice(0, M));
  });

  test("the next plan starts from the rest of the mean, its last action repeated", async () => {
    const { population } = await act(2);
    const mean = meanOf(cheapest(population(2), P / 10));
    expectPlan(population(3)[0], [...mean.slice(M), ...mean.slice(-M)]);
  });
});

describe("MPPI", () => {
  test("weighs plans by exp(−(S − min S)/λ), λ the temperature times the spread of S", async () => {
    const { problem, population } = recorded();
    const policy = mppi(problem, { random: createRandom(8), population: P, iterations: 2, temperature: 0.3, spread: [1, 1] });
    const action = await policy.act([0]);
    await policy.act([0]);
    const weighted = (plans: number[][]) => {
      const costs = plans.map(costOf);
      const mean = costs.reduce((x, y) => x + y, 0) / P;
      const lambda = 0.3 * Math.sqrt(costs.reduce((sum, c) => sum + (c - mean) ** 2, 0) / P);
      const weights = costs.map((c) => Math.exp((Math.min(...costs) - c) / lambda));
      const total = weights.reduce((x, y) => x + y, 0);
      return target.map((_, i) => plans.reduce((sum, plan, b) => sum + (weights[b] / total) * plan[i], 0));
    };
    expectPlan(population(1)[0], weighted(population(0)));
    const last = weighted(population(1));
    expectPlan(action, last.slice(0, M));
    expectPlan(population(2)[0], [...last.slice(M), ...last.slice(-M)]);
  });
});

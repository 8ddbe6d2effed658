import { describe, expect, test } from "vitest";
import type { BellmanSystem } from "../../src/bellman/system.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { PlanningError } from "../../src/planning/errors.ts";
import { createEvaluator, type ShootingProblem, terminalOf } from "../../src/planning/shooting.ts";
import type { Simulator } from "../../src/planning/simulator.ts";

const [P, H, D, M] = [6, 3, 2, 2];
const low = [-1, -1];
const high = [1, 1];

/** A law with nothing special about it. */
const move = ([x, y]: number[], [a, b]: number[]) => [0.9 * x + 0.3 * Math.sin(y) + a, 0.8 * y - 0.2 * x * x + 0.5 * b];
const deviationOf = ([x, y]: number[]) => [Math.abs(x), y > 0.5 ? Number.POSITIVE_INFINITY : 0.1];
const rewardOf = ([x, y]: number[], [a, b]: number[]) => x * y - 0.1 * (a - b);
const costOf = ([x, y]: number[], [a]: number[], t: number) => x * x + 0.3 * y + 0.01 * a * t;
const worthOf = ([x, y]: number[]) => 5 + 2 * x - y;
const endsAt = ([x]: number[]) => x > 1;

const row = (flat: ArrayLike<number>, b: number, width: number) => Array.from({ length: width }, (_, j) => flat[b * width + j]);

function world(extra: (from: number[], to: number[], action: number[]) => Record<string, number[]> = () => ({})): Simulator {
  return {
    stateSize: D,
    async step(states, actions, n, wantsDeviation) {
      const [next, deviation, extras] = [[] as number[], [] as number[], [] as Record<string, number[]>[]];
      for (let b = 0; b < n; b++) {
        const [from, action] = [row(states, b, D), row(actions, b, M)];
        const to = move(from, action);
        next.push(...to);
        deviation.push(...deviationOf(to));
        extras.push(extra(from, to, action));
      }
      const all = (key: string) => extras.flatMap((one) => one[key]);
      return {
        nextStates: Float64Array.from(next),
        ...(wantsDeviation ? { deviation: Float64Array.from(deviation) } : {}),
        ...(extras[0].rewards ? { rewards: Float64Array.from(all("rewards")) } : {}),
        ...(extras[0].ended ? { ended: Uint8Array.from(all("ended")) } : {}),
      };
    },
  };
}

const problem: ShootingProblem = {
  model: world(),
  low,
  high,
  horizon: H,
  cost(states, actions, n, t, out) {
    for (let b = 0; b < n; b++) out[b] += costOf(row(states, b, D), row(actions, b, M), t);
  },
};
const terminal: ShootingProblem["terminal"] = (states, n, out) => {
  for (let b = 0; b < n; b++) out[b] -= worthOf(row(states, b, D));
};
const ended: ShootingProblem["ended"] = (states, n, out) => {
  for (let b = 0; b < n; b++) out[b] = endsAt(row(states, b, D)) ? 1 : 0;
};

const random = createRandom(4);
const plans = Float64Array.from({ length: P * H * M }, () => 2 * random.uniform() - 1);
const start = [0.4, 0.2];

interface Rules {
  readonly discount?: number;
  readonly hold?: number;
  readonly stepCost?: (to: number[], action: number[], t: number) => number;
  readonly ends?: (to: number[]) => boolean;
  readonly value?: (to: number[]) => number;
  readonly rounded?: boolean;
}

/** Σ γ^t c_t − γ^H V(s_H), one plan after the other, stopped where the episode ends. */
function costsByHand({ discount = 1, hold = 1, stepCost = costOf, ends = () => false, value, rounded = false }: Rules): number[] {
  return Array.from({ length: P }, (_, b) => {
    let state = start;
    let total = 0;
    for (let t = 0; t < H * hold; t++) {
      const action = row(plans, b * H + Math.floor(t / hold), M).map((x) => (rounded ? Math.round(x) : x));
      state = move(state, action);
      total += discount ** t * stepCost(state, action, t);
      if (ends(state)) return total;
    }
    return value ? total - discount ** (H * hold) * value(state) : total;
  });
}

async function expectCosts(asked: ShootingProblem, rules: Rules) {
  const costs = await createEvaluator(asked, P)(start, plans);
  const byHand = costsByHand(rules);
  for (let b = 0; b < P; b++) expect(costs[b]).toBeCloseTo(byHand[b], 10);
}

describe("what a plan costs", () => {
  test("steps are summed", () => expectCosts(problem, {}));
  test("step t weighs γ^t", () => expectCosts({ ...problem, discount: 0.7 }, { discount: 0.7 }));
  test("the value of the last state weighs γ^H", () =>
    expectCosts({ ...problem, discount: 0.7, terminal }, { discount: 0.7, value: worthOf }));
  test("a held action is taken `hold` times, and the value then weighs γ^(H · hold)", () =>
    expectCosts({ ...problem, discount: 0.9, hold: 4, terminal }, { discount: 0.9, hold: 4, value: worthOf }));
  test("whole actions are rounded before they are taken", () => expectCosts({ ...problem, whole: true }, { rounded: true }));

  test("the end of an episode stops costs and value; the step that ends it is paid", async () => {
    const rules = { discount: 0.9, value: worthOf, ends: endsAt };
    const stops = costsByHand({ ...rules, hold: 2 });
    const goesOn = costsByHand({ ...rules, hold: 2, ends: undefined });
    const cut = stops.filter((x, b) => x !== goesOn[b]).length;
    expect(cut).toBeGreaterThan(0);
    expect(cut).toBeLessThan(P);
    await expectCosts({ ...problem, discount: 0.9, hold: 2, terminal, ended }, { ...rules, hold: 2 });
    const told = world((_from, to) => ({ ended: [endsAt(to) ? 1 : 0] }));
    await expectCosts({ ...problem, model: told, discount: 0.9, hold: 2, terminal }, { ...rules, hold: 2 });
  });

  test("where every plan has ended no step is asked for", async () => {
    let steps = 0;
    const model = world(() => ({ ended: [1] }));
    const counted: Simulator = {
      ...model,
      step(...args) {
        steps++;
        return model.step(...args);
      },
    };
    await createEvaluator({ ...problem, model: counted, terminal: () => Promise.reject(new Error("is not asked")) }, P)(start, plans);
    expect(steps).toBe(1);
  });

  test("without a cost the model's rewards are earned", () => {
    const model = world((from, _to, action) => ({ rewards: [rewardOf(from, action)] }));
    let from = start;
    const stepCost = (to: number[], action: number[], t: number) => {
      const paid = rewardOf(t === 0 ? start : from, action);
      from = to;
      return -paid;
    };
    return expectCosts({ ...problem, cost: undefined, model, discount: 0.8 }, { discount: 0.8, stepCost });
  });

  test("without a cost and without rewards it is refused", async () => {
    const asked = createEvaluator({ ...problem, cost: undefined }, P)(start, plans);
    await expect(asked).rejects.toThrow(PlanningError);
    await expect(asked).rejects.toThrow(/^the model gives no rewards; give a cost$/);
  });

  test("pessimism adds the deviation in units of `scale`, at most 10 a coordinate, and weighs it as a cost", () => {
    const scale = [0.5, 2];
    const stepCost = (to: number[], action: number[], t: number) => {
      const doubt = deviationOf(to).reduce((sum, x, j) => sum + Math.min(10, x / scale[j]) / D, 0);
      return costOf(to, action, t) + 0.6 * doubt;
    };
    return expectCosts({ ...problem, discount: 0.9, pessimism: 0.6, scale }, { discount: 0.9, stepCost });
  });

  test("who trusts the model does not ask how sure it is", async () => {
    const asked: (boolean | undefined)[] = [];
    const model: Simulator = {
      stateSize: D,
      step(s, a, n, wants) {
        asked.push(wants);
        return problem.model.step(s, a, n, wants);
      },
    };
    await createEvaluator({ ...problem, model }, P)(start, plans);
    await createEvaluator({ ...problem, model, pessimism: 1 }, P)(start, plans);
    expect(asked).toEqual([false, false, false, true, true, true]);
  });
});

test("a critic's values as a terminal cost: the mean over its heads, the lowest with pessimism 1, each in the units of its own rewards", async () => {
  const heads = [1, 10].map((rewardScale) => ({ name: "", critic: "", discount: 0.9, rewardScale, rewardOffset: 0 }));
  const system = { heads, values: async () => Float32Array.of(3, 50, 8, 20) } as Partial<BellmanSystem> as BellmanSystem;
  const costs = async (pessimism: number) => {
    const out = Float64Array.of(1, 1);
    await terminalOf(system, pessimism)(new Float64Array(4), 2, out);
    return Array.from(out);
  };
  expect(await costs(0)).toEqual([1 - 4, 1 - 5]);
  expect(await costs(1)).toEqual([1 - 3, 1 - 2]);
  expect(await costs(0.5)).toEqual([1 - 3.5, 1 - 3.5]);
});

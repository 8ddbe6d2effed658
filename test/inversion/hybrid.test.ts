import { describe, expect, test } from "vitest";
import { withGoal } from "../../src/environments/cumulants.ts";
import type { Physics } from "../../src/environments/environment.ts";
import { fitContacts } from "../../src/inversion/hybrid/fit-contacts.ts";
import { inferHybrid } from "../../src/inversion/hybrid/infer-hybrid.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { gridValues, regularGrid } from "../../src/planning/grid-values.ts";
import { gridEquations } from "../../src/reproduce/mountain-car.ts";
import { drawSamples, nextStates, SPARSE_DISCOUNT, scoreAnswers, steps } from "../../src/reproduce/sparse-goals.ts";
import { box, discrete } from "../../src/spaces/space.ts";

const low = [-1, -0.1];
const high = [1, 0.1];
const BOUNCE = -0.6;

/** A puck on a rail: v' = 0.98 v + 0.01 a, x' = x + v'. The left wall stops it, the right one throws it back. */
const puck: Physics = {
  horizon: 200,
  observationSpace: box(low, high),
  actionSpace: discrete(3),
  coordinates: {
    names: ["x", "v"],
    angular: [false, false],
    low,
    high,
    rateOf: [1, null],
    observe: (states) => states,
    fromObservations: (observations) => observations.slice(),
  },
  observations: (states, n, out) => out.set(states.subarray(0, 2 * n)),
  initialState(random, out = new Float64Array(2), offset = 0) {
    for (let j = 0; j < 2; j++) out[offset + j] = low[j] + (high[j] - low[j]) * random.uniform();
    return out;
  },
  rewards: (_states, _actions, n, out) => void out.fill(0, 0, n),
  ended: (_states, n, out) => void out.fill(0, 0, n),
  reward: (_states, _actions, _nextStates, n, out) => void out.fill(0, 0, n),
  step(states, actions, n, out) {
    for (let b = 0; b < n; b++) {
      const v = Math.min(0.1, Math.max(-0.1, 0.98 * states[2 * b + 1] + 0.01 * (actions[b] - 1)));
      const x = states[2 * b] + v;
      out.nextStates[2 * b] = Math.min(1, Math.max(-1, x));
      out.nextStates[2 * b + 1] = x <= -1 ? 0 : x >= 1 ? BOUNCE * v : v;
      out.rewards[b] = 0;
      out.terminated[b] = 0;
    }
  },
};

const goals = [-0.7, -0.1, 0.5].map((target) => ({ indices: [0], target: [target], radius: 0.1 }));
const grid = regularGrid(low, high, [121, 81]);
const tables = goals.map(({ target, radius }) => {
  const reached = withGoal(puck, (states, n, out) => {
    for (let b = 0; b < n; b++) out[b] = Math.abs(states[2 * b] - target[0]) < radius ? 1 : 0;
  });
  return gridValues(reached, grid, SPARSE_DISCOUNT, 1e-6);
});
const equations = gridEquations(
  { physics: puck, goals, environment: "puck", low, high, draw: () => {}, encoding: undefined as never },
  grid,
  tables,
);

describe("hybrid dynamics from sparse goals alone", () => {
  test("the faces' maps are found from residuals of steps that touch them: a reset on the left, a bounce on the right", async () => {
    const samples = drawSamples(puck, 12_000, 1);
    const raw = samples.states.map((x, i) => (i % 2 ? 0.98 * x + 0.01 * (samples.actions[i >> 1] - 1) : 0));
    for (let b = 0; b < samples.n; b++) raw[2 * b] = samples.states[2 * b] + raw[2 * b + 1];
    const known = await equations.targets(samples.states, samples.actions);
    const k = goals.length;
    const found = await fitContacts(equations, raw, async (rows) =>
      Float64Array.from({ length: rows.length * k }, (_, i) => known[rows[Math.floor(i / k)] * k + (i % k)]),
    );
    const of = (side: "low" | "high") => found.find((entry) => entry.coordinate === 0 && entry.side === side)!;
    expect(of("low").map).toMatchObject({ offset: 0, slope: 0 });
    expect(of("high").map?.offset).toBe(0);
    expect(of("high").map?.slope).toBeCloseTo(BOUNCE, 10);
    expect(of("low").best!).toBeLessThan(0.2 * of("low").plain!);
    expect(found.filter((entry) => entry.coordinate === 1).every(({ map }) => map === undefined)).toBe(true);
  });

  test("the whole model: integrator, time step and walls, where a smooth one misses the walls", async () => {
    const { chosen, dynamics, contacts } = await inferHybrid(equations, puck.actionSpace, drawSamples(puck, 12_000, 2), {
      features: "linear",
    });
    expect(chosen.integrator).toBe("semi-implicit");
    expect(chosen.fit.theta[0]).toBeCloseTo(1, 2);
    expect(contacts.filter(({ map }) => map)).toHaveLength(2);
    const truth = steps(puck, drawSamples(puck, 4000, 3));
    const { nmse } = scoreAnswers(puck, truth, await nextStates(equations, dynamics, truth));
    const smooth = scoreAnswers(
      puck,
      truth,
      truth.states.map((x, i) => {
        const v = 0.98 * truth.states[i | 1] + 0.01 * (truth.actions[i >> 1] - 1);
        return Math.min(high[i % 2], Math.max(low[i % 2], i % 2 ? v : x + v));
      }),
    ).nmse;
    expect(nmse).toBeLessThan(0.05 * smooth);
  });

  test("cross-critic validation refuses a richer class that learned the first critic's errors", async () => {
    // errors of each critic, smooth and its own; the next state must not be bent to explain them
    const wavy = (seed: number): typeof equations => {
      const random = createRandom(seed);
      const waves = goals.map(() => Array.from({ length: 3 }, () => [6 * random.normal(), 40 * random.normal(), 6 * random.uniform()]));
      const error = (states: Float64Array) =>
        Float64Array.from({ length: (states.length / 2) * goals.length }, (_, at) => {
          const b = Math.floor(at / goals.length);
          return waves[at % goals.length].reduce(
            (sum, [p, q, r]) => sum + 0.4 * Math.cos(p * states[2 * b] + q * states[2 * b + 1] + r),
            0,
          );
        });
      return {
        ...equations,
        async targets(states, actions) {
          const wrong = error(states);
          return (await equations.targets(states, actions)).map((y, i) => y + wrong[i]);
        },
      };
    };
    const samples = drawSamples(puck, 9000, 4);
    const hybrid = await inferHybrid(wavy(1), puck.actionSpace, samples, { validators: [wavy(2)], kinematic: false });
    const best = hybrid.classes.reduce((a, b) => (b.own.mean < a.own.mean ? b : a));
    expect(hybrid.rule).toBe("cross-critic validation");
    expect(best.features).not.toBe("linear");
    expect(hybrid.chosen.features).toBe("linear");
  });
});

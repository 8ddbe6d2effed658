import { describe, expect, test } from "vitest";
import { plannerIn } from "../../src/agents/continuous/imagination.ts";
import { drawAnywhere } from "../../src/environments/collect.ts";
import { make } from "../../src/environments/make.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { type Aim, choosePlanner, type PlannerName, plannerFor, quickSimulator } from "../../src/planning/choose-planner.ts";
import { type ContinuousTask, simulatorOfTask } from "../../src/planning/continuous-task.ts";
import { mppi } from "../../src/planning/mppi.ts";
import { type Simulator, simulatorOfDynamics, simulatorOfPhysics } from "../../src/planning/simulator.ts";
import { stepsToGoal } from "../../src/planning/steps-to-goal.ts";
import { planWaypoints, waypointPolicy } from "../../src/planning/waypoints.ts";
import { discrete } from "../../src/spaces/space.ts";
import { distil } from "../../src/world-model/linear-model.ts";
import type { ContinuousWorldModel } from "../../src/world-model/world-model.ts";

const physics = make("Pendulum-v1").physics!;
const laws = simulatorOfPhysics(physics);
const aim: Aim = {
  distance(states, n, out) {
    for (let b = 0; b < n; b++) out[b] = Math.hypot(Math.sin(states[2 * b] / 2) * 2, states[2 * b + 1] / 4) - 0.2;
  },
};
const careful: Aim = {
  ...aim,
  lost(states, n, out) {
    for (let b = 0; b < n; b++) out[b] = Math.abs(states[2 * b + 1]) > 7 ? 1 : 0;
  },
};

/** The true laws as an inferred model would tell them. */
const inferred = {
  kind: "continuous",
  method: "pointwise",
  coordinates: physics.coordinates,
  stateSize: 2,
  step: laws.step,
  predict: (states: Float64Array, actions: Float64Array) => laws.step(states, actions, actions.length),
} as Partial<ContinuousWorldModel> as ContinuousWorldModel;

test("a grid where all coordinates are bounded and two at most; held actions elsewhere, single ones where something must be kept", () => {
  const box = (d: number, high: number) => ({ low: new Array<number>(d).fill(-1), high: new Array<number>(d).fill(high) });
  const chosen = (d: number, high: number, by: Aim): PlannerName => plannerFor(box(d, high), by);
  expect(chosen(2, 1, aim)).toBe("grid");
  expect(chosen(2, 1, careful)).toBe("grid");
  expect(chosen(2, Number.POSITIVE_INFINITY, aim)).toBe("held");
  expect(chosen(3, 1, aim)).toBe("held");
  expect(chosen(3, 1, careful)).toBe("steps");
});

describe("every planner takes every simulator", async () => {
  const { model: linear } = await distil(inferred, physics.actionSpace, drawAnywhere(physics, 600, 1));
  const worlds: Record<string, Simulator> = {
    inferred,
    linear,
    quick: await quickSimulator(inferred, physics, 2),
    dynamics: simulatorOfDynamics(
      {
        async change(states, actions, n) {
          const { nextStates } = await laws.step(states, actions, n);
          return nextStates.map((x, i) => x - states[i]);
        },
      },
      physics.coordinates,
    ),
    task: simulatorOfTask(laws, { discount: 0.9 }),
  };
  const shooting = (model: Simulator) => {
    const cost = (states: Float64Array, _a: Float64Array, n: number, _t: number, out: Float64Array) => {
      const away = new Float64Array(n);
      aim.distance(states, n, away);
      for (let b = 0; b < n; b++) out[b] += away[b];
    };
    return { model, cost, low: [-2], high: [2], horizon: 10 };
  };
  const control = {
    size: 1,
    actionSize: 1,
    low: [-2],
    high: [2],
    switches: [false],
    follow: (_states: Float64Array, waypoints: Float64Array, _n: number, out: Float64Array) => out.set(waypoints),
  };
  const seen = { coordinates: physics.coordinates, actionSpace: physics.actionSpace };
  const planners: Record<string, (model: Simulator) => Promise<{ act(state: ArrayLike<number>): Promise<Float64Array> }>> = {
    grid: (model) => choosePlanner(model, aim, { seen, seed: 3, planner: "grid" }),
    held: (model) => choosePlanner(model, aim, { seen, seed: 3, planner: "held" }),
    steps: (model) => choosePlanner(model, careful, { seen, seed: 3, planner: "steps" }),
    MPPI: async (model) => mppi(shooting(model), { random: createRandom(3) }),
    waypoints: async (model) => {
      const planner = planWaypoints(model, { random: createRandom(3), control, spread: 1, jitter: 0.1 });
      return waypointPolicy(planner, { cost: shooting(model).cost, proposals: () => [] });
    },
  };
  test.each(Object.keys(planners))("%s acts alike in all", async (name) => {
    const state = [2, 0.5];
    const [exact] = await (await planners[name](laws)).act(state);
    for (const [kind, model] of Object.entries(worlds)) {
      const [action] = await (await planners[name](model)).act(state);
      expect(Math.abs(action - exact), kind).toBeLessThan(1e-3);
    }
  });
});

test("steps to the goal are those of the world; what is lost or ends before counts as not reached", async () => {
  const line: Simulator = {
    stateSize: 1,
    step: async (states, actions) => ({ nextStates: states.map((x, i) => x + actions[i]) }),
  };
  const one = { kind: "continuous" as const, reset() {}, act: async () => Float64Array.of(1) };
  const reach: Aim = {
    distance: (states, n, out) => {
      for (let b = 0; b < n; b++) out[b] = 3.5 - states[b];
    },
  };
  const kept: Aim = {
    ...reach,
    lost: (states, n, out) => {
      for (let b = 0; b < n; b++) out[b] = states[b] === 1 ? 1 : 0;
    },
  };
  const starts = Float64Array.of(0, 2, -9);
  expect(await stepsToGoal(one, line, reach, starts, 10)).toEqual([4, 2, Number.NaN]);
  expect(await stepsToGoal(one, line, kept, starts, 20)).toEqual([Number.NaN, 2, Number.NaN]);
  const ending: Simulator = {
    stateSize: 1,
    async step(states, actions, n) {
      const { nextStates } = await line.step(states, actions, n);
      return { nextStates, ended: Uint8Array.from(nextStates, (x) => (x === 3 || x === 4 ? 1 : 0)) };
    },
  };
  // an end at the goal itself is an arrival
  expect(await stepsToGoal(one, ending, reach, Float64Array.of(0, 3), 10)).toEqual([Number.NaN, 1]);
});

describe("plans that end in a critic's values", () => {
  /** From 0 the left (0) pays 1 at once, the right (1) pays nothing and is worth `promised`; nobody comes back from either. */
  const chosen = async (promised: number, ends = false) => {
    const model: Simulator = {
      stateSize: 1,
      step: async (states, actions) => ({ nextStates: states.map((x, i) => (x === 0 ? 2 * actions[i] - 1 : x)) }),
    };
    const task: ContinuousTask = {
      discount: 0.5,
      reward: (states, actions, _next, n, out) => {
        for (let b = 0; b < n; b++) out[b] = states[b] === 0 && actions[b] === 0 ? 1 : 0;
      },
      end: (states, n, out) => {
        for (let b = 0; b < n; b++) out[b] = ends && states[b] === 1 ? 1 : 0;
      },
    };
    const values = async (states: Float64Array) => states.map((x) => (x === 1 ? promised : 0));
    const options = { random: createRandom(1), horizon: 2, population: 64, iterations: 3 };
    return (await plannerIn(model, { actionSpace: discrete(2) }, task, values, options).act([0]))[0];
  };
  test("V after two steps is worth γ² V now: less than 1 for 3, more for 5", async () => {
    expect(await chosen(3)).toBe(0);
    expect(await chosen(5)).toBe(1);
  });
  test("an end loses the values behind it", async () => {
    expect(await chosen(5, true)).toBe(0);
  });
});

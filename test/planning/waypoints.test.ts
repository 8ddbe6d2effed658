import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/numbers/random.ts";
import type { Simulator } from "../../src/planning/simulator.ts";
import { planWaypoints, type WaypointControl, type WaypointTask, waypointPolicy } from "../../src/planning/waypoints.ts";

/** A point in the plane that goes up to 0.02 a step, and a lamp that a switch turns on. */
const control: WaypointControl = {
  size: 3,
  actionSize: 3,
  low: [-1, -1, 0],
  high: [1, 1, 0],
  switches: [false, false, true],
  follow(states, waypoints, n, out) {
    const d = states.length / n;
    for (let b = 0; b < n; b++) {
      for (let k = 0; k < 2; k++) out[3 * b + k] = Math.max(-1, Math.min(1, (waypoints[3 * b + k] - states[b * d + k]) / 0.02));
      out[3 * b + 2] = waypoints[3 * b + 2] < 0 ? -1 : 1;
    }
  },
};

const model: Simulator = {
  stateSize: 3,
  async step(states, actions, n) {
    const nextStates = new Float64Array(3 * n);
    for (let b = 0; b < n; b++) {
      for (let k = 0; k < 2; k++) nextStates[3 * b + k] = states[3 * b + k] + 0.02 * actions[3 * b + k];
      nextStates[3 * b + 2] = actions[3 * b + 2];
    }
    return { nextStates };
  },
};

/** Be at the place with the lamp on; where there is a wall, x may not pass it below y = 0.1. */
const going = (goal: readonly [number, number], wall?: number): WaypointTask => ({
  cost(states, _actions, n, _t, out) {
    for (let b = 0; b < n; b++) {
      out[b] += Math.hypot(states[3 * b] - goal[0], states[3 * b + 1] - goal[1]) + (states[3 * b + 2] < 0 ? 0.05 : 0);
      if (wall !== undefined && Math.abs(states[3 * b] - wall) < 0.011 && states[3 * b + 1] < 0.1) out[b] += 10;
    }
  },
  proposals: () => [...goal, goal[0], 0.15, wall ?? 0, 0.15],
});

const planner = (seed: number) => planWaypoints(model, { random: createRandom(seed), control, spread: 0.2 });

describe("plans of waypoints", () => {
  test("two episodes planned together go each to its own place, switch on, and as soon as can be", async () => {
    const goals = [
      [0.2, -0.1],
      [-0.15, 0.2],
    ] as const;
    const plan = planner(1);
    const tasks = goals.map((goal) => going(goal));
    let states: Float64Array = Float64Array.of(0, 0, -1, 0.1, 0.1, -1);
    let plans: Float64Array | undefined;
    for (let t = 0; t < 14; t++) {
      if (t % 2 === 0) ({ plans } = await plan.plan(states, tasks, plans && plan.advance(plans, 2)));
      states = (await model.step(states, plan.act(states, plans!), 2)).nextStates;
    }
    // 0.25 at most along an axis in strides of 0.02
    goals.forEach((goal, e) => {
      expect(Math.hypot(states[3 * e] - goal[0], states[3 * e + 1] - goal[1])).toBeLessThan(0.01);
      expect(states[3 * e + 2]).toBe(1);
    });
  });

  test("a plan goes around what costs, and the cost that is told is that of the path imagined", async () => {
    const plan = planner(2);
    const task = going([0.2, 0], 0.1);
    const start = Float64Array.of(0, 0, -1);
    const { plans, costs } = await plan.plan(start, [task]);
    const path = await plan.imagine(start, plans);
    let [cost, weight] = [0, 1];
    for (let t = 1; t < path.length / 3; t++) {
      const out = new Float64Array(1);
      task.cost(path.subarray(3 * t, 3 * t + 3), new Float64Array(3), 1, t - 1, out);
      expect(out[0]).toBeLessThan(10);
      cost += weight * out[0];
      weight *= 0.9;
    }
    expect(cost).toBeCloseTo(costs[0], 9);
  });

  test("the same seed plans the same; advancing repeats the last waypoint", async () => {
    const task = going([0.2, 0.1]);
    const act = async () => Array.from(await waypointPolicy(planner(3), task).act([0, 0, -1]));
    expect(await act()).toEqual(await act());
    const plan = planner(3);
    const plans = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    expect(Array.from(plan.advance(plans, 2))).toEqual(Array.from(plans));
    expect(Array.from(plan.advance(plans, 4))).toEqual([4, 5, 6, 7, 8, 9, 7, 8, 9]);
  });

  test("states that do not fit the tasks are refused", async () => {
    await expect(planner(0).plan(new Float64Array(3), [going([0, 0]), going([0, 0])])).rejects.toThrow(/2 tasks need states \[2, 3\]/);
  });
});

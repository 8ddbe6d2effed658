import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/numbers/random.ts";
import { cem } from "../../src/planning/cem.ts";
import { mppi } from "../../src/planning/mppi.ts";
import type { ShootingProblem } from "../../src/planning/shooting.ts";
import type { Simulator } from "../../src/planning/simulator.ts";

/** A cart of unit mass: position and speed, force within ±1, steps of 0.1. */
const cart: Simulator = {
  stateSize: 2,
  async step(states, actions, n) {
    const nextStates = new Float64Array(2 * n);
    for (let b = 0; b < n; b++) {
      const speed = states[2 * b + 1] + 0.1 * actions[b];
      nextStates[2 * b] = states[2 * b] + 0.1 * speed;
      nextStates[2 * b + 1] = speed;
    }
    return { nextStates };
  },
};

const problem: ShootingProblem = {
  model: cart,
  cost(states, actions, n, _t, out) {
    for (let b = 0; b < n; b++) out[b] += states[2 * b] ** 2 + 0.1 * states[2 * b + 1] ** 2 + 0.001 * actions[b] ** 2;
  },
  low: [-1],
  high: [1],
  horizon: 15,
};

describe.each([
  ["CEM", () => cem(problem, { random: createRandom(1), population: 128, iterations: 4 })],
  ["MPPI", () => mppi(problem, { random: createRandom(1), population: 256, iterations: 3 })],
])("%s", (_name, create) => {
  test("brings a cart to rest at the origin", async () => {
    const policy = create();
    let state = new Float64Array([1, 0]);
    for (let t = 0; t < 60; t++) state = (await cart.step(state, await policy.act(state), 1)).nextStates as Float64Array<ArrayBuffer>;
    expect(Math.abs(state[0])).toBeLessThan(0.05);
    expect(Math.abs(state[1])).toBeLessThan(0.1);
  });

  test("plans the same from the same seed", async () => {
    const state = new Float64Array([0.5, -0.2]);
    expect(await create().act(state)).toEqual(await create().act(state));
  });
});

test("pessimism keeps away from where the model does not know", async () => {
  // right of 0.2 the model is blind; the goal lies there
  const blind: Simulator = {
    stateSize: 2,
    async step(states, actions, n) {
      const { nextStates } = await cart.step(states, actions, n);
      return { nextStates, deviation: nextStates.map((_, i) => (nextStates[i - (i % 2)] > 0.2 ? Number.POSITIVE_INFINITY : 0)) };
    },
  };
  const towards: ShootingProblem = {
    ...problem,
    model: blind,
    cost(states, _actions, n, _t, out) {
      for (let b = 0; b < n; b++) out[b] += Math.abs(states[2 * b] - 1);
    },
  };
  const farthest = async (pessimism: number) => {
    const policy = cem({ ...towards, pessimism }, { random: createRandom(3), population: 128, iterations: 3 });
    let state = new Float64Array([0, 0]);
    let most = 0;
    for (let t = 0; t < 40; t++) {
      state = (await cart.step(state, await policy.act(state), 1)).nextStates as Float64Array<ArrayBuffer>;
      most = Math.max(most, state[0]);
    }
    return most;
  };
  expect(await farthest(0)).toBeGreaterThan(0.5);
  expect(await farthest(1)).toBeLessThan(0.3);
});

import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/numbers/random.ts";
import { planOnGrid } from "../../src/planning/plan-on-grid.ts";
import { reachGoal } from "../../src/planning/reach.ts";
import type { Simulator } from "../../src/planning/simulator.ts";

const TAU = 0.1;

/** ω' = ω + τ u, x' = x + τ ω', of unit mass, without bounds. */
const cart: Simulator = {
  stateSize: 2,
  async step(states, actions, n) {
    const nextStates = new Float64Array(2 * n);
    for (let b = 0; b < n; b++) {
      nextStates[2 * b + 1] = states[2 * b + 1] + TAU * actions[b];
      nextStates[2 * b] = states[2 * b] + TAU * nextStates[2 * b + 1];
    }
    return { nextStates };
  },
};

const choices = Float64Array.of(-1, 0, 1);
const RADIUS = 0.1;

/** Steps from rest at x0 to |x| < RADIUS at full force: τ² n (n + 1)/2 must make up the difference. */
function fewest(x0: number): number {
  let n = 1;
  while (Math.abs(x0) - (TAU * TAU * n * (n + 1)) / 2 >= RADIUS) n++;
  return n;
}

describe("reachGoal", () => {
  test("arrives in the fewest steps that the law allows", async () => {
    for (const x0 of [0.4, -1, 2, 3.7]) {
      const policy = reachGoal(
        {
          model: cart,
          choices,
          actionSize: 1,
          horizon: 60,
          distance(states, n, out) {
            for (let b = 0; b < n; b++) out[b] = Math.abs(states[2 * b]) - RADIUS;
          },
        },
        { random: createRandom(1) },
      );
      let state = Float64Array.of(x0, 0);
      let steps = 0;
      for (; steps < 80 && Math.abs(state[0]) >= RADIUS; steps++)
        state = (await cart.step(state, await policy.act(state), 1)).nextStates as Float64Array<ArrayBuffer>;
      expect(steps).toBe(fewest(x0));
    }
  });

  test("stops at a place, which takes a switch of force, within a step of twice the time to half the way", async () => {
    const rest = (states: Float64Array, n: number, out: Float64Array) => {
      for (let b = 0; b < n; b++) out[b] = Math.max(Math.abs(states[2 * b]), Math.abs(states[2 * b + 1])) - RADIUS;
    };
    const policy = reachGoal({ model: cart, choices, actionSize: 1, horizon: 80, distance: rest }, { random: createRandom(2) });
    let state = Float64Array.of(2, 0);
    const away = new Float64Array([1]);
    let steps = 0;
    for (; steps < 80 && away[0] >= 0; steps++) {
      state = (await cart.step(state, await policy.act(state), 1)).nextStates as Float64Array<ArrayBuffer>;
      rest(state, 1, away);
    }
    // bang-bang: 2 √(x/u) of time where all of x must be made up
    expect(steps).toBeLessThanOrEqual(Math.ceil((2 * Math.sqrt(2)) / TAU));
  });

  test("the same seed gives the same plan", async () => {
    const create = () =>
      reachGoal(
        {
          model: cart,
          choices,
          actionSize: 1,
          horizon: 40,
          distance(states, n, out) {
            for (let b = 0; b < n; b++) out[b] = Math.abs(states[2 * b]) - RADIUS;
          },
        },
        { random: createRandom(3) },
      );
    expect(await create().act([1, 0.2])).toEqual(await create().act([1, 0.2]));
  });
});

describe("planOnGrid", () => {
  const box: Simulator = {
    stateSize: 2,
    async step(states, actions, n) {
      const { nextStates } = await cart.step(states, actions, n);
      for (let i = 0; i < nextStates.length; i++) nextStates[i] = Math.min(2, Math.max(-2, nextStates[i]));
      return { nextStates };
    },
  };
  const options = { low: [-2, -2], high: [2, 2], sizes: [161, 81], choices, actionSize: 1, lookahead: 2 };
  const goal = (states: Float64Array, n: number, out: Uint8Array) => {
    for (let b = 0; b < n; b++) out[b] = Math.abs(states[2 * b]) < RADIUS ? 1 : 0;
  };

  test("arrives within a step of the fewest, and its values say so", async () => {
    const policy = await planOnGrid(box, { discount: 0.95, goal }, options);
    for (const x0 of [0.6, -1.3, 1.8]) {
      let state = Float64Array.of(x0, 0);
      let steps = 0;
      for (; steps < 60 && Math.abs(state[0]) >= RADIUS; steps++)
        state = (await box.step(state, await policy.act(state), 1)).nextStates as Float64Array<ArrayBuffer>;
      expect(Math.abs(steps - fewest(x0))).toBeLessThanOrEqual(1);
      const said = 1 + Math.log(policy.value(Float64Array.of(x0, 0))[0]) / Math.log(0.95);
      expect(Math.abs(said - fewest(x0))).toBeLessThan(1);
    }
  });

  test("keeps out of where all is lost", async () => {
    const fast = (states: Float64Array, n: number, out: Uint8Array) => {
      for (let b = 0; b < n; b++) out[b] = Math.abs(states[2 * b + 1]) > 0.5 ? 1 : 0;
    };
    const policy = await planOnGrid(box, { discount: 0.95, goal, end: fast }, options);
    let state = Float64Array.of(1.5, 0);
    let fastest = 0;
    let steps = 0;
    for (; steps < 80 && Math.abs(state[0]) >= RADIUS; steps++) {
      state = (await box.step(state, await policy.act(state), 1)).nextStates as Float64Array<ArrayBuffer>;
      fastest = Math.max(fastest, Math.abs(state[1]));
    }
    expect(fastest).toBeLessThanOrEqual(0.5 + 1e-12);
    expect(steps).toBeLessThan(45);
  });

  test("a grid of another number of coordinates is refused", async () => {
    await expect(planOnGrid(box, { discount: 0.9 }, { ...options, sizes: [10] })).rejects.toThrow(/2 coordinates/);
  });
});

import { expect, test } from "vitest";
import { createRandom } from "../../src/numbers/random.ts";
import { evaluatePolicy, valueIteration } from "../../src/planning/value-iteration.ts";
import { randomTables } from "../random-mdp.ts";

test("the error bound holds, whenever it stops", () => {
  const random = createRandom(1);
  for (let trial = 0; trial < 30; trial++) {
    const tables = randomTables(random, 10, 3, 3);
    const world = { ...tables, rewards: tables.rewards.map(() => random.normal()) };
    const discount = 0.5 + 0.49 * random.uniform();
    const exact = valueIteration(world, { discount, tolerance: 1e-11 });
    for (const stop of ["bound", "change"] as const) {
      const rough = valueIteration(world, { discount, tolerance: 0.1, stop });
      const vError = Math.max(...rough.v.map((x, s) => Math.abs(x - exact.v[s])));
      const qError = Math.max(...rough.q.map((x, k) => Math.abs(x - exact.q[k])));
      expect(Math.max(vError, qError)).toBeLessThanOrEqual(rough.errorBound + 1e-10);
      expect(stop === "bound" ? rough.errorBound : rough.change).toBeLessThanOrEqual(0.1);
    }
  }
});

test("the greedy policy's own value is the optimum", () => {
  const random = createRandom(2);
  const tables = randomTables(random, 12, 4, 2);
  const world = { ...tables, rewards: tables.rewards.map(() => random.normal()) };
  const best = valueIteration(world, { discount: 0.9, tolerance: 1e-12 });
  const policy = new Float64Array(48);
  for (let s = 0; s < 12; s++) {
    const row = Array.from(best.q.subarray(4 * s, 4 * s + 4));
    policy[4 * s + row.indexOf(Math.max(...row))] = 1;
  }
  const own = evaluatePolicy(world, policy, { discount: 0.9, tolerance: 1e-12 });
  for (let s = 0; s < 12; s++) expect(own.v[s]).toBeCloseTo(best.v[s], 10);
});

test("undiscounted shortest paths end in an exact fixed point", () => {
  // a corridor of 5 cells; the last is worth 0 on arrival, each step costs 1
  const [states, actions] = [5, 2];
  const nextStates = Int32Array.from({ length: 10 }, (_, k) => Math.min(4, Math.max(0, Math.floor(k / 2) + (k % 2 ? 1 : -1))));
  const tables = {
    states,
    actions,
    offsets: Int32Array.from({ length: 11 }, (_, k) => k),
    nextStates,
    probabilities: new Float64Array(10).fill(1),
    rewards: Float64Array.from(nextStates, (s, k) => (Math.floor(k / 2) === 4 && s === 4 ? 0 : -1)),
    terminated: Uint8Array.from(nextStates, (s) => (s === 4 ? 1 : 0)),
    initial: new Float64Array(5).fill(0.2),
  };
  const { v, errorBound } = valueIteration(tables, { discount: 1 });
  expect(errorBound).toBe(0);
  expect(Array.from(v)).toEqual([-4, -3, -2, -1, 0]);
});

import { describe, expect, test } from "vitest";
import { gridWorld } from "../../src/environments/grid-world.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { allocateIntegers, allocateReals, foldedSizes, foldTables, ownMemory } from "../../src/planning/fold.ts";
import { pessimisticIteration } from "../../src/planning/pessimistic.ts";
import { planTabular } from "../../src/planning/plan.ts";
import { policyIteration } from "../../src/planning/policy-iteration.ts";
import { createSweeps } from "../../src/planning/sweeps.ts";
import { createArena } from "../../src/planning/sweeps-wasm.ts";
import { valueIteration } from "../../src/planning/value-iteration.ts";
import { randomTables } from "../random-mdp.ts";

const largest = (a: Float64Array, b: Float64Array) => a.reduce((most, x, k) => Math.max(most, Math.abs(x - b[k])), 0);

describe("policy iteration", () => {
  test("stays within the bound that it prints, whenever it stops", () => {
    const random = createRandom(1);
    for (let trial = 0; trial < 40; trial++) {
      const tables = randomTables(random, 12, 3, 1 + random.integer(4));
      const world = { ...tables, rewards: tables.rewards.map(() => random.normal()) };
      const discount = 0.5 + 0.499 * random.uniform();
      const exact = valueIteration(world, { discount, tolerance: 1e-11 });
      for (const evaluations of [0, 2, 9])
        for (const tolerance of [1, 0.1, 1e-6]) {
          const found = policyIteration(world, { discount, tolerance, evaluations });
          expect(found.errorBound).toBeLessThanOrEqual(tolerance);
          expect(largest(found.v, exact.v)).toBeLessThanOrEqual(found.errorBound + 1e-10);
          expect(largest(found.q, exact.q)).toBeLessThanOrEqual(found.errorBound + 1e-10);
        }
    }
  });

  test("ends exactly where nothing is discounted", () => {
    const { tables } = gridWorld({ map: ["S...", ".#.#", "...#", "#..G"], stepReward: -1, goalReward: 0 });
    const found = policyIteration(tables, { discount: 1 });
    const jacobi = valueIteration(tables, { discount: 1 });
    expect(found.errorBound).toBe(0);
    expect(Array.from(found.v)).toEqual(Array.from(jacobi.v));
  });

  test("threads agree with one, and with themselves to the last bit", async () => {
    const { tables } = gridWorld({
      map: Array.from({ length: 30 }, (_, r) => (r === 29 ? `${".".repeat(29)}G` : ".".repeat(30))),
      variant: "windy",
    });
    const settings = { discount: 0.97, tolerance: 1e-9 };
    const one = policyIteration(tables, settings);
    const two = await policyIteration(tables, { ...settings, threads: 2 });
    const again = await policyIteration(tables, { ...settings, threads: 2 });
    expect(largest(one.v, two.v)).toBeLessThanOrEqual(2e-9);
    expect(two.v).toEqual(again.v);
    expect(two.q).toEqual(again.q);
  });
});

describe("compiled sweeps", () => {
  test("agree with those in JavaScript to the last bit, forward and backward, over blocks, pairs without outcomes included", () => {
    const random = createRandom(5);
    for (let trial = 0; trial < 20; trial++) {
      const tables = randomTables(random, 40, 1 + random.integer(5), 1 + random.integer(4));
      // the last pair leads nowhere
      const offsets = tables.offsets.slice();
      offsets[offsets.length - 1] = offsets[offsets.length - 2];
      const world = { ...tables, offsets, rewards: tables.rewards.map(() => random.normal()) };
      const sides = [undefined, createArena([...foldedSizes(world), 8 * 40, 4 * 40], trial % 2 === 1)].map((arena) => {
        const allocate = arena?.allocate ?? ownMemory;
        const folded = foldTables(world, world.rewards, 0.95, undefined, allocate);
        return { sweeps: createSweeps(folded, arena), v: allocateReals(allocate, 40), choice: allocateIntegers(allocate, 40), arena };
      });
      expect(sides[1].arena).toBeDefined();
      for (let round = 0; round < 12; round++) {
        const [from, to] = [random.integer(20), 20 + random.integer(21)];
        const backward = random.integer(2) === 1;
        const kind = round % 3 === 0 ? "improve" : "evaluate";
        const [own, compiled] = sides.map(({ sweeps, v, choice }) => sweeps[kind](v, choice, from, to, backward));
        expect(compiled).toBe(own);
        expect(Array.from(sides[1].v)).toEqual(Array.from(sides[0].v));
        expect(Array.from(sides[1].choice)).toEqual(Array.from(sides[0].choice));
      }
    }
  });
});

describe("pessimism", () => {
  test("0 is the expectation, and values fall as it grows", () => {
    const random = createRandom(3);
    for (let trial = 0; trial < 20; trial++) {
      const tables = randomTables(random, 8, 3, 3);
      const world = { ...tables, rewards: tables.rewards.map(() => random.normal()) };
      const settings = { discount: 0.9, tolerance: 1e-10 };
      const expected = pessimisticIteration(world, 0, settings).v;
      expect(largest(expected, valueIteration(world, settings).v)).toBeLessThan(1e-9);
      const half = pessimisticIteration(world, 0.5, settings).v;
      const worst = pessimisticIteration(world, 1, settings).v;
      for (let s = 0; s < 8; s++) {
        expect(half[s]).toBeLessThanOrEqual(expected[s] + 1e-9);
        expect(worst[s]).toBeLessThanOrEqual(half[s] + 1e-9);
      }
    }
  });
});

test("a plan goes the shortest way to a goal given as a function", () => {
  const { tables, grid } = gridWorld({ map: ["S...", ".#.#", "...#", "#..."], goals: [] });
  const goal = grid.stateAt[15];
  const policy = planTabular(tables, { discount: 0.9, goal: (s) => s === goal });
  let state = 0;
  let steps = 0;
  for (; state !== goal && steps < 20; steps++) state = tables.nextStates[state * 4 + policy.act(state)];
  expect(steps).toBe(6);
  expect(policy.v[0]).toBeCloseTo(0.9 ** 5, 8);
});

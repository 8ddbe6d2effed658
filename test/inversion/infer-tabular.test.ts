import { describe, expect, test } from "vitest";
import { tabularResidual } from "../../src/bellman/tabular.ts";
import { inferTabular, tabularAnswers } from "../../src/inversion/tabular/infer-tabular.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { valueIteration } from "../../src/planning/value-iteration.ts";
import { exactCritic, randomTables } from "../random-mdp.ts";

describe("from exact values", () => {
  test("deterministic worlds: one generic head is enough", () => {
    const random = createRandom(1);
    const tables = randomTables(random, 60, 4);
    const critic = exactCritic(random, tables, { discounts: [0.95] });
    const answers = tabularAnswers(critic);
    expect(answers.nextStates).toEqual(tables.nextStates);
    expect(Math.max(...answers.residual)).toBeLessThan(1e-10);
    expect(Math.max(...tabularResidual(critic, tables).map(Math.abs))).toBeLessThan(1e-10);
  });

  test("rewards that are not known cancel between two heads, and only there", () => {
    const random = createRandom(2);
    const tables = randomTables(random, 30, 3);
    const both = exactCritic(random, tables, { discounts: [0.9, 0.7], rewards: false });
    // the same unknown reward for both heads: γ alone tells them apart
    const shared = Float64Array.from({ length: 90 }, () => random.normal());
    const q = new Float64Array(180);
    const v = new Float64Array(60);
    [0.9, 0.7].forEach((discount, i) => {
      const exact = valueIteration({ ...tables, rewards: shared }, { discount, tolerance: 1e-12 });
      q.set(exact.q, 90 * i);
      v.set(exact.v, 30 * i);
    });
    const silent = { ...both, q, v, rewards: undefined };
    expect(tabularAnswers(silent).nextStates).toEqual(tables.nextStates);
    const wrong = tabularAnswers({ ...silent, rewards: new Float64Array(180) });
    expect(wrong.nextStates.every((s, k) => s === tables.nextStates[wrong.offsets.indexOf(k)])).toBe(false);
    expect(() => tabularAnswers({ ...silent, heads: silent.heads.slice(0, 1), q: q.slice(0, 90), v: v.slice(0, 30) })).toThrow(
      /rewards are not known/,
    );
  });

  test("rewards that differ beside terminal values", () => {
    const random = createRandom(3);
    const tables = randomTables(random, 25, 4);
    const critic = exactCritic(random, tables, { discounts: [0.9, 0.8, 0.95, 0.85, 0.7], goals: true, rewards: false });
    const pairs = 100;
    // a cost that takes two values, added to every head and solved anew
    const cost = Float64Array.from({ length: pairs }, () => (random.integer(2) ? -0.1 : -0.25));
    const q = new Float64Array(5 * pairs);
    const v = new Float64Array(5 * 25);
    const rewards = new Float64Array(5 * pairs);
    critic.heads.forEach((head, i) => {
      const exact = valueIteration(
        { ...tables, rewards: cost },
        { discount: head.discount, terminalValue: critic.terminalValue!.subarray(25 * i, 25 * (i + 1)), tolerance: 1e-12 },
      );
      q.set(exact.q, i * pairs);
      v.set(exact.v, i * 25);
      rewards.set(cost, i * pairs);
    });
    const answers = tabularAnswers({ ...critic, q, v, rewards });
    for (let k = 0; k < pairs; k++)
      expect(answers.nextStates.subarray(answers.offsets[k], answers.offsets[k + 1])).toContain(tables.nextStates[k]);
    expect(Math.max(...answers.residual)).toBeLessThan(1e-10);
  });

  test("stochastic worlds: as many heads as states give the distributions", () => {
    const random = createRandom(4);
    const tables = randomTables(random, 15, 2, 4);
    const critic = exactCritic(random, tables, { discounts: new Array(16).fill(0.9) });
    const model = inferTabular(critic, { method: "projection" });
    const found = model.transitions();
    for (let k = 0; k < 30; k++) {
      const p = new Float64Array(15);
      for (let o = tables.offsets[k]; o < tables.offsets[k + 1]; o++) p[tables.nextStates[o]] += tables.probabilities[o];
      for (let o = found.offsets[k]; o < found.offsets[k + 1]; o++) p[found.nextStates[o]] -= found.probabilities[o];
      for (const difference of p) expect(Math.abs(difference)).toBeLessThan(1e-7);
    }
  });

  test("plans for new goals in the inferred model are those of the world itself", () => {
    const random = createRandom(5);
    const tables = randomTables(random, 40, 3);
    const model = inferTabular(exactCritic(random, tables, { discounts: [0.9, 0.9] }));
    const rewards = Float64Array.from({ length: 120 }, () => random.normal());
    const own = valueIteration(model.transitions({ rewards }), { discount: 0.95, tolerance: 1e-10 });
    const real = valueIteration({ ...tables, rewards }, { discount: 0.95, tolerance: 1e-10 });
    for (let s = 0; s < 40; s++) expect(own.v[s]).toBeCloseTo(real.v[s], 8);
  });
});

test("too far from every column is no answer; not a number is a silent head", async () => {
  const random = createRandom(6);
  const critic = exactCritic(random, randomTables(random, 10, 2), { discounts: [0.9] });
  const q = critic.q.slice();
  q[3] += 100;
  q[4] = Number.NaN;
  const model = inferTabular({ ...critic, q }, { noneAbove: 1 });
  const prediction = await model.predict([1, 2, 0], [1, 0, 0]);
  expect(prediction.answers.slice(0, 2)).toEqual(["none", "none"]);
  expect(Array.from(prediction.nextStates.subarray(0, 2))).toEqual([-1, -1]);
  expect(prediction.answers[2]).toBe("found");
  expect(model.transitions().nextStates[3]).toBe(1);
});

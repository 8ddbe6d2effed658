import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { inferContinuous } from "../../src/inversion/infer-continuous.ts";
import { createRandom, type Random } from "../../src/numbers/random.ts";
import { boundFactors, boundsOf, PRIOR } from "../../src/world-model/bounds.ts";
import { type CalibrationTransitions, calibrateBounds } from "../../src/world-model/calibrate.ts";
import { coverageOf } from "../../src/world-model/coverage.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";
import { studentQuantile } from "../../src/world-model/student.ts";
import type { ContinuousWorldModel } from "../../src/world-model/world-model.ts";
import { plainCoordinates, plantedCritic, plantedSamples } from "../planted-critic.ts";

const home = mkdtempSync(join(tmpdir(), "vinverse-bounds-"));
afterAll(() => rmSync(home, { recursive: true }));

const law = {
  a: [
    [0, 0.1],
    [-0.2, -0.05],
  ],
  b: [[0], [0.15]],
};
const rewards = (_s: Float64Array, _a: Float64Array, n: number, out: Float64Array) => void out.fill(-1, 0, n);
const plain = [false, false];

function trueSteps(n: number, random: Random, noise = 0): CalibrationTransitions {
  const { states, actions } = plantedSamples(2, 1, n, random);
  const nextStates = states.map((x, i) => {
    const [position, speed] = [states[i - (i % 2)], states[i - (i % 2) + 1]];
    return x + (i % 2 ? -0.2 * position - 0.05 * speed + 0.15 * actions[i >> 1] : 0.1 * speed) + noise * random.normal();
  });
  return { n, states, actions, nextStates };
}

async function planted(seed: number, heads: number, noise: number, more: { readonly sees?: readonly number[] } = {}) {
  const random = createRandom(seed);
  const critic = plantedCritic({ heads, ...law, noise, ...more }, random);
  return inferContinuous([critic], {
    coordinates: plainCoordinates(2),
    rewards,
    samples: plantedSamples(2, 1, 300, random),
    method: "pointwise",
  });
}

test("quantiles of Student's distribution are those of an independent program", () => {
  // scipy.stats.t.ppf((1 + level) / 2, degrees)
  for (const [level, degrees, expected] of [
    [0.9, 1, 6.313751514675037],
    [0.9, 2, 2.9199855803537242],
    [0.95, 10, 2.2281388519868415],
    [0.5, 3, 0.7648923284043444],
    [0.99, 5.5, 3.8499114660010356],
    [0.9, 1000, 1.6463788172854643],
  ] as const)
    expect(studentQuantile(level, degrees)).toBeCloseTo(expected, 8);
});

describe("bounds that n transitions have measured hold ⌈(n + 1) level⌉/(n + 1) of the next ones on average, whatever the model", () => {
  const repeats = 40;
  const n = 60;
  /** Of every coordinate, mean coverage over repeats of fresh transitions. */
  const measure = async (shrink: number, level: number) => {
    const { model } = await planted(3, 6, 0.5);
    const random = createRandom(11);
    const totals = [0, 0];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const calibrated = await calibrateBounds(model, trueSteps(n, random, 0.02));
      const fresh = trueSteps(100, random, 0.02);
      const found = await calibrated.predict(fresh.states, fresh.actions, { level });
      const { dimensions } = coverageOf({ ...found, bound: found.bound.map((x) => shrink * x) }, fresh, plain, level);
      dimensions.forEach(({ all }, j) => {
        totals[j] += all / repeats;
      });
    }
    await model.release();
    return totals;
  };
  // coverage of one repeat is Beta(rank, n + 1 − rank), a binomial of 100 besides
  const tolerance = (mean: number) => 3.5 * Math.sqrt((mean * (1 - mean) * (1 / (n + 2) + 1 / 100)) / repeats);

  test.each([0.9, 0.7])("level %s", async (level) => {
    const mean = Math.ceil((n + 1) * level) / (n + 1);
    for (const coverage of await measure(1, level)) expect(Math.abs(coverage - mean)).toBeLessThan(tolerance(mean));
  });

  test("the check can fail: bounds a quarter narrower break it", async () => {
    const mean = Math.ceil((n + 1) * 0.9) / (n + 1);
    for (const coverage of await measure(0.75, 0.9)) expect(mean - coverage).toBeGreaterThan(tolerance(mean));
  });
});

describe("without any transition", () => {
  /** Mean over critics of what the bounds hold, and of the share that is answered. */
  const overCritics = async (noise: number) => {
    const critics = 12;
    const mean = { all: 0, answered: 0 };
    for (let seed = 20; seed < 20 + critics; seed++) {
      const { model } = await planted(seed, 16, noise);
      const truth = trueSteps(200, createRandom(seed + 100));
      const { whole } = coverageOf(await model.predict(truth.states, truth.actions), truth, plain);
      mean.all += whole.all / critics;
      mean.answered += (1 - whole.abstained) / critics;
      await model.release();
    }
    return mean;
  };

  test("bounds of critics that err at random hold about as many as they say, over critics", async () => {
    const { all, answered } = await overCritics(0.005);
    expect(all).toBeGreaterThan(0.85);
    expect(all).toBeLessThan(0.96);
    expect(answered).toBeGreaterThan(0.8);
  });

  test("critics whose errors drown what they see are not answered, since their bounds would be too narrow", async () => {
    const { all, answered } = await overCritics(0.2);
    expect(all).toBeLessThan(0.8);
    expect(answered).toBe(0);
  });
});

test("a coordinate that no head sees is abstained from, the other is answered", async () => {
  const { model } = await planted(6, 6, 0, { sees: [0] });
  const { definition } = model;
  // the verdict refuses such a critic as a whole; what is asked here is each coordinate
  const { bounds } = definition;
  expect(bounds?.refused).toBe(true);
  const { states, actions } = plantedSamples(2, 1, 200, createRandom(8));
  const { deviation, trusted } = await model.predict(states, actions);
  expect(trusted.some((x) => x === 1)).toBe(false);
  const judged = boundsOf(deviation, { ...bounds!, refused: false }).trusted;
  for (let i = 0; i < 200; i++) expect(judged[2 * i + 1]).toBe(0);
  expect(judged.filter((x, i) => i % 2 === 0 && x === 1).length).toBeGreaterThan(180);
});

test("transitions move the width from a guess to a measurement", () => {
  const scale = { basis: "transitions", typical: Float64Array.of(1), refused: false } as const;
  const guess = boundFactors({ ...scale, scores: new Float64Array(0) }, 0.9)[0];
  expect(guess).toBeCloseTo(PRIOR.scale * studentQuantile(0.9, PRIOR.degrees), 12);
  // too few for the rank: narrower where errors were small, wider where they were large
  expect(boundFactors({ ...scale, scores: new Float64Array(5).fill(0.1) }, 0.9)[0]).toBeLessThan(0.7 * guess);
  expect(boundFactors({ ...scale, scores: new Float64Array(5).fill(5) }, 0.9)[0]).toBeGreaterThan(3 * guess);
  // nine are enough: the largest
  const nine = Float64Array.from({ length: 9 }, (_, i) => i + 1);
  expect(boundFactors({ ...scale, scores: nine }, 0.9)[0]).toBe(9);
  expect(boundFactors({ ...scale, scores: nine }, 0.5)[0]).toBe(5);
  for (const level of [0, 1, Number.NaN])
    expect(() => boundFactors({ ...scale, scores: nine }, level)).toThrow("a bound's level must lie between 0 and 1");
});

test("what cannot be answered has no bound and is not trusted", () => {
  const scale = { basis: "critics", typical: Float64Array.of(1), refused: false, scores: new Float64Array(0) } as const;
  const { bound, trusted } = boundsOf(Float64Array.of(Number.NaN, Infinity, 0.1), scale);
  expect([...bound].map(Number.isFinite)).toEqual([false, false, true]);
  expect([...trusted]).toEqual([0, 0, 1]);
});

test("fits with transitions measure their own bounds by what was held out, and wider levels hold more", async () => {
  const random = createRandom(5);
  const critic = plantedCritic({ heads: 2, ...law, noise: 0.3 }, random);
  const { model, transitions } = await inferContinuous([critic], {
    coordinates: plainCoordinates(2, [1, null]),
    rewards,
    samples: plantedSamples(2, 1, 200, random),
    transitions: trueSteps(30, random, 0.03),
  });
  const fresh = trueSteps(500, random, 0.03);
  for (const own of [model, transitions!.supervisedModel]) {
    const covered: number[] = [];
    for (const level of [0.5, 0.9]) {
      const found = await own.predict(fresh.states, fresh.actions, { level });
      covered.push(coverageOf(found, fresh, plain, level).whole.all);
    }
    expect(covered[0]).toBeLessThan(covered[1]);
    // Beta(28, 3) for the rank of 30
    expect(covered[1]).toBeGreaterThan(0.75);
  }
});

test("measured bounds come back from their folder, in the same bytes; a released model answers no more", async () => {
  const { model } = await planted(2, 6, 0.5);
  const calibrated = await calibrateBounds(model, trueSteps(20, createRandom(1)));
  const [first, second] = [join(home, "a"), join(home, "b")];
  await calibrated.save(first);
  const loaded = (await loadWorldModel(first, { coordinates: plainCoordinates(2), rewards })) as ContinuousWorldModel;
  await loaded.save(second);
  for (const name of ["model.json", "tensors.safetensors"])
    expect(readFileSync(join(second, name)).equals(readFileSync(join(first, name))), name).toBe(true);
  const { states, actions } = plantedSamples(2, 1, 20, createRandom(4));
  const [before, after] = [await calibrated.predict(states, actions), await loaded.predict(states, actions)];
  expect(after.bound).toEqual(before.bound);
  expect(after.trusted).toEqual(before.trusted);
  await loaded.release();
  await expect(loaded.predict(states, actions)).rejects.toThrow();
  await expect(calibrateBounds(model, { n: 0, states, actions, nextStates: states })).rejects.toThrow("there are no transitions");
});

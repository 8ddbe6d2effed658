import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bellmanSystem } from "../../src/bellman/system.ts";
import type { InferredContinuous } from "../../src/inversion/assemble.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { inferContinuous } from "../../src/inversion/infer-continuous.ts";
import type { InferOptions } from "../../src/inversion/options.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { linearGaussianCoordinates, linearGaussianCritic, shakenSpring as world } from "../../src/reproduce/linear-gaussian.ts";
import { expectedUnderNoise } from "../../src/world-model/expected-values.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";
import { sigmaPoints } from "../../src/world-model/sigma-points.ts";
import { plainCoordinates, plantedCritic, plantedSamples } from "../planted-critic.ts";

const nothing = (_s: Float64Array, _a: Float64Array, n: number, out: Float64Array) => void out.fill(0, 0, n);
const signals = { cumulants: 8, bandwidth: 1, discounts: [0.3, 0.6] };
const coordinates = linearGaussianCoordinates(2);

/** Relative errors of the mean change and of the covariance over fresh pairs. */
async function errors({ model }: InferredContinuous, growth: number, seed: number) {
  const n = 150;
  const { states, actions } = plantedSamples(2, 1, n, createRandom(seed));
  const { nextStates, covariance = new Float64Array(4 * n) } = await model.predict(states, actions);
  let [mean, change, scatter, size] = [0, 0, 0, 0];
  const truth = [0.0025, 0.0015, 0.0015, 0.0409];
  for (let b = 0; b < n; b++) {
    for (let j = 0; j < 2; j++) {
      const moved = world.a[j][0] * states[2 * b] + world.a[j][1] * states[2 * b + 1] + world.b[j][0] * actions[b];
      mean += (nextStates[2 * b + j] - moved) ** 2;
      change += (moved - states[2 * b + j]) ** 2;
    }
    const louder = 1 + growth * actions[b] ** 2;
    for (let e = 0; e < 4; e++) {
      scatter += (covariance[4 * b + e] - louder * truth[e]) ** 2;
      size += (louder * truth[e]) ** 2;
    }
  }
  return { mean: Math.sqrt(mean / change), covariance: Math.sqrt(scatter / size) };
}

describe("expectations under noise", () => {
  test("sigma points have the moments of a normal vector up to degree 5", () => {
    for (let d = 1; d <= 5; d++) {
      const { count, points, weights } = sigmaPoints(d);
      const moment = (of: (x: Float64Array) => number) => {
        let sum = 0;
        for (let p = 0; p < count; p++) sum += weights[p] * of(points.subarray(p * d, (p + 1) * d));
        return sum;
      };
      expect(count).toBe(2 * d * d + 1);
      expect(moment(() => 1)).toBeCloseTo(1, 12);
      for (let i = 0; i < d; i++) {
        expect(moment((x) => x[i] ** 2)).toBeCloseTo(1, 12);
        expect(moment((x) => x[i] ** 4)).toBeCloseTo(3, 12);
        for (let j = 0; j < i; j++) {
          expect(moment((x) => x[i] * x[j])).toBeCloseTo(0, 12);
          expect(moment((x) => x[i] ** 2 * x[j] ** 2)).toBeCloseTo(1, 12);
          expect(moment((x) => x[i] ** 3 * x[j])).toBeCloseTo(0, 12);
        }
      }
    }
  });

  test("their slopes by mean and factor are those of central differences, and the planted critic obeys its own equation", async () => {
    const random = createRandom(2);
    const critic = linearGaussianCritic(world, signals, random);
    const system = await bellmanSystem(critic, coordinates, nothing);
    const { states, actions } = plantedSamples(2, 1, 3, random);
    const targets = await system.targets(states, actions);
    const means = new Float64Array(6);
    for (let b = 0; b < 3; b++)
      for (let j = 0; j < 2; j++)
        means[2 * b + j] = world.a[j][0] * states[2 * b] + world.a[j][1] * states[2 * b + 1] + world.b[j][0] * actions[b];
    const factors = Float64Array.from({ length: 9 }, (_, e) => [0.05, 0.03, 0.2][e % 3]);
    const { values, slopes } = await expectedUnderNoise(system, means, factors);
    values.forEach((value, at) => {
      expect(Math.abs(value - targets[at])).toBeLessThan(5e-4);
    });
    const k = critic.heads.length;
    const h = 0.01;
    for (let entry = 0; entry < 5; entry++) {
      const shifted = async (by: number) =>
        entry < 2
          ? expectedUnderNoise(
              system,
              means.map((x, at) => (at % 2 === entry ? x + by : x)),
              factors,
            )
          : expectedUnderNoise(
              system,
              means,
              factors.map((x, at) => (at % 3 === entry - 2 ? x + by : x)),
            );
      const [up, down] = [await shifted(h), await shifted(-h)];
      for (let b = 0; b < 3; b++)
        for (let i = 0; i < k; i++) {
          const difference = (up.values[b * k + i] - down.values[b * k + i]) / (2 * h);
          expect(Math.abs(slopes[(b * 5 + entry) * k + i] - difference)).toBeLessThan(2e-3);
        }
    }
    await system.release();
  });
});

describe("a planted noise", () => {
  test("one law and one noise for the region; what knows of no noise takes its curvature for motion", async () => {
    const critic = linearGaussianCritic(world, signals, createRandom(1));
    const options = { coordinates, rewards: nothing, samples: plantedSamples(2, 1, 200, createRandom(11)) };
    const inferred = await inferContinuous([critic], { ...options, noise: "constant" });
    const found = await errors(inferred, 0, 12);
    const quiet = await errors(await inferContinuous([critic], options), 0, 12);
    expect(found.mean).toBeLessThan(1e-3);
    expect(found.covariance).toBeLessThan(0.01);
    expect(quiet.mean).toBeGreaterThan(5 * found.mean);
    expect(inferred.identifiability.noise).toMatchObject({ entries: 3, regionVisible: 3 });
    expect(inferred.identifiability.verdict).toMatchObject({ usable: true, sentence: expect.stringContaining("The noise is seen") });
  });

  test("pair by pair, where it grows with the action", async () => {
    const critic = linearGaussianCritic({ ...world, growth: 1 }, signals, createRandom(3));
    const samples = plantedSamples(2, 1, 60, createRandom(13));
    const inferred = await inferContinuous([critic], { coordinates, rewards: nothing, samples, method: "pointwise", noise: "constant" });
    const found = await errors(inferred, 1, 14);
    expect(found.mean).toBeLessThan(1e-3);
    expect(found.covariance).toBeLessThan(0.02);
  });

  test("heads that see one coordinate of two cannot tell the noise of the other, and it is said", async () => {
    const still = {
      ...world,
      a: [
        [1, 0],
        [0, 1],
      ],
    };
    const critic = linearGaussianCritic(still, { ...signals, sees: [0] }, createRandom(4));
    const samples = plantedSamples(2, 1, 60, createRandom(15));
    const { identifiability } = await inferContinuous([critic], {
      coordinates,
      rewards: nothing,
      samples,
      method: "pointwise",
      noise: "constant",
    });
    expect(identifiability.noise!.regionVisible).toBe(1);
    expect(identifiability.noise!.sentence).toContain("1 of 3");
    expect(identifiability.noise!.help.length).toBeGreaterThan(0);
  });

  test("where there is none, none is found", async () => {
    const a = [
      [0, 0.1],
      [-0.2, -0.05],
    ];
    const critic = plantedCritic({ heads: 10, a, b: [[0], [0.15]] }, createRandom(5));
    const samples = plantedSamples(2, 1, 150, createRandom(16));
    const rewards = (_s: Float64Array, _a: Float64Array, n: number, out: Float64Array) => void out.fill(-1, 0, n);
    const { model } = await inferContinuous([critic], { coordinates: plainCoordinates(2), rewards, samples, noise: "constant" });
    const { covariance } = await model.predict([0.5, -0.5], [0.3]);
    expect(Math.sqrt(Math.max(covariance![0], covariance![3]))).toBeLessThan(0.01);
  });

  test("a rollout with a seed scatters as its covariances say; saved and loaded it is the same", async () => {
    const critic = linearGaussianCritic(world, signals, createRandom(6));
    const { model } = await inferContinuous([critic], {
      coordinates,
      rewards: nothing,
      samples: plantedSamples(2, 1, 150, createRandom(17)),
      noise: "linear",
    });
    const folder = mkdtempSync(join(tmpdir(), "vinverse-noise-"));
    try {
      await model.save(folder);
      const loaded = await loadWorldModel(folder, { coordinates });
      if (loaded.kind !== "continuous") throw new TypeError("not continuous");
      const [own, again] = await Promise.all([model.predict([1, -1], [0.5]), loaded.predict([1, -1], [0.5])]);
      expect(again.covariance).toEqual(own.covariance);
      expect(again.nextStates).toEqual(own.nextStates);
      const path = await model.rollout([1, -1], [0.5, 0, 0], { seed: 3 });
      expect(await loaded.rollout([1, -1], [0.5, 0, 0], { seed: 3 })).toEqual(path);
      expect(await model.rollout([1, -1], [0.5, 0, 0])).not.toEqual(path);
      const held = Array.from({ length: 2 }, () => 0);
      const draws = await Promise.all(Array.from({ length: 1500 }, (_, seed) => model.rollout([1, -1], [0.5], { seed })));
      for (const draw of draws)
        for (let j = 0; j < 2; j++) if (Math.abs(draw[2 + j] - own.nextStates[j]) < own.bound[j]) held[j] += 1 / draws.length;
      for (const share of held) {
        expect(share).toBeGreaterThan(0.87); // four deviations of 1500 draws below 90 %
        expect(share).toBeLessThan(0.98);
      }
      for (let x = 0; x < 2; x++)
        for (let y = 0; y <= x; y++) {
          const at = (j: number) => own.nextStates[j];
          const sample = draws.reduce((sum, draw) => sum + (draw[2 + x] - at(x)) * (draw[2 + y] - at(y)), 0) / draws.length;
          const scale = Math.sqrt(own.covariance![3 * x] * own.covariance![3 * y]);
          expect(Math.abs(sample - own.covariance![2 * x + y])).toBeLessThan(0.25 * scale);
        }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("tables, transitions and networks are refused", async () => {
    const critic = linearGaussianCritic(world, signals, createRandom(7));
    const options = { method: "network", noise: "constant", samples: 10 } as InferOptions;
    await expect(inferDynamics(critic, options)).rejects.toThrow(/'amortised' or 'pointwise'/);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { normalize, type ObservationNormalization } from "../../src/critics/observation-normalization.ts";
import { evaluate, Graph } from "../../src/engine/index.ts";
import { loadCritic } from "../../src/formats/load-critic.ts";
import { normalizationFor, readVecNormalize } from "../../src/formats/vec-normalize.ts";
import { box } from "../../src/spaces/space.ts";

const folder = join(import.meta.dirname, "fixtures/old-her");
/** What fixtures/make.py gives the statistics: means 0.1 i, variances ½ + n over n coordinates, clip_obs 1.5, ε 1e-8. */
const CLIP = 1.5;
const deviation = (n: number) => Math.sqrt(0.5 + n + 1e-8);
const stats = readVecNormalize(new Uint8Array(readFileSync(join(folder, "old-her/vecnormalize.pkl"))), "vecnormalize.pkl");

test("the file's statistics, its bound and its ε are read", () => {
  expect([stats.clip, stats.epsilon]).toEqual([CLIP, 1e-8]);
  expect(stats.rewardScale).toBe(1 / Math.sqrt(4 + 1e-8));
  const found = stats.observations!.get("observation")!;
  expect([Array.from(found.mean), Array.from(found.variance)]).toEqual([
    [0, 0.1, 0.2],
    [3.5, 3.5, 3.5],
  ]);
});

test("a critic does not see how far beyond the bound an observation lies", async () => {
  const critic = (await loadCritic(folder)) as NetworkCritic;
  // keys in sorted order: achieved_goal (not seen by this critic), desired_goal, observation
  const sizes = [2, 2, 3];
  const at = (sign: number, size: number) =>
    sizes.flatMap((n) => Array.from({ length: n }, (_, i) => 0.1 * i + sign * size * deviation(n)));
  const ask = async (o: number[]) => [...(await critic.actionValues([o], [0.5])), ...(await critic.stateValues([o]))];
  for (const sign of [1, -1]) {
    const edge = await ask(at(sign, CLIP));
    for (const size of [CLIP + 0.01, 3, 1000]) {
      const beyond = await ask(at(sign, size));
      beyond.forEach((x, i) => {
        expect(x).toBeCloseTo(edge[i], 5);
      });
    }
    const within = await ask(at(sign, CLIP - 0.5));
    expect(Math.abs(within[0] - edge[0])).toBeGreaterThan(1e-3);
  }
});

describe("clip((o − mean)/√(variance + ε), ±clip)", () => {
  const observations = [
    [3, -40, 0.5, 7],
    [-9, 0.25, 60, -7],
  ];
  const run = (by: ObservationNormalization, widths: readonly number[]) => {
    const graph = new Graph();
    let from = 0;
    const feeds: Record<string, { shape: number[]; data: Float64Array }> = {};
    const pieces = widths.map((width, p) => {
      const start = from;
      from += width;
      feeds[`${p}`] = { shape: [2, width], data: Float64Array.from(observations.flatMap((row) => row.slice(start, start + width))) };
      return graph.input(`${p}`, ["N", width]);
    });
    normalize(pieces, by).forEach((value, p) => {
      graph.output(`out ${p}`, value);
    });
    const out = evaluate(graph, feeds);
    const parts = widths.map((width, p) => [0, 1].map((b) => Array.from(out[`out ${p}`].data.slice(b * width, (b + 1) * width))));
    return [0, 1].map((b) => parts.flatMap((part) => part[b]));
  };
  const by: ObservationNormalization = {
    mean: Float64Array.of(1, 0, 0.5, 0),
    scale: Float64Array.of(0.5, 2, 1, 1),
    bound: Float64Array.of(2, 2, 2, 2),
  };

  test("dimension by dimension, whole or in pieces", () => {
    const wanted = observations.map((row) => row.map((o, i) => Math.min(2, Math.max(-2, (o - by.mean[i]) * by.scale[i]))));
    expect(run(by, [4])).toEqual(wanted);
    expect(run(by, [1, 3])).toEqual(wanted);
  });

  test("dimensions without a bound pass, beside those that have one or alone", () => {
    const bound = Float64Array.of(2, Number.POSITIVE_INFINITY, 2, Number.POSITIVE_INFINITY);
    const wanted = observations.map((row) => row.map((o, i) => Math.min(bound[i], Math.max(-bound[i], (o - by.mean[i]) * by.scale[i]))));
    expect(run({ ...by, bound }, [4])).toEqual(wanted);
    const open = new Float64Array(4).fill(Number.POSITIVE_INFINITY);
    expect(run({ ...by, bound: open }, [2, 2])).toEqual(observations.map((row) => row.map((o, i) => (o - by.mean[i]) * by.scale[i])));
  });

  test("statistics of a plain observation are laid along it, with the file's bound on each", () => {
    const own = { observations: new Map([["", { mean: [1, 2], variance: [3, 8] }]]), clip: 4, epsilon: 1, rewardScale: 1 };
    expect(normalizationFor(own, box([0, 0], [1, 1]), "x.pkl")).toEqual({
      mean: Float64Array.of(1, 2),
      scale: Float64Array.of(0.5, 1 / 3),
      bound: Float64Array.of(4, 4),
    });
    expect(() => normalizationFor(own, box([0], [1]), "x.pkl")).toThrow(/x\.pkl: obs_rms has 2 numbers for an observation of 1/);
  });

  test("keys without statistics pass unchanged", () => {
    const own = { observations: new Map([["b", { mean: [1], variance: [3] }]]), clip: 4, epsilon: 1, rewardScale: 1 };
    const space = { kind: "dict", spaces: { b: box([0], [1]), a: box([0], [1]) } } as const;
    expect(normalizationFor(own, space, "x.pkl")).toEqual({
      mean: Float64Array.of(0, 1),
      scale: Float64Array.of(1, 0.5),
      bound: Float64Array.of(Number.POSITIVE_INFINITY, 4),
    });
  });
});

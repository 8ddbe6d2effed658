import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { continuousAdaptation, type Extent } from "../../../src/reproduce/adaptation/adaptation-continuous.ts";
import { continuousChanges } from "../../../src/reproduce/adaptation/continuous-changes.ts";

const cache = mkdtempSync(join(tmpdir(), "vinverse-adaptation-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

const pendulum = continuousChanges.find(({ id }) => id === "Pendulum-v1")!;
const QUIET = 2000;
const CAPS = { tuning: 50, run: 100 };
/** One world, one seed, and a learner that is hardly trained. */
const small: Extent = {
  studies: [
    {
      ...pendulum,
      training: { steps: 200, within: 0.05, every: 100, settings: { hidden: [8], learningStarts: 100, batchSize: 16 } },
      grid: { ...pendulum.grid, sizes: [61, 61], choices: Float64Array.of(-2, -1, 0, 1, 2) },
    },
  ],
  seeds: 1,
  tunedOn: 1,
  caps: CAPS,
  quiet: QUIET,
  updates: 12,
};

interface World {
  readonly optimum: number;
  readonly inferred: {
    readonly each: number[];
    readonly unsolved: number;
    readonly words: string;
    readonly detectionDelay: { readonly value: number };
  };
  readonly continuedLearner: { readonly each: number[]; readonly unsolved: number; readonly grid: readonly { readonly steps: number[] }[] };
  readonly critic: { readonly each: readonly { readonly residual: { readonly before: number; readonly after: number } }[] };
  readonly quietSteps: number;
}

test("a heavier pendulum: noticed, swung up again within 5 % of the optimum, and a learner that fails is counted at its cap", async () => {
  const told: string[] = [];
  const run = () => continuousAdaptation(7, cache, (done, total, what) => void told.push(`${done <= total} ${what}`), small);
  const found = await run();
  const world = found.worlds[pendulum.name] as World;
  expect(world.inferred.unsolved).toBe(0);
  expect(world.inferred.each[0]).toBeLessThanOrEqual(32);
  expect(world.inferred.detectionDelay.value).toBeLessThanOrEqual(8);
  expect(world.inferred.words).toContain("0.50 times as before");
  expect(world.continuedLearner.each).toEqual([CAPS.run]);
  expect(world.continuedLearner.unsolved).toBe(1);
  expect(world.continuedLearner.grid.every(({ steps }) => steps.every((step) => step === CAPS.tuning))).toBe(true);
  expect(found.overContinuedLearner.value).toBeCloseTo(CAPS.run / world.inferred.each[0], 9);
  expect(found.unsolved).toBe(0);
  expect([found.falseAlarmRate, world.quietSteps]).toEqual([0, QUIET]);
  for (const { residual } of world.critic.each) expect(Number.isFinite(residual.before) && Number.isFinite(residual.after)).toBe(true);
  expect(found.charts[0].series.map(({ name }) => name)).toEqual(["inferred model", "learner that goes on"]);
  expect(told.every((line) => line.startsWith("true heavier pendulum"))).toBe(true);
  expect(readdirSync(join(cache, "adaptation")).sort()).toEqual(["Pendulum-v1-seed-7.safetensors", "Pendulum-v1-seed-900.safetensors"]);
});

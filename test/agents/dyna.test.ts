import { describe, expect, test } from "vitest";
import { createDyna, type DynaOptions } from "../../src/agents/continuous/dyna.ts";
import { pendulum } from "../../src/environments/pendulum.ts";
import { physicsEnvironment } from "../../src/environments/physics-environment.ts";
import { createActors, type EnvironmentSource } from "../../src/learning/deep/actors.ts";
import type { ReplayBatch } from "../../src/learning/deep/replay.ts";
import { sac } from "../../src/learning/deep/sac.ts";
import type { Learner, LearnerOptions } from "../../src/learning/learner.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { createFeatures } from "../../src/world-model/features.ts";
import { type LinearModel, linearModel } from "../../src/world-model/linear-model.ts";

const physics = pendulum();
const task: DynaOptions["task"] = { discount: 0.9, reward: (states, actions, _next, n, out) => physics.rewards(states, actions, n, out) };
const source = () => physicsEnvironment("Pendulum", physics);
const ROWS = 10;

/** θ̇ + 0.75 sin θ + 0.15 u, θ + 0.05 θ̇': the law of the pendulum without its clipping, all of it times `factor`. */
function law(factor: number): LinearModel {
  const features = createFeatures("linear", physics.coordinates, physics.actionSpace, new Float64Array(2), Float64Array.of(1, 1));
  const at = (name: string) => features.names.indexOf(name);
  const theta = new Float64Array(2 * features.names.length);
  const width = features.names.length;
  theta[width + at("sin θ")] = 0.75 * factor;
  theta[width + at("action")] = 0.3 * factor;
  theta[at("sin θ")] = 0.05 * 0.75 * factor;
  theta[at("action")] = 0.05 * 0.3 * factor;
  theta[at("θ̇")] = 0.05 * factor;
  return linearModel(physics.coordinates, features, theta);
}

/** Acts at random and shows its batches. */
function idler(batches: { before: number; batch: ReplayBatch }[]): DynaOptions["create"] {
  return async (from: EnvironmentSource, options: LearnerOptions) => {
    const actors = createActors(from, 1, options.seed);
    const random = createRandom(options.seed);
    const tensor = (width: number) => ({ dtype: "float32" as const, dims: [ROWS, width], data: new Float32Array(ROWS * width).fill(7) });
    let steps = 0;
    const learner = {
      actors,
      get steps() {
        return steps;
      },
      async iterate() {
        actors.step([4 * random.uniform() - 2]);
        steps++;
        const batch = {
          observations: tensor(3),
          actions: tensor(1),
          returns: tensor(1),
          discounts: tensor(1),
          "next observations": tensor(3),
        };
        options.onBatch?.(batch);
        batches.push({ before: steps, batch });
      },
      act: async (_observations: Float64Array, n: number) => new Float64Array(n),
    };
    return learner as unknown as Learner;
  };
}

describe("Dyna", () => {
  test("writes steps of the model over its share of every batch, paid by the task", async () => {
    const batches: { before: number; batch: ReplayBatch }[] = [];
    const model = law(1);
    const dyna = await createDyna({
      create: idler(batches),
      source,
      seen: physics,
      task,
      model,
      seed: 1,
      steps: 100,
      share: 0.6,
      refitEvery: 1000,
    });
    for (let t = 0; t < 40; t++) await dyna.iterate();
    expect(dyna.imagined).toBeGreaterThan(0);
    const { batch } = batches[batches.length - 1];
    for (let b = 0; b < ROWS; b++) {
      const row = (data: Float32Array, width: number) => Float64Array.from(data.subarray(b * width, (b + 1) * width));
      if (b >= 6) {
        expect(batch.returns.data[b]).toBe(7);
        continue;
      }
      const state = physics.coordinates.fromObservations(row(batch.observations.data as Float32Array, 3), 1);
      const action = Float64Array.of(2 * Number(batch.actions.data[b]));
      const next = new Float64Array(3);
      physics.observations(model.nextStates(state, action, 1), 1, next);
      const paid = new Float64Array(1);
      physics.rewards(state, action, 1, paid);
      for (let j = 0; j < 3; j++) expect(batch["next observations"].data[b * 3 + j]).toBeCloseTo(next[j], 4);
      expect(batch.returns.data[b]).toBeCloseTo(paid[0], 3);
      expect(batch.discounts.data[b]).toBeCloseTo(0.9, 6);
    }
  });

  test("real steps correct the model", async () => {
    const dyna = await createDyna({ create: idler([]), source, seen: physics, task, model: law(0.6), seed: 2, steps: 500, refitEvery: 50 });
    for (let t = 0; t < 160; t++) await dyna.iterate();
    expect(dyna.errors[0]).toBeGreaterThan(0.3);
    expect(dyna.errors[2]).toBeLessThan(0.05);
  });

  test("a model that is no better than one in which nothing moves is not imagined in, once real steps have told", async () => {
    const whole = law(1);
    const still = linearModel(
      whole.coordinates,
      { ...whole.features, names: ["1"], matrix: (_states, _actions, n) => new Float64Array(n) },
      Float64Array.of(1, 3),
    );
    const dyna = await createDyna({ create: idler([]), source, seen: physics, task, model: still, seed: 3, steps: 500, refitEvery: 40 });
    for (let t = 0; t < 39; t++) await dyna.iterate();
    expect(dyna.imagined).toBeGreaterThan(0);
    await dyna.iterate();
    const told = dyna.imagined;
    expect(dyna.errors).toEqual([1]);
    for (let t = 0; t < 60; t++) await dyna.iterate();
    expect(dyna.imagined).toBe(told);
  });

  test("without a model it is the learner; warmed up it has learned before its first real step", async () => {
    const settings = { hidden: [8], batchSize: 16, learningStarts: 20, updatesPerStep: 1 };
    const options = { create: sac, source, seen: physics, task, seed: 4, steps: 60, settings };
    const [alone, dyna] = [await createDyna(options), await sac(source, { ...settings, seed: 4, steps: 60 })];
    for (let t = 0; t < 40; t++) {
      await alone.iterate();
      await dyna.iterate();
    }
    expect(alone.learner.losses).toEqual(dyna.losses);
    expect(alone.imagined).toBe(0);
    const start = (random: Parameters<typeof physics.initialState>[0], out: Float64Array, offset: number) =>
      void physics.initialState(random, out, offset);
    const warmed = await createDyna({ ...options, model: law(1), warmUp: 50, start });
    expect(warmed.learner.steps).toBe(0);
    expect(warmed.imagined).toBe(50);
    await expect(createDyna({ ...options, model: law(1), warmUp: 50 })).rejects.toThrow(/give `start`/);
    for (const { release } of [alone, dyna, warmed]) await release();
  });
});

import { describe, expect, test } from "vitest";
import { type ContinuousAdaptiveAgent, createContinuousAdaptiveAgent } from "../../src/agents/continuous/adapt-continuous.ts";
import { calibrate, calibrateIn, linearResiduals } from "../../src/agents/continuous/calibrate.ts";
import { imagine, imaginedEnvironment, plannerIn } from "../../src/agents/continuous/imagination.ts";
import { ResidualDetector } from "../../src/agents/continuous/residual-detector.ts";
import { collectTransitions, drawAnywhere } from "../../src/environments/collect.ts";
import { make } from "../../src/environments/make.ts";
import { createRandom } from "../../src/numbers/random.ts";
import type { ContinuousTask } from "../../src/planning/continuous-task.ts";
import { createFeatures } from "../../src/world-model/features.ts";
import { distil, distillations, linearModel, type RealSteps, refit } from "../../src/world-model/linear-model.ts";
import type { ContinuousWorldModel } from "../../src/world-model/world-model.ts";

const random = (seed: number) => createRandom(seed);
const walked = (options: Record<string, number>, n: number, seed: number): Promise<RealSteps> =>
  collectTransitions(make("Pendulum-v1", options), (_o, k) => new Float64Array(k), { n, seed, epsilon: 1, thinning: 1 });

/** A world model that happens to be right. */
function exact(options: Record<string, number> = {}): ContinuousWorldModel {
  const physics = make("Pendulum-v1", options).physics!;
  return {
    kind: "continuous",
    method: "amortised",
    coordinates: physics.coordinates,
    async predict(states: Float64Array, actions: Float64Array) {
      const n = states.length / 2;
      const nextStates = new Float64Array(2 * n);
      physics.step(states, actions, n, { nextStates, rewards: new Float64Array(n), terminated: new Uint8Array(n) });
      return { nextStates, residual: new Float64Array(n), deviation: new Float64Array(2 * n) };
    },
  } as unknown as ContinuousWorldModel;
}
const actionSpace = make("Pendulum-v1").actionSpace;

describe("distilled models", () => {
  test("lose nothing of laws that are linear in their features, and take the simplest that hold them", async () => {
    const { model, error } = await distil(exact(), actionSpace, await walked({}, 600, 1));
    expect(model.features.kind).toBe("linear");
    expect(error).toBeLessThan(1e-6);
    const fresh = await walked({}, 300, 2);
    const { nextStates } = await exact().predict(fresh.states, fresh.actions);
    const apart = model.nextStates(fresh.states, fresh.actions, fresh.n).map((x, i) => Math.abs(x - nextStates[i]));
    expect(Math.max(...apart)).toBeLessThan(1e-5);
  });

  test("refitted to few steps of a heavier pendulum are the heavier pendulum; to none, what they were", async () => {
    const { model } = await distil(exact(), actionSpace, await walked({}, 600, 1));
    const spread = (j: number, f: number) => Math.abs(model.theta[j * model.features.names.length + f]) + 1e-3;
    const options = { deviation: [1e-4, 1e-4], spread };
    const heavy = { mass: 1.5 };
    const errorOf = async (n: number) => {
      const some = await walked(heavy, 12, 3);
      const fitted = refit(
        model,
        { ...some, n, states: some.states.slice(0, 2 * n), actions: some.actions.slice(0, n), nextStates: some.nextStates.slice(0, 2 * n) },
        options,
      );
      const fresh = await walked(heavy, 300, 4);
      return Math.sqrt(linearResiduals(fitted.model, fresh).reduce((sum, e) => sum + e * e, 0) / 600);
    };
    const [none, few] = [await errorOf(0), await errorOf(12)];
    expect(none).toBeGreaterThan(0.02);
    expect(few).toBeLessThan(0.02 * none);
    expect(
      refit(model, { n: 0, states: new Float64Array(0), actions: new Float64Array(0), nextStates: new Float64Array(0) }, options).model
        .theta,
    ).toEqual(model.theta);
  });

  test("a weight that nothing was worth is believed in only where the steps insist", () => {
    const physics = make("Pendulum-v1").physics!;
    const features = createFeatures("linear", physics.coordinates, actionSpace, new Float64Array(2), Float64Array.of(1, 1));
    const model = linearModel(physics.coordinates, features, new Float64Array(2 * features.names.length));
    const steps = { n: 1, states: Float64Array.of(0, 0), actions: Float64Array.of(1), nextStates: Float64Array.of(0, 0.1) };
    const { model: fitted, deviation } = refit(model, steps, {
      deviation: [0.01, 0.01],
      spread: (_j, f) => (features.names[f] === "action" ? 1 : 1e-6),
    });
    const at = features.names.length + features.names.indexOf("action");
    expect(fitted.theta[at]).toBeCloseTo(0.2, 2);
    for (let f = 0; f < features.names.length; f++)
      if (features.names.length + f !== at) expect(Math.abs(fitted.theta[features.names.length + f])).toBeLessThan(1e-6);
    expect(deviation[at]).toBeLessThan(0.03);
  });
});

describe("residual detector", () => {
  const draw = (n: number, scale: number, seed: number) => {
    const lot = random(seed);
    return Float64Array.from({ length: 2 * n }, () => scale * lot.normal());
  };
  test("rings at most at the rate that was set where nothing changes", () => {
    for (const rate of [1e-2, 1e-3]) {
      const detector = new ResidualDetector(draw(2000, 1, 1), 2, { falseAlarmRate: rate });
      const steps = draw(100_000, 1, 2);
      let alarms = 0;
      for (let t = 0; t < 100_000; t++) if (detector.observe(steps.subarray(2 * t, 2 * t + 2))) alarms++;
      expect(alarms / 100_000).toBeLessThanOrEqual(rate);
    }
  });

  test("keeps the rate where errors follow one another and are larger in places that are met now and then", () => {
    const bursts = (n: number, seed: number) => {
      const lot = random(seed);
      const steps = new Float64Array(2 * n);
      for (let t = 0, left = 0; t < n; t++, left--) {
        if (left <= 0 && lot.uniform() < 0.005) left = 20;
        for (let j = 0; j < 2; j++) steps[2 * t + j] = (left > 0 ? 8 : 1) * lot.normal();
      }
      return steps;
    };
    const detector = new ResidualDetector(bursts(3000, 1), 2, { falseAlarmRate: 1e-4 });
    const steps = bursts(100_000, 2);
    let alarms = 0;
    for (let t = 0; t < 100_000; t++) if (detector.observe(steps.subarray(2 * t, 2 * t + 2))) alarms++;
    expect(alarms / 100_000).toBeLessThanOrEqual(1e-4);
    let found = 0;
    for (let t = 1; t <= 10 && found === 0; t++) if (detector.observe([300, 300])) found = t;
    expect(found).toBeGreaterThan(0);
  });

  test("rounding is no evidence", () => {
    const detector = new ResidualDetector(draw(2000, 1e-14, 1), 2, { falseAlarmRate: 1e-5, resolution: [1e-6, 1e-6] });
    for (let t = 0; t < 1000; t++) expect(detector.observe([1e-9, -1e-9])).toBeUndefined();
  });

  test("errors are allowed to be larger away from what was met", async () => {
    const before = await walked({}, 600, 1);
    const { model } = await distil(exact(), actionSpace, before);
    const { allowance, residuals } = calibrate(model, before);
    const at = (velocity: number) => allowance({ n: 1, states: Float64Array.of(0.5, velocity), actions: Float64Array.of(0) })[0];
    const fastest = before.states.reduce((most, x, i) => (i % 2 === 1 ? Math.max(most, Math.abs(x)) : most), 0);
    expect(at(0)).toBe(1);
    expect(at(10 * fastest)).toBeGreaterThan(3);
    expect(at(20 * fastest)).toBeGreaterThan(1.5 * at(10 * fastest));
    expect(residuals.every(Number.isFinite)).toBe(true);
  });

  test("finds residuals ten times as large within some steps, and where they began", () => {
    const detector = new ResidualDetector(draw(2000, 1, 1), 2, { falseAlarmRate: 1e-5 });
    const [calm, wild] = [draw(500, 1, 3), draw(50, 10, 4)];
    for (let t = 0; t < 500; t++) expect(detector.observe(calm.subarray(2 * t, 2 * t + 2))).toBeUndefined();
    let found = 0;
    for (let t = 0; t < 50 && found === 0; t++) {
      const alarm = detector.observe(wild.subarray(2 * t, 2 * t + 2));
      if (!alarm) continue;
      found = t + 1;
      expect(alarm.step).toBe(500 + found);
      expect(Math.abs(alarm.since - 500)).toBeLessThanOrEqual(3);
    }
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThanOrEqual(15);
  });

  test("does not mind the units of the coordinates", () => {
    const scaled = (x: Float64Array) => x.map((e, i) => (i % 2 === 0 ? 1e3 * e : e));
    const plain = new ResidualDetector(draw(2000, 1, 1), 2, { falseAlarmRate: 1e-5 });
    const other = new ResidualDetector(scaled(draw(2000, 1, 1)), 2, { falseAlarmRate: 1e-5 });
    for (let t = 0; t < 20; t++) {
      const e = draw(1, 3, 10 + t);
      expect(other.whitened(scaled(e))).toBeCloseTo(plain.whitened(e), 8);
    }
  });
});

describe("imagination", () => {
  const task: ContinuousTask = {
    discount: 0.9,
    reward: (states, _a, _n, n, out) => {
      for (let b = 0; b < n; b++) out[b] = -Math.abs(states[2 * b + 1]);
    },
    end: (states, n, out) => {
      for (let b = 0; b < n; b++) out[b] = states[2 * b + 1] > 4 ? 1 : 0;
    },
  };
  test("steps as the model does, pays and ends as the task does, and follows a model that is refitted", async () => {
    const { model } = await distil(exact(), actionSpace, await walked({}, 600, 1));
    const physics = make("Pendulum-v1").physics!;
    let now = model;
    const world = imaginedEnvironment(
      "imagined",
      physics,
      task,
      () => now,
      (_r, out, at) => out.set([1, 0.5], at),
      3,
    );
    world.reset({ seed: 1 });
    const truth = make("Pendulum-v1");
    truth.reset({ seed: 1 });
    truth.state = [1, 0.5];
    const step = world.step([2]);
    const [real, dreamt] = [truth.step([2]).observation as Float64Array, step.observation as Float64Array];
    for (let j = 0; j < 3; j++) expect(dreamt[j]).toBeCloseTo(real[j], 5);
    expect(step.reward).toBe(-0.5);
    now = linearModel(model.coordinates, model.features, new Float64Array(model.theta.length));
    const still = world.step([2]).observation as Float64Array;
    for (let j = 0; j < 3; j++) expect(still[j]).toBeCloseTo(dreamt[j], 12);
    expect(world.step([0]).truncated).toBe(true);
    expect(imagine(model, task, Float64Array.of(0, 4.5), Float64Array.of(0), 1).ended[0]).toBe(1);
  });

  test("plans brake where moving costs, with nothing but the model", async () => {
    const { model } = await distil(exact(), actionSpace, await walked({}, 600, 1));
    const zero = Object.assign(async (states: Float64Array) => new Float64Array(states.length / 2), { release: async () => {} });
    const plan = plannerIn(model, make("Pendulum-v1").physics!, { ...task, end: undefined }, zero, {
      random: random(1),
      horizon: 4,
      population: 48,
      iterations: 3,
    });
    expect((await plan.act([0, 3]))[0]).toBeLessThan(-1);
    plan.reset();
    expect((await plan.act([0, -3]))[0]).toBeGreaterThan(1);
  });
});

describe("an agent whose pendulum becomes twice as heavy", () => {
  const physics = make("Pendulum-v1").physics!;
  const cost: ContinuousTask = {
    discount: 0.98,
    reward(states, actions, _next, n, out) {
      physics.rewards(states, actions, n, out);
    },
  };
  const grid = {
    low: [-Math.PI, -8],
    high: [Math.PI, 8],
    sizes: [31, 31],
    choices: Float64Array.of(-2, -1, 0, 1, 2),
    actionSize: 1,
    tolerance: 1e-2,
  };
  const live = async (agent: ContinuousAdaptiveAgent, options: Record<string, number>, steps: number) => {
    const world = make("Pendulum-v1", options);
    let state = physics.coordinates.fromObservations(world.reset({ seed: 5 }).observation as Float64Array, 1);
    for (let t = 0; t < steps; t++) {
      const action = await agent.act(state);
      const next = physics.coordinates.fromObservations(world.step(action).observation as Float64Array, 1);
      await agent.observe(state, action, next);
      state = next;
    }
  };
  const start: (r: unknown, out: Float64Array, offset: number) => void = (_r, out, at) => out.set([3, 0], at);
  const create = async () =>
    createContinuousAdaptiveAgent({ seen: physics, model: exact(), before: await walked({}, 800, 1), task: cost, start, grid, seed: 1 });

  test("says nothing while nothing changes, and then what, how much and since when, and plans anew", async () => {
    const agent = await create();
    await live(agent, {}, 150);
    expect(agent.change).toBeUndefined();
    await live(agent, { mass: 2 }, 30);
    expect(agent.change!.alarm.step - 150).toBeLessThanOrEqual(6);
    expect(Math.abs(agent.change!.alarm.since - 150)).toBeLessThanOrEqual(2);
    expect(agent.change!.sentence).toContain("θ̇ answers 'action' 0.50 times as before");
    expect(agent.lessons).toBeGreaterThan(0);
    const fresh = await walked({ mass: 2 }, 200, 9);
    const rms = (x: Float64Array) => Math.sqrt(x.reduce((sum, e) => sum + e * e, 0) / x.length);
    expect(rms(linearResiduals(agent.model, fresh))).toBeLessThan(0.02 * rms(linearResiduals(agent.calibrated.model, fresh)));
  });

  test("without a learner there is no critic to catch up", async () => {
    const agent = await create();
    expect(() => agent.critic()).toThrow("no critic but its plan");
    await expect(agent.catchUp(10)).rejects.toMatchObject({ code: "MISMATCH" });
  });

  test("without a learner and without a grid it has nothing to act by", async () => {
    const before = await walked({}, 100, 1);
    await expect(createContinuousAdaptiveAgent({ seen: physics, model: exact(), before, task: cost, start, seed: 1 })).rejects.toThrow(
      "an agent that adapts needs a way to plan: give `learner`, which made the critic, or `grid`, a grid to plan on",
    );
  });

  test("steps before the change choose a richer class only where they tell of a world that the inferred one cannot explain", async () => {
    const valley = make("MountainCarContinuous-v0").physics!;
    const everywhere = drawAnywhere(valley, 1500, 1);
    const nextStates = new Float64Array(3000);
    valley.step(everywhere.states, everywhere.actions, 1500, {
      nextStates,
      rewards: new Float64Array(1500),
      terminated: new Uint8Array(1500),
    });
    const floor = { ...everywhere, states: everywhere.states.map((x, i) => (i % 2 === 0 ? -0.6 + 0.1 * Math.sin(x) : x)) };
    const seenFrom = (kind: "linear" | "chebyshev") => {
      const features = createFeatures(kind, valley.coordinates, valley.actionSpace, Float64Array.of(-0.5, 0), Float64Array.of(0.5, 0.04));
      const nothing = linearModel(valley.coordinates, features, new Float64Array(2 * features.names.length));
      const moved = new Float64Array(3000);
      valley.step(floor.states, floor.actions, 1500, {
        nextStates: moved,
        rewards: new Float64Array(1500),
        terminated: new Uint8Array(1500),
      });
      return refit(nothing, { ...floor, nextStates: moved }, { deviation: [1e-3, 1e-3], spread: () => 1 }).model;
    };
    const [linear, chebyshev] = [seenFrom("linear"), seenFrom("chebyshev")].map((model) => ({
      model,
      error: 0,
      size: model.features.names.length,
    }));
    const steps = { ...everywhere, nextStates };
    const calibrated = calibrateIn([linear, chebyshev], steps);
    expect(calibrated.model.features.kind).toBe("chebyshev");
    expect(Math.max(...calibrated.unexplained)).toBeLessThan(1e-3);
    expect(Math.max(...calibrate(linear.model, steps).unexplained)).toBeGreaterThan(0.1);
    const plain = await distillations(exact(), actionSpace, await walked({}, 600, 1));
    expect(calibrateIn(plain, await walked({}, 600, 2)).model.features.kind).toBe("linear");
  });

  test("a coordinate that never moved hides nothing of the others", () => {
    const valley = make("MountainCarContinuous-v0").physics!;
    const met = drawAnywhere(valley, 200, 1);
    const nextStates = met.states.map((x, i) => x + (i % 2 === 0 ? 0.01 * Math.sin(9 * x) : 0));
    const features = createFeatures("linear", valley.coordinates, valley.actionSpace, Float64Array.of(-0.5, 0), Float64Array.of(0.5, 0.04));
    const nothing = linearModel(valley.coordinates, features, new Float64Array(2 * features.names.length));
    const { unexplained, inferredError } = calibrate(nothing, { ...met, nextStates });
    expect(unexplained[0]).toBeGreaterThan(0.1);
    expect(unexplained[1]).toBeLessThan(1e-5);
    expect(inferredError[1]).toBe(0);
  });

  test("steps before the change correct the weights of an inferred model, and say how wrong it was", async () => {
    const { model } = await distil(exact({ g: 10.5 }), actionSpace, await walked({}, 600, 1));
    const { model: corrected, inferredError, deviation } = calibrate(model, await walked({}, 300, 2));
    const fresh = await walked({}, 300, 3);
    const worst = (x: Float64Array) => Math.max(...x.map(Math.abs));
    expect(inferredError[1]).toBeGreaterThan(0.01);
    expect(worst(linearResiduals(corrected, fresh))).toBeLessThan(0.02 * worst(linearResiduals(model, fresh)));
    expect(deviation[1]).toBeLessThan(1e-3);
  });
});

import { expect, test } from "vitest";
import type { InferredContinuous } from "../../src/inversion/assemble.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { inferContinuous } from "../../src/inversion/infer-continuous.ts";
import type { PointwiseInferOptions } from "../../src/inversion/options.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { createFeatures } from "../../src/world-model/features.ts";
import { createStructure } from "../../src/world-model/structure.ts";
import { plainCoordinates, plantedCritic, plantedSamples, plantedSpaces } from "../planted-critic.ts";

const rewards = (_s: Float64Array, _a: Float64Array, n: number, out: Float64Array) => void out.fill(-1, 0, n);

test.each(["free", "explicit", "semi-implicit"] as const)(
  "sensitivities of a %s structure are the derivatives of its change",
  (integrator) => {
    const random = createRandom(5);
    const coordinates = { ...plainCoordinates(4, [1, null, 3, null]), angular: [false, false, true, false] };
    const space = plantedSpaces(4, 2).actionSpace;
    const scale = Float64Array.of(1, 2, 0.5, 3);
    for (const kind of ["linear", "quadratic"] as const) {
      const features = createFeatures(kind, coordinates, space, new Float64Array(4), scale);
      const structure = createStructure(integrator, coordinates, features);
      const { states, actions } = plantedSamples(4, 2, 3, random);
      const phi = features.matrix(states, actions, 3);
      const theta = Float64Array.from({ length: structure.parameters }, () => random.normal());
      const row = new Float64Array(4 * structure.parameters);
      const h = 1e-6;
      const [up, down] = [new Float64Array(12), new Float64Array(12)];
      for (let b = 0; b < 3; b++) {
        structure.sensitivity(states, phi, b, theta, row);
        for (let q = 0; q < structure.parameters; q++) {
          structure.change(states, phi, 3, theta.with(q, theta[q] + h), up);
          structure.change(states, phi, 3, theta.with(q, theta[q] - h), down);
          for (let x = 0; x < 4; x++) expect(row[x * structure.parameters + q]).toBeCloseTo((up[b * 4 + x] - down[b * 4 + x]) / (2 * h), 6);
        }
      }
    }
  },
);

const systems = {
  explicit: {
    a: [
      [0, 0.1],
      [-0.2, -0.05],
    ],
    b: [[0], [0.15]],
  },
  // x' = x + 0.1 v', v' = v + (-0.2 x - 0.05 v + 0.15 a)
  "semi-implicit": {
    a: [
      [-0.02, 0.095],
      [-0.2, -0.05],
    ],
    b: [[0.015], [0.15]],
  },
} as const;

test.each(["explicit", "semi-implicit"] as const)(
  "one exact head is enough for a %s law of the right class, and the integrator is told by cost alone",
  async (integrator) => {
    const { a, b } = systems[integrator];
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      const critic = plantedCritic({ heads: 1, a, b }, random);
      const samples = plantedSamples(2, 1, 600, random);
      const { model, identifiability } = await inferContinuous([critic], { coordinates: plainCoordinates(2, [1, null]), rewards, samples });
      const fresh = plantedSamples(2, 1, 200, random);
      const { nextStates, residual } = await model.predict(fresh.states, fresh.actions);
      for (let i = 0; i < 200; i++) {
        const [x, v] = [fresh.states[2 * i], fresh.states[2 * i + 1]];
        const act = fresh.actions[i];
        expect(Math.abs(nextStates[2 * i] - (x + a[0][0] * x + a[0][1] * v + b[0][0] * act))).toBeLessThan(5e-3);
        expect(Math.abs(nextStates[2 * i + 1] - (v + a[1][0] * x + a[1][1] * v + b[1][0] * act))).toBeLessThan(5e-3);
        expect(residual[i]).toBeLessThan(0.1);
      }
      expect(identifiability.verdict.usable).toBe(true);
      const { solver } = model.definition;
      expect(solver.method === "amortised" && solver.dynamics.settings.integrator).toBe(integrator);
    }
  },
);

test("a free structure finds a law that has no kinematics", async () => {
  const random = createRandom(9);
  const a = [
    [0.1, 0.2],
    [-0.3, 0.05],
  ];
  const b = [
    [0.2, 0],
    [0, -0.3],
  ];
  const critic = plantedCritic({ heads: 2, a, b }, random);
  const { model } = await inferContinuous([critic], {
    coordinates: plainCoordinates(2),
    rewards,
    samples: plantedSamples(2, 2, 600, random),
  });
  const { nextStates } = await model.predict([1, -1], [0.5, 0.5]);
  expect(nextStates[0]).toBeCloseTo(1 + 0.1 - 0.2 + 0.1, 2);
  expect(nextStates[1]).toBeCloseTo(-1 - 0.3 - 0.05 - 0.15, 2);
});

test("pointwise inversion with as many heads as it takes finds every next state", async () => {
  const random = createRandom(4);
  const { a, b } = systems.explicit;
  const critic = plantedCritic({ heads: 8, a, b }, random);
  const samples = plantedSamples(2, 1, 300, random);
  const { model, identifiability } = await inferContinuous([critic], {
    coordinates: plainCoordinates(2),
    rewards,
    samples,
    method: "pointwise",
  });
  const { nextStates, deviation } = await model.predict(samples.states, samples.actions);
  const errors = Array.from({ length: 300 }, (_, i) => {
    const [x, v] = [samples.states[2 * i], samples.states[2 * i + 1]];
    const dx = nextStates[2 * i] - (x + 0.1 * v);
    const dv = nextStates[2 * i + 1] - (v - 0.2 * x - 0.05 * v + 0.15 * samples.actions[i]);
    return Math.hypot(dx, dv);
  }).sort((x, y) => x - y);
  expect(errors[150]).toBeLessThan(0.01);
  expect(errors[285]).toBeLessThan(0.05);
  expect(identifiability.verdict.usable).toBe(true);
  expect(deviation.every((x) => x > 0 && x < 0.2)).toBe(true);
});

test("a critic that sees one direction of two is refused pair by pair, and is told what would help", async () => {
  const random = createRandom(6);
  const critic = plantedCritic({ heads: 6, ...systems.explicit, sees: [0] }, random);
  const samples = plantedSamples(2, 1, 400, random);
  const { identifiability, model } = await inferContinuous([critic], {
    coordinates: plainCoordinates(2),
    rewards,
    samples,
    method: "pointwise",
  });
  expect(identifiability.visible).toBe(1);
  expect(identifiability.verdict.usable).toBe(false);
  expect(Math.abs(identifiability.blindDirection.x1)).toBeGreaterThan(0.99);
  expect(identifiability.verdict.help.join()).toMatch(/more heads that tell x1 apart/);
  // the unseen coordinate keeps the prior's deviation
  const { deviation } = await model.predict(samples.states, samples.actions);
  const { solver } = model.definition;
  const reach = solver.method === "pointwise" ? solver.settings.reach[1] : Number.NaN;
  for (let i = 0; i < 400; i++) expect(deviation[2 * i + 1]).toBeCloseTo(reach, 6);
});

test("a critic whose values explain nothing is refused, and left out beside a good one", async () => {
  const random = createRandom(7);
  const good = plantedCritic({ name: "good", heads: 1, ...systems.explicit }, random);
  const bad = plantedCritic({ name: "bad", heads: 2, ...systems.explicit, noise: 3 }, random);
  const samples = plantedSamples(2, 1, 500, random);
  const options = { coordinates: plainCoordinates(2, [1, null]), rewards, samples };
  expect((await inferContinuous([bad], options)).identifiability.verdict.usable).toBe(false);
  const { identifiability } = await inferContinuous([good, bad], options);
  expect(identifiability.heads.filter((head) => head.used).map((head) => head.critic)).toEqual(["good"]);
  expect(identifiability.heads.filter((head) => !head.used)).toHaveLength(2);
  expect(identifiability.verdict.usable).toBe(true);
});

test("a network fits the same law without features of its own class", async () => {
  const random = createRandom(8);
  const { a, b } = systems.explicit;
  const critic = plantedCritic({ heads: 3, a, b }, random);
  const samples = plantedSamples(2, 1, 500, random);
  const { model } = await inferContinuous([critic], {
    coordinates: plainCoordinates(2),
    rewards,
    samples,
    method: "network",
    network: { members: 2, steps: 800, batch: 128 },
  });
  const { nextStates } = await model.predict(samples.states, samples.actions);
  let error = 0;
  let change = 0;
  for (let i = 0; i < 500; i++) {
    const [x, v] = [samples.states[2 * i], samples.states[2 * i + 1]];
    error += (nextStates[2 * i] - x - 0.1 * v) ** 2;
    change += (0.1 * v) ** 2;
  }
  expect(Math.sqrt(error / change)).toBeLessThan(0.3);
});

test("heads that share an unknown reward answer without it; a wrong reward does not", async () => {
  const random = createRandom(11);
  const { a, b } = systems.explicit;
  const critic = plantedCritic({ heads: 8, a, b }, random);
  const samples = plantedSamples(2, 1, 200, random);
  const medianError = async (options: Partial<PointwiseInferOptions>) => {
    const inferred = (await inferDynamics(critic, {
      samples,
      method: "pointwise",
      coordinates: plainCoordinates(2),
      ...options,
    })) as InferredContinuous;
    const { nextStates } = await inferred.model.predict(samples.states, samples.actions);
    const errors = Array.from({ length: 200 }, (_, i) =>
      Math.abs(nextStates[2 * i] - samples.states[2 * i] - 0.1 * samples.states[2 * i + 1]),
    );
    return errors.sort((x, y) => x - y)[100];
  };
  const unknown = await medianError({ rewards: "unknown" });
  expect(unknown).toBeLessThan(1.5 * (await medianError({ reward: -1 })));
  expect(await medianError({ reward: 1 })).toBeGreaterThan(3 * unknown);
  const one = plantedCritic({ heads: 1, a, b }, random);
  await expect(inferDynamics(one, { samples, rewards: "unknown" })).rejects.toThrow(
    "planted: an unknown reward cancels only between heads of one discount, and it has no two: give the reward, or another critic of it",
  );
});

test("deviations of a fit with real transitions are of the size of its errors, and a told time step adds none", async () => {
  const random = createRandom(12);
  const { a, b } = systems.explicit;
  const critic = plantedCritic({ heads: 2, a, b, noise: 0.3 }, random);
  const samples = plantedSamples(2, 1, 300, random);
  const real = plantedSamples(2, 1, 20, random);
  const step = ({ n, states, actions }: typeof real, noise: number) =>
    states.map((x, i) => {
      const [position, speed] = [states[i - (i % 2)], states[i - (i % 2) + 1]];
      const change = i % 2 ? -0.2 * position - 0.05 * speed + 0.15 * actions[i >> 1] : 0.1 * speed;
      return x + change + (n > 0 ? noise * random.normal() : 0);
    });
  const options = { coordinates: plainCoordinates(2, [1, null]), rewards, samples };
  const fresh = plantedSamples(2, 1, 200, random);
  const truth = step(fresh, 0);
  for (const more of [{ transitions: { ...real, nextStates: step(real, 0.03) } }, { timeStep: 0.1 }]) {
    const { model } = await inferContinuous([critic], { ...options, ...more });
    const { nextStates, deviation } = await model.predict(fresh.states, fresh.actions);
    const rms = (of: (i: number) => number) => Math.sqrt(truth.reduce((sum, _, i) => sum + of(i) ** 2, 0) / truth.length);
    const ratio = rms((i) => nextStates[i] - truth[i]) / rms((i) => deviation[i]);
    expect(ratio).toBeGreaterThan(0.05);
    expect(ratio).toBeLessThan(5);
  }
});

test("what cannot be answered is not a number, and what cannot be meant is refused", async () => {
  const random = createRandom(13);
  const samples = plantedSamples(2, 1, 100, random);
  const critic = plantedCritic({ heads: 4, ...systems.explicit }, random);
  const options = { coordinates: plainCoordinates(2), rewards, samples };
  const { model } = await inferContinuous([critic], { ...options, method: "pointwise" });
  const { nextStates, deviation } = await model.predict([Number.NaN, 0, 0.5, 0.5], [0, 0]);
  expect([...nextStates, ...deviation].map(Number.isNaN)).toEqual([true, true, false, false, true, true, false, false]);
  for (const [wrong, says] of [
    [{ timeStep: Number.NaN }, "option 'timeStep' (--time-step) must be a number above 0, got NaN"],
    [{ huber: 0 }, "option 'huber' must be above 0, got 0"],
    [{ samples: 1.5 }, "option 'samples' (--states) must be a positive integer, got 1.5"],
  ] as const)
    await expect(inferDynamics(critic, wrong)).rejects.toThrow(says);
});

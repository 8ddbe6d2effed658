import { describe, expect, test } from "vitest";
import { coordinateCritic, coordinateHeads } from "../../src/critics/coordinate-values.ts";
import type { Critic } from "../../src/critics/critic.ts";
import { networkCritic } from "../../src/critics/network-critic.ts";
import { stateValueCritic } from "../../src/critics/state-value.ts";
import { add, sub } from "../../src/engine/index.ts";
import { liveSessions } from "../../src/engine/session.ts";
import { identify } from "../../src/inversion/identify.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import type { ContinuousInferOptions } from "../../src/inversion/options.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { box, discrete } from "../../src/spaces/space.ts";
import { calibrateBounds } from "../../src/world-model/calibrate.ts";
import { linearCritic } from "../linear-critic.ts";
import { plantedCritic, plantedSamples } from "../planted-critic.ts";

const law = {
  a: [
    [0, 0.1],
    [-0.2, -0.05],
  ],
  b: [[0], [0.15]],
};
const planted = (heads: number, name = "planted") => plantedCritic({ heads, name, ...law }, createRandom(heads));
const samples = plantedSamples(2, 1, 60, createRandom(3));
const transitions = (() => {
  const few = plantedSamples(2, 1, 8, createRandom(4));
  return { ...few, nextStates: few.states.map((x) => 0.9 * x) };
})();

function averaging(): Critic {
  return stateValueCritic({
    name: "ppo planted",
    algorithm: "PPO",
    heads: [{ name: "V", critic: "ppo planted", discount: 0.9, rewardScale: 1, rewardOffset: 0 }],
    observationSpace: box([-4, -4], [4, 4]),
    actionSpace: discrete(2),
    stateValues: ([x]) => planted(1).stateValueGraph(x),
    policy: { kind: "softmax", space: discrete(2), logits: ([x]) => x },
  });
}

/** Values of steps to go that fall linearly, so that the hybrid solver has something to fit. */
function sparse(name: string): Critic {
  const inner = linearCritic({
    heads: [{}, {}],
    v: [
      [1, 0],
      [0, 1],
    ],
    q: [
      [1, 0],
      [0, 1],
    ],
    byAction: [[0.1], [0.2]],
  });
  return networkCritic({
    ...inner,
    name,
    form: "steps-to-go",
    heads: inner.heads.map((head) => ({ ...head, critic: name, discount: 1, rewardScale: 0, rewardOffset: -1, silentAbove: 50 })),
    stateValues: ([x]) => sub(inner.stateValueGraph(x), 20),
    actionValues: ([x], action) => sub(add(inner.actionValueGraph(x, action), 0), 21),
  });
}

/** Values of the coordinates themselves, by small networks that were never trained. */
function coordinates(): Critic {
  const random = createRandom(9);
  const layer = (inputs: number, outputs: number) => ({
    kind: "linear" as const,
    inputs,
    outputs,
    weight: Float32Array.from({ length: inputs * outputs }, () => 0.1 * random.normal()),
    bias: new Float32Array(outputs),
  });
  const ones = Float32Array.of(1, 1);
  return coordinateCritic(
    {
      name: "places",
      algorithm: "GVF",
      heads: coordinateHeads("places", ["x", "y"], [0.5]),
      observationSpace: box([-4, -4], [4, 4]),
      actionSpace: box([-1], [1]),
    },
    {
      encoding: {
        centre: new Float32Array(2),
        scale: ones,
        gains: ones,
        weights: Float32Array.of(1, 0, 0, 1),
        phases: new Float32Array(2),
      },
      indices: [0, 1],
      discounts: [0.5],
      stateNetwork: [layer(4, 2)],
      actionNetwork: [layer(5, 3), { kind: "activation", name: "Tanh" }, layer(3, 2)],
    },
  );
}

const reward = -1;
const cases: readonly (readonly [string, () => readonly Critic[], ContinuousInferOptions])[] = [
  ["amortised", () => [planted(4)], { reward, samples }],
  ["amortised, two critics", () => [planted(4), planted(2, "other")], { reward, samples }],
  ["an unknown reward", () => [planted(4)], { rewards: "unknown", samples }],
  ["transitions", () => [planted(4)], { reward, samples, transitions }],
  ["network", () => [planted(4)], { method: "network", reward, samples, network: { members: 1, steps: 60 } }],
  ["pointwise", () => [planted(4)], { method: "pointwise", reward, samples }],
  ["noise", () => [planted(5)], { reward, samples, noise: "constant" }],
  ["noise pair by pair", () => [planted(6)], { method: "pointwise", reward, samples, noise: "constant", pointwise: { iterations: 3 } }],
  ["a critic of coordinates", () => [coordinates()], { samples, network: { steps: 60 } }],
  ["state values", () => [averaging()], { reward, samples }],
  ["sparse goals", () => [sparse("one")], { samples }],
  ["sparse goals, two critics", () => [sparse("one"), sparse("two")], { samples }],
];

describe.each(cases)("%s", (_, critics, options) => {
  test("a model releases all that inference opened", async () => {
    const before = liveSessions();
    const { model } = await inferDynamics(critics(), options);
    if (model.kind !== "continuous") throw new TypeError("networks give continuous models");
    await model.predict(samples.states.slice(0, 4), samples.actions.slice(0, 2).fill(0));
    expect(liveSessions()).toBeGreaterThan(before);
    await model.release();
    expect(liveSessions()).toBe(before);
    await identify(critics(), options);
    expect(liveSessions()).toBe(before);
  });

  test("nothing stays open where inference fails, wherever it does", async () => {
    const before = liveSessions();
    const wrong = { ...samples, n: samples.n + 1 };
    await expect(inferDynamics(critics(), { ...options, samples: wrong })).rejects.toThrow("states must be [n, d]");
    expect(liveSessions()).toBe(before);
    for (let last = 1, told = last; told >= last && last < 9; last++) {
      told = 0;
      const stopping = inferDynamics(critics(), {
        ...options,
        onProgress() {
          if (++told === last) throw new Error("stopped");
        },
      });
      const stopped = await stopping.then(
        async ({ model }) => {
          if (model.kind === "continuous") await model.release();
          return false;
        },
        (error: Error) => error.message === "stopped",
      );
      expect(stopped).toBe(told >= last);
      expect(liveSessions(), `stopped at step ${last}`).toBe(before);
    }
  });
});

test("a head without a future opens nothing", async () => {
  const before = liveSessions();
  const blind = linearCritic({ heads: [{ discount: 0 }], v: [[1, 0]] });
  await expect(inferDynamics(blind, { samples })).rejects.toThrow("head '0' has discount 0: its value says nothing of the next state");
  expect(liveSessions()).toBe(before);
});

test("a calibrated model shares the sessions of its first, and either releases both", async () => {
  const before = liveSessions();
  const { model } = await inferDynamics(planted(4), { reward, samples });
  if (model.kind !== "continuous") throw new TypeError("networks give continuous models");
  await (await calibrateBounds(model, transitions)).release();
  expect(liveSessions()).toBe(before);
});

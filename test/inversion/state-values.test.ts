import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Rewards } from "../../src/bellman/rewards.ts";
import { stateValueCritic } from "../../src/critics/state-value.ts";
import { linear, tanh, type Value } from "../../src/engine/index.ts";
import type { InferredContinuous } from "../../src/inversion/assemble.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import type { Random } from "../../src/numbers/random.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { box, discrete } from "../../src/spaces/space.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";
import { plainCoordinates, plantedCritic } from "../planted-critic.ts";

const discount = 0.9;
const d = 2;
/** s' = s + A s + B b(a) */
const a = [
  [-0.1, 0.25],
  [-0.3, 0.05],
];
const b = [[0.2], [-0.4]];
const observationSpace = box([-4, -4], [4, 4]);
const coordinates = plainCoordinates(d);

/** b(a) of the three actions. */
const pushes = [-1, 0.2, 0.9];

interface Net {
  readonly first: Float64Array;
  readonly bias: Float64Array;
  readonly second: Float64Array;
  readonly outputs: number;
}

const width = 16;

function net(outputs: number, random: Random, size = 1): Net {
  const normal = (n: number, scale: number) => Float64Array.from({ length: n }, () => scale * random.normal());
  return { first: normal(width * d, 0.7), bias: normal(width, 0.5), second: normal(outputs * width, size), outputs };
}

function graphOf({ first, bias, second, outputs }: Net) {
  return ([x]: readonly Value[]) => {
    const { graph } = x;
    return linear(
      tanh(linear(x, graph.constant(first, [width, d]), graph.constant(bias, [width]))),
      graph.constant(second, [outputs, width]),
    );
  };
}

function at({ first, bias, second, outputs }: Net, s: ArrayLike<number>): number[] {
  const h = Array.from(bias, (shift, i) => Math.tanh(shift + first[2 * i] * s[0] + first[2 * i + 1] * s[1]));
  return Array.from({ length: outputs }, (_, o) => h.reduce((sum, x, i) => sum + x * second[o * width + i], 0));
}

function moved(s: ArrayLike<number>, push: number): number[] {
  return [0, 1].map((i) => s[i] + a[i][0] * s[0] + a[i][1] * s[1] + b[i][0] * push);
}

/** Actions of the environment and their probabilities, by plain arithmetic; `push` is what an action does. */
interface Planted {
  readonly points: (s: ArrayLike<number>) => readonly { readonly push: number; readonly probability: number }[];
  readonly value: Net;
}

/** r(s) = V(s) − γ E_a V(s'): the reward under which the planted V is exactly the value of the policy. */
function rewardsOf({ points, value }: Planted): Rewards {
  return (states, _actions, n, out) => {
    const known = new Map<string, number>();
    for (let k = 0; k < n; k++) {
      const s = states.subarray(2 * k, 2 * k + 2);
      const key = `${s[0]} ${s[1]}`;
      let reward = known.get(key);
      if (reward === undefined) {
        const next = points(s).reduce((sum, { push, probability }) => sum + probability * at(value, moved(s, push))[0], 0);
        reward = at(value, s)[0] - discount * next;
        known.set(key, reward);
      }
      out[k] = reward;
    }
  };
}

function softmaxCritic(seed: number) {
  const random = createRandom(seed);
  const value = net(1, random);
  const logits = net(3, random);
  const critic = stateValueCritic({
    name: `ppo planted ${seed}`,
    algorithm: "PPO",
    heads: [{ name: "V", critic: `ppo planted ${seed}`, discount, rewardScale: 1, rewardOffset: 0 }],
    observationSpace,
    actionSpace: discrete(3),
    stateValues: graphOf(value),
    policy: { kind: "softmax", space: discrete(3), logits: graphOf(logits) },
  });
  const points = (s: ArrayLike<number>) => {
    const weights = at(logits, s).map(Math.exp);
    const total = weights.reduce((x, y) => x + y);
    return pushes.map((push, i) => ({ push, probability: weights[i] / total }));
  };
  return { critic, rewards: rewardsOf({ points, value }) };
}

const deviation = 0.7;

function gaussianCritic(seed: number) {
  const random = createRandom(seed);
  const value = net(1, random);
  const mean = net(1, random, 0.4);
  const space = box([-1], [1]);
  const critic = stateValueCritic({
    name: "a2c planted",
    algorithm: "A2C",
    heads: [{ name: "V", critic: "a2c planted", discount, rewardScale: 1, rewardOffset: 0 }],
    observationSpace,
    actionSpace: space,
    stateValues: graphOf(value),
    policy: {
      kind: "gaussian",
      space,
      moments(observation) {
        const mu = graphOf(mean)(observation);
        return { mean: mu, deviation: mu.graph.constant(Float64Array.of(deviation), [1]) };
      },
    },
  });
  // the environment clips what the Gaussian draws: a fine grid of z
  const grid = Array.from({ length: 161 }, (_, i) => (i - 80) / 10);
  const density = grid.map((z) => Math.exp(-0.5 * z * z));
  const mass = density.reduce((x, y) => x + y);
  const points = (s: ArrayLike<number>) => {
    const mu = at(mean, s)[0];
    return grid.map((z, i) => ({ push: Math.min(1, Math.max(-1, mu + deviation * z)), probability: density[i] / mass }));
  };
  return { critic, rewards: rewardsOf({ points, value }) };
}

function samplesOf(n: number, draw: (random: Random) => number, seed: number) {
  const random = createRandom(seed);
  const states = Float64Array.from({ length: n * d }, () => random.normal());
  return { n, states, actions: Float64Array.from({ length: n }, () => draw(random)) };
}

/** RMSE of the change over the RMS of the true change. */
async function errorOf({ model }: InferredContinuous, draw: (random: Random) => number, push: (action: number) => number): Promise<number> {
  const { n, states, actions } = samplesOf(300, draw, 77);
  const { nextStates } = await model.predict(states, actions);
  let [error, change] = [0, 0];
  for (let k = 0; k < n; k++) {
    const truth = moved(states.subarray(2 * k, 2 * k + 2), push(actions[k]));
    for (let i = 0; i < d; i++) {
      error += (nextStates[2 * k + i] - Math.min(4, Math.max(-4, truth[i]))) ** 2;
      change += (truth[i] - states[2 * k + i]) ** 2;
    }
  }
  return Math.sqrt(error / change);
}

const three = (random: Random) => random.integer(3);
const unit = (random: Random) => 2 * random.uniform() - 1;
const settings = { coordinates, ridge: 1e-5, features: "linear" } as const;

describe("state values alone", () => {
  test("a softmax policy: the dynamics come back, action by action", async () => {
    const { critic, rewards } = softmaxCritic(1);
    const found = (await inferDynamics(critic, { ...settings, rewards, samples: samplesOf(1000, three, 5) })) as InferredContinuous;
    expect(await errorOf(found, three, (action) => pushes[action])).toBeLessThan(0.02);
    expect(found.identifiability.verdict.usable).toBe(true);
    expect(found.identifiability.residualOverSignal).toBeLessThan(0.02);
  });

  test("a clipped Gaussian policy", async () => {
    const { critic, rewards } = gaussianCritic(2);
    const found = (await inferDynamics(critic, { ...settings, rewards, samples: samplesOf(1000, unit, 5) })) as InferredContinuous;
    expect(await errorOf(found, unit, (action) => action)).toBeLessThan(0.05);
  });

  test("the equation's residual, and a folder that gives the same answers", async () => {
    const { critic, rewards } = softmaxCritic(1);
    const found = (await inferDynamics(critic, { ...settings, rewards, samples: samplesOf(400, three, 5) })) as InferredContinuous;
    const folder = mkdtempSync(join(tmpdir(), "vinverse-state-values-"));
    try {
      await found.model.save(folder);
      const { states, actions } = samplesOf(20, three, 9);
      await expect(loadWorldModel(folder)).rejects.toThrow("give them again: loadWorldModel(folder, { rewards })");
      const model = await loadWorldModel(folder, { rewards, coordinates: settings.coordinates });
      if (model.kind !== "continuous") throw new Error("a continuous model was expected");
      const [before, after] = [await found.model.predict(states, actions), await model.predict(states, actions)];
      expect(after).toEqual(before);
      for (const residual of before.residual) expect(residual).toBeLessThan(0.5);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("methods that need one action at a time are refused", async () => {
    const { critic, rewards } = softmaxCritic(1);
    const options = { ...settings, rewards, samples: samplesOf(50, three, 5) };
    for (const method of ["pointwise", "network"] as const) {
      await expect(inferDynamics(critic, { ...options, method })).rejects.toThrow(
        `state values (PPO) say nothing of one action alone: method '${method}' needs action values, use amortised`,
      );
    }
  });
});

describe("state values beside others", () => {
  test("two policies are two equations", async () => {
    const [one, two] = [softmaxCritic(1), softmaxCritic(4)];
    const found = (await inferDynamics([one.critic, one.critic], {
      ...settings,
      rewards: one.rewards,
      samples: samplesOf(600, three, 5),
    })) as InferredContinuous;
    expect(found.identifiability.heads.map((head) => head.used)).toEqual([true, true]);
    expect(await errorOf(found, three, (action) => pushes[action])).toBeLessThan(0.05);
    // the second one's values do not obey the first one's rewards
    const mixed = (await inferDynamics([one.critic, two.critic], {
      ...settings,
      rewards: one.rewards,
      samples: samplesOf(600, three, 5),
    })) as InferredContinuous;
    const judged = Object.fromEntries(mixed.identifiability.heads.map((head) => [head.critic, head]));
    expect(judged["ppo planted 1"].residual).toBeLessThan(judged["ppo planted 4"].residual);
  });

  test("beside action values that err, state values that do not make the model better", async () => {
    const { critic, rewards } = gaussianCritic(2);
    const planted = plantedCritic({ heads: 1, a, b, noise: 0.3 }, createRandom(8));
    // the planted pairs are paid −1 whatever the environment pays
    const q = { ...planted, heads: planted.heads.map((head) => ({ ...head, rewardScale: 0, rewardOffset: -1 })) };
    const options = { ...settings, rewards, samples: samplesOf(500, unit, 5) };
    const alone = (await inferDynamics(q, options)) as InferredContinuous;
    const both = (await inferDynamics([q, critic], options)) as InferredContinuous;
    expect(both.identifiability.heads.map((head) => [head.critic, head.used])).toEqual([
      ["planted", true],
      ["a2c planted", true],
    ]);
    const [one, two] = [await errorOf(alone, unit, (action) => action), await errorOf(both, unit, (action) => action)];
    expect(two).toBeLessThan(0.8 * one);
  });
});

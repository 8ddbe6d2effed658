import { describe, expect, test } from "vitest";
import { type CoordinateEncoding, coordinateHeads } from "../../src/critics/coordinate-values.ts";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { restoreCritic } from "../../src/critics/saved.ts";
import { identityCoordinates } from "../../src/environments/identity-coordinates.ts";
import { inferContinuous } from "../../src/inversion/infer-continuous.ts";
import {
  type CoordinateCheckpoint,
  type CoordinateTraining,
  trainCoordinateValues,
} from "../../src/learning/invertible/coordinate-values.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { box } from "../../src/spaces/space.ts";

/** A damped pendulum in small: x'' = −x, pushed; two coordinates, one action. */
function transitions(n: number, seed: number) {
  const random = createRandom(seed);
  const [states, actions, nextStates] = [new Float32Array(2 * n), new Float32Array(n), new Float32Array(2 * n)];
  for (let b = 0; b < n; b++) {
    const [x, v, a] = [2 * random.uniform() - 1, 2 * random.uniform() - 1, 2 * random.uniform() - 1];
    states.set([x, v], 2 * b);
    actions[b] = a;
    const speed = 0.9 * v - 0.2 * x + 0.3 * a;
    nextStates.set([x + 0.3 * speed, speed], 2 * b);
  }
  return { n, states, actions, nextStates };
}

const encoding: CoordinateEncoding = {
  centre: Float32Array.of(0, 0),
  scale: Float32Array.of(0.3, 0.3),
  gains: Float32Array.of(0.3, 0.3),
  weights: Float32Array.of(0.5, 0, 0, 0.5),
  phases: Float32Array.of(0, 0),
};
const discounts = [0.5, 0.8];
const training: CoordinateTraining & { readonly discounts: readonly number[] } = {
  transitions: transitions(4000, 1),
  encoding,
  discounts,
  importance: [1, 1],
  seed: 0,
  hidden: [24, 24],
  updates: 2500,
  batchSize: 64,
  learningRate: 3e-3,
  threads: 1,
};

async function train(): Promise<NetworkCritic> {
  const networks = await trainCoordinateValues(training);
  const observationSpace = box([-3, -3], [3, 3]);
  return restoreCritic({
    name: "spring",
    algorithm: "GVF",
    heads: coordinateHeads("spring", ["x", "v"], discounts),
    observationSpace,
    actionSpace: box([-1], [1]),
    values: { kind: "coordinate-values", encoding, indices: [0, 1], discounts, ...networks },
  }) as NetworkCritic;
}

describe("values of coordinates", () => {
  test("are inverted to the next state, which they are not themselves", async () => {
    const critic = await train();
    const fresh = transitions(1000, 2);
    const [s, a] = [Float64Array.from(fresh.states), Float64Array.from(fresh.actions)];
    const rms = (of: (i: number) => number) =>
      Math.sqrt(Array.from(fresh.nextStates, (_, i) => of(i) ** 2).reduce((x, y) => x + y, 0) / s.length);
    const change = rms((i) => fresh.nextStates[i] - s[i]);

    const { model } = await inferContinuous([critic], {
      coordinates: identityCoordinates(box([-3, -3], [3, 3])),
      rewards: (_states, _actions, n, out) => void out.fill(0, 0, n),
      samples: {
        n: training.transitions.n,
        states: Float64Array.from(training.transitions.states),
        actions: Float64Array.from(training.transitions.actions),
      },
      network: { steps: 1200, batch: 128 },
    });
    const { nextStates } = await model.predict(s, a);
    const inverted = rms((i) => nextStates[i] - fresh.nextStates[i]) / change;
    // (Q − r)/γ of the least discount, taken for the next state
    const q = await critic.actionValues(s, a);
    const naive = rms((i) => (q[4 * (i >> 1) + (i % 2)] - 0.5 * s[i]) / 0.5 - fresh.nextStates[i]) / change;
    expect(naive).toBeGreaterThan(0.3);
    expect(inverted).toBeLessThan(0.1);
  });

  test("training goes on from a checkpoint to the same numbers", async () => {
    const short = { ...training, updates: 2200, hidden: [4], batchSize: 4 };
    let kept: CoordinateCheckpoint | undefined;
    const whole = await trainCoordinateValues({
      ...short,
      onCheckpoint: async (checkpoint) => {
        kept ??= checkpoint;
      },
    });
    expect(kept!.done).toBeLessThan(short.updates);
    expect(await trainCoordinateValues({ ...short, from: kept })).toEqual(whole);
  });
});

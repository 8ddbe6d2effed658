import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { make } from "../../src/environments/make.ts";

const folder = "../shared/golden";
const missing = !existsSync(folder);

interface Recorded {
  readonly action: number | number[];
  readonly observation: number[];
  readonly reward: number;
  readonly terminated: boolean;
}

interface Classic {
  readonly oneStep: readonly (Recorded & { readonly state: number[]; readonly nextState: number[] })[];
  readonly rollout: { readonly start: number[]; readonly steps: readonly Recorded[] };
}

/** Gymnasium's tables: state → action → outcomes [probability, next state, reward, terminated]. */
interface Toy {
  readonly P: Readonly<Record<string, Readonly<Record<string, readonly [number, number, number, boolean][]>>>>;
}

const read = (name: string) => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"));

/** The largest difference, angles compared as directions. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>, angular: readonly boolean[] = []): number {
  let worst = 0;
  for (let k = 0; k < b.length; k++) {
    const difference = a[k] - b[k];
    worst = Math.max(worst, Math.abs(angular[k] ? Math.atan2(Math.sin(difference), Math.cos(difference)) : difference));
  }
  return worst;
}

/** Gymnasium's observations are float32, and so is the state of MountainCarContinuous: half a unit in the last place of each. */
const float32 = (values: readonly number[]) => Math.max(1, ...values.map(Math.abs)) * 2 ** -23;

describe.each(["CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Acrobot-v1", "Pendulum-v1"])("%s equals Gymnasium", (id) => {
  test.skipIf(missing)("300 single steps", () => {
    const golden: Classic = read(id);
    const environment = make(id);
    const { angular } = environment.physics!.coordinates;
    for (const one of golden.oneStep) {
      environment.reset({ seed: 0, options: { state: one.state } });
      const { observation, reward, terminated } = environment.step(one.action);
      expect(distance(environment.state, one.nextState, angular)).toBeLessThan(1e-6);
      expect(distance(observation as Float64Array, one.observation)).toBeLessThan(1e-6 + float32(one.observation));
      expect(Math.abs(reward - one.reward)).toBeLessThan(1e-6);
      expect(terminated).toBe(one.terminated);
    }
  });

  test.skipIf(missing)("one episode", () => {
    const { rollout }: Classic = read(id);
    const environment = make(id);
    environment.reset({ seed: 0, options: { state: rollout.start } });
    for (const [t, one] of rollout.steps.entries()) {
      const { observation, reward, terminated } = environment.step(one.action);
      expect(distance(observation as Float64Array, one.observation), `step ${t}`).toBeLessThan(1e-6 + float32(one.observation));
      expect(Math.abs(reward - one.reward), `step ${t}`).toBeLessThan(1e-6);
      expect(terminated).toBe(one.terminated);
    }
  });
});

describe.each([
  ["FrozenLake-v1-4x4", "FrozenLake-v1", { map_name: "4x4" }],
  ["FrozenLake-v1-8x8", "FrozenLake-v1", { map_name: "8x8" }],
  ["FrozenLake-v1-8x8-deterministic", "FrozenLake-v1", { map_name: "8x8", is_slippery: false }],
  ["CliffWalking-v1", "CliffWalking-v1", {}],
  ["Taxi-v4", "Taxi-v4", {}],
] as const)("%s", (file, id, options) => {
  test.skipIf(missing)("has exactly Gymnasium's tables", () => {
    const { P }: Toy = read(file);
    const { tables } = make(id as string, options);
    if (!tables) throw new Error("no tables");
    const { states, actions, offsets, nextStates, probabilities, rewards, terminated } = tables;
    const ours: Record<string, Record<string, unknown[]>> = {};
    for (let s = 0; s < states; s++) {
      ours[s] = {};
      for (let a = 0; a < actions; a++) {
        ours[s][a] = [];
        for (let k = offsets[s * actions + a]; k < offsets[s * actions + a + 1]; k++)
          ours[s][a].push([probabilities[k], nextStates[k], rewards[k], terminated[k] === 1]);
      }
    }
    expect(ours).toEqual(P);
  });
});

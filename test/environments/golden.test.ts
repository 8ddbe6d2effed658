import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { make } from "../../src/environments/make.ts";

/** Recorded in Gymnasium itself, where that is at hand. */
const folder = "../shared/golden";
/** Computed by a program that shares nothing with ours: data/golden.py. */
const own = JSON.parse(gunzipSync(readFileSync(join(import.meta.dirname, "data/golden.json.gz"))).toString());

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

const sources: readonly (readonly [name: string, read: (name: string) => unknown])[] = [
  ["by the published formulas", (name) => own[name]],
  ...(existsSync(folder)
    ? [["as Gymnasium recorded it", (name: string) => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"))] as const]
    : []),
];

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

describe.each(["CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Acrobot-v1", "Pendulum-v1"])("%s", (id) => {
  test.each(sources)("single steps, %s", (_, read) => {
    const golden = read(id) as Classic;
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

  test.each(sources)("one episode, %s", (_, read) => {
    const { rollout } = read(id) as Classic;
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
  test.each(sources)("has exactly Gymnasium's tables, %s", (_, read) => {
    const { P } = read(file) as Toy;
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

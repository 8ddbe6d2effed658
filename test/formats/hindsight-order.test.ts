import { describe, expect, test } from "vitest";
import { readStableBaselines3 } from "../../src/formats/stable-baselines3.ts";
import { stableBaselines3Critic } from "../../src/formats/stable-baselines3-critic.ts";
import type { VecNormalize } from "../../src/formats/vec-normalize.ts";
import { openZip } from "../../src/formats/zip.ts";
import { box, type Space } from "../../src/spaces/space.ts";
import { boxSpace, forward, mlpTensors, writeAgent } from "./write-checkpoint.ts";

const wide = (n: number) => box(Array(n).fill(-9), Array(n).fill(9));
const observationSpace: Space = { kind: "dict", spaces: { observation: wide(3), desired_goal: wide(2), achieved_goal: wide(2) } };
const identity: VecNormalize = { clip: 10, epsilon: 0, rewardScale: 1, observationSpace };
const relu = (x: number) => Math.max(x, 0);

describe("hindsight replay before Dict observations", () => {
  test("the network saw [observation, desired_goal]; the critic takes [achieved_goal, desired_goal, observation]", async () => {
    const tensors = { ...mlpTensors("actor.mu", [5, 4, 1], 1), ...mlpTensors("critic.qf0", [6, 4, 1], 2) };
    const flat = boxSpace([-9, -9, -9, -9, -9], [9, 9, 9, 9, 9]);
    const bytes = writeAgent({ gamma: 0.9, observation_space: flat, action_space: boxSpace([-1], [1]) }, tensors);
    const critic = stableBaselines3Critic(readStableBaselines3(openZip(bytes, "old.zip"), "old.zip"), {
      file: "old.zip",
      vecNormalize: identity,
    });
    expect(critic.observationSize).toBe(7);
    const [achieved, desired, observation] = [
      [5, 6],
      [0.1, -0.2],
      [0.3, 0.4, -0.5],
    ];
    const q = await critic.actionValues([[...achieved, ...desired, ...observation]], [0.7]);
    expect(q[0]).toBeCloseTo(forward(tensors, "critic.qf0", [...observation, ...desired, 0.7], relu)[0], 5);
    const v = await critic.stateValues([[...achieved, ...desired, ...observation]]);
    const action = Math.tanh(forward(tensors, "actor.mu", [...observation, ...desired], relu)[0]);
    expect(v[0]).toBeCloseTo(forward(tensors, "critic.qf0", [...observation, ...desired, action], relu)[0], 5);
  });
});

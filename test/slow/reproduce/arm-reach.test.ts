import { beforeAll, describe, expect, test } from "vitest";
import type { NetworkCritic } from "../../../src/critics/critic.ts";
import { restoreCritic } from "../../../src/critics/saved.ts";
import { make, prepare } from "../../../src/environments/make.ts";
import { loadCritic } from "../../../src/formats/load-critic.ts";
import { algorithms } from "../../../src/learning/deep/algorithms.ts";
import { ARM_REACH, inferReach, planReach, scoreReach } from "../../../src/reproduce/arm/reach.ts";

const few = { heads: 16, n: 600 };
const episodes = 8;
const start = 40_000;

describe("the grip of zoo/ArmReach-v0", () => {
  beforeAll(() => prepare(ARM_REACH));

  test("goals' values alone say how it moves, well enough to plan to goals that no head was of", async () => {
    const critic = await loadCritic("zoo/ArmReach-v0");
    const { model, identifiability } = await inferReach(critic as NetworkCritic, 7, few);
    expect(identifiability.residualOverSignal).toBeLessThan(0.7);
    // 1 is "nothing moves"
    for (const error of await scoreReach(model, make(ARM_REACH), start)) expect(error).toBeLessThan(0.35);
    const { held, steps } = await planReach(model, episodes, start);
    expect(held).toBe(1);
    expect(steps).toBeLessThan(12);
  });

  test("a critic that has learned nothing says nothing: planning in its model does not arrive", async () => {
    const learner = await algorithms.td3.create(ARM_REACH, { seed: 1, steps: 1000, hidden: [64, 64] });
    const { model } = await inferReach(restoreCritic(learner.critic()) as NetworkCritic, 7, { heads: 8, n: 300 });
    await learner.release();
    expect((await planReach(model, episodes, start)).held).toBeLessThan(0.5);
  });
});

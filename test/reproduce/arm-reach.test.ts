import { beforeAll, describe, expect, test } from "vitest";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { make, prepare } from "../../src/environments/make.ts";
import { loadCritic } from "../../src/formats/load-critic.ts";
import { ARM_REACH, inferReach, planReach, scoreReach } from "../../src/reproduce/arm/reach.ts";

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
});

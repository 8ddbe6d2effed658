import { expect, test } from "vitest";
import { trueSteps } from "../../../src/agents/continuous/exploration-run.ts";
import { drawAnywhere } from "../../../src/environments/collect.ts";
import { make } from "../../../src/environments/make.ts";
import { loadCritic } from "../../../src/formats/load-critic.ts";
import { inferDynamics } from "../../../src/inversion/infer.ts";
import { changeError } from "../../../src/world-model/linear-model.ts";

test("many transitions from all over a hill choose a class that knows its slope; few of them do not", async () => {
  const environment = make("MountainCarContinuous-v0");
  const physics = environment.physics!;
  const truth = await trueSteps(physics, drawAnywhere(physics, 2000, 31));
  const errorFrom = async (n: number) => {
    const { states, actions, nextStates } = await trueSteps(physics, drawAnywhere(physics, n, 32));
    const { model } = await inferDynamics(await loadCritic("zoo/MountainCarContinuous-v0"), {
      environment,
      seed: 33,
      transitions: { n: states.length / 2, states, actions, nextStates },
    });
    if (model.kind !== "continuous") throw new TypeError("a world of coordinates");
    return changeError(physics.coordinates, (await model.predict(truth.states, truth.actions)).nextStates, truth);
  };
  const many = await errorFrom(640);
  expect(many).toBeLessThan(0.05);
  expect(await errorFrom(100)).toBeGreaterThan(2 * many);
});

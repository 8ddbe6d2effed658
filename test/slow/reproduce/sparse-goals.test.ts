import { expect, test } from "vitest";
import { loadSavedCritic } from "../../../src/formats/critic-folder.ts";
import { inferHybrid } from "../../../src/inversion/hybrid/infer-hybrid.ts";
import { mountainCarTask } from "../../../src/learning/invertible/steps-to-go-tasks.ts";
import { reacherStudy } from "../../../src/reproduce/reacher.ts";
import { drawSamples, nextStates, scoreAnswers, scoreGoalCritic, steps, stepsSystem } from "../../../src/reproduce/sparse-goals.ts";

const task = mountainCarTask();

test("zoo/MountainCarGoal-v0: the wall is found from a critic of four goals, another critic choosing the model", async () => {
  const [system, validator] = await Promise.all(
    [0, 1].map(async (seed) => stepsSystem(await loadSavedCritic(`zoo/MountainCarGoal-v0-seed-${seed}`), task)),
  );
  const samples = drawSamples(task.physics, 30_000, 51);
  const { dynamics, contacts, chosen } = await inferHybrid(system, task.physics.actionSpace, samples, {
    validators: [validator],
    features: "chebyshev",
    iterations: 8,
    kinematic: true,
  });
  expect(chosen.integrator).toBe("semi-implicit");
  expect(contacts.flatMap(({ map }) => (map ? [map] : []))).toEqual([{ coordinate: 0, side: "low", other: 1, offset: 0, slope: 0 }]);
  const truth = steps(task.physics, drawSamples(task.physics, 5000, 52));
  const { nmse } = scoreAnswers(task.physics, truth, await nextStates(system, dynamics, truth));
  expect(nmse).toBeLessThan(4e-4);
  expect(scoreAnswers(task.physics, truth, truth.states).nmse).toBeGreaterThan(5e-3);
});

test("zoo/Reacher-v0: the critic's own policy comes to its goals from everywhere, and its values agree with each other", async () => {
  const { success, returnRatio, residualSteps } = await scoreGoalCritic(reacherStudy(), 0, { seed: 0 }, () => {});
  expect(success).toBeGreaterThan(0.99);
  expect(success).toBeLessThanOrEqual(1);
  expect(returnRatio).toBeGreaterThan(0.9);
  expect(residualSteps).toBeLessThan(0.2);
});

import { expect, test } from "vitest";
import { reacherStudy } from "../../src/reproduce/reacher.ts";
import { scoreGoalCritic } from "../../src/reproduce/sparse-goals.ts";

test("zoo/Reacher-v0: the critic's own policy comes to its goals from everywhere, and its values agree with each other", async () => {
  const { success, returnRatio, residualSteps } = await scoreGoalCritic(reacherStudy(), 0, { seed: 0 }, () => {});
  expect(success).toBeGreaterThan(0.99);
  expect(success).toBeLessThanOrEqual(1);
  expect(returnRatio).toBeGreaterThan(0.9);
  expect(residualSteps).toBeLessThan(0.2);
});

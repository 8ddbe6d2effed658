import { expect, test } from "vitest";
import { restoreCritic } from "../../../src/critics/saved.ts";
import { loadSavedCritic } from "../../../src/formats/critic-folder.ts";
import { inferHybrid } from "../../../src/inversion/hybrid/infer-hybrid.ts";
import { createRandom } from "../../../src/numbers/random.ts";
import { simulatorOfDynamics, simulatorOfPhysics } from "../../../src/planning/simulator.ts";
import { drawSamples, stepsSystem } from "../../../src/reproduce/sparse-goals.ts";
import { mountainCarTransfer, reacherTransfer } from "../../../src/reproduce/transfer/transfer-continuous.ts";
import { ticTacToeLosses } from "../../../src/reproduce/transfer/transfer-games.ts";
import { returnsOf } from "../../../src/reproduce/transfer/transfer-goals.ts";

const STARTS = 6;

/** The class of models that the reproduction chooses, so that a few samples are enough. */
const studies = [
  { name: "Reacher-v0", study: reacherTransfer(), class: { features: "linear", integrator: "semi-implicit" } },
  { name: "MountainCarGoal-v0", study: mountainCarTransfer(), class: { features: "chebyshev", integrator: "semi-implicit" } },
] as const;

test.each(studies)(
  "$name: plans for unseen goals in a model inferred from a shipped critic are near the optimum",
  async ({ name, study, class: kind }) => {
    const { task } = study.critics;
    const saved = await loadSavedCritic(`zoo/${name}-seed-2`);
    expect(restoreCritic(saved).heads.length).toBe(4);
    const system = await stepsSystem(saved, task);
    const { dynamics } = await inferHybrid(system, task.physics.actionSpace, drawSamples(task.physics, 6000, 71), { ...kind, seed: 7 });
    await system.release();
    const model = simulatorOfDynamics(dynamics, task.physics.coordinates);
    const exact = simulatorOfPhysics(task.physics);
    const random = createRandom(72);
    const d = exact.stateSize;
    const starts = new Float64Array(STARTS * d);
    for (let b = 0; b < STARTS; b++) study.start(random, starts, b * d);
    for (const goal of study.goals) {
      const got = await returnsOf(await goal.plan(model, 7), exact, goal, starts, STARTS);
      const best = await goal.optimum(starts, STARTS);
      const total = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
      expect(total(got) / total(best), goal.name).toBeGreaterThan(0.96);
    }
  },
);

test("the rules of TicTacToe come out of values of random rewards; of too few they do not, and games are lost", async () => {
  expect(await ticTacToeLosses(73, 32)).toEqual({ planned: 0, searched: 0, wrongReplies: 0 });
  const few = await ticTacToeLosses(200_000, 2);
  expect(few.wrongReplies).toBeGreaterThan(100);
  expect(few.planned + few.searched).toBeGreaterThan(0);
});

import { expect, test } from "vitest";
import type { Agent } from "../../src/agents/agent.ts";
import { goalWorld } from "../../src/agents/tabular/goal-world.ts";
import { learningRuns } from "../../src/agents/tabular/learning-runs.ts";
import { make } from "../../src/environments/make.ts";

test("a run that is solved at its very last step is solved; one that is not counts as all of its steps", async () => {
  const { tables } = make("FourRooms104-v0", { goals: [] });
  const world = goalWorld("FourRooms104-v0", tables!, { start: 0, discount: 0.9, horizon: 100 });
  const pair = Array.from({ length: world.actions }, (_, a) => a).find((a) => tables!.nextStates[tables!.offsets[a]] !== 0)!;
  const agent = (action: number): Agent => ({
    act: () => action,
    observe() {},
    reset() {},
    policy: () => new Int32Array(world.states).fill(action),
  });
  const goal = tables!.nextStates[tables!.offsets[pair]];
  const still = Array.from({ length: world.actions }, (_, a) => a).find((a) => tables!.nextStates[tables!.offsets[a]] === 0)!;
  const run = (action: number) => learningRuns("one", { seeds: [1, 2], steps: 1, every: 1 }, () => ({ world, goal, agent: agent(action) }));
  expect(run(pair)).toMatchObject({ solved: [1, 1], unsolved: 0, y: [1] });
  expect(run(still)).toMatchObject({ solved: [1, 1], unsolved: 2, y: [0] });
});

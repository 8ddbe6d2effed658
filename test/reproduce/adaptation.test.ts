import { describe, expect, test } from "vitest";
import { createStochasticAdaptiveAgent } from "../../src/agents/tabular/adapt-stochastic.ts";
import { arrivals, solveGoals, stepWorld } from "../../src/agents/tabular/goal-world.ts";
import { runTask } from "../../src/agents/tabular/run-task.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { certainChanges, ours } from "../../src/reproduce/adaptation/adaptation.ts";
import { regionalChange, slipChange, stochasticReference } from "../../src/reproduce/adaptation/adaptation-stochastic.ts";

const CAP = 20_000;
const inferredModel = ours(false);
const exactModel = ours(true);

describe.each(Object.entries(certainChanges))("%s", (_, change) => {
  test("95 % of the new optimum is reached", () => {
    for (let seed = 340_000; seed < 340_003; seed++) {
      const changed = change(seed);
      const agent = inferredModel(changed, seed);
      expect(runTask(changed.world, changed.goal, agent, createRandom(seed + 2), { cap: CAP, every: 10 }).capped).toBe(false);
    }
  });

  test("the alarm is at the first mismatch, and not before", () => {
    for (let seed = 340_010; seed < 340_013; seed++) {
      const { old, world, goal } = change(seed);
      const agent = exactModel({ old, world, goal }, seed);
      const random = createRandom(seed);
      let state = world.start;
      let mismatch = 0;
      for (let t = 1; t <= 2000 && !mismatch; t++) {
        expect(agent.change).toBeUndefined();
        const action = agent.act(state);
        const next = stepWorld(world, state, action, random);
        if (next !== stepWorld(old, state, action, random)) mismatch = t;
        agent.observe(state, action, next === goal ? 1 : 0, next, next === goal);
        state = next;
        if (next !== goal && t % world.horizon !== 0) continue;
        agent.reset();
        state = world.start;
      }
      expect(mismatch).toBeGreaterThan(0);
      expect(agent.change?.step).toBe(mismatch);
    }
  });
});

test("a closed door is walked around almost as if one had been told of it at the first bump", () => {
  let [taken, least] = [0, 0];
  for (let seed = 340_020; seed < 340_030; seed++) {
    const { old, world, goal } = certainChanges.doorCloses(seed);
    const agent = exactModel({ old, world, goal }, seed);
    const random = createRandom(seed);
    const { v } = solveGoals(world, [goal]);
    let bumped = 0;
    for (let state = world.start; state !== goal; taken++) {
      const action = agent.act(state);
      const next = stepWorld(world, state, action, random);
      least += bumped ? 0 : 1;
      if (next !== stepWorld(old, state, action, random) && !bumped) {
        bumped = taken + 1;
        least += Math.round(1 + Math.log(v[state]) / Math.log(world.discount));
      }
      agent.observe(state, action, next === goal ? 1 : 0, next, next === goal);
      state = next;
    }
  }
  expect(taken).toBeGreaterThanOrEqual(least);
  expect(taken).toBeLessThan(1.1 * least);
});

describe.each([
  ["smoother ice", slipChange],
  ["a region with orders of its own", regionalChange],
])("%s", (_, change) => {
  const run = (seed: number) => {
    const instance = change(seed);
    const { old, world, goal } = instance;
    const agent = createStochasticAdaptiveAgent({
      states: old.states,
      actions: old.actions,
      discount: old.discount,
      random: createRandom(seed + 1),
      reference: stochasticReference(instance),
      arrival: arrivals(old, [goal]),
    });
    return { agent, result: runTask(world, goal, agent, createRandom(seed + 2), { cap: CAP, every: 25, atOnce: true }) };
  };

  test("95 % of the new optimum is reached, after an alarm", () => {
    for (let seed = 340_000; seed < 340_002; seed++) {
      const { agent, result } = run(seed);
      expect(result.capped).toBe(false);
      expect(agent.alarm!.step).toBeLessThanOrEqual(result.solved);
    }
  });

  test("the same seed gives the same run", () => {
    expect(run(340_005).result).toEqual(run(340_005).result);
  });
});

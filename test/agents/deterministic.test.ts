import { describe, expect, test } from "vitest";
import { createAdaptiveAgent } from "../../src/agents/tabular/adapt.ts";
import { candidateSets } from "../../src/agents/tabular/candidates.ts";
import { closeState } from "../../src/agents/tabular/change-world.ts";
import { createExplorer, hopelessStates } from "../../src/agents/tabular/explore.ts";
import { goalWorld, solveGoals, startValue, stepWorld } from "../../src/agents/tabular/goal-world.ts";
import { QLearning } from "../../src/agents/tabular/q-learning.ts";
import { RMax } from "../../src/agents/tabular/r-max.ts";
import { refine } from "../../src/agents/tabular/refine.ts";
import { runTask } from "../../src/agents/tabular/run-task.ts";
import { transfer } from "../../src/agents/tabular/transfer.ts";
import { make } from "../../src/environments/make.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { exactGoalCritic } from "../../src/reproduce/rivals/goal-critic.ts";
import { PrioritisedSweeping } from "../../src/reproduce/rivals/prioritised-sweeping.ts";

const rooms = goalWorld("FourRooms-v0", make("FourRooms-v0", { goals: [] }).tables!, { start: 0, discount: 0.95, horizon: 200 });
const pair = (state: number, action: number) => state * 4 + action;

function drawGoals(seed: number, count: number, without: readonly number[] = []): number[][] {
  const random = createRandom(seed);
  const open = rooms.pool.filter((s) => !without.includes(s));
  return Array.from(random.permutation(open.length).subarray(0, count), (k) => [open[k]]);
}

describe("candidates", () => {
  test("of exact heads always hold the true next state, refined or not", () => {
    for (const heads of [1, 3, 8]) {
      const raw = candidateSets(exactGoalCritic(rooms, drawGoals(heads, heads)));
      const refined = refine(raw);
      for (let k = 0; k < 68 * 4; k++) {
        const truth = rooms.tables.nextStates[k];
        for (const { offsets, next, weights } of [raw, refined]) {
          const list = next.subarray(offsets[k], offsets[k + 1]);
          if (list.length === 0) continue;
          expect(list).toContain(truth);
          expect(weights.subarray(offsets[k], offsets[k + 1]).reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 10);
        }
      }
    }
  });

  test("are fewer the more heads there are", () => {
    const sizes = [1, 2, 4, 8].map((heads) => candidateSets(exactGoalCritic(rooms, drawGoals(1, heads))).next.length);
    for (let i = 1; i < sizes.length; i++) expect(sizes[i]).toBeLessThan(sizes[i - 1]);
  });

  test("refinement puts the true state first more often, and a numbering by lot teaches it nothing wrong", () => {
    const right = (numbered: boolean) => {
      let count = 0;
      for (let seed = 0; seed < 6; seed++) {
        const { offsets, next } = refine(candidateSets(exactGoalCritic(rooms, drawGoals(seed, 4))), { numbered });
        for (let k = 0; k < 68 * 4; k++) if (next[offsets[k]] === rooms.tables.nextStates[k]) count++;
      }
      return count;
    };
    let raw = 0;
    for (let seed = 0; seed < 6; seed++) {
      const { offsets, next } = candidateSets(exactGoalCritic(rooms, drawGoals(seed, 4)));
      for (let k = 0; k < 68 * 4; k++) if (next[offsets[k]] === rooms.tables.nextStates[k]) raw++;
    }
    expect(right(false)).toBeGreaterThan(raw);
    expect(right(true)).toBeGreaterThan(right(false));
  });
});

test("a policy for an unseen goal from sixteen others is optimal without a step, where the model is right", () => {
  const old = drawGoals(3, 16);
  const critic = exactGoalCritic(rooms, old);
  for (const goal of rooms.pool.filter((s) => !old.flat().includes(s)).slice(0, 10)) {
    const { policy } = transfer(critic, { discount: 0.95, goal: (s) => s === goal });
    expect(startValue(rooms, [goal], policy.choice) / solveGoals(rooms, [goal]).v[0]).toBeGreaterThan(0.9);
  }
});

describe("exploration", () => {
  const explorer = (seed: number, goal: number) => {
    const old = drawGoals(seed, 8, [goal]);
    const critic = exactGoalCritic(rooms, old);
    const hopeless = hopelessStates(68, critic.v, old);
    return createExplorer({
      candidates: refine(candidateSets(critic)),
      discount: 0.95,
      random: createRandom(seed),
      hopeless,
      epsilon: 0.1,
    });
  };
  const options = { cap: 5000, every: 20 };

  test("beats R-max over the same seeds", () => {
    let logRatio = 0;
    const seeds = 10;
    for (let seed = 0; seed < seeds; seed++) {
      const goal = rooms.pool[createRandom(seed).integer(rooms.pool.length)];
      const ours = runTask(rooms, goal, explorer(seed, goal), createRandom(seed), options);
      const rMax = new RMax({ states: 68, actions: 4, discount: 0.95, random: createRandom(seed), visits: 1 });
      logRatio += Math.log(runTask(rooms, goal, rMax, createRandom(seed), options).solved / ours.solved) / seeds;
      expect(ours.capped).toBe(false);
    }
    expect(Math.exp(logRatio)).toBeGreaterThan(1.5);
  });

  test("the same seed gives the same run", () => {
    const run = () => runTask(rooms, 40, explorer(4, 40), createRandom(4), options);
    expect(run()).toEqual(run());
  });
});

describe("R-max", () => {
  test("tries no pair of a deterministic world in vain more often than there are pairs, and ends optimal", () => {
    const goal = 50;
    const agent = new RMax({ states: 68, actions: 4, discount: 0.95, random: createRandom(1), visits: 1 });
    const random = createRandom(2);
    let escapes = 0;
    let state = rooms.start;
    for (let t = 0, elapsed = 0; t < 5000; t++, elapsed++) {
      const action = agent.act(state);
      if (agent.counts.visits[pair(state, action)] === 0) escapes++;
      const next = stepWorld(rooms, state, action, random);
      agent.observe(state, action, next === goal ? 1 : 0, next, next === goal);
      state = next === goal || elapsed >= 200 ? rooms.start : next;
      if (state === rooms.start) elapsed = 0;
    }
    // Brafman and Tennenholtz: every step that is not nearly optimal comes of a pair that was not known
    expect(escapes).toBeLessThanOrEqual(68 * 4);
    expect(startValue(rooms, [goal], agent.policy())).toBeCloseTo(solveGoals(rooms, [goal]).v[0], 9);
  });
});

test("prioritised sweeping ends optimal too", () => {
  const agent = new PrioritisedSweeping({
    states: 68,
    actions: 4,
    discount: 0.95,
    random: createRandom(3),
    planning: 50,
    epsilon: 0.1,
    initial: 1,
  });
  expect(runTask(rooms, 50, agent, createRandom(4), { cap: 5000, every: 20 }).capped).toBe(false);
});

test("a count bonus makes Q-learning try everything, and find a far goal sooner than lots would", () => {
  const learner = (bonus: number, epsilon: number) =>
    [1, 2, 3, 4, 5].map((seed) => {
      const agent = new QLearning({ states: 68, actions: 4, discount: 0.95, random: createRandom(seed), learningRate: 1, epsilon, bonus });
      return runTask(rooms, 67, agent, createRandom(seed), { cap: 8000, every: 20 });
    });
  const counted = learner(0.01, 0);
  const drawn = learner(0, 0.3);
  const steps = (runs: typeof drawn) => runs.reduce((sum, { solved }) => sum + solved, 0);
  expect(counted.every(({ capped }) => !capped)).toBe(true);
  expect(steps(counted)).toBeLessThan(steps(drawn));
});

test("Q-learning without a bonus begins at 0 where nothing is discounted too", () => {
  const agent = new QLearning({ states: 2, actions: 2, discount: 1, random: createRandom(1), learningRate: 1, epsilon: 0 });
  agent.observe(0, 1, 1, 1, true);
  expect([...agent.q]).toEqual([0, 1, 0, 0]);
});

test("a closing door is told at the first mismatch and walked around", () => {
  const goal = 67;
  const { candidates } = transfer(exactGoalCritic(rooms, [...drawGoals(5, 7, [goal]), [goal]]), { discount: 0.95 });
  const door = 16;
  const closed = closeState(rooms, door);
  expect(solveGoals(closed, [goal]).v[0]).toBeGreaterThan(0);
  const agent = createAdaptiveAgent({ candidates, goal, start: 0, discount: 0.95, random: createRandom(6) });
  expect(runTask(closed, goal, agent, createRandom(7), { cap: 2000, every: 10 }).capped).toBe(false);
  if (agent.change) expect(agent.change.sentence).toContain("leads nowhere now");
});

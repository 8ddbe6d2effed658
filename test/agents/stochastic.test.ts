import { describe, expect, test } from "vitest";
import { createStochasticAdaptiveAgent } from "../../src/agents/tabular/adapt-stochastic.ts";
import { BlendedModel } from "../../src/agents/tabular/blend.ts";
import { createDetector, type Detector } from "../../src/agents/tabular/detect.ts";
import { createStochasticExplorer } from "../../src/agents/tabular/explore-stochastic.ts";
import { arrivals, exactRows, type GoalWorld, stepWorld } from "../../src/agents/tabular/goal-world.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { lakeWorld } from "../../src/reproduce/goal-worlds.ts";
import { exactGoalCritic } from "../../src/reproduce/rivals/goal-critic.ts";

const lake = lakeWorld(2 / 3);

/** Random walk that begins anew in traps: steps until the first alarm, `steps` where there is none. */
function untilAlarm(world: GoalWorld, detector: Detector, steps: number, seed: number): number {
  const random = createRandom(seed);
  let state = world.start;
  for (let t = 1; t <= steps; t++) {
    const action = random.integer(4);
    const next = stepWorld(world, state, action, random);
    if (detector.observe(state, action, next)) return t;
    state = world.traps[next] ? world.pool[random.integer(world.pool.length)] : next;
  }
  return steps;
}

const detectorAt = (falseAlarmRate: number) => createDetector({ reference: exactRows(lake), states: 64, actions: 4, falseAlarmRate });

describe("the detector", () => {
  test("rings falsely no oftener than it was told to", () => {
    const rate = 1e-3;
    const runs = 60;
    let total = 0;
    for (let seed = 0; seed < runs; seed++) total += untilAlarm(lake, detectorAt(rate), 4000, seed);
    // runs are cut at 4000 steps, which only makes the mean smaller
    expect(total / runs).toBeGreaterThan(1 / rate);
  });

  test("tells smoother ice about as soon as information allows", () => {
    const smoother = lakeWorld(0.4);
    const delays = Array.from({ length: 40 }, (_, seed) => untilAlarm(smoother, detectorAt(1e-5), 5000, 100 + seed)).sort((a, b) => a - b);
    // KL(0.4, 0.3, 0.3 ‖ ⅔, ⅙, ⅙) away from the walls
    const information = 0.4 * Math.log(0.4 / (2 / 3)) + 0.6 * Math.log(0.3 / (1 / 6));
    const bound = Math.log(1e5) / information;
    expect(delays[20]).toBeLessThan(2 * bound);
    expect(delays[20]).toBeGreaterThan(0.3 * bound);
  });
});

test("heads and steps together know the lake better than steps alone", () => {
  const random = createRandom(1);
  const goals = Array.from(random.permutation(lake.pool.length).subarray(0, 8), (k) => [lake.pool[k]]);
  const model = new BlendedModel(exactGoalCritic(lake, goals));
  const counts = Array.from({ length: 256 }, () => new Map<number, number>());
  const each = 4;
  for (let n = 0; n < each; n++)
    for (let k = 0; k < 256; k++) {
      if (lake.traps[k >> 2]) continue;
      const next = stepWorld(lake, k >> 2, k & 3, random);
      model.observe(k >> 2, k & 3, next);
      counts[k].set(next, (counts[k].get(next) ?? 0) + 1);
    }
  const truth = exactRows(lake);
  let [blended, counted] = [0, 0];
  for (let k = 0; k < 256; k++) {
    if (lake.traps[k >> 2]) continue;
    // holes are worth the same and cannot be told apart by values
    const seen = (t: number) => (lake.traps[t] ? -1 : t);
    const error = (chances: ReadonlyMap<number, number>) => {
      const all = new Map(chances);
      truth.next[k].forEach((t, j) => {
        all.set(seen(t), (all.get(seen(t)) ?? 0) - truth.chance[k][j]);
      });
      return [...all.values()].reduce((sum, x) => sum + Math.abs(x), 0);
    };
    const merged = (pairs: readonly (readonly [number, number])[]) => {
      const out = new Map<number, number>();
      for (const [t, p] of pairs) out.set(seen(t), (out.get(seen(t)) ?? 0) + p);
      return out;
    };
    blended += error(merged(model.next[k].map((t, j) => [t, model.chance[k][j]] as const)));
    counted += error(merged([...counts[k]].map(([t, n]) => [t, n / each] as const)));
  }
  expect(blended).toBeLessThan(0.6 * counted);
});

test("repair fits the channel that smoother ice is", () => {
  const smoother = lakeWorld(0.4);
  const goal = 63;
  const agent = createStochasticAdaptiveAgent({
    states: 64,
    actions: 4,
    discount: 0.97,
    random: createRandom(1),
    reference: exactRows(lake),
    arrival: arrivals(lake, [goal]),
    epsilon: 0.2,
  });
  const random = createRandom(2);
  let state = 0;
  for (let t = 0; t < 1500; t++) {
    const action = agent.act(state);
    const next = stepWorld(smoother, state, action, random);
    agent.observe(state, action, next === goal ? 1 : 0, next, next === goal || smoother.traps[next] === 1);
    state = next === goal || smoother.traps[next] ? 0 : next;
  }
  expect(agent.alarm).toBeDefined();
  for (let a = 0; a < 4; a++) expect(Math.abs(agent.channel![5 * a] - 0.4)).toBeLessThan(0.12);
});

test("outcomes that are rare but known are no change; actions that are turned are one", () => {
  const [states, actions] = [60, 2];
  const drawn = createRandom(1);
  const next = Array.from({ length: states * actions }, () => Array.from(drawn.permutation(states).slice(0, 21)));
  const chance = next.map((list) => list.map((_, j) => (j === 0 ? 0.85 : 0.0075)));
  const alarms = (turn: number, steps: number) => {
    const detector = createDetector({ reference: { next, chance }, states, actions, falseAlarmRate: 1e-4 });
    const random = createRandom(2);
    let count = 0;
    for (let t = 0, s = 0; t < steps; t++) {
      const a = random.integer(actions);
      const list = next[s * actions + ((a + turn) % actions)];
      const to = random.uniform() < 0.85 ? list[0] : list[1 + random.integer(20)];
      if (detector.observe(s, a, to)) count++;
      s = to;
    }
    return count;
  };
  expect(alarms(0, 20_000)).toBeLessThanOrEqual(2);
  expect(alarms(1, 20)).toBeGreaterThanOrEqual(1);
});

test("stochastic exploration is the same from the same seed", () => {
  const goals = [[20], [33], [47], [58]];
  const run = () => {
    const agent = createStochasticExplorer({
      model: new BlendedModel(exactGoalCritic(lake, goals)),
      random: createRandom(1),
      discount: 0.97,
      epsilon: 0.1,
    });
    const random = createRandom(2);
    const path = [0];
    for (let t = 0; t < 60; t++) {
      const state = path[t];
      const action = agent.act(state);
      const next = stepWorld(lake, state, action, random);
      agent.observe(state, action, 0, next, lake.traps[next] === 1);
      path.push(lake.traps[next] ? 0 : next);
    }
    return path;
  };
  expect(run()).toEqual(run());
});

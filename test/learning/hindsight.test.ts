import { beforeAll, describe, expect, test } from "vitest";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { withGoals } from "../../src/critics/goal-conditioned.ts";
import { restoreCritic } from "../../src/critics/saved.ts";
import { evaluate, Graph } from "../../src/engine/index.ts";
import { make, prepare } from "../../src/environments/make.ts";
import { loadCritic } from "../../src/formats/load-critic.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { type Actors, createActors } from "../../src/learning/deep/actors.ts";
import { algorithms } from "../../src/learning/deep/algorithms.ts";
import { hindsightOf } from "../../src/learning/deep/hindsight.ts";
import { createReplay } from "../../src/learning/deep/replay.ts";
import { createRandom } from "../../src/numbers/random.ts";

beforeAll(() => prepare("ArmReach-v0"));

/** Replayed transitions of 170 steps in three copies, each with the whole history of its copy. */
function replayed(nSampledGoal: number, nSteps: number, rounds: number) {
  const actors: Actors = createActors("MountainCarReach-v0", 3, 4);
  const hindsight = hindsightOf(actors.environment, nSampledGoal)!;
  const replay = createReplay(900, 50, actors, hindsight);
  const random = createRandom(1);
  const history: { copy: number; from: number[]; to: number[]; ends: boolean }[] = [];
  for (let t = 0; t < 230; t++) {
    const actions = Float64Array.from({ length: 3 }, () => random.integer(3));
    actors.step(actions);
    replay.add(actors, actions);
    for (let copy = 0; copy < 3; copy++)
      history.push({
        copy,
        from: Array.from(Float32Array.from(actors.acted.subarray(4 * copy, 4 * copy + 4))),
        to: Array.from(Float32Array.from(actors.nextObservations.subarray(4 * copy, 4 * copy + 4))),
        ends: actors.truncated[copy] === 1,
      });
  }
  const rows = Array.from({ length: rounds }, (_, seed) => {
    const { observations, returns, discounts, "next observations": next } = replay.sample(createRandom(seed), nSteps, 0.9);
    return Array.from({ length: 50 }, (_, b) => ({
      from: Array.from(observations.data.slice(4 * b, 4 * b + 4) as Float32Array),
      to: Array.from(next.data.slice(4 * b, 4 * b + 4) as Float32Array),
      reward: returns.data[b] as number,
      discount: discounts.data[b] as number,
    }));
  }).flat();
  return { history, rows };
}

test.each([1, 3])(
  "what is told anew wants a place that its own episode reached at that step or later, and is paid for it, n = %i",
  (nSteps) => {
    const { history, rows } = replayed(4, nSteps, 20);
    let known = 0;
    let retold = 0;
    let later = 0;
    for (const { from, to, reward, discount } of rows) {
      expect(to[1]).toBe(from[1]);
      const [at, ...others] = history.flatMap((entry, i) => (entry.from[0] === from[0] && entry.from[3] === from[3] ? [i] : []));
      // at the wall a car may be twice
      if (others.length > 0) continue;
      known++;
      const { copy } = history[at];
      const own = history.filter((entry, i) => i >= at && entry.copy === copy);
      const end = own.findIndex((entry) => entry.ends);
      const episode = end < 0 ? own : own.slice(0, end + 1);
      const steps = Math.min(nSteps, episode.length);
      let sum = 0;
      for (let k = 0; k < steps; k++) sum += 0.9 ** k * (Math.abs(episode[k].to[0] - from[1]) < 0.1 ? 0 : -1);
      expect(reward).toBeCloseTo(sum, 5);
      expect(discount).toBeCloseTo(0.9 ** steps, 5);
      expect(to[0]).toBe(episode[steps - 1].to[0]);
      if (from[1] === history[at].from[1]) continue;
      retold++;
      expect(episode.some((entry) => entry.to[0] === from[1])).toBe(true);
      if (episode[0].to[0] !== from[1]) later++;
    }
    // every later step of the episode is as likely, so that the very next is rare
    expect(later / retold).toBeGreaterThan(0.8);
    // 4 of 5
    expect(Math.abs(retold / known - 0.8)).toBeLessThan(0.05);
  },
);

test("nSampledGoal 0 tells nothing anew; fewer than none is refused; without goals there is no hindsight", () => {
  const { history, rows } = replayed(0, 1, 4);
  const told = new Set(history.map(({ from }) => from.join()));
  for (const { from } of rows) expect(told.has(from.join())).toBe(true);
  expect(() => hindsightOf(make("ArmReach-v0"), -1)).toThrow(/ArmReach-v0: nSampledGoal/);
  expect(hindsightOf(make("CartPole-v1"))).toBeUndefined();
});

test("ArmReach: a learner put back where another was goes on to the same bytes", async () => {
  const options = { seed: 2, steps: 300, learningStarts: 60, batchSize: 16, hidden: [8] };
  const [whole, other] = [await algorithms.td3.create("ArmReach-v0", options), await algorithms.td3.create("ArmReach-v0", options)];
  while (whole.steps < 90) await whole.iterate();
  other.restore(whole.save());
  for (const learner of [whole, other]) while (learner.steps < 150) await learner.iterate();
  expect(other.save()).toEqual(whole.save());
  await Promise.all([whole, other].map((learner) => learner.release()));
});

describe("a goal-conditioned critic", () => {
  test.each([
    ["ArmReach-v0", "td3", 3],
    ["ArmReach-v0", "sac", 3],
    ["MountainCarReach-v0", "dqn", 1],
    ["MountainCarReach-v0", "qr-dqn", 1],
  ] as const)(
    "of %s by %s has a head for every goal it is asked about, and is its own network in raw units",
    async (id, algorithm, size) => {
      const learner = await algorithms[algorithm].create(id, { seed: 2, steps: 300, learningStarts: 60, batchSize: 16, hidden: [8] });
      while (learner.steps < 120) await learner.iterate();
      const saved = learner.critic();
      const critic = restoreCritic(saved) as NetworkCritic;
      const environment = make(id);
      const { observation } = environment.reset({ seed: 9 });
      const seen = observation as Float64Array;
      const here = Array.from(seen.slice(size, 2 * size));
      const asked = withGoals(critic, [here, here.map((x) => x + 0.1)], { combine: "heads" });
      const without = Float64Array.from([...seen.slice(0, size), ...seen.slice(2 * size)]);
      const [values, expected] = [await asked.stateValues(without), await critic.stateValues(seen)];
      expect(values).toHaveLength(2 * critic.heads.length);
      expected.forEach((value, i) => {
        expect(values[i]).toBeCloseTo(value, 4);
      });
      expect(values[critic.heads.length]).not.toBeCloseTo(values[0], 4);
      const graph = new Graph();
      graph.output("action", critic.policyGraph!(graph.input("observations", ["N", critic.observationSize])));
      const { action } = evaluate(graph, { observations: { shape: [1, critic.observationSize], data: seen } });
      const acted = await learner.act(seen, 1);
      expect(action.data).toHaveLength(acted.length);
      Array.from(acted).forEach((value, i) => {
        expect(action.data[i]).toBeCloseTo(value, 4);
      });
      await learner.release();
    },
  );
});

test("a critic of goals that is inferred from as if it had none is told how to be asked", async () => {
  await expect(inferDynamics(await loadCritic("zoo/ArmReach-v0"), { environment: "ArmReach-v0" })).rejects.toThrow(/withGoals/);
});

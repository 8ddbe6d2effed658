import { describe, expect, test } from "vitest";
import { collectStates, collectTransitions, randomPolicy } from "../../src/environments/collect.ts";
import type { Action } from "../../src/environments/environment.ts";
import { environmentIds, make, prepare } from "../../src/environments/make.ts";
import { vectorize } from "../../src/environments/vector-environment.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { sample } from "../../src/spaces/space.ts";

await Promise.all(environmentIds().map(prepare));

test.each(environmentIds())("%s: copy i of a vector does what one environment seeded with seed + i does", (id) => {
  const copies = 5;
  const seed = 11;
  const options = { maxEpisodeSteps: 60 };
  const vector = vectorize(id, copies, options);
  const singles = Array.from({ length: copies }, () => make(id as string, options));
  const random = createRandom(3);
  vector.reset(seed);
  const { observationSize: o, stateSize: d } = vector;
  singles.forEach((one, i) => {
    const { observation } = one.reset({ seed: seed + i });
    expect([...vector.observations.subarray(i * o, i * o + o)]).toEqual(typeof observation === "number" ? [observation] : [...observation]);
  });
  let ends = 0;
  for (let t = 0; t < 150; t++) {
    const actions = singles.map((one) => sample(one.actionSpace, random) as Action);
    vector.step(Float64Array.from(actions.flatMap((a) => (typeof a === "number" ? [a] : [...a]))));
    singles.forEach((one, i) => {
      const step = one.step(actions[i]);
      const seen = typeof step.observation === "number" ? [step.observation] : [...step.observation];
      expect([...vector.nextObservations.subarray(i * o, i * o + o)]).toEqual(seen);
      expect([vector.rewards[i], vector.terminated[i] === 1, vector.truncated[i] === 1]).toEqual([
        step.reward,
        step.terminated,
        step.truncated,
      ]);
      if (step.terminated || step.truncated) {
        ends++;
        one.reset();
      }
      expect([...vector.states.subarray(i * d, i * d + d)]).toEqual([...one.state.subarray(0, d)]);
    });
  }
  expect(ends).toBeGreaterThan(0);
});

test("a step hands out the same arrays again", () => {
  const vector = vectorize("Pendulum-v1", 100);
  const { states, observations, rewards } = vector;
  vector.step(new Float64Array(100));
  expect(vector.states).toBe(states);
  expect(vector.observations).toBe(observations);
  expect(vector.rewards).toBe(rewards);
});

describe("collecting", () => {
  const environment = make("MountainCar-v0");
  const options = { n: 500, seed: 7 };
  const right = (_o: Float64Array, n: number) => new Float64Array(n).fill(2);

  test("the same seed gives the same states, another one gives others", async () => {
    const a = await collectStates(environment, right, options);
    const b = await collectStates(environment, right, options);
    const c = await collectStates(environment, right, { ...options, seed: 8 });
    expect(a).toEqual(b);
    expect(a.states).not.toEqual(c.states);
    expect(a.states.length).toBe(1000);
    expect(a.actions.length).toBe(500);
    expect(Object.keys(a).sort()).toEqual(["actions", "n", "states"]);
  });

  test("ε is the share of random actions", async () => {
    const { actions } = await collectStates(environment, right, { ...options, n: 4000, epsilon: 0.3 });
    const others = actions.filter((a) => a !== 2).length / 4000;
    expect(Math.abs(others - 0.2)).toBeLessThan(0.025);
    const greedy = await collectStates(environment, right, { ...options, epsilon: 0 });
    expect(greedy.actions.every((a) => a === 2)).toBe(true);
  });

  test("transitions are those of the physics, ends of episodes included", async () => {
    const { n, states, actions, nextStates, terminated, rewards } = await collectTransitions(
      make("CartPole-v1"),
      randomPolicy(make("CartPole-v1").actionSpace, 1),
      {
        n: 800,
        seed: 3,
      },
    );
    const out = { nextStates: new Float64Array(n * 4), rewards: new Float64Array(n), terminated: new Uint8Array(n) };
    make("CartPole-v1").physics!.step(states, actions, n, out);
    expect(out.nextStates).toEqual(nextStates);
    expect(out.terminated).toEqual(terminated);
    expect(out.rewards).toEqual(rewards);
    expect(terminated.some((t) => t === 1)).toBe(true);
  });

  test("finite environments are collected as numbers of states", async () => {
    const { states } = await collectStates(make("FourRooms-v0"), randomPolicy(make("FourRooms-v0").actionSpace, 1), { n: 300, seed: 1 });
    expect(states.every((s) => Number.isInteger(s) && s >= 0 && s < 68)).toBe(true);
    expect(new Set(states).size).toBeGreaterThan(40);
  });
});

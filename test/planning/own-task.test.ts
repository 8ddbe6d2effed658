import { describe, expect, test } from "vitest";
import { make } from "../../src/environments/make.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { settle } from "../../src/planning/continuous-task.ts";
import { choicesOf, environmentsWithTask, ownTask } from "../../src/planning/own-task.ts";

const changed: Readonly<Record<string, readonly Record<string, number>[]>> = {
  "CartPole-v1": [{}, { poleMass: 16 }],
  "MountainCar-v0": [{}, { goalVelocity: 0.02, force: 0.002 }],
  "MountainCarContinuous-v0": [{}, { goalVelocity: 0.02 }],
  "Pendulum-v1": [{}, { maxTorque: 1 }],
};

describe.each(environmentsWithTask())("the own task of %s", (id) => {
  test.each(changed[id])("pays and ends real steps as the world with %j does", (options) => {
    const world = make(id, options);
    const { coordinates, actionSpace, step } = world.physics!;
    const { task, grid } = ownTask(world);
    const random = createRandom(1);
    const [n, d] = [4000, coordinates.names.length];
    const states = Float64Array.from({ length: n * d }, (_, i) => {
      const [low, high] = [grid.low[i % d], grid.high[i % d]];
      return low + (high - low) * random.uniform();
    });
    const { choices } = choicesOf(actionSpace, 9);
    const actions = Float64Array.from({ length: n }, () => choices[random.integer(choices.length)]);
    const nextStates = new Float64Array(n * d);
    const [rewards, terminated] = [new Float64Array(n), new Uint8Array(n)];
    step(states, actions, n, { nextStates, rewards, terminated });
    const settled = settle(task, states, actions, nextStates, n);
    expect(settled.ended).toEqual(terminated);
    expect(Math.max(...rewards.map((r, b) => Math.abs(r - settled.rewards[b])))).toBeLessThan(1e-12);
    if (id !== "Pendulum-v1") expect(terminated.reduce((sum, x) => sum + x, 0)).toBeGreaterThan(20);
  });
});

test("worlds whose task is not known are refused by name", () => {
  expect(() => ownTask(make("Acrobot-v1"))).toThrow("Acrobot-v1");
});

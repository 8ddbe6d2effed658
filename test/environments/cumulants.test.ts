import { describe, expect, test } from "vitest";
import { coordinate, randomCumulants, reach, withRewards } from "../../src/environments/cumulants.ts";
import { make } from "../../src/environments/make.ts";
import { mountainCarGoal } from "../../src/environments/mountain-car-goal.ts";
import { reacher, reacherGoal } from "../../src/environments/reacher.ts";
import { tableProblems } from "../../src/environments/tables.ts";
import { createRandom } from "../../src/numbers/random.ts";

const n = 400;

function reacherStates(): Float64Array {
  const random = createRandom(5);
  return Float64Array.from({ length: 4 * n }, (_, i) => (i % 4 < 2 ? Math.PI : 1) * (2 * random.uniform() - 1));
}

function steps(states: Float64Array, actions: Float64Array) {
  const out = { nextStates: new Float64Array(4 * n), rewards: new Float64Array(n), terminated: new Uint8Array(n) };
  reacher().step(states, actions, n, out);
  return out;
}

describe("Reacher", () => {
  test("the joints are independent double integrators, semi-implicit, in the order of the nine torques", () => {
    const states = reacherStates();
    const actions = Float64Array.from({ length: n }, (_, i) => i % 9);
    const { nextStates } = steps(states, actions);
    const torques = [-1, 0, 1].flatMap((a) => [-1, 0, 1].map((b) => [a, b]));
    for (let i = 0; i < n; i++)
      for (let joint = 0; joint < 2; joint++) {
        const rate = states[4 * i + 2 + joint] + 0.05 * torques[i % 9][joint];
        expect(nextStates[4 * i + 2 + joint]).toBe(rate);
        const turned = nextStates[4 * i + joint] - states[4 * i + joint] - 0.05 * rate;
        expect(Math.abs(Math.atan2(Math.sin(turned), Math.cos(turned)))).toBeLessThan(1e-12);
        expect(Math.abs(nextStates[4 * i + joint])).toBeLessThanOrEqual(Math.PI);
      }
  });

  test("a goal is reached exactly when the fingertip is within the radius", () => {
    const states = reacherStates();
    const { nextStates, rewards, terminated } = steps(states, new Float64Array(n).fill(4));
    let reached = 0;
    for (let i = 0; i < n; i++) {
      const x = Math.cos(nextStates[4 * i]) + Math.cos(nextStates[4 * i + 1]);
      const y = Math.sin(nextStates[4 * i]) + Math.sin(nextStates[4 * i + 1]);
      const expected = Math.hypot(x - 1, y) < 0.2 ? 1 : 0;
      reached += expected;
      expect([rewards[i], terminated[i]]).toEqual([expected, expected]);
    }
    expect(reached).toBeGreaterThan(0);
  });

  test("angles are compared as directions", () => {
    const out = new Uint8Array(2);
    reacherGoal({ angles: [0, Math.PI] })(Float64Array.of(0.1, -3.1, 0, 0, 0.1, -2.5, 0, 0), 2, out);
    expect([...out]).toEqual([1, 0]);
    reacherGoal({ velocities: [2, 2] })(Float64Array.of(0, 0, 2.1, 1.9, 0, 0, 2.2, 2), 2, out);
    expect([...out]).toEqual([1, 0]);
  });
});

test("MountainCarGoal ends at its goal and not at the flag", () => {
  const environment = make("MountainCarGoal-v0", { target: { position: -0.6 } });
  environment.reset({ options: { state: [0.55, 0.02] } });
  expect(environment.step(2)).toMatchObject({ reward: 0, terminated: false });
  environment.reset({ options: { state: [-0.72, 0.05] } });
  expect(environment.step(2)).toMatchObject({ reward: 1, terminated: true });
});

test("cumulants are signals of the transition, in batch", () => {
  const { coordinates } = reacher();
  const states = reacherStates();
  const actions = new Float64Array(n);
  const { nextStates } = steps(states, actions);
  const out = new Float64Array(n);
  coordinate(coordinates, 2).values(states, actions, nextStates, n, out);
  expect([...out]).toEqual(Array.from({ length: n }, (_, i) => nextStates[4 * i + 2]));

  const signals = randomCumulants(coordinates, 6, [1, 1, 1, 1], 3);
  const again = randomCumulants(coordinates, 6, [1, 1, 1, 1], 3);
  const turned = nextStates.map((x, i) => (i % 4 < 2 ? x + 2 * Math.PI : x));
  const same = new Float64Array(n);
  const periodic = new Float64Array(n);
  signals.forEach((signal, j) => {
    signal.values(states, actions, nextStates, n, out);
    again[j].values(states, actions, nextStates, n, same);
    signal.values(states, actions, turned, n, periodic);
    expect(same).toEqual(out);
    for (let i = 0; i < n; i++) {
      expect(Math.abs(out[i])).toBeLessThanOrEqual(1);
      expect(periodic[i]).toBeCloseTo(out[i], 9);
    }
  });

  const goal = reach("left", mountainCarGoal({ position: -1.2 }));
  const paid = new Float64Array(2);
  goal.values(Float64Array.of(0, 0, 0, 0), Float64Array.of(0, 0), Float64Array.of(-1.15, 0, -1, 0), 2, paid);
  expect([...paid]).toEqual([1, 0]);
});

test("the same tables serve another task", () => {
  const { tables } = make("FourRooms-v0", { goals: [], variant: "windy" });
  const task = withRewards(
    tables!,
    (s, _a, next) => (next === 5 && s !== 5 ? 1 : 0),
    (next) => next === 5,
  );
  expect(tableProblems(task)).toEqual([]);
  expect(task.probabilities).toBe(tables!.probabilities);
  for (let k = 0; k < task.nextStates.length; k++) expect(task.terminated[k]).toBe(task.nextStates[k] === 5 ? 1 : 0);
});

import { describe, expect, test } from "vitest";
import { acrobot } from "../../src/environments/acrobot.ts";
import { cartPole } from "../../src/environments/cart-pole.ts";
import type { Physics } from "../../src/environments/environment.ts";
import { mountainCar } from "../../src/environments/mountain-car.ts";
import { mountainCarContinuous } from "../../src/environments/mountain-car-continuous.ts";
import { pendulum } from "../../src/environments/pendulum.ts";
import { createRandom } from "../../src/numbers/random.ts";

/** Random states in a box, [n, d]. */
function states(n: number, half: readonly number[], seed = 1): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: n * half.length }, (_, i) => half[i % half.length] * (2 * random.uniform() - 1));
}

function step(physics: Physics, from: Float64Array, actions: Float64Array) {
  const n = actions.length;
  const out = { nextStates: new Float64Array(from.length), rewards: new Float64Array(n), terminated: new Uint8Array(n) };
  physics.step(from, actions, n, out);
  return out;
}

const n = 500;
const actionsUpTo = (count: number) => Float64Array.from({ length: n }, (_, i) => i % count);
const turn = (angle: number) => Math.atan2(Math.sin(angle), Math.cos(angle));

describe("mirror symmetry: the mirrored state under the mirrored action goes to the mirrored state", () => {
  test.each([
    ["CartPole", cartPole(), states(n, [2, 2, 0.2, 2]), actionsUpTo(2), (a: number) => 1 - a],
    ["Pendulum", pendulum(), states(n, [3, 7]), states(n, [2]), (a: number) => -a],
    ["Acrobot", acrobot(), states(n, [3, 3, 8, 15]), actionsUpTo(3), (a: number) => 2 - a],
  ] as const)("%s", (_name, physics, from, actions, mirror) => {
    const there = step(physics, from, actions);
    const mirrored = step(
      physics,
      from.map((x) => -x),
      actions.map(mirror),
    );
    expect([...mirrored.terminated]).toEqual([...there.terminated]);
    for (let i = 0; i < from.length; i++) expect(turn(mirrored.nextStates[i] + there.nextStates[i])).toBeCloseTo(0, 9);
    for (let i = 0; i < n; i++) expect(mirrored.rewards[i]).toBeCloseTo(there.rewards[i], 9);
  });
});

test("MountainCar: whatever hits the left wall stops, and nothing leaves the valley", () => {
  const random = createRandom(2);
  const from = Float64Array.from({ length: 2 * n }, (_, i) => (i % 2 ? -0.07 * random.uniform() : -1.2 + 0.05 * random.uniform()));
  const { nextStates } = step(mountainCar(), from, actionsUpTo(3));
  let hits = 0;
  for (let i = 0; i < n; i++) {
    expect(nextStates[2 * i]).toBeGreaterThanOrEqual(-1.2);
    expect(Math.abs(nextStates[2 * i + 1])).toBeLessThanOrEqual(0.07);
    if (nextStates[2 * i] === -1.2) {
      hits++;
      expect(nextStates[2 * i + 1]).toBe(0);
    }
  }
  expect(hits).toBeGreaterThan(100);
});

test("MountainCarContinuous at full push is not MountainCar, at two thirds it is", () => {
  const from = states(n, [0.4, 0.05]).map((x, i) => (i % 2 ? x : x - 0.5));
  const discrete = step(mountainCar(), from, actionsUpTo(3));
  const continuous = step(
    mountainCarContinuous(),
    from,
    actionsUpTo(3).map((a) => ((a - 1) * 2) / 3),
  );
  for (let i = 0; i < 2 * n; i++) expect(continuous.nextStates[i]).toBeCloseTo(discrete.nextStates[i], 12);
});

test("Acrobot conserves energy without torque, to the order of its integrator", () => {
  const energy = (s: Float64Array, at: number) => {
    const [t1, t2, w1, w2] = s.subarray(at, at + 4);
    const d1 = 0.25 + (1 + 0.25 + Math.cos(t2)) + 2;
    const d2 = 0.25 + 0.5 * Math.cos(t2) + 1;
    const kinetic = 0.5 * d1 * w1 * w1 + 0.5 * 1.25 * w2 * w2 + d2 * w1 * w2;
    return kinetic - 9.8 * (1.5 * Math.cos(t1) + 0.5 * Math.cos(t1 + t2));
  };
  const from = states(n, [0.5, 0.5, 0.5, 0.5]);
  const { nextStates } = step(acrobot(), from, new Float64Array(n).fill(1));
  for (let i = 0; i < n; i++) expect(Math.abs(energy(nextStates, 4 * i) - energy(from, 4 * i))).toBeLessThan(2e-2);
});

test("Pendulum: a small step without torque at rest falls away from upright on both sides", () => {
  const { nextStates } = step(pendulum(), Float64Array.of(0.1, 0, -0.1, 0), Float64Array.of(0, 0));
  expect(nextStates[0]).toBeGreaterThan(0.1);
  expect(nextStates[2]).toBeLessThan(-0.1);
});

test("CartPole ends at the limits of position and angle, and not within", () => {
  const at = (x: number, angle: number) => step(cartPole(), Float64Array.of(x, 0, angle, 0), Float64Array.of(1)).terminated[0];
  expect([at(2.39, 0), at(2.41, 0), at(-2.41, 0), at(0, 0.209), at(0, 0.21), at(0, -0.21)]).toEqual([0, 1, 1, 0, 1, 1]);
});

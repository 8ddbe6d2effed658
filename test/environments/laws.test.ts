import { describe, expect, test } from "vitest";
import { acrobot } from "../../src/environments/acrobot.ts";
import { cartPole } from "../../src/environments/cart-pole.ts";
import type { Environment, Physics } from "../../src/environments/environment.ts";
import { environmentIds, make, prepare } from "../../src/environments/make.ts";
import { mountainCar } from "../../src/environments/mountain-car.ts";
import { mountainCarContinuous } from "../../src/environments/mountain-car-continuous.ts";
import { noisyPhysics } from "../../src/environments/noisy.ts";
import { pendulum } from "../../src/environments/pendulum.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { sample } from "../../src/spaces/space.ts";

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

await Promise.all(environmentIds().map(prepare));

/** Ours that are stepped in batch, and with options that change what ends and what pays. */
const worlds: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ...environmentIds()
    .filter((id) => make(id).simulation)
    .map((id) => [id, {}] as const),
  ["MountainCar-v0", { goalVelocity: 0.02 }],
  ["MountainCarContinuous-v0", { goalVelocity: 0.02 }],
  ["MountainCarGoal-v0", { target: { position: -0.5, velocity: 0 }, radius: 0.05 }],
  ["MountainCarReach-v0", { radius: 0.3 }],
  ["Reacher-v0", { target: { velocities: [0, 0] }, radius: 0.5 }],
  ["ArmReach-v0", { radius: 0.1 }],
  ["ArmPickAndPlace-v0", { reward: "dense" }],
];
/** Those in which nothing ends an episode but its time. */
const endless = ["Pendulum-v1", "MountainCarReach-v0", "ArmReach-v0", "ArmPickAndPlace-v0"];
const [DRAWN, WALKED, WALKED_ARM] = [3000, 2000, 200];

interface Batch {
  readonly n: number;
  readonly states: Float64Array;
  readonly actions: Float64Array;
}

/** States that random actions visit. */
function walked(environment: Environment, n: number): Batch {
  const random = createRandom(5);
  const d = environment.simulation!.stateSize;
  const [states, actions]: number[][] = [[], []];
  environment.reset({ seed: 5 });
  for (let i = 0; i < n; i++) {
    const action = sample(environment.actionSpace, random) as Float64Array | number;
    states.push(...environment.state.subarray(0, d));
    actions.push(...(typeof action === "number" ? [action] : action));
    const { terminated, truncated } = environment.step(action);
    if (terminated || truncated) environment.reset();
  }
  return { n, states: Float64Array.from(states), actions: Float64Array.from(actions) };
}

/** States anywhere in the box of the coordinates, unbounded ones within ±5. */
function drawn({ coordinates, actionSpace }: Physics, n: number): Batch {
  const random = createRandom(6);
  const d = coordinates.names.length;
  const states = Float64Array.from({ length: n * d }, (_, i) => {
    const [low, high] = [Math.max(coordinates.low[i % d], -5), Math.min(coordinates.high[i % d], 5)];
    return low + (high - low) * random.uniform();
  });
  const actions = Array.from({ length: n }, () => sample(actionSpace, random) as Float64Array | number);
  return { n, states, actions: Float64Array.from(actions.flatMap((a) => (typeof a === "number" ? [a] : [...a]))) };
}

function stepAll(world: Environment, { n, states, actions }: Batch) {
  const out = { nextStates: new Float64Array(states.length), rewards: new Float64Array(n), terminated: new Uint8Array(n) };
  world.simulation!.step(states.slice(), actions, n, out);
  return out;
}

/** Between a state whose step ends the episode and one whose step does not, by halving: steps that end it barely, or barely not. */
function atTheEdge(world: Environment, { n, states, actions }: Batch): Batch {
  const d = world.simulation!.stateSize;
  const m = actions.length / n;
  const { terminated } = stepAll(world, { n, states, actions });
  const ends = [...terminated.keys()].filter((i) => terminated[i] === 1).slice(0, 100);
  const others = [...terminated.keys()].filter((i) => terminated[i] === 0).slice(0, ends.length);
  const edge: number[] = [];
  const done: number[] = [];
  others.forEach((from, k) => {
    const action = actions.slice(ends[k] * m, (ends[k] + 1) * m);
    const at = (t: number) => Float64Array.from({ length: d }, (_, j) => (1 - t) * states[from * d + j] + t * states[ends[k] * d + j]);
    let [low, high] = [0, 1];
    for (let halving = 0; halving < 52; halving++) {
      const middle = (low + high) / 2;
      const ended = stepAll(world, { n: 1, states: at(middle), actions: action }).terminated[0];
      if (ended) high = middle;
      else low = middle;
    }
    for (const t of [low, high]) {
      edge.push(...at(t));
      done.push(...action);
    }
  });
  return { n: 2 * others.length, states: Float64Array.from(edge), actions: Float64Array.from(done) };
}

describe("d(s') and r(s, a, s') in batch are what stepping tells and pays", () => {
  test.each(worlds)("%s %j", (id, options) => {
    const world = make(id, options);
    const { simulation, physics } = world;
    const dear = id.startsWith("Arm");
    const batches = [walked(world, dear ? WALKED_ARM : WALKED)];
    if (physics) batches.push(drawn(physics, DRAWN));
    if (physics && !endless.includes(id)) batches.push(atTheEdge(world, batches[1]));
    let ends = 0;
    for (const batch of batches) {
      const { n, states: from, actions } = batch;
      const { nextStates, rewards, terminated } = stepAll(world, batch);
      const [ended, paid] = [new Uint8Array(n).fill(7), new Float64Array(n).fill(Number.NaN)];
      simulation!.ended!(nextStates, n, ended);
      simulation!.reward!(from, actions, nextStates, n, paid);
      expect(ended).toEqual(terminated);
      expect(paid).toEqual(rewards);
      ends += terminated.reduce((sum, x) => sum + x, 0);
    }
    if (endless.includes(id)) expect(ends).toBe(0);
    else expect(ends).toBeGreaterThan(20);
    if (physics && !endless.includes(id)) expect(batches[2].n).toBeGreaterThan(20);
  });

  test("and the noisy laws pay and end by where a step led in the end", () => {
    const shaken = noisyPhysics(mountainCar(), [0.2, 0.02], 4);
    const batch = drawn(shaken, DRAWN);
    const out = { nextStates: batch.states.slice(), rewards: new Float64Array(DRAWN), terminated: new Uint8Array(DRAWN) };
    shaken.step(out.nextStates, batch.actions, DRAWN, out);
    const ended = new Uint8Array(DRAWN);
    shaken.ended(out.nextStates, DRAWN, ended);
    expect(ended).toEqual(out.terminated);
    expect(out.terminated.reduce((sum, x) => sum + x, 0)).toBeGreaterThan(20);
  });
});

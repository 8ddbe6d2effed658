import type { SparseGoal } from "../../critics/steps-to-go.ts";
import type { Environment } from "../../environments/environment.ts";
import { mountainCarGoals, mountainCarTargets } from "../../environments/mountain-car-goal.ts";
import { reacher, reacherTargets } from "../../environments/reacher.ts";
import { createRandom, type Random } from "../../numbers/random.ts";
import { LearningError } from "../errors.ts";
import type { StepsToGoTask } from "./steps-to-go.ts";

/** The four places of MountainCarGoal-v0, learned uniformly over the box of states; the network sees position and velocity and three waves of the position. */
export function mountainCarTask(radius = 0.1): StepsToGoTask {
  const physics = mountainCarGoals();
  const { low, high } = physics.coordinates;
  const goals = mountainCarTargets.map(({ position }) => ({ indices: [0], target: [position!], radius }));
  return {
    environment: "MountainCarGoal-v0",
    physics,
    goals,
    encoding: {
      centre: Float64Array.from(low, (x, j) => (x + high[j]) / 2),
      scale: Float64Array.from(low, (x, j) => (high[j] - x) / 2),
      linear: Float64Array.of(1, 0, 0, 1),
      waves: Float64Array.of(Math.PI / 2, Math.PI, (3 * Math.PI) / 2, 0, 0, 0),
    },
    low,
    high,
    draw(random, n, out) {
      for (let i = 0; i < 2 * n; i++) out[i] = low[i % 2] + (high[i % 2] - low[i % 2]) * random.uniform();
    },
  };
}

/** Velocities are learned within ±3; 0.6 of them within ±1.15, where models are scored. */
const FASTEST = 3;
const SCORED = { part: 0.6, reach: 1.15 };
/** A third of the states lie near a goal: of candidates four times as many, by exp(−distance/0.25). */
const NEAR = { part: 1 / 3, candidates: 4, length: 0.25 };

/** The four fingertip goals of Reacher-v0; the network sees cosines and sines of the angles, their sum and their difference. */
export function reacherTask(radius = 0.2): StepsToGoTask {
  const physics = reacher();
  const goals: SparseGoal[] = reacherTargets.map((target) => {
    if (!("fingertip" in target)) throw new TypeError("the goals of a reacher are places of its fingertip");
    return { indices: [4, 5], target: target.fingertip, radius };
  });
  const waves = new Float64Array(6 * 4);
  for (const [wave, [first, second]] of [
    [1, 0],
    [0, 1],
    [1, 1],
    [1, -1],
  ].entries()) {
    waves[wave] = first;
    waves[4 + wave] = second;
  }
  const linear = new Float64Array(6 * 2);
  linear[2 * 2] = 1;
  linear[3 * 2 + 1] = 1;
  const angle = (random: Random) => Math.PI * (2 * random.uniform() - 1);
  return {
    environment: "Reacher-v0",
    physics,
    goals,
    encoding: { centre: new Float64Array(6), scale: Float64Array.of(1, 1, 1.5, 1.5, 1, 1), linear, waves },
    low: [-Infinity, -Infinity, -FASTEST, -FASTEST],
    high: [Infinity, Infinity, FASTEST, FASTEST],
    draw(random, n, out) {
      const near = Math.floor(NEAR.part * n);
      const candidates = new Float64Array(2 * NEAR.candidates * near);
      const cumulative = new Float64Array(NEAR.candidates * near);
      let sum = 0;
      for (let c = 0; c < cumulative.length; c++) {
        const [first, second] = [angle(random), angle(random)];
        candidates.set([first, second], 2 * c);
        const [x, y] = [Math.cos(first) + Math.cos(second), Math.sin(first) + Math.sin(second)];
        const away = Math.min(...goals.map(({ target }) => Math.hypot(x - target[0], y - target[1]))) - radius;
        sum += Math.exp(-Math.max(0, away) / NEAR.length);
        cumulative[c] = sum;
      }
      for (let i = 0; i < n; i++) {
        if (i < near) {
          const chosen = firstAtLeast(cumulative, sum * random.uniform());
          out[4 * i] = candidates[2 * chosen];
          out[4 * i + 1] = candidates[2 * chosen + 1];
        } else {
          out[4 * i] = angle(random);
          out[4 * i + 1] = angle(random);
        }
        const reach = random.uniform() < SCORED.part ? SCORED.reach : FASTEST;
        out[4 * i + 2] = reach * (2 * random.uniform() - 1);
        out[4 * i + 3] = reach * (2 * random.uniform() - 1);
      }
    },
  };
}

export interface StepsToGoGoals {
  /** A head each, of numbers of the observation; MountainCarGoal-v0 and Reacher-v0 have their own. */
  readonly goals?: readonly SparseGoal[];
}

/** States drawn to standardise observations by. */
const DRAWN = 2000;
const DRAWN_SEED = 7;

/**
 * Goals of any environment whose coordinates are bounded, learned uniformly over their box; the network sees standardised observations.
 * @throws LearningError where there are no goals, or no bounds to draw states within
 */
export function stepsToGoTaskOf({ id, physics }: Environment, goals?: readonly SparseGoal[]): StepsToGoTask {
  if (!goals && id === "MountainCarGoal-v0") return mountainCarTask();
  if (!goals && id === "Reacher-v0") return reacherTask();
  if (!goals || goals.length === 0)
    throw new LearningError(`steps-to-go of ${id} needs goals: { indices, target, radius } of its observation`);
  if (physics?.actionSpace.kind !== "discrete")
    throw new LearningError(`steps-to-go needs coordinates and Discrete actions, which ${id} has not`);
  const { low, high } = physics.coordinates;
  if (![...low, ...high].every(Number.isFinite)) throw new LearningError(`steps-to-go draws states within bounds, which ${id} has not`);
  const d = low.length;
  const o = physics.observationSpace.low.length;
  const draw = (random: Random, n: number, out: Float64Array) => {
    for (let i = 0; i < n * d; i++) out[i] = low[i % d] + (high[i % d] - low[i % d]) * random.uniform();
  };
  const states = new Float64Array(DRAWN * d);
  draw(createRandom(DRAWN_SEED), DRAWN, states);
  const seen = new Float64Array(DRAWN * o);
  physics.observations(states, DRAWN, seen);
  const centre = new Float64Array(o);
  const variance = new Float64Array(o);
  for (let i = 0; i < seen.length; i++) centre[i % o] += seen[i] / DRAWN;
  for (let i = 0; i < seen.length; i++) variance[i % o] += (seen[i] - centre[i % o]) ** 2 / DRAWN;
  const linear = new Float64Array(o * o);
  for (let j = 0; j < o; j++) linear[j * o + j] = 1;
  const scale = variance.map((x) => Math.sqrt(x) || 1);
  return { environment: id, physics, goals, encoding: { centre, scale, linear, waves: new Float64Array(0) }, draw, low, high };
}

function firstAtLeast(cumulative: Float64Array, value: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

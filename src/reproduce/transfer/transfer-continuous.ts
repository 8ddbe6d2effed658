import { wrapAngle } from "../../environments/coordinates.ts";
import { mountainCarStart } from "../../environments/mountain-car.ts";
import { mountainCarTask } from "../../learning/invertible/steps-to-go-tasks.ts";
import { createRandom } from "../../numbers/random.ts";
import type { ContinuousTask } from "../../planning/continuous-task.ts";
import { planOnGrid } from "../../planning/plan-on-grid.ts";
import { reachGoal } from "../../planning/reach.ts";
import { simulatorOfPhysics } from "../../planning/simulator.ts";
import { mountainCarCritics } from "../mountain-car.ts";
import { fewestSteps, reacherStudy } from "../reacher.ts";
import { SPARSE_DISCOUNT } from "../sparse-goals.ts";
import { returnsOf, type TransferStudy, type UnseenGoal } from "./transfer-goals.ts";

/** Published ratios: Letcher et al. 2026. */
const published = { far: 0.994, angles: 0.991, velocities: 0.992, fast: 0.82, gentle: 0.82, shortest: 0.94 } as const;

const RADIUS = 0.2;
const INTERVAL = 0.05;
/** Depth within a goal that plans aim for. */
const MARGIN = 0.01;

/** A far place of the fingertip, two angles, two velocities: where the reacher's critics know four places of the fingertip. */
export function reacherTransfer(): TransferStudy {
  const critics = reacherStudy();
  const far = Math.SQRT2;
  const goalOf = (
    name: string,
    ratio: number,
    distance: (s: Float64Array, at: number) => number,
    fewest: (s: Float64Array, at: number) => number,
  ): UnseenGoal => {
    const away: UnseenGoal["distance"] = (states, n, out) => {
      for (let b = 0; b < n; b++) out[b] = distance(states, 4 * b) - RADIUS;
    };
    const choices = Float64Array.from({ length: 9 }, (_, a) => a);
    return {
      name,
      published: ratio,
      distance: away,
      plan: async (model, seed) =>
        reachGoal({ model, choices, actionSize: 1, horizon: 90, margin: MARGIN, distance: away }, { random: createRandom(seed) }),
      optimum: async (starts, n) => Float64Array.from({ length: n }, (_, b) => SPARSE_DISCOUNT ** (fewest(starts, 4 * b) - 1)),
    };
  };
  return {
    critics,
    start: critics.task.physics.initialState,
    goals: [
      goalOf(
        "far fingertip",
        published.far,
        (s, at) => Math.hypot(Math.cos(s[at]) + Math.cos(s[at + 1]) - far, Math.sin(s[at]) + Math.sin(s[at + 1]) - far),
        (s, at) => fewestSteps({ goals: [{ indices: [4, 5], target: [far, far], radius: RADIUS }] }, s.slice(at, at + 4), 1)[0],
      ),
      goalOf(
        "angles",
        published.angles,
        (s, at) => Math.hypot(wrapAngle(s[at]), wrapAngle(s[at + 1] - Math.PI)),
        (s, at) =>
          firstCount((count) =>
            [0, Math.PI].map((target, j) =>
              beyond(wrapAngle(s[at + j] + count * INTERVAL * s[at + 2 + j] - target), (INTERVAL ** 2 * count * (count + 1)) / 2),
            ),
          ),
      ),
      goalOf(
        "velocities",
        published.velocities,
        (s, at) => Math.hypot(s[at + 2] - 2, s[at + 3] - 2),
        (s, at) => firstCount((count) => [2, 3].map((j) => beyond(s[at + j] - 2, INTERVAL * count))),
      ),
    ],
  };
}

/** What is left of a difference that can be made smaller by `reach` at most. */
function beyond(difference: number, reach: number): number {
  return Math.max(0, Math.abs(difference) - reach);
}

/** The fewest steps after which all that is left lies within the goal: a bound below, since torques are whole numbers. */
function firstCount(left: (count: number) => number[]): number {
  let count = 1;
  while (Math.hypot(...left(count)) >= RADIUS) count++;
  return count;
}

const NODES = [361, 281];

/** A fast car, one that must not be fast, and the nearer of two places: where the car's critics know four places. */
export function mountainCarTransfer(): TransferStudy {
  const task = mountainCarTask();
  const goalOf = (name: string, ratio: number, distance: (x: number, v: number) => number, fastest?: number): UnseenGoal => {
    const goal = (states: Float64Array, n: number, out: Uint8Array) => {
      for (let b = 0; b < n; b++) out[b] = distance(states[2 * b], states[2 * b + 1]) < 0 ? 1 : 0;
    };
    const end = (states: Float64Array, n: number, out: Uint8Array) => {
      for (let b = 0; b < n; b++) out[b] = Math.abs(states[2 * b + 1]) > fastest! ? 1 : 0;
    };
    const wanted: ContinuousTask = { discount: SPARSE_DISCOUNT, goal, ...(fastest === undefined ? {} : { end }) };
    const box = { low: task.low, high: task.high, sizes: NODES, choices: Float64Array.of(0, 1, 2), actionSize: 1 };
    const unseen: UnseenGoal = {
      name,
      published: ratio,
      distance(states, n, out) {
        for (let b = 0; b < n; b++) out[b] = distance(states[2 * b], states[2 * b + 1]);
      },
      ...(fastest === undefined ? {} : { end }),
      plan: (model) => planOnGrid(model, wanted, box),
      // dynamic programming in the true laws: what its policies get or what its values say, whichever is more
      async optimum(starts, n) {
        const exact = simulatorOfPhysics(task.physics);
        const most = new Float64Array(n);
        for (const lookahead of [1, 3]) {
          const policy = await planOnGrid(exact, wanted, { ...box, lookahead });
          const said = policy.value(starts);
          const got = await returnsOf(policy, exact, unseen, starts, n);
          for (let b = 0; b < n; b++) most[b] = Math.max(most[b], said[b], got[b]);
        }
        return most;
      },
    };
    return unseen;
  };
  return {
    critics: mountainCarCritics(task),
    start: mountainCarStart,
    goals: [
      goalOf("fast car", published.fast, (_x, v) => Math.abs(v - 0.06) - 0.01),
      goalOf("gentle car", published.gentle, (x) => Math.abs(x - 0.6) - 0.1, 0.05),
      goalOf("shortest path", published.shortest, (x) => Math.min(Math.abs(x + 1), Math.abs(x - 0.4)) - 0.1),
    ],
  };
}

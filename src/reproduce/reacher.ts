import { wrapAngle } from "../environments/coordinates.ts";
import type { StepsToGoTask } from "../learning/invertible/steps-to-go.ts";
import { reacherTask } from "../learning/invertible/steps-to-go-tasks.ts";
import type { Reproduce } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";
import { type GoalStudy, goalReport, runGoalStudy, SPARSE_DISCOUNT } from "./sparse-goals.ts";

const PUBLISHED = 1.2e-4;
const PROMISED = 2e-5;

/**
 * The reacher from four sparse goals of its fingertip (Letcher et al. 2026: 1.2e-4; "nothing moves": 2.0e-3): our critic of steps to go,
 * and models linear in generic features of the state and one-hot actions.
 */
export const reproduceReacher: Reproduce = async (options) => {
  const start = performance.now();
  const { runs, seeds } = await runGoalStudy(reacherStudy(), options);
  const { figures, ranges } = summariseSeeds(runs.map((run) => run.figures));
  return {
    figures,
    ranges,
    seeds,
    ...goalReport(seeds, runs, figures, PUBLISHED, PROMISED),
    seconds: (performance.now() - start) / 1000,
    details: { published: { nmse: PUBLISHED, nmseOfNothing: 2e-3 }, runs: runs.map((run) => ({ ...run.figures, ...run.detail })) },
  };
};

/** The critics: phases in which they also learn where their own policies go, or those would be led astray. */
export function reacherStudy(): GoalStudy {
  const task = reacherTask();
  return {
    task,
    shipped: "Reacher-v0-seed",
    timeStep: INTERVAL,
    training: {
      hidden: [256, 256, 256],
      phases: [
        { kind: "slow", updates: 10_000, learningRate: 1e-3 },
        { kind: "residual", updates: 24_000, learningRate: 3e-4 },
        { kind: "slow", updates: 4000, learningRate: 5e-4, walkers: 0.5 },
        { kind: "residual", updates: 6000, learningRate: 3e-4, walkers: 0.4 },
        { kind: "slow", updates: 5000, learningRate: 7e-4, walkers: 0.5 },
        { kind: "residual", updates: 4000, learningRate: 1.5e-4, walkers: 0.5 },
      ],
    },
    optimalReturns: async (starts, n) => {
      const out = fewestSteps(task, starts, n);
      return out.map((count) => (Number.isFinite(count) ? SPARSE_DISCOUNT ** (count - 1) : 0));
    },
  };
}

const MOST_STEPS = 120;
/** Alternations between the two angles, each the nearest to the goal within its reach. */
const ALTERNATIONS = 4;
const INTERVAL = 0.05;

/**
 * Steps to each goal, [n, goals]: the fewest after which the box of angles within reach holds a fingertip in the goal,
 *   θ_j(n) ∈ θ_j + n τ ω_j ± τ² n (n + 1)/2.
 * Torques are whole numbers, so this is a bound below: returns made of it are a bound above the optimum.
 */
export function fewestSteps({ goals }: Pick<StepsToGoTask, "goals">, states: Float64Array, n: number): Float64Array {
  const g = goals.length;
  const out = new Float64Array(n * g).fill(Infinity);
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < g; i++) {
      const [x, y] = goals[i].target;
      for (let count = 1; count < MOST_STEPS; count++) {
        if (!withinReach(states, 4 * b, x, y, goals[i].radius, count)) continue;
        out[b * g + i] = count;
        break;
      }
    }
  }
  return out;
}

function withinReach(states: Float64Array, at: number, x: number, y: number, radius: number, count: number): boolean {
  const half = (INTERVAL * INTERVAL * count * (count + 1)) / 2;
  const centre = [0, 1].map((j) => states[at + j] + count * INTERVAL * states[at + 2 + j]);
  const nearest = (angle: number, j: number) => centre[j] + Math.max(-half, Math.min(half, wrapAngle(angle - centre[j])));
  const direction = Math.atan2(y, x);
  const opening = Math.acos(Math.min(1, Math.hypot(x, y) / 2));
  for (const side of [1, -1]) {
    let second = nearest(direction - side * opening, 1);
    let first = 0;
    for (let alternation = 0; alternation < ALTERNATIONS; alternation++) {
      first = nearest(Math.atan2(y - Math.sin(second), x - Math.cos(second)), 0);
      second = nearest(Math.atan2(y - Math.sin(first), x - Math.cos(first)), 1);
    }
    if (Math.hypot(Math.cos(first) + Math.cos(second) - x, Math.sin(first) + Math.sin(second) - y) < radius) return true;
  }
  return false;
}

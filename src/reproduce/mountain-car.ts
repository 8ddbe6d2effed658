import { stepsToGoHeads } from "../critics/steps-to-go.ts";
import { mountainCarGoals, mountainCarTargets } from "../environments/mountain-car-goal.ts";
import { inferHybrid } from "../inversion/hybrid/infer-hybrid.ts";
import type { ValueEquations } from "../inversion/hybrid/value-equations.ts";
import { inGoal, type StepsToGoTask } from "../learning/invertible/steps-to-go.ts";
import { mountainCarTask } from "../learning/invertible/steps-to-go-tasks.ts";
import { gridValues, interpolate, type RegularGrid, regularGrid } from "../planning/grid-values.ts";
import type { Reproduce } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";
import {
  describeHybrid,
  drawSamples,
  type GoalCritics,
  type GoalStudy,
  goalReport,
  nextStates,
  runGoalStudy,
  SPARSE_DISCOUNT,
  scoreAnswers,
  steps,
} from "./sparse-goals.ts";

const PUBLISHED = 6.7e-3;
const PROMISED = 2e-4;
const GRID = [361, 281];
const NEAR_EXACT_SAMPLES = 40_000;

/**
 * The mountain car from four sparse goals (Letcher et al. 2026: 6.7e-3, all but the wall; "nothing moves": 1.1e-2): our critic of steps to go,
 * hybrid dynamics with a map for each face of the box of states; and the same from values that are nearly exact, by value iteration on a grid.
 */
export const reproduceMountainCar: Reproduce = async (options) => {
  const start = performance.now();
  const task = mountainCarTask();
  const { onProgress } = options;
  onProgress?.(0, 10, "value iteration on a grid");
  const { grid, tables } = mountainCarValues(task);
  const equations = gridEquations(task, grid, tables);
  const seed = options.seed;
  const nearExact = await inferHybrid(equations, task.physics.actionSpace, drawSamples(task.physics, NEAR_EXACT_SAMPLES, seed + 1000), {
    seed,
    onProgress: (done, total, what) => onProgress?.(1 + done / total, 10, `nearly exact values: ${what}`),
  });
  const truth = steps(task.physics, drawSamples(task.physics, NEAR_EXACT_SAMPLES, seed + 2000));
  const nearExactScore = scoreAnswers(task.physics, truth, await nextStates(equations, nearExact.dynamics, truth));

  const { runs, seeds } = await runGoalStudy(mountainCarStudy(task, grid, tables), {
    ...options,
    onProgress: (done, total, what) => onProgress?.(2 + (8 * done) / total, 10, what),
  });
  const { figures, ranges } = summariseSeeds(runs.map((run) => run.figures));
  return {
    figures: { ...figures, nmseNearExactValues: nearExactScore.nmse },
    ranges,
    seeds,
    ...goalReport(seeds, runs, figures, PUBLISHED, PROMISED),
    seconds: (performance.now() - start) / 1000,
    details: {
      published: { nmse: PUBLISHED, nmseOfNothing: 1.1e-2 },
      nearExactValues: { score: nearExactScore, model: describeHybrid(nearExact) },
      runs: runs.map((run) => ({ ...run.figures, ...run.detail })),
    },
  };
};

/** Values of the four goals by value iteration on a grid. */
export function mountainCarValues({ low, high }: StepsToGoTask): { readonly grid: RegularGrid; readonly tables: readonly Float64Array[] } {
  const grid = regularGrid(low, high, GRID);
  return { grid, tables: mountainCarTargets.map((target) => gridValues(mountainCarGoals({ target }), grid, SPARSE_DISCOUNT)) };
}

/** The critics. */
export function mountainCarCritics(task: StepsToGoTask): GoalCritics & Pick<GoalStudy, "timeStep"> {
  return {
    task,
    shipped: "MountainCarGoal-v0-seed",
    timeStep: 1,
    training: {
      hidden: [256, 256, 256],
      phases: [
        { kind: "slow", updates: 12_000, learningRate: 1e-3 },
        { kind: "residual", updates: 12_000, learningRate: 3e-4 },
      ],
    },
  };
}

/** The critics, and returns of value iteration on a grid beside theirs. */
export function mountainCarStudy(task: StepsToGoTask, grid: RegularGrid, tables: readonly Float64Array[]): GoalStudy {
  return { ...mountainCarCritics(task), optimalReturns: (starts, n) => lookaheadReturns(task, grid, tables, starts, n) };
}

/** n = 1 + log V / log γ of the interpolated values; Q looks one true step ahead, so that the equations hold exactly. */
export function gridEquations({ physics, goals }: StepsToGoTask, grid: RegularGrid, tables: readonly Float64Array[]): ValueEquations {
  const g = goals.length;
  const d = grid.sizes.length;
  const values = async (states: Float64Array) => {
    const n = states.length / d;
    const column = new Float64Array(n);
    const out = new Float64Array(n * g);
    for (let i = 0; i < g; i++) {
      interpolate(grid, tables[i], states, column);
      for (let b = 0; b < n; b++)
        out[b * g + i] = inGoal(goals[i], states, b * d) ? 0 : -(1 + Math.log(column[b]) / Math.log(SPARSE_DISCOUNT));
    }
    return out;
  };
  return {
    coordinates: physics.coordinates,
    heads: stepsToGoHeads("grid", goals),
    stateSize: d,
    values,
    targets: async (states, actions) => values(steps(physics, { n: actions.length, states, actions }).nextStates),
  };
}

/** Returns of one-step lookahead on the grid's values, or those values themselves where they are higher. */
async function lookaheadReturns(task: StepsToGoTask, grid: RegularGrid, tables: readonly Float64Array[], starts: Float64Array, n: number) {
  const { physics, goals } = task;
  const g = goals.length;
  const d = grid.sizes.length;
  const out = new Float64Array(n * g);
  const value = new Float64Array(1);
  const actions = 3;
  for (let i = 0; i < g; i++) {
    for (let b = 0; b < n; b++) {
      let state = starts.slice(b * d, (b + 1) * d);
      interpolate(grid, tables[i], state, value);
      let reached = 0;
      for (let t = 0; t < 300 && reached === 0; t++) {
        const states = new Float64Array(actions * d);
        for (let a = 0; a < actions; a++) states.set(state, a * d);
        const next = steps(physics, { n: actions, states, actions: Float64Array.of(0, 1, 2) }).nextStates;
        const after = interpolate(grid, tables[i], next, new Float64Array(actions));
        for (let a = 0; a < actions; a++) if (inGoal(goals[i], next, a * d)) after[a] = 1 / SPARSE_DISCOUNT;
        const best = after.indexOf(Math.max(...after));
        state = next.slice(best * d, (best + 1) * d);
        if (inGoal(goals[i], state, 0)) reached = SPARSE_DISCOUNT ** t;
      }
      out[b * g + i] = Math.max(reached, value[0]);
    }
  }
  return out;
}

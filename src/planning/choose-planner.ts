import { drawAnywhere } from "../environments/collect.ts";
import type { Coordinates, Physics } from "../environments/environment.ts";
import { createRandom } from "../numbers/random.ts";
import type { Space } from "../spaces/space.ts";
import { distil } from "../world-model/linear-model.ts";
import type { ContinuousWorldModel } from "../world-model/world-model.ts";
import { cemOver } from "./cem.ts";
import { choicesOf } from "./own-task.ts";
import { planOnGrid } from "./plan-on-grid.ts";
import type { ContinuousPolicy } from "./policy.ts";
import { type ReachProblem, reachGoal } from "./reach.ts";
import type { Simulator } from "./simulator.ts";

/** States to reach, and states to keep out of on the way. */
export interface Aim extends Pick<ReachProblem, "distance"> {
  /** Write 1 to `out` [n] where all is lost in states [n, d], else 0. */
  lost?(states: Float64Array, n: number, out: Uint8Array): void;
}

/** Dynamic programming on a grid, plans that hold an action and then another, or plans with an action of its own for every step. */
export type PlannerName = "grid" | "held" | "steps";

export interface ChoosePlannerOptions {
  /** What is measured, and what can be done. */
  readonly seen: Pick<Physics, "coordinates" | "actionSpace">;
  readonly seed: number;
  /** γ on the grid (0.99); the other two count steps. */
  readonly discount?: number;
  /** By `plannerFor` when absent. */
  readonly planner?: PlannerName;
}

/** Nodes of a grid along each of two coordinates. */
const NODES = 241;
/** Levels of each part of a Box of actions on the grid, and in plans of held actions. */
const LEVELS = { grid: 5, held: 3 };
/** Steps looked ahead from where one is before the grid is asked. */
const LOOKAHEAD = 2;
/** Most steps of held actions. */
const LONGEST = 100;
/** Plans that must keep out of somewhere, and what it costs a step to be there. */
const STEPS = { horizon: 40, population: 128, iterations: 3 };
const LOST = 1000;
const DISCOUNT = 0.99;
/** Pairs at which a model is asked that is put into few numbers. */
const ASKED = 2000;

/**
 * A grid where there are one or two coordinates, all bounded: it knows every way. Else plans that hold actions, since the quickest way to a goal has few switches;
 * but what must be kept on the way needs an answer at every step.
 */
export function plannerFor({ low, high }: Pick<Coordinates, "low" | "high">, { lost }: Pick<Aim, "lost">): PlannerName {
  if (low.length <= 2 && [...low, ...high].every(Number.isFinite)) return "grid";
  return lost ? "steps" : "held";
}

/** The planner that suits a world and an aim, made and ready to act. The same seed gives the same actions. */
export async function choosePlanner(model: Simulator, aim: Aim, options: ChoosePlannerOptions): Promise<ContinuousPolicy> {
  const { seen, seed, discount = DISCOUNT } = options;
  const { coordinates, actionSpace } = seen;
  switch (options.planner ?? plannerFor(coordinates, aim)) {
    case "grid": {
      const { low, high } = coordinates;
      const goal = (states: Float64Array, n: number, out: Uint8Array) => {
        const away = new Float64Array(n);
        aim.distance(states, n, away);
        for (let b = 0; b < n; b++) out[b] = away[b] < 0 ? 1 : 0;
      };
      const grid = { low, high, sizes: low.map(() => NODES), ...choicesOf(actionSpace, LEVELS.grid), lookahead: LOOKAHEAD };
      return planOnGrid(model, { discount, goal, end: aim.lost }, grid);
    }
    case "held":
      return reachGoal(
        { model, ...choicesOf(actionSpace, LEVELS.held), horizon: LONGEST, distance: aim.distance, lost: aim.lost },
        { random: createRandom(seed) },
      );
    case "steps":
      return planSteps(model, actionSpace, aim, seed);
  }
}

/** Plans drawn around the last, by how far they stay from the goal; one that is lost pays for all the steps that it does not take. */
function planSteps(model: Simulator, space: Space, aim: Aim, seed: number): ContinuousPolicy {
  const { horizon, population, iterations } = STEPS;
  return cemOver(
    space,
    {
      model,
      horizon,
      ended: aim.lost,
      cost(states, _actions, n, t, out) {
        const [away, lost] = [new Float64Array(n), new Uint8Array(n)];
        aim.distance(states, n, away);
        aim.lost?.(states, n, lost);
        for (let b = 0; b < n; b++) out[b] += lost[b] ? LOST * (horizon - t) : Math.max(0, away[b]);
      },
    },
    { random: createRandom(seed), population, iterations },
  );
}

/** A model that planners can ask a million times: one that solves every pair by itself is put into few numbers first, by what it says of pairs drawn from everywhere. */
export async function quickSimulator(model: ContinuousWorldModel, physics: Physics, seed: number): Promise<Simulator> {
  if (model.method === "amortised") return model;
  return (await distil(model, physics.actionSpace, drawAnywhere(physics, ASKED, seed))).model;
}

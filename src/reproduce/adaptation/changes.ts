import { closeState, remapActions } from "../../agents/tabular/change-world.ts";
import { type GoalWorld, solveGoals, startValue } from "../../agents/tabular/goal-world.ts";
import { firstBest } from "../../agents/tabular/q-learning.ts";
import type { Random } from "../../numbers/random.ts";

/** A world before and after it changed, and the goal that is gone for in both. */
export interface ChangedWorld {
  readonly old: GoalWorld;
  readonly world: GoalWorld;
  readonly goal: number;
}

const steps = (world: GoalWorld, goal: number): number => {
  const v = solveGoals(world, [goal], 1e-10).v[world.start];
  return v > 0 ? 1 + Math.log(v) / Math.log(world.discount) : Number.POSITIVE_INFINITY;
};
const TRIES = 400;
/** Steps to the goal at least, and how much longer a closed door must make it. */
const [FAR, DETOUR] = [6, 2];

/** A cell of the way closes (or was closed and opens), so that the goal is at least two steps farther without it. */
export function doorChange(base: GoalWorld, random: Random, opens: boolean): ChangedWorld {
  for (let n = 0; n < TRIES; n++) {
    const goal = base.pool[random.integer(base.pool.length)];
    const cell = base.pool[random.integer(base.pool.length)];
    const open = steps(base, goal);
    if (cell === goal || open < FAR) continue;
    const closed = closeState(base, cell);
    const longer = steps(closed, goal);
    if (!Number.isFinite(longer) || longer < open + DETOUR) continue;
    return opens ? { old: closed, world: base, goal } : { old: base, world: closed, goal };
  }
  throw new Error(`${base.name} has no door whose closing makes a difference`);
}

/**
 * In the room of the start actions are turned by one or by three, and in one cell of five by something else: no permutation explains it all.
 */
export function remapChange(base: GoalWorld, inRegion: (state: number) => boolean, random: Random): ChangedWorld {
  for (let n = 0; n < TRIES; n++) {
    const goal = base.pool[random.integer(base.pool.length)];
    if (steps(base, goal) < FAR) continue;
    const turn = random.uniform() < 0.5 ? 1 : 3;
    const own = Int32Array.from({ length: base.states }, () => (random.uniform() < 0.2 ? random.integer(base.actions) : turn));
    const world = remapActions(base, (s, a) => (inRegion(s) ? (a + own[s]) % base.actions : a));
    if (Number.isFinite(steps(world, goal))) return { old: base, world, goal };
  }
  throw new Error(`${base.name}: no goal can be reached after the change`);
}

/** A goal for which the old policy is worth less than nine tenths of the new optimum. */
export function goalThatMatters(old: GoalWorld, world: GoalWorld, random: Random): number | undefined {
  for (let n = 0; n < TRIES; n++) {
    const goal = old.pool[random.integer(old.pool.length)];
    const before = solveGoals(old, [goal], 1e-9);
    const after = solveGoals(world, [goal], 1e-9).v[world.start];
    if (before.v[old.start] < 0.05 || after < 0.03) continue;
    if (startValue(world, [goal], firstBest(before.q, old.states, old.actions)) < 0.9 * after) return goal;
  }
  return undefined;
}

import type { Random } from "../../numbers/random.ts";
import type { LearnedOutcomes, OutcomeRows } from "./blend.ts";
import { arrivals, type GoalWorld, stepWorld } from "./goal-world.ts";

/** Steps of the walk. */
const STEPS = 5000;

/** What a model holds true after a walk at random in a world, begun anywhere: frozen, for a detector to be held against. */
export function confirmRows(model: LearnedOutcomes, world: GoalWorld, goal: number, random: Random): OutcomeRows {
  const arrival = arrivals(world, [goal]);
  const starts = [world.start, ...world.pool];
  let state = world.start;
  for (let t = 0, elapsed = 0; t < STEPS; t++) {
    const action = random.integer(world.actions);
    const next = stepWorld(world, state, action, random);
    model.observe(state, action, next);
    state = next;
    if (!Number.isFinite(arrival[next]) && ++elapsed < world.horizon) continue;
    state = starts[random.integer(starts.length)];
    elapsed = 0;
  }
  const { next, chance, doubt } = model;
  return { next: next.map((list) => list.slice()), chance: chance.map((list) => list.slice()), ...(doubt ? { doubt: doubt.slice() } : {}) };
}

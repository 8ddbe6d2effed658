import type { Tables } from "../../environments/environment.ts";
import { buildTables } from "../../environments/tables.ts";
import { type GoalWorld, goalWorld } from "./goal-world.ts";

const rebuilt = (world: GoalWorld, tables: Tables): GoalWorld => {
  const { name, start, discount, horizon } = world;
  return goalWorld(name, { ...tables, terminated: endsOf(world, tables) }, { start, discount, horizon });
};
/** Absorbing traps end episodes, so that they are told from rooms that are walled in. */
const endsOf = (world: GoalWorld, { nextStates }: Tables) => Uint8Array.from(nextStates, (t) => world.traps[t]);

/** A world in which nothing enters or leaves a state: who would enter it stays where it was. */
export function closeState(world: GoalWorld, state: number): GoalWorld {
  const { states, actions, tables } = world;
  const blocked = buildTables(states, actions, world.start, (s, a, add) => {
    const k = s * actions + a;
    if (s === state) return add(s, 1, 0, false);
    for (let o = tables.offsets[k]; o < tables.offsets[k + 1]; o++)
      add(tables.nextStates[o] === state ? s : tables.nextStates[o], tables.probabilities[o], 0, false);
  });
  return rebuilt(world, blocked);
}

/** A world in which an action does what `actionOf(state, action)` did. */
export function remapActions(world: GoalWorld, actionOf: (state: number, action: number) => number): GoalWorld {
  const { states, actions, tables } = world;
  const changed = buildTables(states, actions, world.start, (s, a, add) => {
    const k = s * actions + (world.traps[s] ? a : actionOf(s, a));
    for (let o = tables.offsets[k]; o < tables.offsets[k + 1]; o++) add(tables.nextStates[o], tables.probabilities[o], 0, false);
  });
  return rebuilt(world, changed);
}

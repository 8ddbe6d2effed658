import { type GoalWorld, solveGoals } from "../../agents/tabular/goal-world.ts";
import type { Head, TabularCritic } from "../../critics/critic.ts";
import { tabularCritic } from "../../critics/tabular.ts";

/** A critic of several goals, from tables of values a goal: 1 for arriving, discounted. */
export function goalCritic(
  world: GoalWorld,
  goals: readonly ArrayLike<number>[],
  values: readonly { q: Float64Array; v: Float64Array }[],
): TabularCritic {
  const { states, actions, discount } = world;
  const q = new Float64Array(goals.length * states * actions);
  const v = new Float64Array(goals.length * states);
  const terminalValue = new Float64Array(goals.length * states).fill(Number.NaN);
  goals.forEach((list, i) => {
    q.set(values[i].q, i * states * actions);
    v.set(values[i].v, i * states);
    for (let k = 0; k < list.length; k++) terminalValue[i * states + list[k]] = 1;
  });
  const heads = goals.map(
    (list, i): Head => ({
      name: `goal ${i + 1}: ${Array.from(list).join(", ")}`,
      critic: "goals",
      discount,
      rewardScale: 1,
      rewardOffset: 0,
    }),
  );
  return tabularCritic({ name: `${goals.length} goals of ${world.name}`, states, actions, heads, q, v, terminalValue });
}

/** The same with exact values. */
export function exactGoalCritic(world: GoalWorld, goals: readonly ArrayLike<number>[]): TabularCritic {
  return goalCritic(
    world,
    goals,
    goals.map((list) => solveGoals(world, list)),
  );
}

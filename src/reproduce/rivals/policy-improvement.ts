import { arrivals, type GoalWorld } from "../../agents/tabular/goal-world.ts";
import { firstBest } from "../../agents/tabular/q-learning.ts";
import { policyIteration } from "../../planning/policy-iteration.ts";
import { evaluatePolicy } from "../../planning/value-iteration.ts";

/**
 * Generalised policy improvement over old policies (Barreto et al. 2017): argmax_a max_i Q^{π_i}(s, a) for the new goal. Successor features would supply Q^{π_i}; here the true
 * tables do, which is the most that features could.
 */
export function generalisedImprovement(world: GoalWorld, goal: number, policies: readonly Int32Array[]): Int32Array {
  const { states, actions, tables, discount } = world;
  const best = new Float64Array(states * actions);
  const terminalValue = arrivals(world, [goal]);
  for (const policy of policies) {
    const table = new Float64Array(states * actions);
    for (let s = 0; s < states; s++) table[s * actions + policy[s]] = 1;
    const { q } = evaluatePolicy(tables, table, { discount, terminalValue, tolerance: 1e-7 });
    for (let k = 0; k < q.length; k++) best[k] = Math.max(best[k], q[k]);
  }
  return firstBest(best, states, actions);
}

/** Greedy policies of several goals, exact. */
export function goalPolicies(world: GoalWorld, goals: readonly ArrayLike<number>[]): Int32Array[] {
  return goals.map(
    (list) => policyIteration(world.tables, { discount: world.discount, terminalValue: arrivals(world, list), tolerance: 1e-10 }).choice,
  );
}

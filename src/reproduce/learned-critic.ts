import { type GoalWorld, stepWorld } from "../agents/tabular/goal-world.ts";
import { QLearning } from "../agents/tabular/q-learning.ts";
import type { TabularCritic } from "../critics/critic.ts";
import type { Random } from "../numbers/random.ts";
import { goalCritic } from "./rivals/goal-critic.ts";

/** Heads as Q-learning leaves them: ε-greedy from random starts, `steps` steps a goal; and where each was ever updated. */
export function learnedGoalCritic(
  world: GoalWorld,
  goals: readonly number[][],
  steps: number,
  random: Random,
): { readonly critic: TabularCritic; readonly mask: Uint8Array } {
  const { states, actions, discount } = world;
  const pairs = states * actions;
  const mask = new Uint8Array(goals.length * pairs);
  const values = goals.map((list, i) => {
    const isGoal = (s: number) => list.includes(s);
    const learner = new QLearning({ states, actions, discount, random, learningRate: world.deterministic ? 1 : 0.1, epsilon: 0.3 });
    const starts = [...world.pool, world.start].filter((s) => !isGoal(s));
    let state = starts[random.integer(starts.length)];
    for (let t = 0, elapsed = 0; t < steps; t++) {
      const action = learner.act(state);
      const next = stepWorld(world, state, action, random);
      const reward = isGoal(next) ? 1 : 0;
      const ended = reward > 0 || world.traps[next] === 1;
      learner.observe(state, action, reward, next, ended);
      mask[i * pairs + state * actions + action] = 1;
      elapsed++;
      state = next;
      if (!ended && elapsed < world.horizon) continue;
      state = starts[random.integer(starts.length)];
      elapsed = 0;
    }
    const { q } = learner;
    // a zero is a value that nothing has reached yet
    for (let k = 0; k < pairs; k++) if (q[k] === 0) mask[i * pairs + k] = 0;
    const v = new Float64Array(states);
    for (let s = 0; s < states; s++) if (!isGoal(s) && !world.traps[s]) v[s] = Math.max(...q.subarray(s * actions, (s + 1) * actions));
    return { q, v };
  });
  return { critic: goalCritic(world, goals, values), mask };
}

import type { Random } from "../../numbers/random.ts";
import type { Agent } from "../agent.ts";
import { type GoalWorld, solveGoals, startValue, stepWorld } from "./goal-world.ts";

export interface TaskOptions {
  /** Steps after which a run counts as unsolved. */
  readonly cap: number;
  /** Steps between evaluations of the agent's policy, beside those at every reward. */
  readonly every: number;
  /** Share of the optimal return that counts as solved. */
  readonly need?: number;
  /** Evaluate from the first step on, instead of from the first reward. */
  readonly atOnce?: boolean;
  /** Called with the share of the optimum at every evaluation. */
  readonly onEvaluation?: (step: number, share: number) => void;
}

export interface TaskResult {
  /** Steps to the first reward, `cap` where there was none. */
  readonly found: number;
  /** Steps to the first evaluation at `need` of the optimal return, `cap` where there was none. */
  readonly solved: number;
  readonly capped: boolean;
  /** Discounted return of the first episode. */
  readonly firstReturn: number;
  /** Return of the optimal policy from the start. */
  readonly optimum: number;
}

/** An agent in a world until its policy is worth `need` of the optimum. Evaluations are free: they take no step. */
export function runTask(world: GoalWorld, goal: number, agent: Agent, random: Random, options: TaskOptions): TaskResult {
  const { cap, every, need = 0.95, atOnce = false, onEvaluation } = options;
  const optimum = solveGoals(world, [goal]).v[world.start];
  let state = world.start;
  let elapsed = 0;
  let found = 0;
  let firstReturn = Number.NaN;
  let evaluated: Int32Array | undefined;
  let share = 0;
  const result = (solved: number) => ({ found: found || cap, solved: solved || cap, capped: solved === 0, firstReturn, optimum });
  for (let t = 1; t <= cap; t++) {
    const action = agent.act(state);
    const next = stepWorld(world, state, action, random);
    const reward = next === goal ? 1 : 0;
    const ended = reward > 0 || world.traps[next] === 1;
    agent.observe(state, action, reward, next, ended);
    if (reward > 0 && found === 0) found = t;
    elapsed++;
    const over = ended || elapsed >= world.horizon;
    if (over && Number.isNaN(firstReturn)) firstReturn = reward * world.discount ** (elapsed - 1);
    if ((found > 0 && (reward > 0 || t % every === 0)) || (atOnce && t % every === 0)) {
      const policy = agent.policy();
      if (!evaluated || policy.some((a, s) => a !== evaluated![s])) {
        evaluated = policy.slice();
        share = startValue(world, [goal], policy) / optimum;
      }
      onEvaluation?.(t, share);
      if (share >= need - 1e-12) return result(t);
    }
    state = next;
    if (over) {
      state = world.start;
      elapsed = 0;
      agent.reset();
    }
  }
  return result(0);
}

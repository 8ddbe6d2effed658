import type { Tables } from "../environments/environment.ts";
import type { TabularWorldModel } from "../world-model/world-model.ts";
import { pessimisticIteration } from "./pessimistic.ts";
import type { TabularPolicy } from "./policy.ts";
import { policyIteration } from "./policy-iteration.ts";

/** What is wanted, as small functions of a transition. */
export interface TabularTask {
  /** γ */
  readonly discount: number;
  /** r(s, a, s'); 0 when absent */
  readonly reward?: (state: number, action: number, next: number) => number;
  /** States whose reaching ends the episode and pays 1 beside the reward. */
  readonly goal?: (state: number) => boolean;
  /** States whose reaching ends the episode and pays nothing. */
  readonly end?: (state: number) => boolean;
}

export interface PlanOptions {
  /** Share of every step that the worst of the model's candidates gets: 0 plans for the expectation over candidate weights, 1 against an adversary. */
  readonly pessimism?: number;
  /** Proven sup-norm error of the values; 1e-9 when absent. */
  readonly tolerance?: number;
}

/** The best policy of a finite model for a task that no critic has seen: no step in the environment is taken. */
export function planTabular(model: TabularWorldModel | Tables, task: TabularTask, options: PlanOptions = {}): TabularPolicy {
  const tables = tablesOf(model, task);
  const { states, actions } = tables;
  const { pessimism = 0, tolerance = 1e-9 } = options;
  const settings = { discount: task.discount, tolerance };
  const { q, v, errorBound } = pessimism > 0 ? pessimisticIteration(tables, pessimism, settings) : policyIteration(tables, settings);
  const choice = greedyChoice(q, states, actions);
  return { kind: "tabular", states, actions, choice, q, v, errorBound, act: (state) => choice[state] };
}

/** [states] first best action */
export function greedyChoice(q: Float64Array, states: number, actions: number): Int32Array {
  const choice = new Int32Array(states);
  for (let s = 0; s < states; s++) for (let a = 1; a < actions; a++) if (q[s * actions + a] > q[s * actions + choice[s]]) choice[s] = a;
  return choice;
}

/** The tables of a model under a task's rewards and ends. */
export function tablesOf(model: TabularWorldModel | Tables, { reward, goal, end }: TabularTask): Tables {
  const known = "predict" in model ? model.transitions() : model;
  const { actions, offsets, nextStates } = known;
  const rewards = new Float64Array(nextStates.length);
  const terminated = new Uint8Array(nextStates.length);
  for (let k = 0; k + 1 < offsets.length; k++)
    for (let o = offsets[k]; o < offsets[k + 1]; o++) {
      const next = nextStates[o];
      const reached = goal?.(next) ?? false;
      rewards[o] = (reward?.(Math.floor(k / actions), k % actions, next) ?? 0) + (reached ? 1 : 0);
      terminated[o] = reached || end?.(next) ? 1 : 0;
    }
  return { ...known, rewards, terminated };
}

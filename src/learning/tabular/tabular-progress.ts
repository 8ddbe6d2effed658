import { greedyValues } from "../../critics/tabular.ts";
import type { Tables } from "../../environments/environment.ts";
import { headScale } from "../../identifiability/column-index.ts";
import { evaluatePolicy, valueIteration } from "../../planning/value-iteration.ts";
import type { LogKind } from "../training-log.ts";
import type { TabularLearner } from "./tabular-learner.ts";
import type { TabularLearningTask } from "./tabular-tasks.ts";

/** A line of the log of Q-learning or SARSA. */
export interface TabularEntry {
  readonly steps: number;
  /** Mean return of the last episodes that ended in training; absent before one has. */
  readonly trainingReturn?: number;
  /** Exact discounted return of what the tables think best, from where episodes begin, mean over the tasks pursued; and the largest there is. */
  readonly evaluation: number;
  readonly optimum: number;
  /** Of all heads over the pairs that were taken: RMS of the Bellman residual over γ, over RMS of V(s') − V(s); absent while values do not differ. */
  readonly residualOverSignal?: number;
  /** Pairs of state and action taken so far, of all. */
  readonly taken: number;
  readonly pairs: number;
}

export const tabularLog: LogKind<TabularEntry> = {
  at: ({ steps }) => steps,
  scalars: ({ evaluation, optimum, trainingReturn, residualOverSignal, taken }) => ({
    "return/evaluation": evaluation,
    "return/optimum": optimum,
    ...(trainingReturn === undefined ? {} : { "return/training": trainingReturn }),
    ...(residualOverSignal === undefined ? {} : { "identifiability/residual over signal": residualOverSignal }),
    "identifiability/pairs taken": taken,
  }),
};

/** Where γ is 1 and a policy never ends, sweeps would not either. */
const SWEEPS = 10_000;
const TOLERANCE = 1e-8;

/** Mean over tasks of the largest discounted return from where episodes begin. */
export function optimalReturn(tasks: readonly TabularLearningTask[], discount: number): number {
  const options = { discount, tolerance: TOLERANCE, sweeps: SWEEPS };
  return meanOver(tasks, ({ tables }) => atStart(tables, valueIteration(tables, options).v));
}

/** The same of the policies that are greedy in the tables q [tasks, states, actions]. */
export function greedyReturn(tasks: readonly TabularLearningTask[], discount: number, q: Float64Array): number {
  const options = { discount, tolerance: TOLERANCE, sweeps: SWEEPS };
  return meanOver(tasks, ({ tables }, g) => {
    const { states, actions } = tables;
    const policy = new Float64Array(states * actions);
    for (let s = 0; s < states; s++) {
      const at = (g * states + s) * actions;
      let best = 0;
      for (let a = 1; a < actions; a++) if (q[at + a] > q[at + best]) best = a;
      policy[s * actions + best] = 1;
    }
    return atStart(tables, evaluatePolicy(tables, policy, options).v);
  });
}

export interface TabularResidual {
  /** Absent where no V(s') differs from V(s). */
  readonly residualOverSignal?: number;
  readonly taken: number;
  /** Pairs that one next state follows without an end, and those of them whose residual is below half the gap between its values and any other state's. */
  readonly told: number;
  readonly certain: number;
}

/**
 * Bellman residuals under the true tables, over pairs that were taken and go on: for the log and the verdict, never for inference.
 * @param gaps [states] distance of each state's values from the nearest other ones, in the matching norm
 */
export function tabularResiduals(
  tasks: readonly TabularLearningTask[],
  discount: number,
  learner: Pick<TabularLearner, "q" | "v" | "visits">,
  gaps?: Float64Array,
): TabularResidual {
  const { q, visits } = learner;
  const [{ tables }] = tasks;
  const { states, actions } = tables;
  const v = learner.v() ?? greedyValues(q, tasks.length, states, actions);
  const scale = headScale(tasks.length);
  let [squares, signals, taken, told, certain] = [0, 0, 0, 0, 0];
  for (let pair = 0; pair < visits.length; pair++) {
    if (visits[pair] === 0) continue;
    taken++;
    let [distance, heads] = [0, 0];
    tasks.forEach(({ tables: { offsets, nextStates, probabilities, rewards, terminated } }, g) => {
      const here = v[g * states + Math.floor(pair / actions)];
      let residual = -q[g * visits.length + pair];
      let [signal, goesOn] = [0, 0];
      for (let k = offsets[pair]; k < offsets[pair + 1]; k++) {
        const ahead = v[g * states + nextStates[k]];
        residual += probabilities[k] * (rewards[k] + (terminated[k] ? 0 : discount * ahead));
        signal += terminated[k] ? 0 : probabilities[k] * (ahead - here) ** 2;
        goesOn += terminated[k] ? 0 : probabilities[k];
      }
      if (goesOn === 0) return;
      heads++;
      distance += (scale[g] * residual) ** 2;
      squares += (residual / discount) ** 2;
      signals += signal;
    });
    const next = onlyNext(tables, pair);
    if (heads < tasks.length || next === undefined) continue;
    told++;
    if (gaps && Math.sqrt(distance) < gaps[next] / 2) certain++;
  }
  return { ...(signals > 0 ? { residualOverSignal: Math.sqrt(squares / signals) } : {}), taken, told, certain };
}

function onlyNext({ offsets, nextStates, probabilities }: Tables, pair: number): number | undefined {
  let only: number | undefined;
  for (let k = offsets[pair]; k < offsets[pair + 1]; k++) {
    if (probabilities[k] === 0 || nextStates[k] === only) continue;
    if (only !== undefined) return undefined;
    only = nextStates[k];
  }
  return only;
}

function atStart({ initial }: Tables, v: Float64Array): number {
  let sum = 0;
  for (let s = 0; s < v.length; s++) if (initial[s] > 0) sum += initial[s] * v[s];
  return sum;
}

function meanOver(tasks: readonly TabularLearningTask[], of: (task: TabularLearningTask, g: number) => number): number {
  return tasks.reduce((sum, task, g) => sum + of(task, g), 0) / tasks.length;
}

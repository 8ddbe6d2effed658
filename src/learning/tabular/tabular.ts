import type { SavedCritic } from "../../critics/saved.ts";
import { joinArrays } from "../../critics/stack.ts";
import type { Environment, Tables } from "../../environments/environment.ts";
import { valueIteration } from "../../planning/value-iteration.ts";
import { type TabularKind, type TabularLearner, type TabularOptions, tabularLearner } from "./tabular-learner.ts";
import type { TabularLearningTask } from "./tabular-tasks.ts";

/** A sweep over all states: the largest change, and the proven error, of any task. */
export type OnSweep = (sweep: number, change: number, errorBound: number) => void;

/** Exact values of every task, a head each. @param onSweep called task by task, from the first sweep on each time */
export function exactCritic({ id }: Environment, tasks: readonly TabularLearningTask[], discount: number, onSweep?: OnSweep): SavedCritic {
  const values = tasks.map(({ tables }) => valueIteration(tables, { discount, onSweep }));
  return tableCritic(id, "value iteration", tasks, discount, {
    q: joinArrays(values.map(({ q }) => q)),
    made: { errorBound: Math.max(...values.map(({ errorBound }) => errorBound)) },
  });
}

/** Q-learning of all tasks at once. */
export function qLearning(environment: Environment, tasks: readonly TabularLearningTask[], options: TabularOptions): SavedCritic {
  return learn("q-learning", environment, tasks, options);
}

/** SARSA: it behaves for the first task; the others are signals that the same behaviour accumulates. */
export function sarsa(environment: Environment, tasks: readonly TabularLearningTask[], options: TabularOptions): SavedCritic {
  return learn("sarsa", environment, tasks, { ...options, pursued: 1 });
}

const REPORT_EVERY = 10_000;

function learn(kind: TabularKind, environment: Environment, tasks: readonly TabularLearningTask[], options: TabularOptions) {
  const learner = tabularLearner(kind, tasks, options);
  while (learner.steps < options.steps) {
    learner.advance(Math.min(REPORT_EVERY, options.steps - learner.steps));
    options.onProgress?.(learner.steps, options.steps);
  }
  return learnedCritic(kind, environment, tasks, learner, options);
}

/** Tables as they are now; of a pair that was never taken nothing is known, not even its reward. */
export function learnedCritic(
  kind: TabularKind,
  { id }: Environment,
  tasks: readonly TabularLearningTask[],
  learner: TabularLearner,
  { seed, discount }: Pick<TabularOptions, "seed" | "discount">,
): SavedCritic {
  const { q, visits, steps } = learner;
  return tableCritic(id, kind === "sarsa" ? "SARSA" : "Q-learning", tasks, discount, {
    q: q.slice(),
    v: learner.v(),
    visits,
    made: { steps, seed },
  });
}

interface Learned {
  readonly q: Float64Array;
  readonly v?: Float64Array;
  /** [states, actions]; every pair is known when absent */
  readonly visits?: Int32Array;
  readonly made: Readonly<Record<string, unknown>>;
}

function tableCritic(
  id: string,
  algorithm: string,
  tasks: readonly TabularLearningTask[],
  discount: number,
  { q, v, visits, made }: Learned,
): SavedCritic {
  const [{ tables }] = tasks;
  const { states, actions } = tables;
  const name = `${algorithm} ${id}`;
  return {
    name,
    algorithm,
    environment: id,
    heads: tasks.map(({ goal, signal }, i) => ({
      name: signal ?? (goal ? `goal (${goal.join(", ")})` : `Q${i === 0 ? "" : i + 1}`),
      critic: name,
      discount,
      rewardScale: 1,
      rewardOffset: 0,
      ...(goal ? { goal } : {}),
      ...(signal ? { cumulant: signal } : {}),
    })),
    observationSpace: { kind: "discrete", n: states, start: 0 },
    actionSpace: { kind: "discrete", n: actions, start: 0 },
    values: {
      kind: "table",
      states,
      actions,
      q,
      ...(v ? { v } : {}),
      rewards: joinArrays(tasks.map((task) => rewardsOf(task.tables, visits))),
    },
    made,
  };
}

/** Σ p r of every pair that goes on; NaN where the episode ends or that was never taken, as the value then says nothing of a next state. */
function rewardsOf({ states, actions, offsets, probabilities, rewards, terminated }: Tables, visits?: Int32Array): Float64Array {
  return Float64Array.from({ length: states * actions }, (_, pair) => {
    if (visits?.[pair] === 0) return Number.NaN;
    let sum = 0;
    let ends = 0;
    for (let k = offsets[pair]; k < offsets[pair + 1]; k++) {
      sum += probabilities[k] * rewards[k];
      ends += probabilities[k] * terminated[k];
    }
    return ends > 1 - 1e-9 ? Number.NaN : sum;
  });
}

import type { SavedCritic } from "../critics/saved.ts";
import { createRandom, type Random } from "../engine/random.ts";
import type { Environment, Tables } from "../environments/environment.ts";
import { sampleOutcome, sampleStart, startsOf } from "../environments/tables.ts";
import { valueIteration } from "../planning/value-iteration.ts";

/** One task of a finite world: its goal, if it has one, and its tables. */
export interface TabularTask {
  readonly goal?: readonly number[];
  /** The random signal that it accumulates in place of the reward. */
  readonly signal?: string;
  readonly tables: Tables;
}

/** Signals are multiples of this, which files of any precision hold. */
const GRAIN = 1 / 64;

/**
 * Tasks of random signals r_c(s), normal, whose values tell states apart: one a bit of the state's number, and one more.
 * @param endless ends of episodes are no ends for them; what is learned from steps in the environment has to end where it does
 */
export function signalTasks(tables: Tables, seed: number, endless: boolean): TabularTask[] {
  const random = createRandom(seed);
  const count = Math.ceil(Math.log2(Math.max(2, tables.states))) + 1;
  return Array.from({ length: count }, (_, c) => {
    const signal = Float64Array.from({ length: tables.states }, () => GRAIN * Math.round(random.normal() / GRAIN));
    const rewards = new Float64Array(tables.nextStates.length);
    for (let pair = 0; pair + 1 < tables.offsets.length; pair++)
      rewards.fill(signal[Math.floor(pair / tables.actions)], tables.offsets[pair], tables.offsets[pair + 1]);
    const terminated = endless ? new Uint8Array(tables.terminated.length) : tables.terminated;
    return { signal: `signal ${c}`, tables: { ...tables, rewards, terminated } };
  });
}

export interface TabularOptions {
  readonly seed: number;
  /** γ */
  readonly discount: number;
  /** Steps in the environment. */
  readonly steps: number;
  /** α of a pair's first visit; it falls as visits^−0.6. */
  readonly rate?: number;
  readonly epsilon?: number;
  /** How many of the tasks, the first ones, behaviour is for (all). */
  readonly pursued?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Exact values of every task, a head each. */
export function exactCritic({ id }: Environment, tasks: readonly TabularTask[], discount: number): SavedCritic {
  const values = tasks.map(({ tables }) => valueIteration(tables, { discount }));
  return tableCritic(id, "value iteration", tasks, discount, join(values.map(({ q }) => q)), {
    errorBound: Math.max(...values.map(({ errorBound }) => errorBound)),
  });
}

/**
 * Q-learning (Watkins 1989) of all tasks at once (Kaelbling 1993): what one task would pay for a transition is known when another task made it.
 *   Q_g(s, a) ← Q_g(s, a) + α (r_g + γ(1 − d_g) max_a' Q_g(s', a') − Q_g(s, a)).  Behaviour is ε-greedy for a task drawn anew every episode.
 */
export function qLearning(environment: Environment, tasks: readonly TabularTask[], options: TabularOptions): SavedCritic {
  const q = learn(tasks, options, (table, next, actions) => {
    let best = table[next];
    for (let a = 1; a < actions; a++) best = Math.max(best, table[next + a]);
    return best;
  });
  return tableCritic(environment.id, "Q-learning", tasks, options.discount, q, { steps: options.steps, seed: options.seed });
}

/**
 * SARSA (Rummery and Niranjan 1994), on policy: the value to come is that of the action that is taken next. It behaves for the first task;
 * the others are signals that the same behaviour accumulates.
 */
export function sarsa(environment: Environment, tasks: readonly TabularTask[], options: TabularOptions): SavedCritic {
  const q = learn(tasks, { ...options, pursued: 1 }, (table, next, _actions, action) => table[next + action]);
  return tableCritic(environment.id, "SARSA", tasks, options.discount, q, { steps: options.steps, seed: options.seed });
}

type Ahead = (table: Float64Array, next: number, actions: number, nextAction: number) => number;

const HORIZON = 1000;

function learn(tasks: readonly TabularTask[], options: TabularOptions, ahead: Ahead): Float64Array {
  const { seed, discount, steps, rate = 1, epsilon = 0.2, pursued = tasks.length, onProgress } = options;
  const [{ tables }] = tasks;
  const { states, actions } = tables;
  const random = createRandom(seed);
  const q = tasks.map(() => new Float64Array(states * actions));
  const visits = new Uint32Array(states * actions);
  const starts = startsOf(tables);
  const act = (table: Float64Array, s: number) =>
    random.uniform() < epsilon ? random.integer(actions) : greedy(table, s, actions, random);
  let goal = 0;
  let s = sampleStart(starts, random);
  let a = act(q[goal], s);
  for (let t = 0, elapsed = 0; t < steps; t++, elapsed++) {
    const pair = s * actions + a;
    const outcome = sampleOutcome(tasks[goal].tables, pair, random);
    const next = tasks[goal].tables.nextStates[outcome];
    const nextAction = act(q[goal], next);
    const alpha = rate / (1 + visits[pair]++) ** 0.6;
    for (let g = 0; g < tasks.length; g++) {
      // the same outcome in another task's tables: they list outcomes of a pair in the same order
      const { rewards, terminated, offsets } = tasks[g].tables;
      const k = outcome - tasks[goal].tables.offsets[pair] + offsets[pair];
      const y = rewards[k] + (terminated[k] ? 0 : discount * ahead(q[g], next * actions, actions, nextAction));
      q[g][pair] += alpha * (y - q[g][pair]);
    }
    if (tasks[goal].tables.terminated[outcome] || elapsed >= HORIZON) {
      goal = random.integer(pursued);
      s = sampleStart(starts, random);
      a = act(q[goal], s);
      elapsed = 0;
    } else {
      s = next;
      a = nextAction;
    }
    if (t % 10_000 === 0) onProgress?.(t, steps);
  }
  return join(q);
}

function greedy(table: Float64Array, s: number, actions: number, random: Random): number {
  let best = 0;
  let ties = 1;
  for (let a = 1; a < actions; a++) {
    const difference = table[s * actions + a] - table[s * actions + best];
    if (difference > 0) [best, ties] = [a, 1];
    else if (difference === 0 && random.uniform() * ++ties < 1) best = a;
  }
  return best;
}

function tableCritic(
  id: string,
  algorithm: string,
  tasks: readonly TabularTask[],
  discount: number,
  q: Float64Array,
  made: Readonly<Record<string, unknown>>,
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
    values: { kind: "table", states, actions, q, rewards: join(tasks.map((task) => rewardsOf(task.tables))) },
    made,
  };
}

/** Σ p r of every pair that goes on; NaN where the episode ends, as the value then says nothing of a next state. */
function rewardsOf({ states, actions, offsets, probabilities, rewards, terminated }: Tables): Float64Array {
  return Float64Array.from({ length: states * actions }, (_, pair) => {
    let sum = 0;
    let ends = 0;
    for (let k = offsets[pair]; k < offsets[pair + 1]; k++) {
      sum += probabilities[k] * rewards[k];
      ends += probabilities[k] * terminated[k];
    }
    return ends > 1 - 1e-9 ? Number.NaN : sum;
  });
}

function join(arrays: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}

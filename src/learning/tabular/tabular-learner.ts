import { sampleOutcome, sampleStart, startsOf } from "../../environments/tables.ts";
import { createRandom, type Random, randomStateSize } from "../../numbers/random.ts";
import type { Checkpoint } from "../checkpoint-file.ts";
import { LearningError } from "../errors.ts";
import type { TabularLearningTask } from "./tabular-tasks.ts";

export interface TabularOptions {
  readonly seed: number;
  /** γ */
  readonly discount: number;
  /** Steps in the environment. */
  readonly steps: number;
  /** Share of exploring actions (Q-learning 0.5, whose values do not depend on it; SARSA 0.2). */
  readonly epsilon?: number;
  /** How many of the tasks, the first ones, behaviour is for (all). */
  readonly pursued?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export type TabularKind = "q-learning" | "sarsa";

/** Tables of action values at work in a finite world. */
export interface TabularLearner {
  readonly steps: number;
  /** [tasks, states, actions] */
  readonly q: Float64Array;
  /** [tasks, states] what the values ahead are means of, where that is not the largest of `q` */
  v(): Float64Array | undefined;
  /** [states, actions] how often each pair was taken */
  readonly visits: Int32Array;
  /** Of the last episodes that ended (at most 100), for the task that was pursued. */
  readonly returns: readonly number[];
  advance(steps: number): void;
  save(): Checkpoint;
  /** @throws LearningError where the checkpoint is of other tables */
  restore(checkpoint: Checkpoint): void;
}

const HORIZON = 1000;
/** Below 1 a pair keeps up with what comes after it; targets of SARSA are noisy, as the next action is drawn. */
const POWER = { "q-learning": 0.8, sarsa: 1 } as const;
const RETURNS = 100;
const EPSILON = { "q-learning": 0.5, sarsa: 0.2 } as const;
/** Rates fall at least so fast, where γ is nearly 1 and returns are finite all the same. */
const SLOWEST = 0.01;

/**
 * Tables of all tasks at once (Kaelbling 1993), at rates that fall with visits (Even-Dar and Mansour 2003, rescaled by 1 − γ as in Wainwright 2019): what one task would pay for a transition is known when another task made it.
 *   Q_g(s, a) ← Q_g(s, a) + α_n (r_g + γ(1 − d_g) V_g(s') − Q_g(s, a)),  α_n = (1 + (1 − γ) n)^−ω after n visits of the pair, 1 − γ no less than 0.01.
 * Q-learning (Watkins 1989): V_g(s') = max_a' Q_g(s', a'); ε-greedy for a task drawn anew every episode, exploring by the action least taken so far.
 * SARSA (Rummery and Niranjan 1994): V_g(s') = Q_g(s', a'), a' the action taken next, ε-greedy for the first task; exploring is uniform.
 */
export function tabularLearner(kind: TabularKind, tasks: readonly TabularLearningTask[], options: TabularOptions): TabularLearner {
  const { seed, discount, epsilon = EPSILON[kind], pursued = tasks.length } = options;
  const [{ tables }] = tasks;
  const { states, actions } = tables;
  const pairs = states * actions;
  const fall = Math.max(SLOWEST, 1 - discount);
  const power = POWER[kind];
  const onPolicy = kind === "sarsa";
  const random = createRandom(seed);
  const starts = startsOf(tables);
  const q = new Float64Array(tasks.length * pairs);
  const visits = new Int32Array(pairs);
  const returns: number[] = [];
  const act = (goal: number, s: number) => {
    if (random.uniform() >= epsilon) return extreme(q, goal * pairs + s * actions, actions, random, 1);
    return onPolicy ? random.integer(actions) : extreme(visits, s * actions, actions, random, -1);
  };
  let [steps, elapsed, goal, total] = [0, 0, 0, 0];
  let s = sampleStart(starts, random);
  let a = act(goal, s);
  const step = () => {
    const own = tasks[goal].tables;
    const pair = s * actions + a;
    const outcome = sampleOutcome(own, pair, random);
    const next = own.nextStates[outcome];
    const nextAction = act(goal, next);
    const alpha = (1 + fall * visits[pair]++) ** -power;
    for (let g = 0; g < tasks.length; g++) {
      // the same outcome in another task's tables: they list outcomes of a pair in the same order
      const { rewards, terminated, offsets } = tasks[g].tables;
      const k = outcome - own.offsets[pair] + offsets[pair];
      const at = g * pairs + next * actions;
      const ahead = terminated[k] ? 0 : onPolicy ? q[at + nextAction] : most(q, at, actions);
      q[g * pairs + pair] += alpha * (rewards[k] + discount * ahead - q[g * pairs + pair]);
    }
    steps++;
    elapsed++;
    total += own.rewards[outcome];
    if (own.terminated[outcome] || elapsed >= HORIZON) {
      returns.push(total);
      if (returns.length > RETURNS) returns.shift();
      goal = random.integer(pursued);
      s = sampleStart(starts, random);
      a = act(goal, s);
      [elapsed, total] = [0, 0];
    } else {
      s = next;
      a = nextAction;
    }
  };
  return {
    get steps() {
      return steps;
    },
    q,
    visits,
    returns,
    v: () => (onPolicy ? expected(q, tasks.length, states, actions, epsilon) : undefined),
    advance(more) {
      for (let i = 0; i < more; i++) step();
    },
    save() {
      const generator = new Float64Array(randomStateSize);
      random.save(generator, 0);
      return {
        q: { shape: [q.length], data: q.slice() },
        visits: { shape: [pairs], data: visits.slice() },
        returns: { shape: [returns.length], data: Float64Array.from(returns) },
        counters: { shape: [6], data: Float64Array.of(steps, elapsed, goal, total, s, a) },
        generator: { shape: [randomStateSize], data: generator },
      };
    },
    restore(checkpoint) {
      if (checkpoint.q?.data.length !== q.length) throw new LearningError("the checkpoint is of other tables");
      q.set(checkpoint.q.data);
      visits.set(checkpoint.visits.data);
      returns.splice(0, returns.length, ...checkpoint.returns.data);
      [steps, elapsed, goal, total, s, a] = checkpoint.counters.data;
      random.restore(checkpoint.generator.data, 0);
    },
  };
}

/** Σ_a π(a|s) Q_g(s, a), π ε-greedy for the first task, actions that are equally good equally likely. */
function expected(q: Float64Array, tasks: number, states: number, actions: number, epsilon: number): Float64Array {
  const v = new Float64Array(tasks * states);
  for (let s = 0; s < states; s++) {
    const best = most(q, s * actions, actions);
    let ties = 0;
    for (let a = 0; a < actions; a++) if (q[s * actions + a] === best) ties++;
    for (let g = 0; g < tasks; g++) {
      for (let a = 0; a < actions; a++) {
        const chance = epsilon / actions + (q[s * actions + a] === best ? (1 - epsilon) / ties : 0);
        v[g * states + s] += chance * q[(g * states + s) * actions + a];
      }
    }
  }
  return v;
}

function most(q: Float64Array, at: number, actions: number): number {
  let best = q[at];
  for (let a = 1; a < actions; a++) if (q[at + a] > best) best = q[at + a];
  return best;
}

/** An action of the most (`sign` 1) or the least (−1) in a row, equals by lot. */
function extreme(row: Float64Array | Int32Array, at: number, actions: number, random: Random, sign: 1 | -1): number {
  let chosen = 0;
  let ties = 1;
  for (let a = 1; a < actions; a++) {
    const difference = sign * (row[at + a] - row[at + chosen]);
    if (difference > 0) [chosen, ties] = [a, 1];
    else if (difference === 0 && random.uniform() * ++ties < 1) chosen = a;
  }
  return chosen;
}

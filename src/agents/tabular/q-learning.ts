import type { Random } from "../../numbers/random.ts";
import type { Agent } from "../agent.ts";

export interface QLearningOptions {
  readonly states: number;
  readonly actions: number;
  readonly discount: number;
  readonly random: Random;
  /** α */
  readonly learningRate: number;
  readonly epsilon: number;
  /** ε until the first reward; `epsilon` when absent */
  readonly epsilonBefore?: number;
  /** Q at first: 0 without a bonus, or above what can be got (optimism). */
  readonly initial?: number;
  /** [states, actions] instead */
  readonly q?: Float64Array;
  /** β of a bonus β/√n for the n-th visit of a pair, learned in a table of its own that begins at β/(1 − γ), what first visits for ever would pay: untried is best. */
  readonly bonus?: number;
}

/** Q-learning (Watkins 1989), ε-greedy with ties broken at random; optimistic with a high `initial`, with a count bonus where there is one. */
export class QLearning implements Agent {
  readonly options: QLearningOptions;
  /** [states, actions] what it acts on */
  readonly q: Float64Array;
  /** The same without bonuses. */
  readonly plain: Float64Array;
  private readonly visits: Float64Array;
  private found = false;

  constructor(options: QLearningOptions) {
    this.options = options;
    const pairs = options.states * options.actions;
    const { bonus = 0, initial = bonus > 0 ? bonus / (1 - options.discount) : 0 } = options;
    this.q = options.q?.slice() ?? new Float64Array(pairs).fill(initial);
    this.plain = options.bonus ? new Float64Array(pairs) : this.q;
    this.visits = new Float64Array(options.bonus ? pairs : 0);
  }

  act(state: number): number {
    const { random, epsilon, epsilonBefore = epsilon, actions } = this.options;
    if (random.uniform() < (this.found ? epsilon : epsilonBefore)) return random.integer(actions);
    return greedyAction(this.q, state * actions, actions, random);
  }

  observe(state: number, action: number, reward: number, next: number, ended: boolean): void {
    if (reward > 0) this.found = true;
    const { bonus = 0, actions } = this.options;
    const pair = state * actions + action;
    if (bonus > 0) this.update(this.plain, pair, reward, next, ended);
    this.update(this.q, pair, reward + (bonus > 0 ? bonus / Math.sqrt(++this.visits[pair]) : 0), next, ended);
  }

  /** Q(s, a) ← Q(s, a) + α (r + γ(1 − d) max_a' Q(s', a') − Q(s, a)) */
  update(q: Float64Array, pair: number, reward: number, next: number, ended: boolean): void {
    const { learningRate, discount, actions } = this.options;
    q[pair] += learningRate * (reward + (ended ? 0 : discount * best(q, next * actions, actions)) - q[pair]);
  }

  reset(): void {}

  policy(): Int32Array {
    return firstBest(this.plain, this.options.states, this.options.actions);
  }
}

export function best(q: Float64Array, at: number, actions: number): number {
  let most = q[at];
  for (let a = 1; a < actions; a++) if (q[at + a] > most) most = q[at + a];
  return most;
}

/** A best action, equals (to 1e-12) by lot. */
export function greedyAction(q: Float64Array, at: number, actions: number, random: Random): number {
  let chosen = 0;
  let ties = 1;
  for (let a = 1; a < actions; a++) {
    const ahead = q[at + a] - q[at + chosen];
    if (ahead > 1e-12) {
      chosen = a;
      ties = 1;
    } else if (ahead > -1e-12 && random.uniform() * ++ties < 1) chosen = a;
  }
  return chosen;
}

export function firstBest(q: Float64Array, states: number, actions: number): Int32Array {
  const choice = new Int32Array(states);
  for (let s = 0; s < states; s++) for (let a = 1; a < actions; a++) if (q[s * actions + a] > q[s * actions + choice[s]]) choice[s] = a;
  return choice;
}

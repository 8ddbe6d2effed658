import type { Random } from "../../numbers/random.ts";
import type { Agent } from "../agent.ts";
import { Counts, sweepUp } from "./counts.ts";
import { firstBest, greedyAction } from "./q-learning.ts";

export interface ModelAgentOptions {
  readonly states: number;
  readonly actions: number;
  readonly discount: number;
  readonly random: Random;
}

export interface RMaxOptions extends ModelAgentOptions {
  /** m: visits after which a pair counts as known */
  readonly visits: number;
  /** Equals go by lot unless the first action is to be taken: which explores faster depends on the world. */
  readonly first?: boolean;
}

/** R-max (Brafman and Tennenholtz 2002): a pair that has been tried fewer than m times is worth the most that can be got, 1, before a goal is found and after. */
export class RMax implements Agent {
  readonly options: RMaxOptions;
  readonly counts: Counts;
  private readonly v: Float64Array;
  private readonly q: Float64Array;
  private stale = true;

  constructor(options: RMaxOptions) {
    this.options = options;
    this.counts = new Counts(options.states, options.actions);
    this.v = new Float64Array(options.states);
    this.q = new Float64Array(options.states * options.actions);
  }

  act(state: number): number {
    const { actions, random } = this.options;
    if (this.stale) this.plan();
    if (!this.options.first) return greedyAction(this.q, state * actions, actions, random);
    let chosen = 0;
    for (let a = 1; a < actions; a++) if (this.q[state * actions + a] > this.q[state * actions + chosen] + 1e-12) chosen = a;
    return chosen;
  }

  observe(state: number, action: number, reward: number, next: number, ended: boolean): void {
    const pair = state * this.options.actions + action;
    const fresh = reward > 0 && Number.isNaN(this.counts.arrival[next]);
    this.counts.add(pair, reward, next, ended);
    if (this.counts.visits[pair] === this.options.visits || fresh) this.stale = true;
  }

  private plan(): void {
    const { actions, discount, visits } = this.options;
    const { counts, v, q } = this;
    const value = (pair: number, at: Float64Array) => (counts.visits[pair] < visits ? 1 : counts.value(pair, at, discount));
    sweepUp(v, actions, value);
    for (let k = 0; k < q.length; k++) q[k] = value(k, v);
    this.stale = false;
  }

  reset(): void {}

  policy(): Int32Array {
    return greedyOfCounts(this.counts, this.options);
  }
}

/** Greedy in what was counted, without any bonus. */
export function greedyOfCounts(counts: Counts, { states, actions, discount }: ModelAgentOptions): Int32Array {
  const v = new Float64Array(states);
  const q = new Float64Array(states * actions);
  const value = (pair: number, at: Float64Array) => (counts.visits[pair] > 0 ? counts.value(pair, at, discount) : 0);
  sweepUp(v, actions, value);
  for (let k = 0; k < q.length; k++) q[k] = value(k, v);
  return firstBest(q, states, actions);
}

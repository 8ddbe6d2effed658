import type { Agent } from "../../agents/agent.ts";
import { Counts, sweepUp } from "../../agents/tabular/counts.ts";
import { greedyAction } from "../../agents/tabular/q-learning.ts";
import { greedyOfCounts, type ModelAgentOptions } from "../../agents/tabular/r-max.ts";

export interface MbieOptions extends ModelAgentOptions {
  /** β */
  readonly bonus: number;
  /** Steps between plans. */
  readonly every?: number;
}

/** Model-based interval estimation with exploration bonus (Strehl and Littman 2008): Q = r̂ + γ P̂ V + β/√n, at most 1; untried pairs are worth 1. */
export class MbieEb implements Agent {
  readonly options: MbieOptions;
  private readonly counts: Counts;
  private readonly v: Float64Array;
  private readonly q: Float64Array;
  private time = 0;

  constructor(options: MbieOptions) {
    this.options = options;
    this.counts = new Counts(options.states, options.actions);
    this.v = new Float64Array(options.states);
    this.q = new Float64Array(options.states * options.actions);
  }

  act(state: number): number {
    const { actions, random, every = 1 } = this.options;
    if (this.time % every === 0) this.plan();
    return greedyAction(this.q, state * actions, actions, random);
  }

  observe(state: number, action: number, reward: number, next: number, ended: boolean): void {
    this.counts.add(state * this.options.actions + action, reward, next, ended);
    this.time++;
  }

  private plan(): void {
    const { actions, discount, bonus } = this.options;
    const { counts, v, q } = this;
    const value = (pair: number, at: Float64Array) =>
      counts.visits[pair] === 0 ? 1 : Math.min(1, counts.value(pair, at, discount) + bonus / Math.sqrt(counts.visits[pair]));
    sweepUp(v, actions, value, 1e-4, 200);
    for (let k = 0; k < q.length; k++) q[k] = value(k, v);
  }

  reset(): void {}

  policy(): Int32Array {
    return greedyOfCounts(this.counts, this.options);
  }
}

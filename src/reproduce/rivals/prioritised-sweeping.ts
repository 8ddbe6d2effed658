import type { Agent } from "../../agents/agent.ts";
import { Counts } from "../../agents/tabular/counts.ts";
import { Heap } from "../../agents/tabular/heap.ts";
import { best, firstBest, greedyAction } from "../../agents/tabular/q-learning.ts";
import type { ModelAgentOptions } from "../../agents/tabular/r-max.ts";

export interface PrioritisedSweepingOptions extends ModelAgentOptions {
  /** Backups after each step. */
  readonly planning: number;
  readonly epsilon: number;
  /** Q of untried pairs. */
  readonly initial?: number;
  /** Backups smaller than this are not made. */
  readonly least?: number;
}

/** Prioritised sweeping (Moore and Atkeson 1993): backups of the counted model where values would change most, first. */
export class PrioritisedSweeping implements Agent {
  readonly options: PrioritisedSweepingOptions;
  private readonly counts: Counts;
  private readonly q: Float64Array;
  private readonly v: Float64Array;
  private readonly before: Set<number>[];
  private readonly queue = new Heap();
  private readonly waiting: Float64Array;

  constructor(options: PrioritisedSweepingOptions) {
    this.options = options;
    const { states, actions, initial = 0 } = options;
    this.counts = new Counts(states, actions);
    this.q = new Float64Array(states * actions).fill(initial);
    this.v = new Float64Array(states).fill(initial);
    this.before = Array.from({ length: states }, () => new Set());
    this.waiting = new Float64Array(states * actions);
  }

  act(state: number): number {
    const { actions, epsilon, random } = this.options;
    return random.uniform() < epsilon ? random.integer(actions) : greedyAction(this.q, state * actions, actions, random);
  }

  observe(state: number, action: number, reward: number, next: number, ended: boolean): void {
    const { actions, planning, discount } = this.options;
    const pair = state * actions + action;
    this.counts.add(pair, reward, next, ended);
    this.before[next].add(pair);
    this.consider(pair);
    for (let n = 0; n < planning && this.queue.size > 0; n++) {
      const k = this.queue.pop();
      if (this.waiting[k] !== -this.queue.key) {
        n--;
        continue;
      }
      this.waiting[k] = 0;
      this.q[k] = this.counts.value(k, this.v, discount);
      const s = Math.floor(k / actions);
      this.v[s] = best(this.q, s * actions, actions);
      for (const earlier of this.before[s]) this.consider(earlier);
    }
  }

  private consider(pair: number): void {
    const { discount, least = 1e-6 } = this.options;
    const priority = Math.abs(this.counts.value(pair, this.v, discount) - this.q[pair]);
    if (priority <= least || priority <= this.waiting[pair]) return;
    this.waiting[pair] = priority;
    this.queue.push(-priority, pair);
  }

  reset(): void {}

  policy(): Int32Array {
    return firstBest(this.q, this.options.states, this.options.actions);
  }
}

import type { Agent } from "../agent.ts";
import { QLearning, type QLearningOptions } from "./q-learning.ts";

export interface Sample {
  readonly next: number;
  readonly reward: number;
  readonly ended: boolean;
}

export interface DynaQOptions extends QLearningOptions {
  /** Imagined steps after each real one. */
  readonly planning: number;
  /** κ of the bonus κ√τ on imagined rewards, τ the steps since the pair was tried: Dyna-Q+ */
  readonly curiosity?: number;
  /** Outcomes kept a pair: 1 in deterministic worlds, the latest; more are drawn from. */
  readonly window?: number;
  /** What is known before the first step: outcomes of each pair. */
  readonly model?: (pair: number) => readonly Sample[];
}

/** Dyna-Q (Sutton 1990), optimistic with a high `initial`; Dyna-Q+ with `curiosity`, whose untried actions of visited states are taken to stay. */
export class DynaQ implements Agent {
  readonly options: DynaQOptions;
  readonly learner: QLearning;
  private readonly samples: Sample[][];
  private readonly known: number[] = [];
  private readonly last: Float64Array;
  private readonly visited: Uint8Array;
  private time = 0;

  constructor(options: DynaQOptions) {
    this.options = options;
    this.learner = new QLearning(options);
    const pairs = options.states * options.actions;
    this.samples = Array.from({ length: pairs }, (_, k) => [...(options.model?.(k) ?? [])]);
    this.samples.forEach((list, k) => {
      if (list.length > 0) this.known.push(k);
    });
    this.last = new Float64Array(pairs);
    this.visited = new Uint8Array(options.states);
  }

  act(state: number): number {
    return this.learner.act(state);
  }

  observe(state: number, action: number, reward: number, next: number, ended: boolean): void {
    const { actions, planning, curiosity = 0, window = 1, random } = this.options;
    const { learner } = this;
    const pair = state * actions + action;
    this.time++;
    learner.observe(state, action, reward, next, ended);
    if (curiosity > 0 && !this.visited[state]) {
      this.visited[state] = 1;
      for (let k = state * actions; k < (state + 1) * actions; k++)
        if (this.samples[k].length === 0) this.keep(k, { next: state, reward: 0, ended: false });
    }
    this.last[pair] = this.time;
    this.keep(pair, { next, reward, ended });
    if (this.samples[pair].length > window) this.samples[pair].splice(0, this.samples[pair].length - window);
    for (let n = 0; n < planning; n++) {
      const k = this.known[random.integer(this.known.length)];
      const list = this.samples[k];
      const sample = list.length === 1 ? list[0] : list[random.integer(list.length)];
      const bonus = curiosity > 0 ? curiosity * Math.sqrt(this.time - this.last[k]) : 0;
      learner.update(learner.q, k, sample.reward + bonus, sample.next, sample.ended);
    }
  }

  private keep(pair: number, sample: Sample): void {
    if (this.samples[pair].length === 0) this.known.push(pair);
    this.samples[pair].push(sample);
  }

  reset(): void {}

  policy(): Int32Array {
    return this.learner.policy();
  }
}

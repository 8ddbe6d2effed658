import type { Random } from "../../numbers/random.ts";
import type { Agent } from "../agent.ts";
import { type LearnedOutcomes, rowValue } from "./blend.ts";
import { sweepUp } from "./counts.ts";
import { firstBest } from "./q-learning.ts";

export interface StochasticExplorerOptions {
  /** What is known before the first step: heads (`BlendedModel`) or the rows of a model (`countedRows`). Steps correct it. */
  readonly model: LearnedOutcomes;
  readonly random: Random;
  readonly discount: number;
  /** [states] 1 where there is no use in looking for a goal. */
  readonly hopeless?: Uint8Array;
  readonly searchDiscount?: number;
  readonly epsilon?: number;
}

/** Looks for a goal in a world whose outcomes are drawn. */
export interface StochasticExplorer extends Agent {
  /** As the steps have corrected it. */
  readonly model: LearnedOutcomes;
}

/**
 * The search of `createExplorer` where outcomes are drawn: what is known and steps are blended, unseen states are worth 1, everything is
 * planned anew at every step.
 */
export function createStochasticExplorer(options: StochasticExplorerOptions): StochasticExplorer {
  return new RowExplorer(options);
}

class RowExplorer implements StochasticExplorer {
  readonly model: LearnedOutcomes;
  private readonly options: StochasticExplorerOptions;
  private readonly visited: Uint8Array;
  /** [states] what arriving is known to pay, NaN elsewhere */
  private readonly arrival: Float64Array;
  private readonly v: Float64Array;
  private found = false;

  constructor(options: StochasticExplorerOptions) {
    const { model } = options;
    this.options = options;
    this.model = model;
    this.visited = new Uint8Array(model.states);
    this.arrival = new Float64Array(model.states).fill(Number.NaN);
    this.v = new Float64Array(model.states);
  }

  act(state: number): number {
    const { random, epsilon = 0, discount, searchDiscount = 0.95, hopeless } = this.options;
    const { actions, visits } = this.model;
    this.visited[state] = 1;
    if (epsilon > 0 && random.uniform() < epsilon) return random.integer(actions);
    const worth = this.found
      ? this.arrival
      : this.arrival.map((x, s) => (Number.isFinite(x) || this.visited[s] ? x : hopeless?.[s] ? 0 : 1));
    const gamma = this.found ? discount : searchDiscount;
    const value = (pair: number, at: Float64Array) => rowValue(this.model, pair, at, worth, gamma);
    sweepUp(this.v, actions, value, 1e-4, 40);
    let most = -1;
    let chosen = 0;
    let rarest = 0;
    for (let a = 0; a < actions; a++) {
      const pair = state * actions + a;
      const q = value(pair, this.v);
      if (q > most) {
        most = q;
        chosen = a;
      }
      if (visits[pair] < visits[state * actions + rarest]) rarest = a;
    }
    return most < 1e-6 ? rarest : chosen;
  }

  observe(state: number, action: number, reward: number, next: number, ended: boolean): void {
    this.model.observe(state, action, next);
    this.visited[next] = 1;
    if (ended) this.arrival[next] = reward;
    if (reward > 0) this.found = true;
  }

  reset(): void {}

  policy(): Int32Array {
    const { states, actions } = this.model;
    const v = new Float64Array(states);
    const value = (pair: number, at: Float64Array) => rowValue(this.model, pair, at, this.arrival, this.options.discount);
    sweepUp(v, actions, value, 1e-7, 400);
    return firstBest(
      Float64Array.from({ length: states * actions }, (_, pair) => value(pair, v)),
      states,
      actions,
    );
  }
}

import type { Random } from "../../numbers/random.ts";
import type { Agent } from "../agent.ts";
import type { Candidates } from "./candidates.ts";
import { sweepUp } from "./counts.ts";
import { Heap } from "./heap.ts";

export interface ExplorerOptions {
  readonly candidates: Candidates;
  readonly random: Random;
  /** γ of the task */
  readonly discount: number;
  /** Where the goal lies, if that is known. */
  readonly goal?: number;
  /** [states] 1 where there is no use in looking for a goal: dead ends of all old tasks. */
  readonly hopeless?: Uint8Array;
  /** γ of the search for unseen states. */
  readonly searchDiscount?: number;
  /**
   * Share of random actions once the goal is known, and of episodes spent on what was never tried, nearest first: wrong entries near the way and far from it are met
   * and corrected.
   */
  readonly epsilon?: number;
  /** Above this many states the search goes along shortest paths instead of expected values. */
  readonly largest?: number;
}

/** What an ambiguous step costs more: 1 − λ ln w, in search of the goal and on the way to it. */
const DOUBT = { searching: 1, going: 1 };
/** Steps that an unvisited neighbour of the frontier makes it farther: pockets are emptied while they are near. */
const POCKET = 0.3;

/** Looks for a goal in a deterministic world, and goes there once it is found. */
export interface Explorer extends Agent {
  /** [states, actions] where each pair was seen to lead, −1 where it was not tried */
  readonly outcomes: Int32Array;
  /** [states] 1 where it has been */
  readonly visited: Uint8Array;
}

/**
 * Explores a deterministic world in the model that a critic gave: V = 1 at states never seen, V(s) = max_a γ Σ_c w_c V(c) elsewhere, planned
 * anew at every step; observed steps replace candidates. Once a goal has paid, it goes there.
 */
export function createExplorer(options: ExplorerOptions): Explorer {
  return new CandidateExplorer(options);
}

/** An explorer whose candidates and goal an adaptive agent may set. */
export class CandidateExplorer implements Explorer {
  readonly options: ExplorerOptions;
  readonly states: number;
  readonly actions: number;
  readonly outcomes: Int32Array;
  readonly visited: Uint8Array;
  /** [states] 1 where an episode ended without a reward */
  readonly traps: Uint8Array;
  /** −1 while it is not known */
  goal: number;
  candidates: Candidates;
  private plan: Int32Array = new Int32Array(0);
  private step = 0;
  /** The plan is to be made anew. */
  stale = true;
  private curious = false;
  private readonly v: Float64Array;
  private readonly distance: Float64Array;
  private readonly via: Int32Array;
  private readonly queue = new Heap();

  constructor(options: ExplorerOptions) {
    this.options = options;
    this.candidates = options.candidates;
    this.states = options.candidates.states;
    this.actions = options.candidates.actions;
    this.outcomes = new Int32Array(this.states * this.actions).fill(-1);
    this.visited = new Uint8Array(this.states);
    this.traps = new Uint8Array(this.states);
    this.goal = options.goal ?? -1;
    this.v = new Float64Array(this.states);
    this.distance = new Float64Array(this.states);
    this.via = new Int32Array(this.states);
  }

  act(state: number): number {
    const { random, epsilon = 0, largest = 600 } = this.options;
    this.visited[state] = 1;
    if (this.goal < 0 && this.states <= largest) return this.searchByValue(state);
    if (this.goal >= 0 && epsilon > 0 && random.uniform() < epsilon) {
      this.stale = true;
      return random.integer(this.actions);
    }
    if (this.stale || this.step >= this.plan.length || Math.floor(this.plan[this.step] / this.actions) !== state) {
      this.plan = this.curious ? this.nearestUntried(state) : (this.path(state) ?? this.nearestUntried(state));
      if (this.curious && this.plan.length === 0) this.plan = this.path(state) ?? this.plan;
      this.step = 0;
      this.stale = false;
    }
    return this.plan.length > 0 ? this.plan[this.step++] % this.actions : random.integer(this.actions);
  }

  observe(state: number, action: number, reward: number, next: number, ended: boolean): void {
    const pair = state * this.actions + action;
    const expected = this.step < this.plan.length ? Math.floor(this.plan[this.step] / this.actions) : -1;
    if (this.outcomes[pair] !== next) this.stale ||= expected !== next || this.outcomes[pair] >= 0;
    this.outcomes[pair] = next;
    this.visited[next] = 1;
    if (reward > 0) {
      if (this.goal !== next) this.stale = true;
      this.goal = next;
    } else if (ended) this.traps[next] = 1;
  }

  reset(): void {
    const { epsilon = 0, random } = this.options;
    this.stale = true;
    this.curious = this.goal >= 0 && epsilon > 0 && random.uniform() < epsilon;
  }

  /** Shortest expected ways to the goal: D(s) = min over actions and candidates of 1 − λ ln w + D(c). */
  policy(): Int32Array {
    const { states, actions, distance: d } = this;
    const choice = new Int32Array(states);
    if (this.goal < 0) return choice;
    d.fill(1e9);
    d[this.goal] = 0;
    for (let changed = true, n = 0; changed && n < 4 * states; n++) {
      changed = false;
      for (let i = 0; i < states; i++) {
        const s = n % 2 ? states - 1 - i : i;
        if (s === this.goal || this.traps[s]) continue;
        for (let a = 0; a < actions; a++) {
          const cost = this.costOf(s * actions + a, d, DOUBT.going);
          if (cost < d[s] - 1e-9) {
            d[s] = cost;
            choice[s] = a;
            changed = true;
          }
        }
      }
    }
    return choice;
  }

  private costOf(pair: number, d: Float64Array, doubt: number): number {
    if (this.outcomes[pair] >= 0) return 1 + d[this.outcomes[pair]];
    const { offsets, next, weights } = this.candidates;
    let least = 1e9;
    for (let c = offsets[pair]; c < offsets[pair + 1]; c++) least = Math.min(least, 1 - doubt * Math.log(weights[c]) + d[next[c]]);
    return least;
  }

  private searchByValue(state: number): number {
    const { actions, traps, visited, v } = this;
    const { searchDiscount = 0.9, hopeless } = this.options;
    const { offsets, next, weights } = this.candidates;
    const worth = (t: number, at: Float64Array) => (traps[t] ? 0 : visited[t] ? at[t] : hopeless?.[t] ? 0 : 1);
    const value = (pair: number, at: Float64Array): number => {
      if (this.outcomes[pair] >= 0) return searchDiscount * worth(this.outcomes[pair], at);
      if (offsets[pair] === offsets[pair + 1]) return searchDiscount * 0.2;
      let sum = 0;
      for (let c = offsets[pair]; c < offsets[pair + 1]; c++) sum += weights[c] * worth(next[c], at);
      return searchDiscount * sum;
    };
    sweepUp(v, actions, (pair, at) => (visited[Math.floor(pair / actions)] ? value(pair, at) : 0), 1e-5, 60);
    let most = -1;
    let chosen = 0;
    for (let a = 0; a < actions; a++) {
      // what has not been tried goes first among equals
      const q = value(state * actions + a, v) + (this.outcomes[state * actions + a] < 0 ? 1e-9 : 0);
      if (q > most) {
        most = q;
        chosen = a;
      }
    }
    if (most > 1e-8) return chosen;
    const way = this.nearestUntried(state);
    return way.length > 0 ? way[0] % actions : chosen;
  }

  /** Pairs of the cheapest way to the goal, or else to the frontier; undefined where there is none. */
  private path(from: number): Int32Array | undefined {
    const { actions, distance: d, via, queue, candidates, goal, visited, traps } = this;
    const { offsets, next, weights } = candidates;
    const { hopeless } = this.options;
    const doubt = goal >= 0 ? DOUBT.going : DOUBT.searching;
    const unknown = 1 + doubt * Math.log(this.states);
    d.fill(Number.POSITIVE_INFINITY);
    queue.clear();
    d[from] = 0;
    queue.push(0, from);
    let end = -1;
    let extra = -1;
    let least = Number.POSITIVE_INFINITY;
    const relax = (t: number, cost: number, pair: number) => {
      if (cost < d[t]) {
        d[t] = cost;
        via[t] = pair;
        queue.push(cost, t);
      }
    };
    while (queue.size > 0) {
      const s = queue.pop();
      const here = queue.key;
      if (here > d[s]) continue;
      if (here >= least) break;
      if (s !== from && (goal >= 0 ? s === goal : !visited[s] && !hopeless?.[s])) {
        const cost = here + (goal >= 0 ? 0 : POCKET * this.openings(s));
        if (cost < least) {
          least = cost;
          end = s;
          extra = -1;
        }
        if (goal >= 0) break;
        continue;
      }
      if (traps[s]) continue;
      for (let k = s * actions; k < (s + 1) * actions; k++) {
        if (this.outcomes[k] >= 0) relax(this.outcomes[k], here + 1, k);
        else if (offsets[k] < offsets[k + 1])
          for (let c = offsets[k]; c < offsets[k + 1]; c++) relax(next[c], here + 1 - doubt * Math.log(weights[c]), k);
        else if (here + unknown < least) {
          least = here + unknown;
          end = s;
          extra = k;
        }
      }
    }
    return end < 0 ? undefined : this.traceBack(from, end, extra);
  }

  /** Towards the nearest pair that was never tried, along steps that were. */
  private nearestUntried(from: number): Int32Array {
    const { actions, via, outcomes, traps } = this;
    const reached = new Uint8Array(this.states);
    const queue = [from];
    reached[from] = 1;
    for (const s of queue) {
      if (traps[s]) continue;
      for (let k = s * actions; k < (s + 1) * actions; k++) {
        const t = outcomes[k];
        if (t < 0) return this.traceBack(from, s, k);
        if (reached[t]) continue;
        reached[t] = 1;
        via[t] = k;
        queue.push(t);
      }
    }
    return new Int32Array(0);
  }

  private traceBack(from: number, end: number, extra: number): Int32Array {
    const pairs: number[] = extra >= 0 ? [extra] : [];
    for (let s = end; s !== from; s = Math.floor(this.via[s] / this.actions)) pairs.push(this.via[s]);
    return Int32Array.from(pairs.reverse());
  }

  /** Actions of s that surely lead to somewhere else unseen. */
  private openings(s: number): number {
    const { offsets, next } = this.candidates;
    let count = 0;
    for (let k = s * this.actions; k < (s + 1) * this.actions; k++) {
      const t = this.outcomes[k] >= 0 ? this.outcomes[k] : offsets[k + 1] - offsets[k] === 1 ? next[offsets[k]] : -1;
      if (t >= 0 && t !== s && !this.visited[t]) count++;
    }
    return count;
  }
}

/** [states] 1 where every old task is worth nothing: what no old goal can be reached from, a new one is not looked for in first. */
export function hopelessStates(states: number, v: Float64Array, goals: readonly ArrayLike<number>[]): Uint8Array {
  const hopeless = new Uint8Array(states).fill(1);
  for (let k = 0; k < v.length; k++) if (v[k] > 0) hopeless[k % states] = 0;
  for (const list of goals) for (let j = 0; j < list.length; j++) hopeless[list[j]] = 0;
  return hopeless;
}

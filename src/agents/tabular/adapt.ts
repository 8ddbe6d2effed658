import type { Agent } from "../agent.ts";
import type { Candidates } from "./candidates.ts";
import { CandidateExplorer, type ExplorerOptions } from "./explore.ts";

export interface AdaptiveAgentOptions extends ExplorerOptions {
  readonly goal: number;
  readonly start: number;
  /** Steps through the graph within which a change is expected to go on. */
  readonly radius?: number;
  /** Share of episodes spent on tours of steps that were not tested for longest, once everything went as expected. */
  readonly tours?: number;
}

export interface Change {
  /** Step at which it was noticed, from 1. */
  readonly step: number;
  /** What it seems to be. */
  readonly sentence: string;
}

/** Goes to a known goal in a deterministic world that may change, and keeps its model up to date. */
export interface AdaptiveAgent extends Agent {
  /** undefined while everything is as expected */
  readonly change: Change | undefined;
}

const [UNTESTED, HELD, CHANGED] = [0, 1, 2];
/** Weight of the hypothesis in entries near a change; the rest stays with what was believed. */
const BELIEF = 0.9;
/** The same of a closed state: nothing enters it, from whichever side. */
const CLOSED = 0.99;
/** Share of an action's mismatches that another action must explain to stand for it. */
const MAJORITY = 0.5;
/** Of steps due for a test, one after the other. */
const RINGS = 4;
/** Episodes without a surprise before tours begin. */
const CALM = 1;

/**
 * Keeps a model of a deterministic world up to date. What is seen overwrites what was believed. Where all mismatches are steps that one state shuts out, it is taken to be closed from
 * every side; else entries near mismatches follow the permutation of actions that explains most of them;
 * where nothing is amiss, tours test the steps that could shorten the way, nearest first among those tested longest ago, then all blocked steps, then every step:
 * nothing stays untested for ever, so that what has opened is found.
 */
export function createAdaptiveAgent(options: AdaptiveAgentOptions): AdaptiveAgent {
  return new DeterministicAdaptiveAgent(options);
}

class DeterministicAdaptiveAgent implements AdaptiveAgent {
  /** Goes to the goal in the repaired model. */
  private readonly explorer: CandidateExplorer;
  private readonly states: number;
  private readonly actions: number;
  private readonly goal: number;
  private readonly old: Candidates;
  private readonly options: AdaptiveAgentOptions;
  private readonly tested: Uint8Array;
  private readonly last: Float64Array;
  private readonly neighbours: number[][];
  private time = 0;
  private calm = 0;
  private surprised = false;
  private touring = false;
  private ring = 0;
  private since = 0;
  change: Change | undefined;

  constructor(options: AdaptiveAgentOptions) {
    this.explorer = new CandidateExplorer(options);
    this.options = options;
    this.old = options.candidates;
    this.states = this.old.states;
    this.actions = this.old.actions;
    this.goal = options.goal;
    this.tested = new Uint8Array(this.states * this.actions);
    this.last = new Float64Array(this.states * this.actions).fill(-1);
    this.neighbours = Array.from({ length: this.states }, () => []);
    const { offsets, next } = this.old;
    for (let k = 0; k < this.tested.length; k++) {
      if (offsets[k + 1] === offsets[k]) continue;
      const s = Math.floor(k / this.actions);
      const t = next[offsets[k]];
      if (t === s) continue;
      this.neighbours[s].push(t);
      this.neighbours[t].push(s);
    }
  }

  act(state: number): number {
    if (this.touring) {
      const pair = this.towardsStalest(state);
      if (pair >= 0) {
        this.explorer.visited[state] = 1;
        this.explorer.stale = true;
        return pair % this.actions;
      }
    }
    return this.explorer.act(state);
  }

  observe(state: number, action: number, reward: number, next: number, ended: boolean): void {
    const pair = state * this.actions + action;
    const { explorer } = this;
    this.time++;
    this.last[pair] = this.time;
    const mismatch = explorer.outcomes[pair] >= 0 ? explorer.outcomes[pair] !== next : !this.believed(pair, next);
    // what the repaired model said is no surprise
    const surprise = mismatch && this.where(pair) !== next;
    explorer.observe(state, action, reward, next, ended);
    // a reward elsewhere is not the goal that was given
    explorer.goal = this.goal;
    if (mismatch) explorer.stale = true;
    if (surprise) {
      this.surprised = true;
      this.calm = 0;
      this.touring = false;
      this.ring = 0;
    }
    this.tested[pair] = this.believed(pair, next) ? HELD : CHANGED;
    if (mismatch || this.change) this.repair(mismatch ? pair : -1, next);
  }

  reset(): void {
    this.explorer.reset();
    this.calm = this.surprised ? 0 : this.calm + 1;
    this.surprised = false;
    const { tours = 0.5, random } = this.options;
    this.touring = this.calm >= CALM && random.uniform() < tours;
  }

  policy(): Int32Array {
    return this.explorer.policy();
  }

  private believed(pair: number, next: number): boolean {
    const { offsets } = this.old;
    if (offsets[pair] === offsets[pair + 1]) return true;
    for (let c = offsets[pair]; c < offsets[pair + 1]; c++) if (this.old.next[c] === next) return true;
    return false;
  }

  /** Votes for which action each action has become, then new candidates near what changed. */
  private repair(pair: number, next: number): void {
    const { actions, states, old, tested } = this;
    const { outcomes } = this.explorer;
    const votes = new Float64Array(actions * actions);
    for (let k = 0; k < tested.length; k++) {
      if (tested[k] !== CHANGED) continue;
      const s = Math.floor(k / actions);
      const like: number[] = [];
      for (let b = 0; b < actions; b++) if (this.likeliest(s * actions + b) === outcomes[k]) like.push(b);
      for (const b of like) votes[(k % actions) * actions + b] += 1 / like.length;
    }
    const became = new Int32Array(actions).fill(-1);
    const taken = new Uint8Array(actions);
    for (let a = 0; a < actions; a++) {
      let most = 0;
      let total = 0;
      for (let b = 0; b < actions; b++) {
        total += votes[a * actions + b];
        if (votes[a * actions + b] > votes[a * actions + most]) most = b;
      }
      if (total > 0 && votes[a * actions + most] > MAJORITY * total) {
        became[a] = most;
        taken[most] = 1;
      }
    }
    const closed = this.closedState();
    if (closed >= 0) became.fill(-1);
    if (pair >= 0) this.change = { step: this.change?.step ?? this.time, sentence: this.describe(pair, next, became, closed) };
    const near = this.nearChange();
    const lists = Array.from({ length: states * actions }, (_, k) => {
      const s = Math.floor(k / actions);
      const kept = Array.from(
        old.next.subarray(old.offsets[k], old.offsets[k + 1]),
        (t, j) => [t, old.weights[old.offsets[k] + j]] as const,
      );
      if (outcomes[k] >= 0 || s === this.goal) return kept;
      if (closed >= 0) {
        if (s === closed || !kept.some(([t]) => t === closed)) return kept;
        const stays = kept.reduce((sum, [t, w]) => sum + (t === closed ? CLOSED * w : t === s ? w : 0), 0);
        const moves = kept.filter(([t]) => t !== s).map(([t, w]) => [t, t === closed ? (1 - CLOSED) * w : w] as const);
        return [[s, stays] as const, ...moves].sort((x, y) => y[1] - x[1] || x[0] - y[0]);
      }
      if (!near[s]) return kept;
      const mixed = new Map(kept.map(([t, w]) => [t, (1 - BELIEF) * w]));
      const free = Array.from(taken.keys()).filter((b) => !taken[b]);
      const from = became[k % actions] >= 0 ? [became[k % actions]] : free;
      for (const b of from) {
        const at = s * actions + b;
        for (let c = old.offsets[at]; c < old.offsets[at + 1]; c++)
          mixed.set(old.next[c], (mixed.get(old.next[c]) ?? 0) + (BELIEF * old.weights[c]) / from.length);
      }
      return [...mixed].sort((x, y) => y[1] - x[1] || x[0] - y[0]);
    });
    const offsets = new Int32Array(lists.length + 1);
    lists.forEach((list, k) => {
      offsets[k + 1] = offsets[k] + list.length;
    });
    const flat = lists.flat();
    const weights = Float64Array.from(flat, ([, w]) => w);
    this.explorer.candidates = { states, actions, offsets, next: Int32Array.from(flat, ([t]) => t), weights };
    this.explorer.stale = true;
  }

  /** The state that everything which changed led to and stays out of now, −1 where that does not say it all. */
  private closedState(): number {
    const { tested, last } = this;
    const { outcomes } = this.explorer;
    let closed = -1;
    for (let k = 0; k < tested.length; k++) {
      if (tested[k] !== CHANGED) continue;
      const expected = this.likeliest(k);
      if (outcomes[k] !== Math.floor(k / this.actions) || (closed >= 0 && closed !== expected)) return -1;
      closed = expected;
    }
    // entered since, it is open from there
    const since = this.change?.step ?? this.time;
    for (let k = 0; k < tested.length; k++) if (closed >= 0 && outcomes[k] === closed && last[k] > since) return -1;
    return closed;
  }

  /** [states] 1 where the nearest tested state is one that changed, within the radius; or, at large, where any is. */
  private nearChange(atLarge = false): Uint8Array {
    const { states, actions, tested } = this;
    const { radius = 4 } = this.options;
    const near = new Uint8Array(states);
    const depth = new Int32Array(states).fill(-1);
    const queue: number[] = [];
    for (let s = 0; s < states; s++) {
      let label = UNTESTED;
      for (let a = 0; a < actions; a++) label = Math.max(label, tested[s * actions + a]);
      if (label === UNTESTED || (atLarge && label !== CHANGED)) continue;
      depth[s] = 0;
      near[s] = label === CHANGED ? 1 : 0;
      queue.push(s);
    }
    for (const s of queue) {
      if (depth[s] >= radius) continue;
      for (const t of this.neighbours[s]) {
        if (depth[t] >= 0) continue;
        depth[t] = depth[s] + 1;
        near[t] = near[s];
        queue.push(t);
      }
    }
    return near;
  }

  private likeliest(pair: number): number {
    return this.old.offsets[pair] < this.old.offsets[pair + 1] ? this.old.next[this.old.offsets[pair]] : -1;
  }

  private where(pair: number): number {
    const { outcomes, candidates } = this.explorer;
    const { offsets, next } = candidates;
    return outcomes[pair] >= 0 ? outcomes[pair] : offsets[pair] < offsets[pair + 1] ? next[offsets[pair]] : -1;
  }

  /** The first pair on the way to the nearest one that is due for a test, −1 where none is. */
  private towardsStalest(from: number): number {
    const { states, actions } = this;
    const due = this.due();
    for (let tries = 0; tries <= RINGS; tries++) {
      const first = new Int32Array(states).fill(-1);
      const reached = new Uint8Array(states);
      const queue = [from];
      reached[from] = 1;
      for (const s of queue) {
        if (s === this.goal || this.explorer.traps[s]) continue;
        for (let k = s * actions; k < (s + 1) * actions; k++) {
          const t = this.where(k);
          if (this.last[k] <= this.since && due(k, t)) return first[s] >= 0 ? first[s] : k;
          if (t < 0 || reached[t]) continue;
          reached[t] = 1;
          first[t] = first[s] >= 0 ? first[s] : k;
          queue.push(t);
        }
      }
      // everything due has been tested: a wider ring, and after the widest the first again, by age
      this.ring = (this.ring + 1) % RINGS;
      if (this.ring === 0) this.since = this.time;
    }
    return -1;
  }

  /**
   * Rings of steps to test. 0: untested ones near a change that would shorten the way from the start if the neighbour nearest to the goal came next. 1: blocked ones nearer to the start than the
   * goal is. 2: all blocked ones. 3: every step.
   */
  private due(): (pair: number, t: number) => boolean {
    const { states, actions, goal, neighbours } = this;
    const { outcomes, traps } = this.explorer;
    const d = new Int32Array(states).fill(-1);
    const before: number[][] = Array.from({ length: states }, () => []);
    const queue = [this.options.start];
    d[this.options.start] = 0;
    for (const s of queue) {
      if (s === goal || traps[s]) continue;
      for (let k = s * actions; k < (s + 1) * actions; k++) {
        const t = this.where(k);
        if (t >= 0) before[t].push(s);
        if (t < 0 || d[t] >= 0) continue;
        d[t] = d[s] + 1;
        queue.push(t);
      }
    }
    const limit = d[goal] < 0 ? states : d[goal];
    const left = new Int32Array(states).fill(states);
    left[goal] = 0;
    const back = [goal];
    for (const t of back)
      for (const s of before[t]) {
        if (left[s] < states) continue;
        left[s] = left[t] + 1;
        back.push(s);
      }
    const near = this.closedState() >= 0 ? undefined : this.nearChange(true);
    return (pair, t) => {
      const s = Math.floor(pair / actions);
      if (this.ring === 0)
        return near?.[s] === 1 && outcomes[pair] < 0 && neighbours[s].some((u) => d[s] >= 0 && d[s] + 1 + left[u] < limit);
      return this.ring === 3 || (t === s && (this.ring === 2 || (d[s] >= 0 && d[s] + 2 < limit)));
    };
  }

  private describe(pair: number, next: number, became: Int32Array, closed: number): string {
    const s = Math.floor(pair / this.actions);
    const expected = this.likeliest(pair);
    const swaps = Array.from(became.entries()).filter(([a, b]) => b >= 0 && b !== a);
    const what =
      next === s
        ? `action ${pair % this.actions} in state ${s} leads nowhere now; it led to ${expected}`
        : expected === s
          ? `action ${pair % this.actions} in state ${s} leads to ${next} now; it was blocked`
          : `action ${pair % this.actions} in state ${s} leads to ${next} now, no more to ${expected}`;
    if (closed >= 0) return `${what}: state ${closed} seems closed`;
    return swaps.length > 1 ? `${what}; around there ${swaps.map(([a, b]) => `${a} acts as ${b}`).join(", ")}` : what;
  }
}

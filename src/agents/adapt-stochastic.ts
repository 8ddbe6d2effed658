import type { Random } from "../engine/random.ts";
import type { Agent } from "./agent.ts";
import { type Rows, rowValue } from "./blend.ts";
import { sweepUp } from "./counts.ts";
import { type Alarm, Detector } from "./detect.ts";
import { firstBest } from "./q-learning.ts";

export interface AdaptStochasticOptions {
  readonly states: number;
  readonly actions: number;
  readonly discount: number;
  readonly random: Random;
  /** The model before the change, frozen. */
  readonly reference: Rows;
  /** [states] what arriving pays where that ends the episode, NaN elsewhere */
  readonly arrival: Float64Array;
  readonly falseAlarmRate?: number;
  readonly epsilon?: number;
}

/** Hypotheses of what became of a state: nothing; its actions are a mixture of old ones, the same for all such states; anything. */
const [OLD, CHANNEL, LOCAL] = [0, 1, 2];
/** Steps that a hypothesis weighs against what was seen in a pair. */
const STRENGTH = { old: 20, channel: 200, local: 2 };
/** Share of a state's prior that its neighbours decide. */
const SMOOTHING = 0.5;
const ROUNDS = 12;
/** Steps between repairs: at least so many, and this share of what there is. */
const REFIT = { least: 4, share: 0.02 };
/** Pseudo-steps that draw a row of the channel towards the old one with another amount of noise. */
const DRAWN = 30;
/**
 * Curious episodes plan as if a step tried n times since the change could pay this over √(n + 1) more (Strehl and Littman 2008), so that no guess about what is seldom
 * met stands for ever. Their share is t/(t + PATIENCE), t steps after the change: few while the repair is still at work.
 */
const [BONUS, PATIENCE] = [0.1, 5000];
const POWERS = Array.from({ length: 24 }, (_, k) => 0.05 * 1.22 ** k);

/**
 * Repairs a model whose outcomes are drawn. A detector tells when; then every state is given a posterior over three hypotheses (as it was; a channel M[a → b] on what actions did, fitted by
 * expectation maximisation to the states that have it; anything, learned from counts), with priors that its neighbours and the whole world inform. Steps since the CUSUM's last zero are used.
 */
export class AdaptStochastic implements Agent {
  readonly options: AdaptStochasticOptions;
  private readonly detector: Detector;
  private readonly log: number[] = [];
  private readonly modes: Int32Array;
  private readonly neighbours: number[][];
  private readonly v: Float64Array;
  /** Values with the bonus, while an episode is curious. */
  private readonly hopeful: Float64Array;
  private curious = false;
  /** [pairs] */
  private readonly tried: Float64Array;
  private rows: Rows;
  private time = 0;
  private since = -1;
  private due = 0;
  private readonly oldChannel: Float64Array;
  alarm: Alarm | undefined;
  /** [states, 3] */
  posterior: Float64Array | undefined;
  /** [actions, actions] */
  channel: Float64Array | undefined;

  constructor(options: AdaptStochasticOptions) {
    this.options = options;
    const { states, actions, reference } = options;
    this.rows = reference;
    this.detector = new Detector(reference, { states, actions, falseAlarmRate: options.falseAlarmRate ?? 1e-5 });
    this.v = new Float64Array(states);
    this.hopeful = new Float64Array(states);
    this.tried = new Float64Array(states * actions);
    this.modes = Int32Array.from(reference.next, (list, pair) => {
      let most = 0;
      list.forEach((_, j) => {
        if (reference.chance[pair][j] > reference.chance[pair][most]) most = j;
      });
      return list[most] ?? Math.floor(pair / actions);
    });
    this.oldChannel = channelOf(reference, this.modes, actions);
    this.neighbours = Array.from({ length: states }, (_, s) => [
      ...new Set(
        reference.next
          .slice(s * actions, (s + 1) * actions)
          .flatMap((list, a) => list.filter((_, j) => reference.chance[s * actions + a][j] > 1e-2)),
      ),
    ]);
  }

  act(state: number): number {
    const { random, epsilon = 0.05, actions } = this.options;
    if (this.time % 2 === 0 && !this.curious) this.plan(this.time === 0 ? 500 : 40, 1e-5);
    if (random.uniform() < epsilon) return this.rarest(state);
    const values = this.curious ? this.hopeful : this.v;
    if (this.curious && this.time % 2 === 0) sweepUp(values, actions, (pair, at) => this.hope(pair, at), 1e-4, 40);
    let chosen = 0;
    let most = -1;
    for (let a = 0; a < actions; a++) {
      const q = this.curious ? this.hope(state * actions + a, values) : this.value(state * actions + a, values);
      if (q > most) {
        most = q;
        chosen = a;
      }
    }
    return chosen;
  }

  observe(state: number, action: number, _reward: number, next: number): void {
    this.time++;
    this.log.push(state * this.options.actions + action, next);
    this.tried[state * this.options.actions + action]++;
    if (!this.alarm) {
      this.alarm = this.detector.observe(state, action, next);
      if (this.alarm) {
        this.since = this.alarm.since;
        this.tried.fill(0);
        this.refit();
      }
    } else if (this.time >= this.due) this.refit();
  }

  /** The action tried least in a state since the change, equals by lot. */
  private rarest(state: number): number {
    const { actions, random } = this.options;
    let chosen = 0;
    let ties = 0;
    for (let a = 0; a < actions; a++) {
      const ahead = this.tried[state * actions + a] - this.tried[state * actions + chosen];
      if (ahead < 0) ties = 0;
      if (ahead <= 0 && random.uniform() * ++ties < 1) chosen = a;
    }
    return chosen;
  }

  reset(): void {
    const gone = this.alarm ? this.time - this.since : 0;
    this.curious = this.options.random.uniform() < gone / (gone + PATIENCE);
  }

  policy(): Int32Array {
    const { states, actions } = this.options;
    this.plan(400, 1e-7);
    return firstBest(
      Float64Array.from({ length: states * actions }, (_, pair) => this.value(pair, this.v)),
      states,
      actions,
    );
  }

  /** What changed, in words. */
  describe(): string {
    if (!this.alarm || !this.posterior) return "nothing has changed";
    const where: number[] = [];
    for (let s = 0; s < this.options.states; s++) if (this.posterior[3 * s + OLD] < 0.5) where.push(s);
    return `since about step ${this.alarm.since + 1} (alarm at ${this.alarm.step}: ${this.alarm.alternative}) ${where.length} of ${this.options.states} states move otherwise`;
  }

  private value(pair: number, v: Float64Array): number {
    return rowValue(this.rows, pair, v, this.options.arrival, this.options.discount);
  }

  private hope(pair: number, v: Float64Array): number {
    return this.value(pair, v) + BONUS / Math.sqrt(this.tried[pair] + 1);
  }

  private plan(sweeps: number, tolerance: number): void {
    sweepUp(this.v, this.options.actions, (pair, at) => this.value(pair, at), tolerance, sweeps);
  }

  /** The old channel with noise by the power that makes the steps of changed states likeliest. */
  private noisier(seen: number[][], posterior: Float64Array): Float64Array {
    const { states, actions } = this.options;
    let most = Number.NEGATIVE_INFINITY;
    let likeliest = this.oldChannel;
    for (const power of POWERS) {
      const m = tempered(this.oldChannel, power, actions);
      let sum = 0;
      for (let s = 0; s < states; s++)
        for (const j of seen[s]) {
          let p = 1e-3;
          for (let b = 0; b < actions; b++)
            if (this.modes[s * actions + b] === this.log[j + 1]) p += m[(this.log[j] % actions) * actions + b];
          sum += posterior[3 * s + CHANNEL] * Math.log(p);
        }
      if (sum > most) {
        most = sum;
        likeliest = m;
      }
    }
    return likeliest;
  }

  private refit(): void {
    this.due = this.time + Math.max(REFIT.least, REFIT.share * (this.time - this.since));
    const { states, actions, reference, arrival } = this.options;
    const { log, modes, neighbours } = this;
    const begin = 2 * this.since;
    const seen: number[][] = Array.from({ length: states }, () => []);
    for (let j = begin; j < log.length; j += 2) seen[Math.floor(log[j] / actions)].push(j);
    const m = new Float64Array(actions * actions);
    for (let a = 0; a < actions; a++) for (let b = 0; b < actions; b++) m[a * actions + b] = a === b ? 0.4 : 0.6 / (actions - 1);
    const posterior = new Float64Array(3 * states).fill(1 / 3);
    const world = new Float64Array([1 / 3, 1 / 3, 1 / 3]);
    const floor = 1e-3;
    const old = (pair: number, t: number): number => {
      const j = reference.next[pair].indexOf(t);
      return (1 - floor) * (j < 0 ? 0 : reference.chance[pair][j]) + floor / states;
    };
    const throughChannel = (pair: number, t: number): number => {
      const s = Math.floor(pair / actions);
      let p = floor / states;
      for (let b = 0; b < actions; b++) if (modes[s * actions + b] === t) p += (1 - floor) * m[(pair % actions) * actions + b];
      return p;
    };
    /** Predictive likelihood of a state's steps under counts alone, from its neighbours up. */
    const locally = seen.map((list, s) => {
      const counts = new Map<number, number>();
      const totals = new Float64Array(actions);
      let sum = 0;
      for (const j of list) {
        const [pair, t] = [log[j], log[j + 1]];
        const key = pair * states + t;
        const base = neighbours[s].includes(t) ? (1 - floor) / neighbours[s].length : floor / states;
        sum += Math.log((STRENGTH.local * base + (counts.get(key) ?? 0)) / (STRENGTH.local + totals[pair % actions]));
        counts.set(key, (counts.get(key) ?? 0) + 1);
        totals[pair % actions]++;
      }
      return sum;
    });
    const before = seen.map((list) => list.reduce((sum, j) => sum + Math.log(old(log[j], log[j + 1])), 0));
    let prior = this.oldChannel;
    for (let round = 0; round < ROUNDS; round++) {
      const drawn = round % 4 === 0 ? this.noisier(seen, posterior) : prior;
      prior = drawn;
      const expected = drawn.map((x) => DRAWN * x + 0.05);
      for (let s = 0; s < states; s++) {
        const r = posterior[3 * s + CHANNEL];
        for (const j of seen[s]) {
          const a = log[j] % actions;
          let total = 0;
          for (let b = 0; b < actions; b++) if (modes[s * actions + b] === log[j + 1]) total += m[a * actions + b];
          if (total > 0)
            for (let b = 0; b < actions; b++)
              if (modes[s * actions + b] === log[j + 1]) expected[a * actions + b] += (r * m[a * actions + b]) / total;
        }
      }
      for (let a = 0; a < actions; a++) {
        let total = 0;
        for (let b = 0; b < actions; b++) total += expected[a * actions + b];
        for (let b = 0; b < actions; b++) m[a * actions + b] = expected[a * actions + b] / total;
      }
      const nextWorld = new Float64Array(3).fill(1);
      const smoothed = posterior.slice();
      for (let s = 0; s < states; s++) {
        if (Number.isFinite(arrival[s])) continue;
        const channelled = seen[s].reduce((sum, j) => sum + Math.log(throughChannel(log[j], log[j + 1])), 0);
        const logs = [before[s], channelled, locally[s]].map((l, h) => {
          let near = 0;
          for (const t of neighbours[s]) near += posterior[3 * t + h] / neighbours[s].length;
          return l + Math.log((1 - SMOOTHING) * world[h] + SMOOTHING * near + 1e-6);
        });
        const top = Math.max(...logs);
        const total = logs.reduce((sum, l) => sum + Math.exp(l - top), 0);
        for (let h = 0; h < 3; h++) {
          smoothed[3 * s + h] = Math.exp(logs[h] - top) / total;
          if (seen[s].length > 0) nextWorld[h] += smoothed[3 * s + h];
        }
      }
      posterior.set(smoothed);
      const all = nextWorld.reduce((sum, x) => sum + x, 0);
      for (let h = 0; h < 3; h++) world[h] = nextWorld[h] / all;
    }
    this.posterior = posterior;
    this.channel = m;
    this.rows = this.mixed(posterior, m, seen);
  }

  /** Rows of every pair under the posterior, blended with what was seen of it. */
  private mixed(posterior: Float64Array, m: Float64Array, seen: number[][]): Rows {
    const { states, actions, reference } = this.options;
    const next: number[][] = [];
    const chance: number[][] = [];
    for (let s = 0; s < states; s++) {
      const near = this.neighbours[s];
      const weightOf = (h: number) => posterior[3 * s + h];
      const strength = STRENGTH.old * weightOf(OLD) + STRENGTH.channel * weightOf(CHANNEL) + STRENGTH.local * weightOf(LOCAL);
      const counts = Array.from({ length: actions }, () => new Map<number, number>());
      const totals = new Float64Array(actions);
      for (const j of seen[s]) {
        const a = this.log[j] % actions;
        counts[a].set(this.log[j + 1], (counts[a].get(this.log[j + 1]) ?? 0) + 1);
        totals[a]++;
      }
      for (let a = 0; a < actions; a++) {
        const pair = s * actions + a;
        const row = new Map<number, number>();
        const add = (t: number, p: number) => row.set(t, (row.get(t) ?? 0) + p);
        const share = strength / (strength + totals[a]);
        reference.next[pair].forEach((t, j) => {
          add(t, share * weightOf(OLD) * reference.chance[pair][j]);
        });
        for (let b = 0; b < actions; b++) add(this.modes[s * actions + b], share * weightOf(CHANNEL) * m[a * actions + b]);
        for (const t of near) add(t, (share * weightOf(LOCAL)) / near.length);
        for (const [t, n] of counts[a]) add(t, n / (strength + totals[a]));
        next.push([...row.keys()]);
        chance.push([...row.values()]);
      }
    }
    return { next, chance };
  }
}

/** M[a → b] of a model in terms of what its actions mostly do, by expectation maximisation. */
function channelOf({ next, chance }: Rows, modes: Int32Array, actions: number): Float64Array {
  let m = new Float64Array(actions * actions).fill(1 / actions);
  for (let round = 0; round < 20; round++) {
    const expected = new Float64Array(actions * actions).fill(1e-3);
    next.forEach((list, pair) => {
      const s = Math.floor(pair / actions);
      const row = (pair % actions) * actions;
      list.forEach((t, j) => {
        let total = 0;
        for (let b = 0; b < actions; b++) if (modes[s * actions + b] === t) total += m[row + b];
        if (total > 0)
          for (let b = 0; b < actions; b++) if (modes[s * actions + b] === t) expected[row + b] += (chance[pair][j] * m[row + b]) / total;
      });
    });
    m = tempered(expected, 1, actions);
  }
  return m;
}

/** Rows to a power, summing to one. */
function tempered(m: Float64Array, power: number, actions: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(m.length);
  for (let a = 0; a < actions; a++) {
    let total = 0;
    for (let b = 0; b < actions; b++) {
      const x = m[a * actions + b];
      // what never happened does not come up by noise alone
      out[a * actions + b] = x > 0.02 ? x ** power : x;
      total += out[a * actions + b];
    }
    for (let b = 0; b < actions; b++) out[a * actions + b] /= total;
  }
  return out;
}

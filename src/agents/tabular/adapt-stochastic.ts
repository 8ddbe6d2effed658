import type { Random } from "../../numbers/random.ts";
import type { Agent } from "../agent.ts";
import { type OutcomeRows, rowValue } from "./blend.ts";
import { sweepUp } from "./counts.ts";
import { type Alarm, createDetector, type Detector } from "./detect.ts";
import { firstBest } from "./q-learning.ts";

export interface StochasticAdaptiveAgentOptions {
  readonly states: number;
  readonly actions: number;
  readonly discount: number;
  readonly random: Random;
  /** The model before the change, frozen. */
  readonly reference: OutcomeRows;
  /** [states] what arriving pays where that ends the episode, NaN elsewhere */
  readonly arrival: Float64Array;
  readonly falseAlarmRate?: number;
  readonly epsilon?: number;
}

/** Acts in a world whose outcomes are drawn and may change, and keeps its model up to date. */
export interface StochasticAdaptiveAgent extends Agent {
  /** undefined while nothing was noticed */
  readonly alarm: Alarm | undefined;
  /** [states, 3] of each state: it is as it was; its actions are a mixture of old ones; anything. From the alarm on. */
  readonly posterior: Float64Array | undefined;
  /** [actions, actions] what each action has become, as a mixture of what actions did. From the alarm on. */
  readonly channel: Float64Array | undefined;
  /** What changed, in words. */
  describe(): string;
}

/** What was seen of a state since the change. */
interface StateEvidence {
  readonly steps: { readonly pair: number; readonly next: number; times: number }[];
  readonly index: Map<number, StateEvidence["steps"][number]>;
  /** Logarithms of the probability of all of it under the old rows, and under counts alone from the neighbours up. */
  before: number;
  locally: number;
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
/** Share of everything that the hypotheses leave to chance. */
const FLOOR = 1e-3;
/**
 * Curious episodes act as would be best in a world drawn from the posterior, so that a pair is tried as often as it may be the best. Their share is t/(t + PATIENCE), t steps after the change.
 */
const PATIENCE = 50;
const POWERS = Array.from({ length: 24 }, (_, k) => 0.05 * 1.22 ** k);

/**
 * Repairs a model whose outcomes are drawn. A detector tells when; then every state is given a posterior over three hypotheses (as it was; a channel M[a → b] on what actions did, fitted by
 * expectation maximisation to the states that have it; anything, learned from counts), with priors that its neighbours and the whole world inform. Steps since the CUSUM's last zero are used.
 */
export function createStochasticAdaptiveAgent(options: StochasticAdaptiveAgentOptions): StochasticAdaptiveAgent {
  return new RowAdaptiveAgent(options);
}

class RowAdaptiveAgent implements StochasticAdaptiveAgent {
  private readonly options: StochasticAdaptiveAgentOptions;
  private readonly detector: Detector;
  /** Pairs and next states of the steps before the alarm. */
  private readonly log: number[] = [];
  private readonly seen: StateEvidence[];
  private readonly modes: Int32Array;
  private readonly neighbours: number[][];
  /** [states] under the rows */
  private readonly v: Float64Array;
  private planned = false;
  /** Rows drawn from the posterior, and [states] their values, while an episode is curious. */
  private drawn: OutcomeRows | undefined;
  private readonly imagined: Float64Array;
  private curious = false;
  /** [pairs] */
  private readonly tried: Float64Array;
  private rows: OutcomeRows;
  private time = 0;
  private since = -1;
  private due = 0;
  private readonly oldChannel: Float64Array;
  alarm: Alarm | undefined;
  posterior: Float64Array | undefined;
  channel: Float64Array | undefined;

  constructor(options: StochasticAdaptiveAgentOptions) {
    this.options = options;
    const { states, actions, reference } = options;
    this.rows = reference;
    this.detector = createDetector({ reference, states, actions, falseAlarmRate: options.falseAlarmRate ?? 1e-5 });
    this.v = new Float64Array(states);
    this.imagined = new Float64Array(states);
    this.seen = Array.from({ length: states }, () => ({ steps: [], index: new Map(), before: 0, locally: 0 }));
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
    if (random.uniform() < epsilon) return this.rarest(state);
    this.plan();
    const [rows, v] = this.curious ? [this.draw(), this.imagined] : [this.rows, this.v];
    let chosen = 0;
    let most = -1;
    for (let a = 0; a < actions; a++) {
      const q = this.value(rows, state * actions + a, v);
      if (q > most) {
        most = q;
        chosen = a;
      }
    }
    return chosen;
  }

  observe(state: number, action: number, _reward: number, next: number): void {
    const pair = state * this.options.actions + action;
    this.time++;
    this.tried[pair]++;
    if (this.alarm) {
      this.record(pair, next);
      if (this.time >= this.due) this.refit();
      return;
    }
    this.log.push(pair, next);
    this.alarm = this.detector.observe(state, action, next);
    if (!this.alarm) return;
    this.since = this.alarm.since;
    this.tried.fill(0);
    for (let j = 2 * this.since; j < this.log.length; j += 2) this.record(this.log[j], this.log[j + 1]);
    this.log.length = 0;
    this.refit();
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
    this.drawn = undefined;
  }

  policy(): Int32Array {
    const { states, actions } = this.options;
    this.plan();
    return firstBest(
      Float64Array.from({ length: states * actions }, (_, pair) => this.value(this.rows, pair, this.v)),
      states,
      actions,
    );
  }

  describe(): string {
    if (!this.alarm || !this.posterior) return "nothing has changed";
    const where: number[] = [];
    for (let s = 0; s < this.options.states; s++) if (this.posterior[3 * s + OLD] < 0.5) where.push(s);
    return `since about step ${this.alarm.since + 1} (alarm at ${this.alarm.step}: ${this.alarm.alternative}) ${where.length} of ${this.options.states} states move otherwise`;
  }

  private value(rows: OutcomeRows, pair: number, v: Float64Array): number {
    return rowValue(rows, pair, v, this.options.arrival, this.options.discount);
  }

  private plan(): void {
    if (this.planned) return;
    sweepUp(this.v, this.options.actions, (pair, at) => this.value(this.rows, pair, at), 1e-7, 400);
    this.planned = true;
  }

  /** A step since the change: counted, and what it says for the old rows and for counts alone, each step predicted from those before. */
  private record(pair: number, next: number): void {
    const { states, actions, reference } = this.options;
    const state = Math.floor(pair / actions);
    const near = this.neighbours[state];
    const seen = this.seen[state];
    const key = pair * states + next;
    let step = seen.index.get(key);
    if (!step) {
      step = { pair, next, times: 0 };
      seen.index.set(key, step);
      seen.steps.push(step);
    }
    let total = 0;
    for (const other of seen.steps) if (other.pair === pair) total += other.times;
    const base = near.includes(next) ? (1 - FLOOR) / near.length : FLOOR / states;
    seen.locally += Math.log((STRENGTH.local * base + step.times) / (STRENGTH.local + total));
    const j = reference.next[pair].indexOf(next);
    seen.before += Math.log((1 - FLOOR) * (j < 0 ? 0 : reference.chance[pair][j]) + FLOOR / states);
    step.times++;
  }

  /** The old channel with noise by the power that makes the steps of changed states likeliest. */
  private noisier(posterior: Float64Array): Float64Array {
    const { states, actions } = this.options;
    let most = Number.NEGATIVE_INFINITY;
    let likeliest = this.oldChannel;
    for (const power of POWERS) {
      const m = tempered(this.oldChannel, power, actions);
      let sum = 0;
      for (let s = 0; s < states; s++)
        for (const { pair, next, times } of this.seen[s].steps) {
          let p = FLOOR;
          for (let b = 0; b < actions; b++) if (this.modes[s * actions + b] === next) p += m[(pair % actions) * actions + b];
          sum += times * posterior[3 * s + CHANNEL] * Math.log(p);
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
    const { states, actions, arrival } = this.options;
    const { modes, neighbours, seen } = this;
    const m = new Float64Array(actions * actions);
    for (let a = 0; a < actions; a++) for (let b = 0; b < actions; b++) m[a * actions + b] = a === b ? 0.4 : 0.6 / (actions - 1);
    const posterior = new Float64Array(3 * states).fill(1 / 3);
    const world = new Float64Array([1 / 3, 1 / 3, 1 / 3]);
    const throughChannel = (pair: number, t: number): number => {
      const s = Math.floor(pair / actions);
      let p = FLOOR / states;
      for (let b = 0; b < actions; b++) if (modes[s * actions + b] === t) p += (1 - FLOOR) * m[(pair % actions) * actions + b];
      return p;
    };
    let prior = this.oldChannel;
    for (let round = 0; round < ROUNDS; round++) {
      const drawn = round % 4 === 0 ? this.noisier(posterior) : prior;
      prior = drawn;
      const expected = drawn.map((x) => DRAWN * x + 0.05);
      for (let s = 0; s < states; s++) {
        const r = posterior[3 * s + CHANNEL];
        for (const { pair, next, times } of seen[s].steps) {
          const a = pair % actions;
          let total = 0;
          for (let b = 0; b < actions; b++) if (modes[s * actions + b] === next) total += m[a * actions + b];
          if (total > 0)
            for (let b = 0; b < actions; b++)
              if (modes[s * actions + b] === next) expected[a * actions + b] += (times * r * m[a * actions + b]) / total;
        }
      }
      m.set(tempered(expected, 1, actions));
      const nextWorld = new Float64Array(3).fill(1);
      const smoothed = posterior.slice();
      for (let s = 0; s < states; s++) {
        if (Number.isFinite(arrival[s])) continue;
        const channelled = seen[s].steps.reduce((sum, { pair, next, times }) => sum + times * Math.log(throughChannel(pair, next)), 0);
        const logs = [seen[s].before, channelled, seen[s].locally].map((l, h) => {
          let near = 0;
          for (const t of neighbours[s]) near += posterior[3 * t + h] / neighbours[s].length;
          return l + Math.log((1 - SMOOTHING) * world[h] + SMOOTHING * near + 1e-6);
        });
        const top = Math.max(...logs);
        const total = logs.reduce((sum, l) => sum + Math.exp(l - top), 0);
        for (let h = 0; h < 3; h++) {
          smoothed[3 * s + h] = Math.exp(logs[h] - top) / total;
          if (seen[s].steps.length > 0) nextWorld[h] += smoothed[3 * s + h];
        }
      }
      posterior.set(smoothed);
      const all = nextWorld.reduce((sum, x) => sum + x, 0);
      for (let h = 0; h < 3; h++) world[h] = nextWorld[h] / all;
    }
    this.posterior = posterior;
    this.channel = m;
    this.rows = this.rowsUnder((s, h) => posterior[3 * s + h]);
    this.planned = false;
    this.drawn = undefined;
  }

  /** A world that may be the true one: of every state a hypothesis, of every pair a row of its Dirichlet posterior (posterior sampling, Strens 2000). Planned for. */
  private draw(): OutcomeRows {
    if (this.drawn) return this.drawn;
    const { states, actions, random } = this.options;
    const chosen = Uint8Array.from({ length: states }, (_, s) => {
      const u = random.uniform();
      const at = this.posterior!.subarray(3 * s);
      return u < at[OLD] ? OLD : u < at[OLD] + at[CHANNEL] ? CHANNEL : LOCAL;
    });
    const rows = this.rowsUnder((s, h) => (h === chosen[s] ? 1 : 0), random);
    sweepUp(this.imagined, actions, (pair, at) => this.value(rows, pair, at), 1e-5, 400);
    this.drawn = rows;
    return rows;
  }

  /** Rows of every pair under the weights of each state's hypotheses, blended with what was seen of it: the means of their Dirichlet posteriors, or drawn from those. */
  private rowsUnder(weightOf: (state: number, hypothesis: number) => number, random?: Random): OutcomeRows {
    const { states, actions, reference } = this.options;
    const next: number[][] = [];
    const chance: number[][] = [];
    for (let s = 0; s < states; s++) {
      const near = this.neighbours[s];
      const [old, channel, local] = [OLD, CHANNEL, LOCAL].map((h) => weightOf(s, h));
      const strength = STRENGTH.old * old + STRENGTH.channel * channel + STRENGTH.local * local;
      for (let a = 0; a < actions; a++) {
        const pair = s * actions + a;
        const row = new Map<number, number>();
        const add = (t: number, steps: number) => row.set(t, (row.get(t) ?? 0) + steps);
        reference.next[pair].forEach((t, j) => {
          add(t, strength * old * reference.chance[pair][j]);
        });
        for (let b = 0; b < actions; b++) add(this.modes[s * actions + b], strength * channel * this.channel![a * actions + b]);
        for (const t of near) add(t, (strength * local) / near.length);
        for (const step of this.seen[s].steps) if (step.pair === pair) add(step.next, step.times);
        const steps = random ? Array.from(row.values(), (x) => gamma(x, random)) : [...row.values()];
        const total = steps.reduce((sum, x) => sum + x, 0);
        next.push([...row.keys()]);
        chance.push(steps.map((x) => x / total));
      }
    }
    return { next, chance };
  }
}

/** M[a → b] of a model in terms of what its actions mostly do, by expectation maximisation. */
function channelOf({ next, chance }: OutcomeRows, modes: Int32Array, actions: number): Float64Array {
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

/** Gamma variate of shape k > 0 and unit scale (Marsaglia and Tsang 2000). */
function gamma(shape: number, random: Random): number {
  if (shape <= 0) return 0;
  if (shape < 1) return gamma(shape + 1, random) * (1 - random.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

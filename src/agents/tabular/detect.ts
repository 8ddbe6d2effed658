import type { OutcomeRows } from "./blend.ts";

export interface DetectorOptions {
  /** The model of which each step is a test, frozen. */
  readonly reference: OutcomeRows;
  readonly states: number;
  readonly actions: number;
  /** False alarms a step, at most: the threshold is ln(1/FAR). */
  readonly falseAlarmRate: number;
}

export interface Alarm {
  /** Step of the alarm, from 1. */
  readonly step: number;
  /** Last step at which the alternative that rang had no evidence: the change is likely to be later. */
  readonly since: number;
  readonly alternative: string;
}

/** Tells when steps of a finite world are no longer those of its model. */
export interface Detector {
  /** ln(1/FAR) */
  readonly threshold: number;
  /** One step; an alarm where the evidence is enough. The statistics then begin anew. */
  observe(state: number, action: number, next: number): Alarm | undefined;
}

/** Share of every distribution that is spread, so that nothing seen has probability zero: on what follows the state under any action, and everywhere. */
const SPREAD = { reference: 0.005, alternative: 0.01, near: 0.8 };
/** A next state belongs to a state's neighbourhood above this probability. */
const NEAR = 1e-2;

/**
 * CUSUM (Page 1954) over proper alternatives q_k to a frozen reference p: W_k ← max(1, W_k) q_k(s'|s,a)/p(s'|s,a), an alarm where their mean reaches 1/FAR.
 * Under the reference each W_k is at most the Shiryaev–Roberts statistic, R_t − t is a martingale, and so is the mean of several: steps between false alarms are at
 * least 1/FAR on average (Pollak 1985; Shin, Ramdas and Rinaldo 2022). No rule at that rate finds a change faster than ln(1/FAR)/KL (Lorden 1971).
 * Alternatives: more and less noise (p^0.4, p^2.5), any neighbour, and actions turned by each amount.
 */
export function createDetector(options: DetectorOptions): Detector {
  return new CusumDetector(options);
}

class CusumDetector implements Detector {
  readonly threshold: number;
  private readonly actions: number;
  private readonly logW: Float64Array;
  private readonly zero: Int32Array;
  private readonly names: string[] = [];
  private readonly ratios: Map<number, Float64Array>[];
  /** [pairs] log ratio of a next state that nobody expects: the same of every alternative */
  private readonly elsewhere: Float64Array;
  private time = 0;

  constructor({ reference, states, actions, falseAlarmRate }: DetectorOptions) {
    this.actions = actions;
    this.threshold = Math.log(1 / falseAlarmRate);
    const of = (pair: number, t: number): number => {
      const j = reference.next[pair].indexOf(t);
      return j < 0 ? 0 : reference.chance[pair][j];
    };
    this.names = ["more noise", "less noise", "no control", ...Array.from({ length: actions - 1 }, (_, k) => `actions turned by ${k + 1}`)];
    const count = this.names.length;
    this.ratios = [];
    this.elsewhere = new Float64Array(states * actions);
    for (let s = 0; s < states; s++) {
      const near = [s];
      for (let a = 0; a < actions; a++)
        reference.next[s * actions + a].forEach((t, j) => {
          if (reference.chance[s * actions + a][j] > NEAR && !near.includes(t)) near.push(t);
        });
      const floor = (share: number, p: number, inside: boolean) =>
        (1 - share) * p + share * ((inside ? SPREAD.near / near.length : 0) + (1 - SPREAD.near) / states);
      for (let a = 0; a < actions; a++) {
        const pair = s * actions + a;
        // where the reference is a guess, it is spread until nothing can be evidence against it
        const doubt = reference.doubt?.[pair] ?? 0;
        const [spreadP, spreadQ] = [Math.max(SPREAD.reference, doubt), Math.max(SPREAD.alternative, doubt)];
        this.elsewhere[pair] = Math.log(spreadQ / spreadP);
        const tempered = (power: number) => {
          const raised = near.map((t) => of(pair, t) ** power);
          const total = raised.reduce((sum, x) => sum + x, 0) || 1;
          return raised.map((x) => x / total);
        };
        const flat = near.map(() => 1 / near.length);
        const turned = Array.from({ length: actions - 1 }, (_, k) =>
          near.map((t, j) => 0.9 * of(s * actions + ((a + k + 1) % actions), t) + 0.1 * flat[j]),
        );
        const alternatives = [tempered(0.4), tempered(2.5), flat.map((x, j) => 0.9 * x + 0.1 * of(pair, near[j])), ...turned];
        const inside = new Map<number, Float64Array>();
        near.forEach((t, j) => {
          const p = floor(spreadP, of(pair, t), true);
          inside.set(
            t,
            Float64Array.from(alternatives, (q) => Math.log(floor(spreadQ, q[j], true) / p)),
          );
        });
        // what the reference alone expects, though rarely, speaks for it
        reference.next[pair].forEach((t, j) => {
          const p = floor(spreadP, reference.chance[pair][j], false);
          if (!inside.has(t)) inside.set(t, new Float64Array(alternatives.length).fill(Math.log(floor(spreadQ, 0, false) / p)));
        });
        this.ratios.push(inside);
      }
    }
    this.logW = new Float64Array(count);
    this.zero = new Int32Array(count);
  }

  observe(state: number, action: number, next: number): Alarm | undefined {
    const { logW, zero } = this;
    const pair = state * this.actions + action;
    const ratio = this.ratios[pair].get(next);
    let most = 0;
    for (let k = 0; k < logW.length; k++) {
      if (logW[k] <= 0) {
        logW[k] = 0;
        zero[k] = this.time;
      }
      logW[k] += ratio ? ratio[k] : this.elsewhere[pair];
      if (logW[k] > logW[most]) most = k;
    }
    this.time++;
    let sum = 0;
    for (let k = 0; k < logW.length; k++) sum += Math.exp(logW[k] - logW[most]);
    if (logW[most] + Math.log(sum / logW.length) < this.threshold) return undefined;
    const alarm = { step: this.time, since: zero[most], alternative: this.names[most] };
    logW.fill(0);
    return alarm;
  }
}

import { cholesky, choleskySolve } from "../engine/dense.ts";

export interface ResidualDetectorOptions {
  /** False alarms a step, at most: the threshold is ln(1/FAR). */
  readonly falseAlarmRate: number;
}

export interface ResidualAlarm {
  /** Step of the alarm, from 1. */
  readonly step: number;
  /** Last step at which the alternative that rang had no evidence: the change is likely to be later. */
  readonly since: number;
}

/** Degrees of freedom of the null: an inferred model's errors have far heavier tails than normal ones, and one outlier is worth at most ν ln c. */
const FREEDOM = 3;
/** How many times larger residuals are under the alternatives. */
const ALTERNATIVES = [2, 4, 8, 16, 32];
/** Quantile of the whitened lengths that the null's scale is set by, and its margin: errors differ from place to place and follow one another. */
const [QUANTILE, MARGIN] = [0.9, 1.5];

/**
 * CUSUM (Page 1954) of the residuals e of a model's one-step predictions: W_c ← max(1, W_c) q_c(z)/p(z), z² = eᵀΣ⁻¹e whitened on steps before the change; p Student's t in d dimensions
 * (ν = 3), q_c the same c times as wide; an alarm where the mean of the W_c reaches 1/FAR. Where p is no lighter than what residuals follow, steps between false alarms are
 * at least 1/FAR on average (as in `Detector`). ln q_c/p = −d ln c + ½(ν + d) ln((1 + z²/ν)/(1 + z²/νc²)).
 */
export class ResidualDetector {
  readonly threshold: number;
  private readonly d: number;
  private readonly factor: Float64Array;
  private readonly scale: number;
  private readonly logW = new Float64Array(ALTERNATIVES.length);
  private readonly zero = new Int32Array(ALTERNATIVES.length);
  private time = 0;

  /** @param residuals [n, d] of steps before any change */
  constructor(residuals: Float64Array, d: number, { falseAlarmRate }: ResidualDetectorOptions) {
    const n = residuals.length / d;
    this.d = d;
    this.threshold = Math.log(1 / falseAlarmRate);
    this.factor = new Float64Array(d * d);
    for (let b = 0; b < n; b++)
      for (let j = 0; j < d; j++) for (let k = 0; k <= j; k++) this.factor[j * d + k] += (residuals[b * d + j] * residuals[b * d + k]) / n;
    for (let j = 0; j < d; j++) this.factor[j * d + j] = this.factor[j * d + j] * (1 + 1e-6) + Number.MIN_VALUE;
    if (!cholesky(this.factor, d)) throw new RangeError("a detector needs residuals that vary in every coordinate");
    this.scale = 1;
    const lengths = Float64Array.from({ length: n }, (_, b) => this.whitened(residuals.subarray(b * d, (b + 1) * d))).sort();
    this.scale = (MARGIN * lengths[Math.floor(QUANTILE * (n - 1))]) / Math.sqrt(d);
  }

  /** |Σ^(−½) e| over the null's scale. */
  whitened(residual: ArrayLike<number>): number {
    const { d, factor } = this;
    const solved = Float64Array.from(residual);
    choleskySolve(factor, d, solved);
    let square = 0;
    for (let j = 0; j < d; j++) square += solved[j] * residual[j];
    return Math.sqrt(square) / this.scale;
  }

  /** One residual [d]; an alarm where the evidence is enough. The statistics then begin anew. */
  observe(residual: ArrayLike<number>): ResidualAlarm | undefined {
    const { d, logW, zero } = this;
    const square = this.whitened(residual) ** 2;
    let most = 0;
    for (let k = 0; k < logW.length; k++) {
      if (logW[k] <= 0) {
        logW[k] = 0;
        zero[k] = this.time;
      }
      const c = ALTERNATIVES[k];
      logW[k] += -d * Math.log(c) + 0.5 * (FREEDOM + d) * Math.log((1 + square / FREEDOM) / (1 + square / (FREEDOM * c * c)));
      if (logW[k] > logW[most]) most = k;
    }
    this.time++;
    let sum = 0;
    for (let k = 0; k < logW.length; k++) sum += Math.exp(logW[k] - logW[most]);
    if (logW[most] + Math.log(sum / logW.length) < this.threshold) return undefined;
    logW.fill(0);
    return { step: this.time, since: zero[most] };
  }

  /** A step of which nothing is known, as at a wall. */
  skip(): void {
    this.time++;
  }
}

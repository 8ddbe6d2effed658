import { MismatchError } from "../../base/mismatch-error.ts";
import { cholesky, choleskySolve } from "../../numbers/dense.ts";
import { quantile } from "../../numbers/statistics.ts";

export interface ResidualDetectorOptions {
  /** False alarms a step, at most: the threshold is ln(1/FAR). */
  readonly falseAlarmRate: number;
  /** [d] residuals no larger than these are rounding, not evidence */
  readonly resolution?: ArrayLike<number>;
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
/** The evidence that n steps of the old world may raise, as a share of the ln n that chance alone would raise; and by how much the null widens until they raise no more. */
const [ALLOWED, WIDER] = [0.5, 1.1];

/**
 * CUSUM (Page 1954) of the residuals e of a model's one-step predictions: W_c ← max(1, W_c) q_c(z)/p(z), z² = eᵀΣ⁻¹e whitened on steps before the change; p Student's t in d dimensions
 * (ν = 3), q_c the same c times as wide; an alarm where the mean of the W_c reaches 1/FAR. Where p is no lighter than what residuals follow, steps between false alarms are
 * at least 1/FAR on average (as in `Detector`). Errors of a model follow one another, as states do: p is made so wide that the evidence in the steps before stays at half of the ln n
 * that it reaches by chance where n steps have an exponential tail of rate 1 (Lundberg's exponent is then 2). ln q_c/p = −d ln c + ½(ν + d) ln((1 + z²/ν)/(1 + z²/νc²)).
 */
export class ResidualDetector {
  readonly threshold: number;
  private readonly d: number;
  private readonly factor: Float64Array;
  private scale = 1;
  private readonly logW = new Float64Array(ALTERNATIVES.length);
  private readonly zero = new Int32Array(ALTERNATIVES.length);
  private time = 0;

  /** @param residuals [n, d] of steps before any change, as they followed one another */
  constructor(residuals: Float64Array, d: number, { falseAlarmRate, resolution }: ResidualDetectorOptions) {
    const n = residuals.length / d;
    this.d = d;
    this.threshold = Math.log(1 / falseAlarmRate);
    this.factor = new Float64Array(d * d);
    for (let b = 0; b < n; b++)
      for (let j = 0; j < d; j++) for (let k = 0; k <= j; k++) this.factor[j * d + k] += (residuals[b * d + j] * residuals[b * d + k]) / n;
    for (let j = 0; j < d; j++)
      this.factor[j * d + j] = this.factor[j * d + j] * (1 + 1e-6) + (resolution?.[j] ?? 0) ** 2 + Number.MIN_VALUE;
    if (!cholesky(this.factor, d))
      throw new MismatchError(
        "the errors of the steps before the change do not vary in every coordinate: give more steps in `before`, from more places",
      );
    const lengths = Float64Array.from({ length: n }, (_, b) => this.whitened(residuals.subarray(b * d, (b + 1) * d)));
    this.scale = MARGIN * Math.max(1, quantile(lengths, QUANTILE) / Math.sqrt(d));
    while (this.highest(lengths) > ALLOWED * Math.log(n)) this.scale *= WIDER;
  }

  /** The most evidence that lengths [n] over a scale of 1 raise on their way. */
  private highest(lengths: Float64Array): number {
    let highest = 0;
    for (const length of lengths) {
      for (let k = 0; k < this.logW.length; k++) this.logW[k] = Math.max(0, this.logW[k]);
      highest = Math.max(highest, this.weigh((length / this.scale) ** 2));
    }
    this.logW.fill(0);
    return highest;
  }

  /** Adds what z² says to the ln W_c: ln of their mean. */
  private weigh(square: number): number {
    const { d, logW } = this;
    let most = 0;
    for (let k = 0; k < logW.length; k++) {
      const c = ALTERNATIVES[k];
      logW[k] += -d * Math.log(c) + 0.5 * (FREEDOM + d) * Math.log((1 + square / FREEDOM) / (1 + square / (FREEDOM * c * c)));
      if (logW[k] > logW[most]) most = k;
    }
    let sum = 0;
    for (let k = 0; k < logW.length; k++) sum += Math.exp(logW[k] - logW[most]);
    return logW[most] + Math.log(sum / logW.length);
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
    const { logW, zero } = this;
    for (let k = 0; k < logW.length; k++) {
      if (logW[k] > 0) continue;
      logW[k] = 0;
      zero[k] = this.time;
    }
    const evidence = this.weigh(this.whitened(residual) ** 2);
    this.time++;
    if (evidence < this.threshold) return undefined;
    const since = zero[logW.indexOf(Math.max(...logW))];
    logW.fill(0);
    return { step: this.time, since };
  }

  /** A step of which nothing is known, as at a wall. */
  skip(): void {
    this.time++;
  }
}

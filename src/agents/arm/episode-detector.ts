import { MismatchError } from "../../base/mismatch-error.ts";
import { mean } from "../../numbers/statistics.ts";
export interface EpisodeDetectorOptions {
  /** False alarms an episode, at most: the threshold is ln(1/FAR). */
  readonly falseAlarmRate: number;
}

export interface EpisodeAlarm {
  /** Episode of the alarm, from 1. */
  readonly episode: number;
  /** The last one at which the alternative that rang had no evidence. */
  readonly since: number;
  /** What rang: number of the feature, and how many standard deviations it is off. */
  readonly feature: number;
  readonly shift: number;
}

/** Degrees of freedom of the null, whose tails hold what a normal distribution of few episodes would not. */
const FREEDOM = 10;
/**
 * Something rare, a slip of the fingers, may throw a feature anywhere in any world: the null holds a share of a Cauchy distribution so many deviations wide (Huber's contamination, 1964), so that no
 * feature of a single episode is proof.
 */
const RARE = { share: 0.003, width: 30 };
/** Shifts of a feature, in standard deviations of the reference, either way. */
const SHIFTS = [2, 4, 8, 16, 32, 64, 128, 256];
/** Large shifts are known to this share of themselves. */
const VAGUE = 1 / 4;
/** A standard deviation from few episodes may be too small by so much. */
const MARGIN = 1.5;
/** Reference episodes in which a feature must have been seen. */
const LEAST = 10;

/**
 * CUSUM (Page 1954) over episodes: what a model's residuals come to in one episode is compared with what they came to in reference episodes. Steps of an episode hang
 * together, episodes do not, so that evidence may be added up over them alone. W_k ← max(1, W_k) q_k(z)/p(z) with q_k Student's t (ν = 10) of a standardised feature, shifted, and p the
 * same without a shift, contaminated; an alarm where the mean of all W_k reaches 1/FAR, so that false alarms are at least 1/FAR episodes apart on average (as in `Detector`).
 * A feature that is NaN in an episode is no evidence in it.
 */
export class EpisodeDetector {
  readonly threshold: number;
  private readonly means: Float64Array;
  private readonly deviations: Float64Array;
  private readonly alternatives: readonly (readonly [feature: number, shift: number])[];
  private readonly logW: Float64Array;
  private readonly zero: Int32Array;
  private time = 0;

  /** @param reference features of episodes before any change, all of one length */
  constructor(reference: readonly Float64Array[], { falseAlarmRate }: EpisodeDetectorOptions) {
    const width = reference[0]?.length ?? 0;
    this.threshold = Math.log(1 / falseAlarmRate);
    this.means = new Float64Array(width);
    this.deviations = new Float64Array(width);
    const alternatives: [number, number][] = [];
    for (let f = 0; f < width; f++) {
      const seen = reference.map((features) => features[f]).filter(Number.isFinite);
      if (seen.length < LEAST) continue;
      const centre = mean(seen);
      const variance = seen.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (seen.length - 1);
      if (!(variance > 0)) continue;
      this.means[f] = centre;
      this.deviations[f] = MARGIN * Math.sqrt(variance);
      for (const shift of SHIFTS) alternatives.push([f, shift], [f, -shift]);
    }
    if (alternatives.length === 0)
      throw new MismatchError(
        `a detector needs ${LEAST} reference episodes or more, got ${reference.length}: record more before the change`,
      );
    this.alternatives = alternatives;
    this.logW = new Float64Array(alternatives.length);
    this.zero = new Int32Array(alternatives.length);
  }

  /** A feature in standard deviations of the reference. */
  standardised(features: ArrayLike<number>, f: number): number {
    return (features[f] - this.means[f]) / this.deviations[f];
  }

  /** ln of the mean evidence so far; an alarm is where it reaches `threshold`. */
  get evidence(): number {
    const most = this.logW.reduce((a, b) => Math.max(a, b), 0);
    return most + Math.log(this.logW.reduce((sum, w) => sum + Math.exp(w - most), 0) / this.logW.length);
  }

  /** One episode; an alarm where the evidence is enough. The statistics then begin anew. */
  observe(features: ArrayLike<number>): EpisodeAlarm | undefined {
    const { alternatives, logW, zero } = this;
    alternatives.forEach(([f, shift], k) => {
      if (logW[k] <= 0) {
        logW[k] = 0;
        zero[k] = this.time;
      }
      const z = this.standardised(features, f);
      if (!Number.isFinite(z)) return;
      const width = Math.max(1, VAGUE * Math.abs(shift));
      logW[k] += Math.log(student((z - shift) / width) / width / usual(z));
    });
    this.time++;
    if (this.evidence < this.threshold) return undefined;
    const most = logW.reduce((best, w, k) => (w > logW[best] ? k : best), 0);
    const [feature, shift] = alternatives[most];
    const alarm = { episode: this.time, since: zero[most], feature, shift };
    logW.fill(0);
    return alarm;
  }
}

/** Student's t, normalised: Γ(11/2) / (√(10π) Γ(5)) = 0.38911 */
function student(z: number): number {
  return 0.38911 * (1 + z ** 2 / FREEDOM) ** (-(FREEDOM + 1) / 2);
}

function usual(z: number): number {
  const { share, width } = RARE;
  return (1 - share) * student(z) + share / (Math.PI * width * (1 + (z / width) ** 2));
}

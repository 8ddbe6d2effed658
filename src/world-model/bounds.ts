import { studentQuantile } from "./student.ts";

/** What the widths of a model's bounds rest on. Saved with the model. */
export interface BoundScale {
  /** "critics": no next state was seen. "transitions": real ones that the fit did not see have measured the errors. */
  readonly basis: "critics" | "transitions";
  /** [d] RMS of one step over the region: what "nothing moves" is off by */
  readonly typical: Float64Array;
  /** The verdict on the critic was a refusal: nothing is trusted until transitions have measured it. */
  readonly refused: boolean;
  /** [n, d] |error| in units of the deviation, of n real transitions; empty on the basis of critics */
  readonly scores: Float64Array;
}

export const LEVEL = 0.9;

/**
 * Errors in units of the deviation, over critics and environments, follow c · T_ν: deviations are right in order of magnitude and no better, hence the heavy tail.
 * Fitted to development seeds of `vinverse reproduce uncertainty`, which prints what they cover on others and with each environment left out of the fit.
 */
export const PRIOR = { degrees: 3, scale: 0.63 };
/** Deviations below this part of a typical step are the rounding of float32 networks. */
const ROUNDING = 1e-4;
/** A coordinate is answered where the deviation that the bound stands for leaves less than half of the variance of a typical step. */
const ANSWERED = Math.SQRT1_2;
/** 90 % of a normal distribution lies within so many deviations. */
const NORMAL = 1.6448536269514722;

/** √(deviation² + rounding²): what scores are counted in. */
export function boundUnit(deviation: number, typical: number): number {
  return Number.isFinite(typical) ? Math.hypot(deviation, ROUNDING * typical) : deviation;
}

/** Scores of real transitions: |errors| in units of the deviation, [n, d] all. */
export function boundScores(errors: Float64Array, deviation: Float64Array, typical: Float64Array): Float64Array {
  const d = typical.length;
  return errors.map((error, i) => Math.abs(error) / boundUnit(deviation[i], typical[i % d]));
}

/**
 * [d] By how much units are multiplied to hold the true coordinate with probability `level`.
 * With n scores, the ⌈(n + 1) level⌉th smallest: for exchangeable transitions the coverage is at least `level` whatever the model (split conformal prediction:
 * Vovk, Gammerman and Shafer 2005; units: Lei et al. 2018). Where n is too small for that rank, and with none, Student's posterior predictive
 *     t_{ν+n}(level) · √((ν c² + Σ score²)/(ν + n))      (a conjugate update of c · T_ν)
 */
export function boundFactors({ scores, typical }: BoundScale, level: number): Float64Array {
  if (!(level > 0 && level < 1)) throw new RangeError(`a bound's level must lie between 0 and 1, got ${level}`);
  const d = typical.length;
  const n = scores.length / d;
  // a hair less than (n + 1) level, so that 0.9 of 10 is rank 9
  const rank = Math.ceil((n + 1) * level - 1e-9);
  if (rank <= n) return typical.map((_, j) => Float64Array.from({ length: n }, (_, b) => scores[b * d + j]).sort()[rank - 1]);
  const { degrees, scale } = PRIOR;
  const quantile = studentQuantile(level, degrees + n);
  return typical.map((_, j) => {
    let sum = degrees * scale * scale;
    for (let b = 0; b < n; b++) sum += scores[b * d + j] ** 2;
    return quantile * Math.sqrt(sum / (degrees + n));
  });
}

/**
 * @param deviation [n, d]
 * @returns [n, d] half widths at `level`, and 1 where the coordinate is answered, 0 where the model abstains
 */
export function boundsOf(
  deviation: Float64Array,
  bounds: BoundScale,
  level = LEVEL,
): { readonly bound: Float64Array; readonly trusted: Uint8Array } {
  const { typical, refused, basis } = bounds;
  const d = typical.length;
  const factors = boundFactors(bounds, level);
  const atLevel = level === LEVEL ? factors : boundFactors(bounds, LEVEL);
  const bound = new Float64Array(deviation.length);
  const trusted = new Uint8Array(deviation.length);
  const silent = refused && basis === "critics";
  for (let i = 0; i < deviation.length; i++) {
    const j = i % d;
    const unit = boundUnit(deviation[i], typical[j]);
    const half = factors[j] * unit;
    bound[i] = Number.isNaN(half) ? Infinity : half;
    trusted[i] = !silent && atLevel[j] * unit < ANSWERED * NORMAL * typical[j] ? 1 : 0;
  }
  return { bound, trusted };
}

/** What a model without a scale of its own goes by: it answers wherever its deviation is finite. */
export function unscaled(d: number): BoundScale {
  return { basis: "critics", typical: new Float64Array(d).fill(Infinity), refused: false, scores: new Float64Array(0) };
}

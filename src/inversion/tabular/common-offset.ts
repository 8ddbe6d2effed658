import { lowerBound } from "../../identifiability/sorted-values.ts";
import { argsort } from "../../numbers/argsort.ts";
import { median } from "../../numbers/statistics.ts";

/** Queries whose differences are tried, and those on which they are scored. */
const PROPOSERS = 64;
const SCORED = 512;
/** Columns tried on each side of a query. */
const REACH = 8;
/** An offset must explain this share of what is left without one: a lesser gain is what choosing among many gives by chance. */
const GAIN = 0.5;

/**
 * One constant b by which all targets of a head miss their columns: min over b of Σ_k min(min_s' |t_k + b − c(s')|, cap), cap half the median gap.
 * Values that are not yet converged rise together (V_k − V_{k−1} of value iteration is nearly the same everywhere; MacQueen 1966), and so do those of a reward
 * whose constant is not known. 0 where no constant explains the residuals.
 * @param columns [states] of one head; @param targets [n] of the same head
 */
export function commonOffset(columns: Float64Array, targets: Float64Array): number {
  const order = argsort(columns);
  const values = Float64Array.from(order, (s) => columns[s]);
  const gaps: number[] = [];
  for (let k = 1; k < values.length; k++) if (values[k] > values[k - 1]) gaps.push(values[k] - values[k - 1]);
  if (gaps.length === 0 || targets.length === 0) return 0;
  const cap = median(gaps) / 2;
  const scored = every(targets, SCORED);
  const residual = (x: number): number => {
    const right = lowerBound(values, x);
    const above = right < values.length ? values[right] - x : Number.POSITIVE_INFINITY;
    const below = right > 0 ? x - values[right - 1] : Number.POSITIVE_INFINITY;
    return above < below ? above : -below;
  };
  const score = (b: number): number => scored.reduce((sum, t) => sum + Math.min(cap, Math.abs(residual(t + b))), 0);

  const without = score(0);
  let best = 0;
  let least = without;
  for (const t of every(targets, PROPOSERS)) {
    const at = lowerBound(values, t);
    for (let j = Math.max(0, at - REACH); j < Math.min(values.length, at + REACH); j++) {
      const b = values[j] - t;
      const s = score(b);
      if (s < least || (s === least && Math.abs(b) < Math.abs(best))) {
        least = s;
        best = b;
      }
    }
  }
  if (!(least < GAIN * without)) return 0;
  const near = Array.from(scored, (t) => residual(t + best)).filter((d) => Math.abs(d) < cap);
  return near.length > 0 ? best + median(near) : best;
}

function every(values: Float64Array, most: number): Float64Array {
  const stride = Math.ceil(values.length / most);
  return values.filter((_, k) => k % stride === 0);
}

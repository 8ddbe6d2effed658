import { PlanningError } from "./errors.ts";
import type { Sweeps } from "./sweeps.ts";
import type { SweepOptions, TabularValues } from "./value-iteration.ts";

export interface IterationOptions extends Omit<SweepOptions, "stop"> {
  /** Most evaluation sweeps after each improvement: 0 is value iteration. */
  readonly evaluations?: number;
}

export interface Solution extends TabularValues {
  /** [states] first best action of the last improvement: greedy in values within `errorBound` of V* */
  readonly choice: Int32Array;
  /** Improvement sweeps among `swept`. */
  readonly improved: number;
}

const EVALUATIONS = 8;
/** An evaluation has done its work once its sweeps change this share of what the improvement did. */
const SETTLED = 0.1;
/** Two steps of an evaluation lie on one line where their squared cosine is above this: then their limit is extrapolated. */
const ALIGNED = 0.9;
const SLOWEST = 0.9999;

export interface IterationSettings {
  readonly discount: number;
  readonly tolerance: number;
  readonly sweeps: number;
  readonly evaluations: number;
}

export function settingsOf({
  discount,
  tolerance = 1e-10,
  sweeps = 1_000_000,
  evaluations = EVALUATIONS,
}: IterationOptions): IterationSettings {
  if (!(discount >= 0 && discount <= 1))
    throw new PlanningError("OPTION", `discount must lie in [0, 1], got ${discount}`, { field: "discount" });
  return { discount, tolerance, sweeps, evaluations };
}

export interface SweepBlock {
  /** [states], this thread's own */
  readonly v: Float64Array;
  readonly choice: Int32Array;
  readonly q: Float64Array;
  /** [blocks + 1] first state of each */
  readonly blocks: readonly number[];
  readonly block: number;
  /** Give the other blocks this one's values and get theirs: the largest change of all. */
  exchange(change: number): number;
}

export interface BlockRun {
  readonly change: number;
  readonly errorBound: number;
  readonly swept: number;
  readonly improved: number;
  /** Which of the two shared copies holds the end. */
  readonly last: number;
}

/** One block of states among others, or all of them. Every thread takes the same decisions. */
export function iterateBlock(sweeps: Sweeps, settings: IterationSettings, { v, choice, q, blocks, block, exchange }: SweepBlock): BlockRun {
  const { discount, tolerance, evaluations } = settings;
  const from = blocks[block];
  const to = blocks[block + 1];
  const before = new Float64Array(v.length);
  const step = new Float64Array(v.length);
  let swept = 0;
  let improved = 0;
  let change = Number.POSITIVE_INFINITY;
  let errorBound = Number.POSITIVE_INFINITY;
  while (swept < settings.sweeps) {
    change = exchange(sweeps.improve(v, choice, from, to, swept++ % 2 === 1));
    improved++;
    let scale = 0;
    for (let s = 0; s < v.length; s++) scale = Math.max(scale, Math.abs(v[s]));
    const rounding = 4 * Number.EPSILON * scale;
    errorBound = discount < 1 ? (discount * change + rounding) / (1 - discount) : change === 0 ? 0 : Number.POSITIVE_INFINITY;
    if (errorBound <= tolerance || change <= rounding) break;
    let remembered = false;
    for (let k = 0; k < evaluations && swept < settings.sweeps; k += 2) {
      before.set(v);
      const forth = exchange(sweeps.evaluate(v, choice, from, to, swept++ % 2 === 1));
      const back = exchange(sweeps.evaluate(v, choice, from, to, swept++ % 2 === 1));
      if (Math.max(forth, back) <= SETTLED * change) break;
      if (discount === 1) continue;
      let squared = 0;
      let crossed = 0;
      let earlier = 0;
      for (let s = 0; s < v.length; s++) {
        const d = v[s] - before[s];
        squared += d * d;
        crossed += d * step[s];
        earlier += step[s] * step[s];
        step[s] = d;
      }
      const ratio = crossed / earlier;
      if (remembered && crossed > 0 && crossed * crossed >= ALIGNED * squared * earlier && ratio < SLOWEST) {
        const ahead = ratio / (1 - ratio);
        for (let s = 0; s < v.length; s++) v[s] += ahead * step[s];
        remembered = false;
      } else remembered = true;
    }
  }
  sweeps.values(v, q, from, to);
  return { change, errorBound, swept, improved, last: (swept + 1) % 2 };
}

import { bellmanColumns, rewardClasses } from "../bellman/tabular.ts";
import type { TabularCritic } from "../critics/critic.ts";
import { columnSpectrum, type Spectrum } from "../numbers/singular-values.ts";
import { type ColumnIndex, headScale, indexColumns } from "./column-index.ts";
import { BEST, beginSearch, createNearest, RUNNER_UP } from "./nearest.ts";
import type { Verdict } from "./verdict.ts";

export interface TabularIdentifiability extends Spectrum {
  readonly states: number;
  readonly heads: number;
  /** [states] distance of each column to the nearest other one, in the matching norm; 0 in a tie */
  readonly gaps: Float64Array;
  /** δ, the least of them */
  readonly leastGap: number;
  /** The least that is not a tie; Infinity where there is none. */
  readonly leastSeparateGap: number;
  /** States that share their column with another. */
  readonly tiedStates: number;
  /** ε*: every next state is exact while no value errs by this or more. 0 where there are ties. */
  readonly errorBound: number;
  /** Answers farther from their target than values that err by less than ε* (of the states that are told apart) can be where one state follows. */
  readonly contradictions?: number;
  readonly verdict: Verdict;
}

export interface IdentifyTabularOptions {
  /** [heads]; equal when absent */
  readonly weights?: ArrayLike<number>;
  /** Columns closer than this are a tie, in units of value; 1e-9 of the largest column entry when absent. */
  readonly tolerance?: number;
  /** Sup-norm error ε_i of V_i and Q_i, one for all or [heads], where something is known of it. */
  readonly errors?: number | ArrayLike<number>;
  /** [pairs] distance of each matched answer's column from its target, root mean square over heads; NaN where there is no answer. */
  readonly distances?: ArrayLike<number>;
}

/**
 * ‖((1 + γ_i) ε_i)_i‖ in the matching norm: how far a target can lie from the column of the true next state.
 *
 * Theorem (Adamczyk 2025, theorem 2, is the case of one head; the proof is two triangle inequalities). Let |V̂_i − V_i| ≤ ε_i and |Q̂_i − Q_i| ≤ ε_i everywhere,
 * E = ‖((1 + γ_i) ε_i)_i‖ and δ = min over s ≠ s' of ‖c(s) − c(s')‖, c_i = γ_i V_i. If 2E < δ, the nearest column is that of the true next state, for every (s, a).
 * The target errs by at most ε_i and the true column by γ_i ε_i, so the true next state lies within E; every other column lies beyond δ − E > E.
 * δ may be taken over the true columns or over the measured ones. With one ε and one γ, and δ_V = δ/γ the gap of the values, this reads ε < δ_V / (2/γ + 2).
 * For one answer: a state farther than E from the target is ruled out, so the answer is certain once the runner-up is.
 */
export function targetError(discounts: ArrayLike<number>, errors: number | ArrayLike<number>, scale: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < scale.length; i++) sum += (scale[i] * (1 + discounts[i]) * (typeof errors === "number" ? errors : errors[i])) ** 2;
  return Math.sqrt(sum);
}

/** Which next states the heads can tell apart, and how wrong values may be before an answer changes. */
export function identifyTabular(critic: TabularCritic, options: IdentifyTabularOptions = {}): TabularIdentifiability {
  const heads = critic.heads.length;
  const gaps = new Float64Array(critic.states).fill(Number.POSITIVE_INFINITY);
  let separate = Number.POSITIVE_INFINITY;
  const scale = headScale(heads, options.weights);
  const { rewards } = rewardClasses(critic, critic.rewards);
  for (const reward of rewards) {
    const columns = bellmanColumns(critic, reward);
    const tolerance = options.tolerance ?? 1e-9 * columns.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    separate = Math.min(separate, columnGaps(indexColumns(columns, heads, options.weights), tolerance, gaps));
  }
  const leastGap = gaps.reduce((least, gap) => Math.min(least, gap), Number.POSITIVE_INFINITY);
  const discounts = critic.heads.map((head) => head.discount);
  const unit = 2 * targetError(discounts, 1, scale);
  const separateBound = separate / unit;
  const measured = {
    states: critic.states,
    heads,
    gaps,
    leastGap,
    leastSeparateGap: separate,
    tiedStates: gaps.reduce((count, gap) => count + (gap > 0 ? 0 : 1), 0),
    errorBound: leastGap / unit,
    ...columnSpectrum(bellmanColumns(critic, rewards[0]), heads, scale),
  };
  const error = options.errors === undefined ? undefined : targetError(discounts, options.errors, scale);
  // any heads of those that take part in an answer, so the largest factor of them
  const mostDistance = separateBound * (1 + Math.max(...discounts));
  const found = options.distances === undefined ? measured : { ...measured, contradictions: beyond(options.distances, mostDistance) };
  return { ...found, verdict: tabularVerdict(found, error, separateBound, options.distances?.length) };
}

/** Lower each state's gap to the distance of its column from the nearest other one, by search in the index itself. Returns the least that is not a tie. */
function columnGaps(index: ColumnIndex, tolerance: number, gaps: Float64Array): number {
  const { groups, values, offsets, members } = index.distinct;
  const found = createNearest(tolerance);
  let separate = Number.POSITIVE_INFINITY;
  for (let g = 0; g < groups; g++) {
    beginSearch(found);
    index.search(found, values, g * index.heads);
    const runnerUp = Math.sqrt(found.squared[RUNNER_UP]);
    separate = Math.min(separate, runnerUp);
    const alone = found.count === 1 && found.squared[BEST] === 0 && offsets[g + 1] - offsets[g] === 1;
    for (let m = offsets[g]; m < offsets[g + 1]; m++) gaps[members[m]] = Math.min(gaps[members[m]], alone ? runnerUp : 0);
  }
  return separate;
}

function beyond(distances: ArrayLike<number>, most: number): number {
  let count = 0;
  for (let k = 0; k < distances.length; k++) if (distances[k] > most) count++;
  return count;
}

function tabularVerdict(
  found: Omit<TabularIdentifiability, "verdict">,
  error: number | undefined,
  separateBound: number,
  answers = 0,
): Verdict {
  const { states, heads, gaps, tiedStates } = found;
  const over = heads === 1 ? "one head" : `${heads} heads`;
  const number = (x: number) => Number(x.toPrecision(3)).toString();
  const help: string[] = [];
  if (tiedStates > 0)
    help.push(
      "add heads (goals, cumulants or discounts): each one splits ties",
      "name the states that can follow each state, so that only they compete",
    );
  if (tiedStates === states)
    return { usable: false, sentence: `No state has values of its own under ${over}: next states cannot be told apart.`, help };
  const shared =
    tiedStates > 0
      ? `${tiedStates} of ${states} states share their values with another under ${over}, and next states among them stay ambiguous`
      : `All ${states} states differ in value under ${over}`;
  const { contradictions = 0 } = found;
  if (error === undefined && contradictions > 0) {
    help.push(
      "where several states can follow a pair, infer their probabilities: --method projection",
      "where one does, train the values further: they err by more than the gaps allow",
    );
    const sentence = `${shared}${tiedStates > 0 ? ";" : ", but"} ${contradictions} of ${answers} answers miss their equation by more than such values can: several states follow there, or values err by ${number(separateBound)} or more.`;
    return { usable: 2 * Math.max(contradictions / answers, tiedStates / states) <= 1, sentence, help };
  }
  if (error === undefined) {
    const sentence =
      tiedStates > 0
        ? `${shared}; the others lie at least ${number(found.leastSeparateGap)} apart.`
        : `${shared}: the least gap is ${number(found.leastGap)}, so every next state is exact while no value errs by ${number(found.errorBound)} or more.`;
    return { usable: 2 * tiedStates <= states, sentence, help };
  }
  const certain = gaps.reduce((count, gap) => count + (gap > 2 * error ? 1 : 0), 0);
  if (certain < states - tiedStates) help.push("train the values further: their error is above what the gaps allow");
  const sentence = `${shared}; values err by up to ${number(error)} where they are matched, which leaves ${certain} of ${states} states certain as next states.`;
  return { usable: 2 * certain >= states, sentence, help };
}

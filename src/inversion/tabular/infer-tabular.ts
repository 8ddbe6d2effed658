import { RefusalError } from "../../base/refusal-error.ts";
import { bellmanColumns, bellmanTargets, rewardClasses } from "../../bellman/tabular.ts";
import type { TabularCritic } from "../../critics/critic.ts";
import { headScale } from "../../identifiability/column-index.ts";
import { createTabularWorldModel, type TabularAnswers } from "../../world-model/tabular.ts";
import type { TabularWorldModel } from "../../world-model/world-model.ts";
import { type CandidateSets, type Matches, matchColumns } from "./matching.ts";
import { type Projections, projectColumns, type Undetermined } from "./projection.ts";

export interface InferTabularOptions {
  /** matching (one next state a pair) unless said otherwise; projection (a distribution) */
  readonly method?: "matching" | "projection";
  /** [heads, states, actions], instead of the critic's own. Where neither is known, heads are compared with each other: the reward they share cancels. */
  readonly rewards?: Float64Array;
  /** [heads], e.g. 1 / residual variance. Each critic counts once, whatever its number of heads, when absent. */
  readonly weights?: ArrayLike<number>;
  /** [heads, states, actions] 1 where the head speaks. When absent: wherever Q and r are finite and the head has not ended in the state itself. */
  readonly mask?: Uint8Array;
  readonly candidates?: CandidateSets;
  /** Projection: which distribution, where several fit; the first one met ("vertex") when absent. */
  readonly undetermined?: Undetermined;
  /** Matching: columns this close to the best one are a tie. */
  readonly tolerance?: number;
  /** No answer where even the best column is farther than this, in units of value, root mean square over heads. */
  readonly noneAbove?: number;
}

/** Projection: a separation below this share of the spread of the columns counts as none. */
const SEPARATE = 1e-7;

/** P̂(·|s,a) of every pair from the Bellman equations of a tabular critic. No transition is used. */
export function inferTabular(critic: TabularCritic, options: InferTabularOptions = {}): TabularWorldModel {
  return createTabularWorldModel(tabularAnswers(critic, options));
}

/** The same as plain tables. */
export function tabularAnswers(critic: TabularCritic, options: InferTabularOptions = {}): TabularAnswers {
  const { method = "matching", candidates, noneAbove = Number.POSITIVE_INFINITY } = options;
  const { states, actions } = critic;
  const heads = critic.heads.length;
  const pairs = states * actions;
  const rewards = options.rewards ?? critic.rewards;
  if (rewards && rewards.length !== heads * pairs)
    throw new RangeError(`rewards have ${rewards.length} entries, expected ${heads * pairs}`);
  const weights = options.weights ?? oncePerCritic(critic);
  const mask = options.mask ? transpose(options.mask, heads, pairs) : defaultMask(critic, rewards);
  const targets = bellmanTargets(critic, rewards);
  const cancel = rewards ? undefined : rewardCanceller(critic, weights, mask);
  cancel?.(targets);

  const offsets = new Int32Array(pairs + 1);
  const ambiguous = new Uint8Array(pairs);
  const residual = new Float64Array(pairs).fill(Number.NaN);
  const margin = new Float64Array(pairs).fill(Number.NaN);
  const classes = rewardClasses(critic, rewards);
  const parts = classes.rewards.map((reward, number): Part => {
    const own = pairsOf(classes.classOf, number);
    const columns = bellmanColumns(critic, reward);
    cancel?.(columns);
    const problem = {
      heads,
      columns,
      weights,
      targets: own.length === pairs ? targets : rowsOf(targets, heads, own),
      mask: mask && own.length < pairs ? rowsOf(mask, heads, own) : mask,
      candidates: candidates && own.length < pairs ? setsOf(candidates, own) : candidates,
    };
    const part =
      method === "matching"
        ? matchedPart(own, matchColumns({ ...problem, tolerance: options.tolerance }))
        : projectedPart(
            own,
            projectColumns({ ...problem, separation: true, undetermined: options.undetermined }),
            SEPARATE * columnSpread(columns, heads, weights),
          );
    own.forEach((k, j) => {
      const near = part.distance[j] <= noneAbove;
      offsets[k + 1] = near ? part.count(j) : 0;
      ambiguous[k] = near && part.isAmbiguous(j) ? 1 : 0;
      residual[k] = part.distance[j];
      margin[k] = part.margin[j];
    });
    return part;
  });
  for (let k = 0; k < pairs; k++) offsets[k + 1] += offsets[k];
  const nextStates = new Int32Array(offsets[pairs]);
  const probabilities = new Float64Array(offsets[pairs]);
  for (const { own, write } of parts)
    own.forEach((k, j) => {
      if (offsets[k] < offsets[k + 1]) write(j, nextStates, probabilities, offsets[k]);
    });
  const critics = [...new Set(critic.heads.map((head) => head.critic))];
  return { method, states, actions, critics, offsets, nextStates, probabilities, ambiguous, residual, margin };
}

/** Answers of the pairs of one reward class: counted first and written then, so that there is no list a pair. */
interface Part {
  readonly own: Int32Array;
  readonly distance: Float64Array;
  readonly margin: Float64Array;
  count(j: number): number;
  isAmbiguous(j: number): boolean;
  write(j: number, states: Int32Array, probabilities: Float64Array, at: number): void;
}

function matchedPart(own: Int32Array, found: Matches): Part {
  const { ties, nearest } = found;
  return {
    own,
    distance: found.distance,
    margin: found.runnerUp,
    count: (j) => ties[j],
    isAmbiguous: (j) => ties[j] > 1,
    write(j, states, probabilities, at) {
      if (ties[j] === 1) states[at] = nearest[j];
      else states.set(found.tied(j), at);
      probabilities.fill(1 / ties[j], at, at + ties[j]);
    },
  };
}

function projectedPart(own: Int32Array, found: Projections, separate: number): Part {
  const { offsets } = found;
  return {
    own,
    distance: found.distance,
    margin: found.separation,
    count: (j) => offsets[j + 1] - offsets[j],
    isAmbiguous: (j) => found.separation[j] <= separate,
    write(j, states, probabilities, at) {
      states.set(found.states.subarray(offsets[j], offsets[j + 1]), at);
      probabilities.set(found.probabilities.subarray(offsets[j], offsets[j + 1]), at);
    },
  };
}

function pairsOf(classOf: Int32Array, number: number): Int32Array {
  let count = 0;
  for (const own of classOf) if (own === number) count++;
  const pairs = new Int32Array(count);
  for (let k = 0, at = 0; at < count; k++) if (classOf[k] === number) pairs[at++] = k;
  return pairs;
}

/** w_i = 1 / number of heads of its critic */
function oncePerCritic(critic: TabularCritic): Float64Array {
  const counts = new Map<string, number>();
  for (const head of critic.heads) counts.set(head.critic, (counts.get(head.critic) ?? 0) + 1);
  return Float64Array.from(critic.heads, (head) => 1 / counts.get(head.critic)!);
}

/** [states · actions, heads], undefined where every head speaks everywhere. */
function defaultMask(critic: TabularCritic, rewards: Float64Array | undefined): Uint8Array | undefined {
  const heads = critic.heads.length;
  const pairs = critic.states * critic.actions;
  const mask = new Uint8Array(pairs * heads);
  let silent = false;
  for (let i = 0; i < heads; i++)
    for (let k = 0; k < pairs; k++) {
      const ended = critic.terminalValue && Number.isFinite(critic.terminalValue[i * critic.states + Math.floor(k / critic.actions)]);
      const target = critic.q[i * pairs + k] - (rewards ? rewards[i * pairs + k] : 0);
      if (Number.isFinite(target) && !ended) mask[k * heads + i] = 1;
      else silent = true;
    }
  return silent ? mask : undefined;
}

/** Takes the weighted mean over heads off every row: what all heads share is gone (Q_i − Q_j = γ_i V_i(s') − γ_j V_j(s')). */
function rewardCanceller(critic: TabularCritic, weights: ArrayLike<number>, mask: Uint8Array | undefined): (rows: Float64Array) => void {
  const heads = critic.heads.length;
  const [first] = critic.heads;
  if (heads === 1)
    throw new RefusalError(
      `critic ${critic.name}: its rewards are not known and there is no second head to cancel them against; give rewards (--reward)`,
    );
  if (mask || critic.heads.some((head) => head.rewardScale !== first.rewardScale))
    throw new RefusalError(
      `critic ${critic.name}: its rewards are not known and do not cancel, since heads differ in scale or are silent in places; give rewards (--reward)`,
    );
  const share = headScale(heads, weights).map((x) => x * x);
  return (rows) => {
    for (let at = 0; at < rows.length; at += heads) {
      let mean = 0;
      for (let i = 0; i < heads; i++) mean += share[i] * rows[at + i];
      for (let i = 0; i < heads; i++) rows[at + i] -= mean;
    }
  };
}

/** Root mean square distance of the columns from their mean, in the matching norm. */
function columnSpread(columns: Float64Array, heads: number, weights: ArrayLike<number>): number {
  const states = columns.length / heads;
  const scale = headScale(heads, weights);
  let sum = 0;
  for (let i = 0; i < heads; i++) {
    let mean = 0;
    for (let s = 0; s < states; s++) mean += columns[s * heads + i] / states;
    for (let s = 0; s < states; s++) sum += (scale[i] * (columns[s * heads + i] - mean)) ** 2 / states;
  }
  return Math.sqrt(sum);
}

/** [heads, pairs] → [pairs, heads] */
function transpose(mask: Uint8Array, heads: number, pairs: number): Uint8Array {
  if (mask.length !== heads * pairs) throw new RangeError(`mask has ${mask.length} entries, expected ${heads * pairs}`);
  const out = new Uint8Array(mask.length);
  for (let i = 0; i < heads; i++) for (let k = 0; k < pairs; k++) out[k * heads + i] = mask[i * pairs + k];
  return out;
}

function rowsOf<T extends Float64Array | Uint8Array>(rows: T, width: number, chosen: Int32Array): T {
  const out = rows.slice(0, chosen.length * width) as T;
  chosen.forEach((k, j) => {
    out.set(rows.subarray(k * width, (k + 1) * width), j * width);
  });
  return out;
}

/** One set a chosen pair. */
function setsOf(candidates: CandidateSets, chosen: Int32Array): CandidateSets {
  const parts = Array.from(chosen, (k) => {
    const set = Math.floor(k / candidates.queriesPerSet);
    return candidates.states.subarray(candidates.offsets[set], candidates.offsets[set + 1]);
  });
  const offsets = new Int32Array(parts.length + 1);
  parts.forEach((part, j) => {
    offsets[j + 1] = offsets[j] + part.length;
  });
  const states = new Int32Array(offsets[parts.length]);
  parts.forEach((part, j) => {
    states.set(part, offsets[j]);
  });
  return { offsets, states, queriesPerSet: 1 };
}

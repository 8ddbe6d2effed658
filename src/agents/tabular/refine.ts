import { sum } from "../../numbers/statistics.ts";
import type { Candidates } from "./candidates.ts";

const ROUNDS = 8;
/** A candidate with this weight stands for its pair while others are judged. */
const SURE = 0.8;
/** Log-odds are kept within this. */
const STRONGEST = 5;
const POOLED = 8;
/** Stays; or else squares that close or not × the inverse action returns surely, perhaps, not × another state is brought there × another action leads there. */
const SHAPES = 1 + 3 * 3 * 2 * 2;
/** Each with the displacement rare, occasional or common for its action. */
const FEATURES = 3 * SHAPES;
const [OCCASIONAL, COMMON] = [0.02, 0.2];

export interface RefineOptions {
  /** States are numbered by where they lie, so that an action mostly adds the same to the number. How often it does is learned; a numbering by lot teaches nothing. */
  readonly numbered?: boolean;
}

/**
 * Weights of ambiguous entries by empirical Bayes (Robbins 1956): how a world is built is learned from its unique entries and applied to the others. Features of "a leads
 * from s to t": t is s; the action that mostly undoes a leads back from t; a brings another state to t as well; another action of s leads to t; and whether actions
 * commute, s·a·b = s·b·a. What becomes sure in one round speaks in the next.
 * The log-odds of a feature are its frequency among unique entries against that among all candidates of ambiguous ones.
 */
export function refine(given: Candidates, { numbered = true }: RefineOptions = {}): Candidates {
  const { states, actions, offsets, next } = given;
  const pairs = states * actions;
  let weights = given.weights;
  for (let round = 0; round < ROUNDS; round++) {
    const likeliest = likeliestNext(given, weights);
    const built = featureOf(given, weights, likeliest);
    const displaced = numbered ? displacementOf(given) : () => 0;
    const feature = (k: number, t: number) => built(k, t) + SHAPES * displaced(k, t);
    const unique = new Float64Array((actions + 1) * FEATURES);
    const all = new Float64Array((actions + 1) * FEATURES);
    for (let k = 0; k < pairs; k++) {
      const counts = offsets[k + 1] - offsets[k] === 1 ? unique : all;
      for (let c = offsets[k]; c < offsets[k + 1]; c++) {
        const f = feature(k, next[c]);
        counts[(k % actions) * FEATURES + f]++;
        counts[actions * FEATURES + f]++;
      }
    }
    const odds = logOdds(unique, all, actions);
    const refined = given.weights.slice();
    for (let k = 0; k < pairs; k++) {
      if (offsets[k + 1] - offsets[k] < 2) continue;
      let total = 0;
      for (let c = offsets[k]; c < offsets[k + 1]; c++) {
        refined[c] *= odds[(k % actions) * FEATURES + feature(k, next[c])];
        total += refined[c];
      }
      for (let c = offsets[k]; c < offsets[k + 1]; c++) refined[c] /= total;
    }
    weights = refined;
  }
  return sorted({ ...given, weights });
}

/** [actions, FEATURES] exp of the log-odds, each action's own frequencies drawn towards those of all actions by `POOLED` pseudo-counts. */
function logOdds(unique: Float64Array, all: Float64Array, actions: number): Float64Array {
  const frequencies = (counts: Float64Array): Float64Array => {
    const pooled = counts.subarray(actions * FEATURES).map((x) => x + 0.5);
    const total = sum(pooled);
    return Float64Array.from({ length: actions * FEATURES }, (_, i) => {
      const own = counts.subarray(i - (i % FEATURES), i - (i % FEATURES) + FEATURES).reduce((sum, x) => sum + x, 0);
      return (counts[i] + (POOLED * pooled[i % FEATURES]) / total) / (own + POOLED);
    });
  };
  const among = frequencies(all);
  return frequencies(unique).map((x, i) => Math.exp(Math.max(-STRONGEST, Math.min(STRONGEST, Math.log(x / among[i])))));
}

/** [pairs] the state that stands for each pair, −1 where none is sure. */
function likeliestNext({ offsets, next }: Candidates, weights: Float64Array): Int32Array {
  const likeliest = new Int32Array(offsets.length - 1).fill(-1);
  for (let k = 0; k < likeliest.length; k++)
    for (let c = offsets[k]; c < offsets[k + 1]; c++) if (weights[c] > SURE) likeliest[k] = next[c];
  return likeliest;
}

/** Feature of "a leads from s to t" under what is likely of the other entries. */
function featureOf(
  { states, actions, offsets, next }: Candidates,
  weights: Float64Array,
  likeliest: Int32Array,
): (pair: number, t: number) => number {
  const inverse = inverseActions(likeliest, actions);
  // how many states a surely brings into t
  const claims = new Int32Array(states * actions);
  for (let k = 0; k < likeliest.length; k++)
    if (likeliest[k] >= 0 && likeliest[k] !== Math.floor(k / actions)) claims[likeliest[k] * actions + (k % actions)]++;
  const weightOf = (pair: number, t: number): number => {
    if (offsets[pair] === offsets[pair + 1]) return 0.5;
    for (let c = offsets[pair]; c < offsets[pair + 1]; c++) if (next[c] === t) return weights[c];
    return 0;
  };
  return (pair, t) => {
    const s = Math.floor(pair / actions);
    const a = pair % actions;
    if (t === s) return 0;
    let shared = 0;
    for (let b = 0; b < actions; b++) if (b !== a && likeliest[s * actions + b] === t) shared = 1;
    const back = inverse[a] < 0 ? 0.5 : weightOf(t * actions + inverse[a], s);
    const returns = back > SURE ? 2 : back > 0 ? 1 : 0;
    const claimed = claims[t * actions + a] - (likeliest[pair] === t ? 1 : 0) > 0 ? 1 : 0;
    let closes = 0;
    for (let b = 0; b < actions; b++) {
      const u = likeliest[s * actions + b];
      if (b === a || u < 0 || u === s) continue;
      const left = likeliest[t * actions + b];
      const right = likeliest[u * actions + a];
      if (left >= 0 && right >= 0) closes += left === right ? 1 : -1;
      else if (left >= 0) closes += weightOf(u * actions + a, left) > 0 ? 0 : -1;
      else if (right >= 0) closes += weightOf(t * actions + b, right) > 0 ? 0 : -1;
    }
    return 1 + (((closes === 0 ? 0 : closes > 0 ? 1 : 2) * 3 + returns) * 2 + claimed) * 2 + shared;
  };
}

/** How common t − s is among the unique moves of an action: 0 rare, 1 occasional, 2 common. */
function displacementOf({ actions, offsets, next }: Candidates): (pair: number, t: number) => number {
  const counts = Array.from({ length: actions }, () => new Map<number, number>());
  const totals = new Float64Array(actions);
  for (let k = 0; k + 1 < offsets.length; k++) {
    const by = offsets[k + 1] - offsets[k] === 1 ? next[offsets[k]] - Math.floor(k / actions) : 0;
    if (by === 0) continue;
    counts[k % actions].set(by, (counts[k % actions].get(by) ?? 0) + 1);
    totals[k % actions]++;
  }
  return (pair, t) => {
    const a = pair % actions;
    // the entry itself does not count: a displacement that occurs once says nothing of others
    const alone = offsets[pair + 1] - offsets[pair] === 1 ? 1 : 0;
    const share = ((counts[a].get(t - Math.floor(pair / actions)) ?? 0) - alone) / Math.max(1, totals[a] - alone);
    return share >= COMMON ? 2 : share >= OCCASIONAL ? 1 : 0;
  };
}

/** [actions] the action that undoes each one more often than not, −1 where none does. */
function inverseActions(likeliest: Int32Array, actions: number): Int32Array {
  const undone = new Float64Array(actions * actions);
  const moved = new Float64Array(actions);
  for (let k = 0; k < likeliest.length; k++) {
    const s = Math.floor(k / actions);
    const t = likeliest[k];
    if (t < 0 || t === s) continue;
    moved[k % actions]++;
    for (let b = 0; b < actions; b++) if (likeliest[t * actions + b] === s) undone[(k % actions) * actions + b]++;
  }
  return Int32Array.from({ length: actions }, (_, a) => {
    let most = 0;
    for (let b = 1; b < actions; b++) if (undone[a * actions + b] > undone[a * actions + most]) most = b;
    return undone[a * actions + most] > 0.25 * moved[a] ? most : -1;
  });
}

/** The likeliest first. */
function sorted({ states, actions, offsets, next, weights }: Candidates): Candidates {
  const orderedNext = next.slice();
  const orderedWeights = weights.slice();
  for (let k = 0; k + 1 < offsets.length; k++) {
    const list = Array.from({ length: offsets[k + 1] - offsets[k] }, (_, j) => offsets[k] + j);
    list.sort((a, b) => weights[b] - weights[a] || next[a] - next[b]);
    list.forEach((c, j) => {
      orderedNext[offsets[k] + j] = next[c];
      orderedWeights[offsets[k] + j] = weights[c];
    });
  }
  return { states, actions, offsets, next: orderedNext, weights: orderedWeights };
}

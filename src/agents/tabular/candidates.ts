import { bellmanColumns, bellmanTargets } from "../../bellman/tabular.ts";
import type { TabularCritic } from "../../critics/critic.ts";

/** Where each (state, action) pair may lead, with weights that sum to one: one sparse list a pair, the likeliest first; empty where no head speaks. */
export interface Candidates {
  readonly states: number;
  readonly actions: number;
  /** [pairs + 1] */
  readonly offsets: Int32Array;
  readonly next: Int32Array;
  readonly weights: Float64Array;
}

export interface CandidateOptions {
  /** σ, the critic's error in units of value; 0 for exact values: then only columns that fit to rounding are candidates. */
  readonly sigma?: number;
  /** [heads, states, actions] 1 where the head speaks. Wherever it has not ended in the state itself when absent. */
  readonly mask?: Uint8Array;
  /** Longest list where σ > 0. */
  readonly most?: number;
}

/** Candidates are given up beyond a weight of exp(−6) of the best. */
const DEEPEST = 6;
/** Columns within this of each other are equal where values are exact. */
const EXACT = 1e-7;

/**
 * ŝ'(s,a): all s' whose squared distance d²(s') = Σ_i (Q_i(s,a) − c_i(s'))² lies within 6 · 2σ² of the least, weighted exp(−(d² − min d²)/2σ²). Head i is left out where it has ended
 * (its goals), and where the mask says that Q_i(s, a) was never learned: there it says nothing, which is not the same as zero.
 */
export function candidateSets(critic: TabularCritic, options: CandidateOptions = {}): Candidates {
  const { states, actions, terminalValue, rewards } = critic;
  const { sigma = 0, mask, most = 64 } = options;
  const heads = critic.heads.length;
  const pairs = states * actions;
  const columns = bellmanColumns(critic);
  const targets = bellmanTargets(critic, rewards);
  const scale = 2 * Math.max(sigma, EXACT) ** 2;
  const reach = DEEPEST * scale;
  const offsets = new Int32Array(pairs + 1);
  const next: number[] = [];
  const weights: number[] = [];
  const squared = new Float64Array(states);
  const used = new Int32Array(heads);
  for (let k = 0; k < pairs; k++) {
    const s = Math.floor(k / actions);
    let n = 0;
    for (let i = 0; i < heads; i++)
      if (
        !(terminalValue && Number.isFinite(terminalValue[i * states + s])) &&
        (!mask || mask[i * pairs + k]) &&
        Number.isFinite(targets[k * heads + i])
      )
        used[n++] = i;
    if (n > 0) {
      let least = Number.POSITIVE_INFINITY;
      for (let t = 0; t < states; t++) {
        let sum = 0;
        const limit = least + reach;
        for (let j = 0; j < n && sum <= limit; j++) {
          const d = targets[k * heads + used[j]] - columns[t * heads + used[j]];
          sum += d * d;
        }
        squared[t] = sum;
        if (sum < least) least = sum;
      }
      const list: number[] = [];
      for (let t = 0; t < states; t++) if (squared[t] - least < reach) list.push(t);
      list.sort((a, b) => squared[a] - squared[b] || a - b);
      if (sigma > 0 && list.length > most) list.length = most;
      let total = 0;
      for (const t of list) total += Math.exp((least - squared[t]) / scale);
      for (const t of list) {
        next.push(t);
        weights.push(Math.exp((least - squared[t]) / scale) / total);
      }
    }
    offsets[k + 1] = next.length;
  }
  return { states, actions, offsets, next: Int32Array.from(next), weights: Float64Array.from(weights) };
}

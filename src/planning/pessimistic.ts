import type { Tables } from "../environments/environment.ts";
import type { SweepOptions } from "./value-iteration.ts";

export interface PessimisticValues {
  readonly q: Float64Array;
  readonly v: Float64Array;
  readonly errorBound: number;
}

/** Outcomes less likely than this are traces of an inference, not possible. */
const POSSIBLE = 1e-3;

/**
 * Q = (1 − κ) Σ_o p_o x_o + κ min_o x_o, x_o = T(s'_o) or r_o + γ(1 − d_o) V(s'_o): the share κ of a step goes to the worst next state that the model
 * holds possible (Iyengar 2005, an ε-contaminated robust Markov decision process). A γ-contraction, stopped by its bound.
 * @param pessimism κ from 0 (the expectation) to 1 (an adversary picks among the outcomes)
 */
export function pessimisticIteration(tables: Tables, pessimism: number, options: SweepOptions): PessimisticValues {
  if (!(pessimism >= 0 && pessimism <= 1)) throw new RangeError(`pessimism must lie in [0, 1], got ${pessimism}`);
  const { states, actions, offsets, nextStates, probabilities, terminated } = tables;
  const { discount, terminalValue, rewards = tables.rewards, tolerance = 1e-10, sweeps = 100_000 } = options;
  const q = new Float64Array(states * actions);
  const v = new Float64Array(states);
  let errorBound = Number.POSITIVE_INFINITY;
  for (let sweep = 0; sweep < sweeps && !(errorBound <= tolerance); sweep++) {
    let change = 0;
    let scale = 0;
    for (let s = 0; s < states; s++) {
      let best = Number.NEGATIVE_INFINITY;
      for (let k = s * actions; k < (s + 1) * actions; k++) {
        let mean = 0;
        let least = Number.POSITIVE_INFINITY;
        for (let o = offsets[k]; o < offsets[k + 1]; o++) {
          const next = nextStates[o];
          const terminal = terminalValue ? terminalValue[next] : Number.NaN;
          const x = Number.isFinite(terminal) ? terminal : rewards[o] + (terminated[o] ? 0 : discount * v[next]);
          mean += probabilities[o] * x;
          if (probabilities[o] >= POSSIBLE && x < least) least = x;
        }
        q[k] = pessimism > 0 ? (1 - pessimism) * mean + pessimism * least : mean;
        if (q[k] > best) best = q[k];
      }
      change = Math.max(change, Math.abs(best - v[s]));
      scale = Math.max(scale, Math.abs(best));
      v[s] = best;
    }
    const rounding = 4 * Number.EPSILON * scale;
    errorBound = discount < 1 ? (discount * change + rounding) / (1 - discount) : change === 0 ? 0 : Number.POSITIVE_INFINITY;
    if (change <= rounding) break;
  }
  return { q, v, errorBound };
}

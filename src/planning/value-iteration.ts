import type { Tables } from "../environments/environment.ts";

export interface SweepOptions {
  /** γ */
  readonly discount: number;
  /** r of each outcome, instead of the tables' own */
  readonly rewards?: Float64Array;
  /** [states] where finite, all that is got on arriving (reward included, nothing after); NaN elsewhere */
  readonly terminalValue?: Float64Array;
  /** Stop once this is reached: the proven sup-norm error of V and Q, or the change of a sweep where `stop` says so. */
  readonly tolerance?: number;
  readonly stop?: "bound" | "change";
  readonly sweeps?: number;
  readonly onSweep?: (sweep: number, change: number, errorBound: number) => void;
}

export interface TabularValues {
  /** [states, actions] */
  readonly q: Float64Array;
  /** [states] */
  readonly v: Float64Array;
  /** sup |V_k − V_{k−1}| of the last sweep */
  readonly change: number;
  /** Proven bound on sup |V − V*| and sup |Q − Q*|; Infinity where γ = 1 and the last sweep still changed something. */
  readonly errorBound: number;
  readonly swept: number;
}

/**
 * Value iteration, V ← max_a Σ_o p_o [T(s'_o) or r_o + γ(1 − d_o) V(s'_o)], stopped by the contraction bound
 * ‖V_k − V*‖∞ ≤ γ/(1−γ) ‖V_k − V_{k−1}‖∞ (Puterman, Markov Decision Processes, theorem 6.3.1), rounding included.
 */
export function valueIteration(tables: Tables, options: SweepOptions): TabularValues {
  return sweep(tables, options, (q, at, actions) => {
    let best = q[at];
    for (let a = 1; a < actions; a++) if (q[at + a] > best) best = q[at + a];
    return best;
  });
}

/** The same sweeps for a fixed policy π, [states, actions] of probabilities. */
export function evaluatePolicy(tables: Tables, policy: Float64Array, options: SweepOptions): TabularValues {
  return sweep(tables, options, (q, at, actions) => {
    let mean = 0;
    for (let a = 0; a < actions; a++) mean += policy[at + a] * q[at + a];
    return mean;
  });
}

type Summary = (q: Float64Array, at: number, actions: number) => number;

function sweep(tables: Tables, options: SweepOptions, summarise: Summary): TabularValues {
  const { states, actions, offsets, nextStates } = tables;
  const { discount, terminalValue, tolerance = 1e-10, stop = "bound", sweeps = 1_000_000 } = options;
  if (!(discount >= 0 && discount <= 1)) throw new RangeError(`discount must lie in [0, 1], got ${discount}`);
  const { constant, weight } = fold(tables, options.rewards ?? tables.rewards, discount, terminalValue);
  const pairs = states * actions;
  const q = new Float64Array(pairs);
  const v = new Float64Array(states);
  const previous = new Float64Array(states);
  let change = Number.POSITIVE_INFINITY;
  let errorBound = Number.POSITIVE_INFINITY;
  let swept = 0;
  while (swept < sweeps) {
    previous.set(v);
    for (let k = 0; k < pairs; k++) {
      let sum = constant[k];
      for (let o = offsets[k]; o < offsets[k + 1]; o++) sum += weight[o] * previous[nextStates[o]];
      q[k] = sum;
    }
    change = 0;
    let scale = 0;
    for (let s = 0; s < states; s++) {
      v[s] = summarise(q, s * actions, actions);
      change = Math.max(change, Math.abs(v[s] - previous[s]));
      scale = Math.max(scale, Math.abs(v[s]));
    }
    swept++;
    const rounding = 4 * Number.EPSILON * scale;
    errorBound = discount < 1 ? (discount * change + rounding) / (1 - discount) : change === 0 ? 0 : Number.POSITIVE_INFINITY;
    options.onSweep?.(swept, change, errorBound);
    if ((stop === "bound" ? errorBound : change) <= tolerance || change <= rounding) break;
  }
  return { q, v, change, errorBound, swept };
}

/** Q = constant + Σ_o weight_o V(s'_o), so that a sweep is one sparse product. */
function fold(tables: Tables, rewards: Float64Array, discount: number, terminalValue: Float64Array | undefined) {
  const { offsets, nextStates, probabilities, terminated } = tables;
  const constant = new Float64Array(offsets.length - 1);
  const weight = new Float64Array(nextStates.length);
  for (let k = 0; k < constant.length; k++)
    for (let o = offsets[k]; o < offsets[k + 1]; o++) {
      const terminal = terminalValue ? terminalValue[nextStates[o]] : Number.NaN;
      const ends = Number.isFinite(terminal);
      constant[k] += probabilities[o] * (ends ? terminal : rewards[o]);
      weight[o] = ends || terminated[o] ? 0 : discount * probabilities[o];
    }
  return { constant, weight };
}

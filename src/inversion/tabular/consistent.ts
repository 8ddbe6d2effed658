import type { MatchProblem } from "./matching.ts";

/** Which states a query leaves open, as one sparse list a query. */
export interface ConsistentStates {
  /** [n + 1] */
  readonly offsets: Int32Array;
  readonly states: Int32Array;
}

/**
 * Every s' with |(Q_i − r_i)(s,a) − c_i(s')| ≤ bound_i for all heads i in use. Where V_i and Q_i err by at most ε_i, bound_i = (1 + γ_i) ε_i never leaves the true next state out.
 * @param bounds [heads] in units of value
 */
export function consistentStates(problem: MatchProblem, bounds: ArrayLike<number>): ConsistentStates {
  const { heads, columns, targets, mask, candidates } = problem;
  const n = targets.length / heads;
  const states = columns.length / heads;
  const offsets = new Int32Array(n + 1);
  const open: number[] = [];
  const fits = (k: number, s: number): boolean => {
    for (let i = 0; i < heads; i++) {
      if (mask && !mask[k * heads + i]) continue;
      if (!(Math.abs(columns[s * heads + i] - targets[k * heads + i]) <= bounds[i])) return false;
    }
    return true;
  };
  for (let k = 0; k < n; k++) {
    const set = candidates ? Math.floor(k / candidates.queriesPerSet) : 0;
    const from = candidates ? candidates.offsets[set] : 0;
    const to = candidates ? candidates.offsets[set + 1] : states;
    for (let c = from; c < to; c++) {
      const s = candidates ? candidates.states[c] : c;
      if (fits(k, s)) open.push(s);
    }
    offsets[k + 1] = open.length;
  }
  return { offsets, states: Int32Array.from(open) };
}

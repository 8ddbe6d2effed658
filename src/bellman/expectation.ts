import type { Head } from "../critics/critic.ts";
import type { Session } from "../engine/index.ts";
import type { Rewards } from "./rewards.ts";

/** What a policy does in n states: J actions each, and what each weighs for every head. */
export interface PolicyPoints {
  /** J */
  readonly points: number;
  /** [n, J, m] */
  readonly actions: Float64Array;
  /** [n, J, k] */
  readonly weights: Float32Array;
}

/** Equations in expectation: Σ_j w_ji(s) V_i(s'(s, a_j)) = (V_i(s) − Σ_j w_ji(s) r(s, a_j)) / γ_i. */
export interface Expectation {
  points(states: Float64Array): Promise<PolicyPoints>;
  /** The right side: flat [n, k]. */
  targets(states: Float64Array): Promise<Float64Array>;
}

/** @param session "x" [N, d] → "actions" [N, J, m], "weights" [N, J, k], "values" [N, k] */
export function expectation(session: Session, heads: readonly Head[], d: number, rewards: Rewards): Expectation {
  const k = heads.length;
  const ask = async (states: Float64Array) => {
    const { actions, weights, values } = await session.run({ x: states });
    return {
      points: actions.dims[1],
      actions: Float64Array.from(actions.data as Float32Array),
      weights: weights.data as Float32Array,
      values: values.data as Float32Array,
    };
  };
  return {
    points: ask,
    async targets(states) {
      const n = states.length / d;
      const { points, actions, weights, values } = await ask(states);
      const reward = new Float64Array(n * points);
      rewards(repeatRows(states, d, points), actions, n * points, reward);
      const out = new Float64Array(n * k);
      for (let b = 0; b < n; b++) {
        for (let i = 0; i < k; i++) {
          let paid = heads[i].rewardOffset;
          for (let j = 0; j < points; j++) paid += weights[(b * points + j) * k + i] * reward[b * points + j] * heads[i].rewardScale;
          out[b * k + i] = (values[b * k + i] - paid) / heads[i].discount;
        }
      }
      return out;
    },
  };
}

/** [n, d] → [n · times, d] */
export function repeatRows(rows: Float64Array, d: number, times: number): Float64Array {
  const out = new Float64Array(rows.length * times);
  for (let b = 0; b * d < rows.length; b++) {
    const row = rows.subarray(b * d, (b + 1) * d);
    for (let j = 0; j < times; j++) out.set(row, (b * times + j) * d);
  }
  return out;
}

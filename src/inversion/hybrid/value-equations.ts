import type { BellmanSystem } from "../../bellman/system.ts";

/** What values alone say, without derivatives: any source of them will do, a table on a grid as well as a network. */
export interface ValueEquations extends Pick<BellmanSystem, "coordinates" | "heads" | "stateSize" | "targets"> {
  /** V_i of n states [n, d]: flat [n, k]. */
  values(states: Float64Array): Promise<Float32Array | Float64Array>;
}

/** Steps in which a value has arrived, above `silentAbove`: there the equation has no slope. */
const ARRIVED = 1;

/** Of each head, above which target an equation is silent and above which value a state has arrived; Infinity where it never does. */
export function silence({ heads }: Pick<ValueEquations, "heads">): { readonly silent: Float64Array; readonly arrived: Float64Array } {
  const silent = Float64Array.from(heads, (head) => head.silentAbove ?? Infinity);
  return { silent, arrived: silent.map((x) => x + ARRIVED) };
}

/** A mean over samples with its standard error. */
export interface Estimate {
  readonly mean: number;
  readonly error: number;
}

export function estimate(values: Float64Array): Estimate {
  const n = values.length;
  let mean = 0;
  for (const x of values) mean += x / n;
  let variance = 0;
  for (const x of values) variance += (x - mean) ** 2 / Math.max(1, n - 1);
  return { mean, error: Math.sqrt(variance / n) };
}

/** Residuals count up to this, in the heads' unit, so that a few wrong goals do not decide. */
const CAP = 5;

/** [n] Mean over the heads that have something to say of |V_i(s') − y_i|, capped; 0 where none has. */
export async function residualOf(equations: ValueEquations, nextStates: Float64Array, targets: Float64Array): Promise<Float64Array> {
  const k = equations.heads.length;
  const { silent } = silence(equations);
  const values = await equations.values(nextStates);
  return Float64Array.from({ length: targets.length / k }, (_, b) => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < k; i++) {
      if (targets[b * k + i] > silent[i]) continue;
      sum += Math.min(CAP, Math.abs(values[b * k + i] - targets[b * k + i]));
      count++;
    }
    return count === 0 ? 0 : sum / count;
  });
}

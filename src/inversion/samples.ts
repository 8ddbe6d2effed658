import { OptionError } from "../base/options.ts";
import type { BellmanSystem } from "../bellman/system.ts";
import { median, moments } from "../numbers/statistics.ts";

/** Where the equations are solved: states and what was done there, never what followed. */
export interface Samples {
  readonly n: number;
  /** [n, d] */
  readonly states: Float64Array;
  /** [n, m] */
  readonly actions: Float64Array;
}

/** The known side of every equation, and how far "nothing moves" is from it. */
export interface Equations extends Samples {
  /** y = (Q − r)/γ, [n, k] */
  readonly targets: Float64Array;
  /** V(s), [n, k] */
  readonly here: Float32Array;
  /** [d] mean and standard deviation of the states */
  readonly centre: Float64Array;
  readonly scale: Float64Array;
}

export async function equationsAt(system: BellmanSystem, samples: Samples): Promise<Equations> {
  const d = system.stateSize;
  const { n, states, actions } = samples;
  if (states.length !== n * d || actions.length !== n * system.actionSize)
    throw new OptionError("option 'samples': states must be [n, d] and actions [n, m]", { field: "samples" });
  const { centre, scale } = moments(states, d);
  return { n, states, actions, targets: await system.targets(states, actions), here: await system.values(states), centre, scale };
}

/** Root mean square over samples of a [n, k] difference, a head at a time: [k]. Huber's: beyond 3 of its own medians a difference counts as 3. */
export function headRms(differences: ArrayLike<number>, k: number): Float64Array {
  const n = differences.length / k;
  const out = new Float64Array(k);
  const column = new Float64Array(n);
  for (let i = 0; i < k; i++) {
    for (let b = 0; b < n; b++) column[b] = Math.abs(differences[b * k + i]);
    const most = 3 * 1.4826 * median(column);
    let sum = 0;
    for (let b = 0; b < n; b++) sum += Math.min(column[b], most || Infinity) ** 2;
    out[i] = Math.sqrt(sum / n);
  }
  return out;
}

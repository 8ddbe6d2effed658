import type { Random } from "../../numbers/random.ts";
import type { Discrete } from "../../spaces/space.ts";

export interface EpsilonSettings {
  readonly explorationFinalEps: number;
  readonly explorationFraction: number;
  readonly persistence: number;
}

/**
 * ε falls from 1 to its last value in the first part of training. A random action is kept for a geometric number of steps of mean L;
 * runs begin so often that a share ε of all steps is random: ε / (L − ε(L − 1)).
 */
export function epsilonGreedy(
  n: number,
  { n: actions, start }: Discrete,
  { explorationFinalEps, explorationFraction, persistence }: EpsilonSettings,
) {
  /** The action of the run that a copy is in; NaN outside of runs. */
  const memory = new Float64Array(n).fill(Number.NaN);
  return {
    memory,
    /** Replaces actions [n] by random ones. @param progress 0 … 1 of the training */
    apply(chosen: Float64Array, random: Random, progress: number): Float64Array {
      const epsilon = Math.max(explorationFinalEps, 1 - (1 - explorationFinalEps) * (progress / explorationFraction));
      const begins = epsilon / (persistence - epsilon * (persistence - 1));
      for (let i = 0; i < n; i++) {
        if (!Number.isNaN(memory[i]) && random.uniform() < 1 / persistence) memory[i] = Number.NaN;
        if (Number.isNaN(memory[i]) && random.uniform() < begins) memory[i] = start + random.integer(actions);
        if (!Number.isNaN(memory[i])) chosen[i] = memory[i];
      }
      return chosen;
    },
  };
}

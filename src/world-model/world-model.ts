import type { Coordinates } from "../environments/environment.ts";

/** What an inferred model says of n (state, action) pairs. */
export interface ContinuousPrediction {
  /** [n, d] */
  readonly nextStates: Float64Array;
  /** [n] root mean square of the whitened Bellman residuals at the answer: 1 is what the critic's own error explains */
  readonly residual: Float64Array;
  /** [n, d] one standard deviation by the linearised heads; Infinity where the heads cannot see the coordinate */
  readonly deviation: Float64Array;
}

/** How many states answer the equation. */
export type Answer = "found" | "ambiguous" | "none";

export interface TabularPrediction {
  /** [n] the best state, the first of a tie; −1 where none fits */
  readonly nextStates: Int32Array;
  readonly answers: readonly Answer[];
  /** every state that fits equally well, the best first */
  readonly candidates: readonly Int32Array[];
  /** probabilities of `candidates`; all 1 / ties for matching */
  readonly probabilities: readonly Float64Array[];
  /** [n] distance between Q and the answer's column, root mean square over heads */
  readonly residual: Float64Array;
  /** [n] half the gap to the nearest column that is not a tie: a value error below it, as the theorem counts it, cannot have changed the answer */
  readonly margin: Float64Array;
}

interface Model {
  readonly method: "matching" | "projection" | "pointwise" | "amortised";
  /** Write a folder: model.json and tensors.safetensors. The same model gives the same bytes. */
  save(folder: string): Promise<void>;
}

export interface ContinuousWorldModel extends Model {
  readonly kind: "continuous";
  readonly coordinates: Coordinates;
  /** @param states flat [n, d]; @param actions flat [n, m] */
  predict(states: ArrayLike<number>, actions: ArrayLike<number>): Promise<ContinuousPrediction>;
  /** States visited from `state` under `actions` [T, m]: flat [T + 1, d]. */
  rollout(state: ArrayLike<number>, actions: ArrayLike<number>): Promise<Float64Array>;
}

export interface TabularWorldModel extends Model {
  readonly kind: "tabular";
  readonly states: number;
  readonly actions: number;
  predict(states: ArrayLike<number>, actions: ArrayLike<number>): Promise<TabularPrediction>;
  /** Most likely states from `state` under `actions` [T]: [T + 1]. */
  rollout(state: number, actions: ArrayLike<number>): Promise<Int32Array>;
}

export type WorldModel = ContinuousWorldModel | TabularWorldModel;

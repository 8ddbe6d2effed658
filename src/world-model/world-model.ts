import type { Coordinates, Tables } from "../environments/environment.ts";

/** What an inferred model says of n (state, action) pairs. */
export interface ContinuousPrediction {
  /** [n, d] */
  readonly nextStates: Float64Array;
  /** [n] root mean square of the whitened Bellman residuals at the answer: 1 is what the critic's own error explains */
  readonly residual: Float64Array;
  /** [n, d] one standard deviation by the linearised heads; Infinity where the heads cannot see the coordinate */
  readonly deviation: Float64Array;
  /** [n, d] half width of the interval around `nextStates` that holds the true coordinate with probability `level`; Infinity where nothing is known */
  readonly bound: Float64Array;
  /** [n, d] 1 where the coordinate is answered; 0 where the model abstains: the heads say little of it, or the verdict on the critic was a refusal */
  readonly trusted: Uint8Array;
  /** [n, d, d] covariance of the next state around its mean, `nextStates`, where noise was inferred */
  readonly covariance?: Float64Array;
}

/** Where n steps lead by a model. */
export type ContinuousStep = Pick<ContinuousPrediction, "nextStates"> & Partial<Pick<ContinuousPrediction, "deviation">>;

export interface PredictOptions {
  /** Share of true coordinates that the bounds are to hold (0.9). */
  readonly level?: number;
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
  /**
   * [n] matching: distance of Q to the nearest column that is not a candidate. While ‖((1 + γ_i) ε_i)_i‖ of the values' errors ε_i is below it, the true state is a candidate.
   * Projection: σ; the same error moves at most its share of σ of the probability to states that are no candidates, 0 where others fit as well.
   */
  readonly margin: Float64Array;
}

export interface WorldModelBase {
  readonly method: "matching" | "projection" | "pointwise" | "amortised";
  /** Write a folder: model.json and tensors.safetensors. The same model gives the same bytes. */
  save(folder: string): Promise<void>;
}

export interface ContinuousWorldModel extends WorldModelBase {
  readonly kind: "continuous";
  readonly coordinates: Coordinates;
  /** d, the number of coordinates */
  readonly stateSize: number;
  /** @param states flat [n, d]; @param actions flat [n, m] */
  predict(states: ArrayLike<number>, actions: ArrayLike<number>, options?: PredictOptions): Promise<ContinuousPrediction>;
  /**
   * The same as planners ask it, without bounds: next states [n, d] of states [n, d] under actions [n, m]. `deviation` [n, d] is there where it is asked for;
   * an amortised model answers much faster without it.
   */
  step(states: Float64Array, actions: Float64Array, n: number, wantsDeviation?: boolean): Promise<ContinuousStep>;
  /** What the critic does in states [n, d]: flat [n, m]. A score is then taken where that leads; absent, where random actions lead. */
  readonly policy?: (states: Float64Array) => Promise<ArrayLike<number>>;
  /** Free the sessions of its networks; it answers no more. */
  release(): Promise<void>;
  /** States visited from `state` under `actions` [T, m]: flat [T + 1, d]; means, or drawn from the noise that was inferred where a seed is given. */
  rollout(state: ArrayLike<number>, actions: ArrayLike<number>, options?: { readonly seed?: number }): Promise<Float64Array>;
}

export interface TabularWorldModel extends WorldModelBase {
  readonly kind: "tabular";
  readonly states: number;
  readonly actions: number;
  predict(states: ArrayLike<number>, actions: ArrayLike<number>): Promise<TabularPrediction>;
  /** Most likely states from `state` under `actions` [T]: [T + 1]; −1 from where no state fits. */
  rollout(state: number, actions: ArrayLike<number>): Promise<Int32Array>;
  /** P as tables that planners run on: what is ambiguous is shared out evenly, what is unknown stays where it is. */
  transitions(options?: TransitionOptions): Tables;
}

/** What the model does not know of itself: what a new task pays, and where it ends and starts. */
export interface TransitionOptions {
  /** [states, actions] r(s, a); 0 when absent */
  readonly rewards?: ArrayLike<number>;
  /** [states] true where arriving ends the episode */
  readonly terminal?: ArrayLike<number | boolean>;
  /** [states]; uniform when absent */
  readonly initial?: Float64Array;
}

export type WorldModel = ContinuousWorldModel | TabularWorldModel;

/** What a planner of a finite world hands back. */
export interface TabularPolicy {
  readonly kind: "tabular";
  readonly states: number;
  readonly actions: number;
  /** [states] */
  readonly choice: Int32Array;
  /** [states, actions] values in the model that was planned in */
  readonly q: Float64Array;
  /** [states] */
  readonly v: Float64Array;
  /** Proven bound on sup |V − V*| in that model. */
  readonly errorBound: number;
  act(state: number): number;
}

/** What a planner of a continuous world hands back: it plans anew at every step, from where the last plan left off. */
export interface ContinuousPolicy {
  readonly kind: "continuous";
  /** @param state [d] @returns the action [m] */
  act(state: ArrayLike<number>): Promise<Float64Array>;
  /** Forget the last plan: a new episode begins. */
  reset(): void;
}

export type Policy = TabularPolicy | ContinuousPolicy;

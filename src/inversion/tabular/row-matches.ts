/** Answers to queries, one a row. */
export interface MatchRows {
  /** [n] the nearest state, the lowest of equals; −1 where no head speaks or there is no candidate */
  readonly nearest: Int32Array;
  /** [n] ‖target − its column‖ */
  readonly distance: Float64Array;
  /** [n] the same of the nearest column outside the tie; Infinity where there is none */
  readonly runnerUp: Float64Array;
  /** [n] number of states in the tie, 1 where the answer is unique */
  readonly ties: Int32Array;
}

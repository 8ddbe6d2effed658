import type { Graph, Value } from "../engine/graph.ts";
import type { Random } from "../engine/random.ts";
import type { Space } from "../spaces/space.ts";

/** Observation of a step: a vector, or the number of a finite state. */
export type Observation = Float64Array | number;
export type Action = Float64Array | readonly number[] | number;

export interface Step {
  readonly observation: Observation;
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly info: Readonly<Record<string, unknown>>;
}

/** Gymnasium's API. `state` is a copy of the full internal state (elapsed steps included) that can be set again. */
export interface Environment {
  readonly id: string;
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  state: Float64Array;
  reset(options?: { readonly seed?: number; readonly options?: Readonly<Record<string, unknown>> }): {
    readonly observation: Observation;
    readonly info: Readonly<Record<string, unknown>>;
  };
  step(action: Action): Step;
  /** The laws of a continuous environment, in batch. */
  readonly physics?: Physics;
  /** The laws of a finite one. */
  readonly tables?: Tables;
}

/**
 * The coordinates in which the state of a continuous environment is inferred, and how a critic sees them.
 * Knowing them is knowing what is measured, not how it moves.
 */
export interface Coordinates {
  /** [d] */
  readonly names: readonly string[];
  /** [d] true where the coordinate is an angle in radians, wrapped to (−π, π] */
  readonly angular: readonly boolean[];
  /** [d] bounds of the states that occur; may be infinite */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** [d] index of the coordinate that is this one's rate of change, or null. Used only where kinematic structure is asked for. */
  readonly rateOf: readonly (number | null)[];
  /** Append the observation [N, o] of states [N, d] to the states' graph. */
  observe(states: Value): Value;
  /** [n, o] → [n, d] */
  fromObservations(observations: Float64Array, n: number): Float64Array;
}

/** Pure batch dynamics. States are [n, d] in the order of `coordinates`; actions [n, m] (m = 1 for Discrete). */
export interface Physics {
  readonly coordinates: Coordinates;
  /** Horizon after which an episode is truncated. */
  readonly horizon: number;
  initialState(random: Random): Float64Array;
  /** r(s, a) of a transition that does not end the episode: all that inversion may know. */
  rewards(states: Float64Array, actions: Float64Array, n: number, out: Float64Array): void;
  /** Ground truth, for scoring and simulation only. `terminated` holds 0 or 1. */
  step(states: Float64Array, actions: Float64Array, n: number, out: Transitions): void;
}

export interface Transitions {
  /** [n, d] */
  readonly nextStates: Float64Array;
  /** [n] */
  readonly rewards: Float64Array;
  /** [n] 0 or 1 */
  readonly terminated: Uint8Array;
}

/** P and r of a finite environment, as one compressed sparse list a (state, action) pair. */
export interface Tables {
  readonly states: number;
  readonly actions: number;
  /** [states · actions + 1] where the outcomes of pair s · actions + a begin */
  readonly offsets: Int32Array;
  /** [outcomes] */
  readonly nextStates: Int32Array;
  readonly probabilities: Float64Array;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  /** Probability of starting in each state, [states]. */
  readonly initial: Float64Array;
}

/** Kept for signatures that build graphs. */
export type { Graph, Value };

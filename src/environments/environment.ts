import type { Value } from "../engine/graph.ts";
import type { Random } from "../numbers/random.ts";
import type { Box, Space } from "../spaces/space.ts";

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

/** Gymnasium's API. Stepping past the end of an episode is not refused: the caller resets. */
export interface Environment {
  readonly id: string;
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  /** Steps after which an episode is truncated; Infinity where there is no limit. */
  readonly horizon: number;
  /**
   * A copy of the full internal state: the coordinates [d] (or the number of the finite state), the elapsed steps, the random generator [5].
   * Setting all of it gives bit-identical futures; setting the first d alone starts an episode there and leaves the generator.
   */
  get state(): Float64Array;
  set state(value: ArrayLike<number>);
  /** `options.state` starts the episode in a given state; without a seed the generator goes on (from seed 0 where there never was one). */
  reset(options?: { readonly seed?: number; readonly options?: Readonly<Record<string, unknown>> }): {
    readonly observation: Observation;
    readonly info: Readonly<Record<string, unknown>>;
  };
  step(action: Action): Step;
  /** The laws of a continuous environment, in batch. */
  readonly physics?: Physics;
  /** In which coordinates its state is inferred: those of `physics`, or what is seen of a larger state. */
  readonly coordinates?: Coordinates;
  /** How it is stepped in batch, where it has no tables. */
  readonly simulation?: Simulation;
  /** The laws of a finite one. */
  readonly tables?: Tables;
  /** The same, as a tabular world model gives its own: planners take either. */
  transitions?(): Tables;
  /** Where the finite states lie, for worlds on a grid. */
  readonly grid?: Grid;
}

/** A rectangle of cells, some of which are states. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  /** [states] row · columns + column */
  readonly cells: Int32Array;
  /** [rows · columns] number of the state, −1 for a wall */
  readonly stateAt: Int32Array;
}

/** One coordinate of a state, as people write it down. */
export interface CoordinateDeclaration {
  readonly name: string;
  /** Bounds of the states that occur; without them it has none. An angle has ±π. */
  readonly low?: number;
  readonly high?: number;
  /** An angle in radians, kept in (−π, π]. */
  readonly angular?: boolean;
  /** Name of the coordinate whose rate of change this one is. */
  readonly rateOf?: string;
  /** "itself" (default): one number of the observation; "cosine and sine": two, of an angle. */
  readonly observed?: "itself" | "cosine and sine";
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
  /** The list that they were made from, where they are no program. */
  readonly declared?: readonly CoordinateDeclaration[];
  /** Append the observation [N, o] of states [N, d] to the states' graph. */
  observe(states: Value): Value;
  /** [n, o] → [n, d] */
  fromObservations(observations: Float64Array, n: number): Float64Array;
}

/**
 * A task whose goal is seen: an observation begins with the achieved goal [g] and the desired one [g], Gymnasium's goal environments flattened.
 * The reward is a function of these two alone, and arriving ends nothing: an episode can be told again with another goal.
 */
export interface GoalTask {
  /** g */
  readonly size: number;
  /** @param achieved [n, g] after the step @param desired [n, g] @param out [n] */
  rewards(achieved: Float64Array, desired: Float64Array, n: number, out: Float64Array): void;
}

export interface VisitedCoordinates {
  readonly n: number;
  readonly states: Float64Array;
  readonly actions: Float64Array;
  readonly nextStates: Float64Array;
}

/** Batch dynamics of a game or a physical system: what stepping needs, and no more. */
export interface Simulation {
  /** d */
  readonly stateSize: number;
  readonly observationSpace: Box;
  readonly actionSpace: Space;
  readonly horizon: number;
  /** Where the goal is part of what is observed. */
  readonly goals?: GoalTask;
  /** What of the state is seen and can be inferred, where the rest hardly matters. */
  readonly coordinates?: Coordinates;
  /**
   * States worth asking about in these coordinates, what was done there, [n, d] and [n, m], and where it led (for scoring, not for inference):
   * a behaviour of its own, where random actions would meet nothing.
   */
  visit?(n: number, seed: number): VisitedCoordinates;
  initialState(random: Random, out?: Float64Array, offset?: number): Float64Array;
  observations(states: Float64Array, n: number, out: Float64Array): void;
  step(states: Float64Array, actions: Float64Array, n: number, out: Transitions): void;
  /** As `Physics` has them, of the states here. Absent where steps pay or end otherwise than by these alone, at random for instance. */
  ended?(states: Float64Array, n: number, out: Uint8Array): void;
  reward?(states: Float64Array, actions: Float64Array, nextStates: Float64Array, n: number, out: Float64Array): void;
}

/** Pure batch dynamics whose states can be inferred. States are [n, d] in the order of `coordinates`; actions [n, m] (m = 1 for Discrete). */
export interface Physics {
  readonly coordinates: Coordinates;
  readonly observationSpace: Box;
  readonly actionSpace: Space;
  /** Horizon after which an episode is truncated. */
  readonly horizon: number;
  /** Draw a first state [d] into `out` at `offset` (both optional) and return `out`. */
  initialState(random: Random, out?: Float64Array, offset?: number): Float64Array;
  /** Observations [n, o] of states [n, d]: the same numbers as `coordinates.observe`. */
  observations(states: Float64Array, n: number, out: Float64Array): void;
  /** r(s, a) of a transition that does not end the episode: all that inversion may know. */
  rewards(states: Float64Array, actions: Float64Array, n: number, out: Float64Array): void;
  /** d(s'): write 1 to `out` [n] where arriving in states [n, d] ends the episode, else 0. */
  ended(states: Float64Array, n: number, out: Uint8Array): void;
  /** r(s, a, s') of any transition, one that ends the episode included: what `step` pays for it. @param nextStates [n, d] @param out [n] */
  reward(states: Float64Array, actions: Float64Array, nextStates: Float64Array, n: number, out: Float64Array): void;
  /** Ground truth, for scoring and simulation only. `terminated` holds 0 or 1. `out.nextStates` may be `states` itself. */
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

/**
 * P and r of a finite environment, as one compressed sparse list of outcomes a (state, action) pair.
 * A next state may occur more than once in a list (with another reward, or as Gymnasium lists it): add, do not assign.
 */
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

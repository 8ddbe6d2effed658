import type { Value } from "../engine/graph.ts";
import type { Space } from "../spaces/space.ts";

/** One value function: one Bellman equation on the unknown next state. */
export interface Head {
  readonly name: string;
  /** The critic (file) it belongs to: each critic counts once, however many heads it has. */
  readonly critic: string;
  /** γ */
  readonly discount: number;
  /** The critic's reward is the environment's times this, plus `rewardOffset`: VecNormalize divides by a running deviation; 1 and 0 elsewhere. */
  readonly rewardScale: number;
  readonly rewardOffset: number;
  /** The goal of a goal-conditioned head, in the units of achieved_goal. */
  readonly goal?: readonly number[];
  /** The signal that a general value function accumulates in place of the reward: heads of different signals are different questions. */
  readonly cumulant?: string;
  /** RMS of V(s') − (Q(s,a) − r)/γ over transitions that training held out, where it was measured. */
  readonly residual?: number;
  /** Where the known side (Q − r)/γ is above this, the equation says no more than that the next state has arrived: it is left out. */
  readonly silentAbove?: number;
}

export interface CriticBase {
  /** What the file or its trainer calls itself, e.g. "dqn CartPole-v1". */
  readonly name: string;
  /** DQN, QR-DQN, SAC, TQC, TD3, DDPG, PPO, A2C, TRPO, tabular, … */
  readonly algorithm: string;
  /** Gymnasium id where the file says so. */
  readonly environment?: string;
  readonly heads: readonly Head[];
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  /**
   * Q of every head.
   * @param observations flat [n, o] (Dict: sorted key order), before any normalisation; state numbers [n] for a table
   * @param actions [n] for Discrete, flat [n, m] in the environment's units for Box
   * @returns flat [n, heads]
   * @throws TypeError for a critic of state values, which has none
   */
  actionValues(observations: Numbers, actions: Numbers): Promise<Float64Array>;
  /** V of every head as the algorithm trained it: flat [n, heads]. */
  stateValues(observations: Numbers): Promise<Float64Array>;
}

/** Typed arrays, plain arrays, or rows. */
export type Numbers = ArrayLike<number> | readonly ArrayLike<number>[];

/**
 * What the values of a network critic mean, which decides how they are inverted: a smooth function of the next state ("values"), steps to sparse goals,
 * with cliffs at the goals and silence inside ("steps-to-go"), or discounted means of the coordinates themselves ("coordinates").
 */
export type CriticForm = "values" | "steps-to-go" | "coordinates";

/** A critic whose values are graphs of the engine, so that they can be differentiated. */
export interface NetworkCritic extends CriticBase {
  readonly kind: "network";
  readonly form: CriticForm;
  readonly observationSize: number;
  /** 1 for Discrete. */
  readonly actionSize: number;
  /** Append Q [N, heads] of observations [N, o] and actions [N, m] (float32; Discrete: the action's number). */
  actionValueGraph(observations: Value, actions: Value): Value;
  /** Append V [N, heads]. */
  stateValueGraph(observations: Value): Value;
  /** Append r_i(s, a) [N, heads] where heads have cumulants of their own; heads without one beside such, and all heads without it, have the environment's reward. */
  rewardGraph?(observations: Value, actions: Value): Value;
  /** Append the greedy (or mean) action [N, m] in the environment's units, where the critic has one. */
  policyGraph?(observations: Value): Value;
}

/**
 * A critic that values the states of one policy, and no actions: V_i(s) = E_{a~π}[r(s, a) + γ_i V_i(s')]. PPO, A2C, TRPO.
 * Each head is one equation a state, on the next states of all its actions together.
 */
export interface StateValueCritic extends CriticBase {
  readonly kind: "state-values";
  readonly observationSize: number;
  /** 1 for Discrete. */
  readonly actionSize: number;
  /** Append V [N, heads]. */
  stateValueGraph(observations: Value): Value;
  /** Append the likeliest action [N, m] in the environment's units. */
  policyGraph(observations: Value): Value;
  /**
   * Append actions [N, J, m] as the environment receives them and their weights [N, J, heads], so that Σ_j w_ji g(a_j) = E_{a~π_i} g(a):
   * exactly over a Discrete space, by quadrature over a Box.
   */
  policyDistribution(observations: Value): { readonly actions: Value; readonly weights: Value };
  /** Name of π's family, for people. */
  readonly policy: string;
}

/** A critic that is a table. */
export interface TabularCritic extends CriticBase {
  readonly kind: "tabular";
  readonly states: number;
  readonly actions: number;
  /** [heads, states, actions] */
  readonly q: Float64Array;
  /** [heads, states] */
  readonly v: Float64Array;
  /**
   * Reward r_i(s, a) of each head, [heads, states, actions], or undefined where it is not known. NaN: the action ends the episode, so Q is all it gives.
   * Terminal rule: entry [i, s] of `terminalValue` where finite is all that head i gets on arriving in s (reward included, nothing after), NaN elsewhere.
   */
  readonly rewards?: Float64Array;
  readonly terminalValue?: Float64Array;
  /** Names of states, where the file has them, e.g. [row, column]. */
  readonly stateNames?: readonly string[];
  readonly actionNames?: readonly string[];
}

export type Critic = NetworkCritic | StateValueCritic | TabularCritic;

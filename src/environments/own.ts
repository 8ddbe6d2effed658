import { type AcrobotOptions, acrobotRegistration } from "./acrobot.ts";
import { type ArmPickAndPlaceOptions, armPickAndPlaceRegistration } from "./arm/pick-and-place.ts";
import { type ArmReachOptions, armReachRegistration } from "./arm/reach.ts";
import { type BlackjackOptions, blackjackRegistration } from "./blackjack.ts";
import { type BreakoutOptions, breakoutRegistration } from "./breakout.ts";
import { type CartPoleOptions, cartPoleRegistration } from "./cart-pole.ts";
import { type CliffWalkingOptions, cliffWalkingRegistration } from "./cliff-walking.ts";
import { fourRooms104Registration, fourRoomsRegistration, type GridWorldEnvironmentOptions, gridWorldRegistration } from "./four-rooms.ts";
import { type FrozenLakeOptions, frozenLakeRegistration } from "./frozen-lake.ts";
import { type MountainCarOptions, mountainCarRegistration } from "./mountain-car.ts";
import { type MountainCarContinuousOptions, mountainCarContinuousRegistration } from "./mountain-car-continuous.ts";
import { type MountainCarGoalOptions, mountainCarGoalRegistration } from "./mountain-car-goal.ts";
import { type MountainCarReachOptions, mountainCarReachRegistration } from "./mountain-car-reach.ts";
import { type PendulumOptions, pendulumRegistration } from "./pendulum.ts";
import { type ReacherOptions, reacherRegistration } from "./reacher.ts";
import { type SokobanOptions, sokobanRegistration } from "./sokoban.ts";
import { type TaxiOptions, taxiRegistration } from "./taxi.ts";
import { type TicTacToeOptions, ticTacToeRegistration } from "./tic-tac-toe.ts";

export type { AcrobotOptions } from "./acrobot.ts";
export type { ArmPickAndPlaceOptions } from "./arm/pick-and-place.ts";
export type { ArmReachOptions } from "./arm/reach.ts";
export type { BlackjackOptions } from "./blackjack.ts";
export type { BreakoutOptions } from "./breakout.ts";
export type { CartPoleOptions } from "./cart-pole.ts";
export type { CliffWalkingOptions } from "./cliff-walking.ts";
export type { GridWorldEnvironmentOptions } from "./four-rooms.ts";
export type { FrozenLakeOptions } from "./frozen-lake.ts";
export type { MountainCarOptions } from "./mountain-car.ts";
export type { MountainCarContinuousOptions } from "./mountain-car-continuous.ts";
export type { MountainCarGoalOptions } from "./mountain-car-goal.ts";
export type { MountainCarReachOptions } from "./mountain-car-reach.ts";
export type { PendulumOptions } from "./pendulum.ts";
export type { ReacherOptions } from "./reacher.ts";
export type { SokobanOptions } from "./sokoban.ts";
export type { TaxiOptions } from "./taxi.ts";
export type { TicTacToeOptions } from "./tic-tac-toe.ts";

/** The options of each of our environments, by id. All know `maxEpisodeSteps`. */
export interface EnvironmentOptions {
  readonly "Acrobot-v1": AcrobotOptions;
  readonly "ArmPickAndPlace-v0": ArmPickAndPlaceOptions;
  readonly "ArmReach-v0": ArmReachOptions;
  readonly "Blackjack-v1": BlackjackOptions;
  readonly "Breakout-v0": BreakoutOptions;
  readonly "CartPole-v1": CartPoleOptions;
  readonly "CliffWalking-v1": CliffWalkingOptions;
  readonly "FourRooms-v0": GridWorldEnvironmentOptions;
  readonly "FourRooms104-v0": GridWorldEnvironmentOptions;
  readonly "GridWorld-v0": GridWorldEnvironmentOptions;
  readonly "FrozenLake-v1": FrozenLakeOptions;
  readonly "FrozenLake8x8-v1": FrozenLakeOptions;
  readonly "MountainCar-v0": MountainCarOptions;
  readonly "MountainCarContinuous-v0": MountainCarContinuousOptions;
  readonly "MountainCarGoal-v0": MountainCarGoalOptions;
  readonly "MountainCarReach-v0": MountainCarReachOptions;
  readonly "Pendulum-v1": PendulumOptions;
  readonly "Reacher-v0": ReacherOptions;
  readonly "Sokoban-v0": SokobanOptions;
  readonly "Taxi-v4": TaxiOptions;
  readonly "Taxi-v3": TaxiOptions;
  readonly "TicTacToe-v0": TicTacToeOptions;
  readonly "TicTacToePerfect-v0": TicTacToeOptions;
}

/** Our own environments. Adding one is its file and its lines here. The default export: every named one is a public type (`export type *` in index.ts). */
export default [
  acrobotRegistration,
  armPickAndPlaceRegistration,
  armReachRegistration,
  blackjackRegistration,
  breakoutRegistration,
  cartPoleRegistration,
  cliffWalkingRegistration,
  fourRoomsRegistration,
  fourRooms104Registration,
  gridWorldRegistration,
  frozenLakeRegistration,
  mountainCarRegistration,
  mountainCarContinuousRegistration,
  mountainCarGoalRegistration,
  mountainCarReachRegistration,
  pendulumRegistration,
  reacherRegistration,
  sokobanRegistration,
  taxiRegistration,
  ticTacToeRegistration,
] as const;

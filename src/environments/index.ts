export type { AcrobotOptions } from "./acrobot.ts";
export { type GoalRewardOptions, goalRewards } from "./arm/goal.ts";
export type { ArmPickAndPlaceOptions } from "./arm/pick-and-place.ts";
export { pickAndPlaceNames } from "./arm/pick-and-place.ts";
export type { ArmReachOptions } from "./arm/reach.ts";
export { scriptedPickAndPlace } from "./arm/scripted.ts";
export type { BlackjackOptions } from "./blackjack.ts";
export type { BreakoutOptions } from "./breakout.ts";
export type { CartPoleOptions } from "./cart-pole.ts";
export { type CheckOptions, checkEnvironment } from "./check.ts";
export type { CliffWalkingOptions } from "./cliff-walking.ts";
export {
  type BatchPolicy,
  type CollectOptions,
  collectStates,
  collectTransitions,
  randomPolicy,
  type Visited,
  type VisitedTransitions,
} from "./collect.ts";
export {
  type Cumulant,
  coordinate,
  coordinateGoal,
  type Goal,
  randomCumulants,
  reach,
  withGoal,
  within,
  withRewards,
} from "./cumulants.ts";
export { drawEnvironment } from "./draw.ts";
export type {
  Action,
  Coordinates,
  Environment,
  GoalTask,
  Grid,
  Observation,
  Physics,
  Simulation,
  Step,
  Tables,
  Transitions,
  VisitedCoordinates,
} from "./environment.ts";
export { EnvironmentError } from "./errors.ts";
export type { GridWorldEnvironmentOptions } from "./four-rooms.ts";
export { fourRooms104Map, fourRoomsMap } from "./four-rooms.ts";
export type { FrozenLakeOptions } from "./frozen-lake.ts";
export type { Variant } from "./grid-world.ts";
export { type Cell, type GridWorldOptions, gridWorld, moves } from "./grid-world.ts";
export { type EnvironmentId, type EnvironmentOptions, environmentIds, make, prepare } from "./make.ts";
export type { MountainCarOptions } from "./mountain-car.ts";
export type { MountainCarContinuousOptions } from "./mountain-car-continuous.ts";
export type { MountainCarGoalOptions } from "./mountain-car-goal.ts";
export { type MountainCarTarget, mountainCarGoal, mountainCarTargets } from "./mountain-car-goal.ts";
export type { MountainCarReachOptions } from "./mountain-car-reach.ts";
export type { OptionRule } from "./options.ts";
export type { PendulumOptions } from "./pendulum.ts";
export { physicsEnvironment, simulationEnvironment } from "./physics-environment.ts";
export type { ReacherOptions } from "./reacher.ts";
export { type ReacherTarget, reacherGoal, reacherTargets } from "./reacher.ts";
export { registerEnvironment } from "./register.ts";
export type { EnvironmentRegistration, EnvironmentTask, GridTask, Preset } from "./registration.ts";
export type { Drawing } from "./shapes.ts";
export type { SokobanOptions } from "./sokoban.ts";
export { sokobanLevels } from "./sokoban.ts";
export { enumerateSokoban, type SokobanStates } from "./sokoban-states.ts";
export type { AddOutcome } from "./tables.ts";
export { buildTables, tableProblems } from "./tables.ts";
export { type TablesEnvironmentOptions, tablesEnvironment } from "./tables-environment.ts";
export type { TaxiOptions } from "./taxi.ts";
export type { TicTacToeOptions } from "./tic-tac-toe.ts";
export { type VectorEnvironment, vectorize } from "./vector-environment.ts";

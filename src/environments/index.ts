export { type GoalRewardOptions, goalRewards } from "./arm/goal.ts";
export { pickAndPlaceNames } from "./arm/pick-and-place.ts";
export { scriptedPickAndPlace } from "./arm/scripted.ts";
export { type CheckOptions, checkEnvironment } from "./check.ts";
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
export { type DeclaredCoordinates, declaredCoordinates } from "./declared-coordinates.ts";
export { drawEnvironment } from "./draw.ts";
export type {
  Action,
  CoordinateDeclaration,
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
export type { Variant } from "./grid-world.ts";
export { type Cell, type GridWorldOptions, gridWorld, moves } from "./grid-world.ts";
export { type EnvironmentId, type EnvironmentOptions, environmentIds, make, prepare } from "./make.ts";
export type { MountainCarGoalOptions } from "./mountain-car-goal.ts";
export { type MountainCarTarget, mountainCarGoal, mountainCarTargets } from "./mountain-car-goal.ts";
export type { OptionRule } from "./options.ts";
export type * from "./own.ts";
export { physicsEnvironment, simulationEnvironment } from "./physics-environment.ts";
export type { ReacherOptions } from "./reacher.ts";
export { type ReacherTarget, reacherGoal, reacherTargets } from "./reacher.ts";
export { registerEnvironment } from "./register.ts";
export type { EnvironmentRegistration, EnvironmentTask, GridTask, Preset } from "./registration.ts";
export type { Drawing } from "./shapes.ts";
export { sokobanLevels } from "./sokoban.ts";
export { enumerateSokoban, type SokobanStates } from "./sokoban-states.ts";
export type { AddOutcome } from "./tables.ts";
export { buildTables, tableProblems } from "./tables.ts";
export { type TablesEnvironmentOptions, tablesEnvironment } from "./tables-environment.ts";
export { type VectorEnvironment, vectorize } from "./vector-environment.ts";

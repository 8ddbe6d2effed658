export type { Agent } from "./agents/agent.ts";
export { AdaptContinuous, type AdaptContinuousOptions } from "./agents/continuous/adapt-continuous.ts";
export { createDyna, type Dyna, type DynaOptions } from "./agents/continuous/dyna.ts";
export { Adapt, type AdaptOptions } from "./agents/tabular/adapt.ts";
export { AdaptStochastic } from "./agents/tabular/adapt-stochastic.ts";
export { Detector } from "./agents/tabular/detect.ts";
export { Explore, type ExploreOptions } from "./agents/tabular/explore.ts";
export { ExploreStochastic } from "./agents/tabular/explore-stochastic.ts";
export { type TransferOptions, transfer } from "./agents/tabular/transfer.ts";
export { bellmanSystem } from "./bellman/system.ts";
export type { Critic, Head, NetworkCritic, Numbers, StateValueCritic, TabularCritic } from "./critics/critic.ts";
export { withGoals } from "./critics/goal-conditioned.ts";
export { stack } from "./critics/stack.ts";
export { tabularCritic } from "./critics/tabular.ts";
export { checkEnvironment } from "./environments/check.ts";
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
} from "./environments/environment.ts";
export { EnvironmentError } from "./environments/errors.ts";
export { environmentIds, make, prepare } from "./environments/make.ts";
export type { OptionRule } from "./environments/options.ts";
export { physicsEnvironment, simulationEnvironment } from "./environments/physics-environment.ts";
export { registerEnvironment } from "./environments/register.ts";
export type { EnvironmentRegistration, EnvironmentTask, GridTask, Preset } from "./environments/registration.ts";
export type { EnvironmentId, EnvironmentOptions } from "./environments/registry.ts";
export type { Drawing } from "./environments/shapes.ts";
export { buildTables } from "./environments/tables.ts";
export { type TablesEnvironmentOptions, tablesEnvironment } from "./environments/tables-environment.ts";
export { vectorize } from "./environments/vector-environment.ts";
export { FormatError } from "./formats/format-error.ts";
export { loadCritic } from "./formats/load-critic.ts";
export type { ContinuousIdentifiability } from "./identifiability/continuous.ts";
export type { TabularIdentifiability } from "./identifiability/tabular.ts";
export type { Verdict } from "./identifiability/verdict.ts";
export { identify } from "./inversion/identify.ts";
export { type Inferred, inferDynamics } from "./inversion/infer.ts";
export type { Method } from "./inversion/methods.ts";
export type { InferOptions } from "./inversion/options.ts";
export { dqn } from "./learning/deep/dqn.ts";
export { sac } from "./learning/deep/sac.ts";
export { createRandom, type Random } from "./numbers/random.ts";
export { cem } from "./planning/cem.ts";
export { type ContinuousTask, simulatorOfTask } from "./planning/continuous-task.ts";
export { PlanningError } from "./planning/errors.ts";
export { mcts } from "./planning/mcts.ts";
export { mppi } from "./planning/mppi.ts";
export { planTabular, type TabularTask } from "./planning/plan.ts";
export { type GridPolicy, planOnGrid } from "./planning/plan-on-grid.ts";
export type { ContinuousPolicy, Policy, TabularPolicy } from "./planning/policy.ts";
export { policyIteration } from "./planning/policy-iteration.ts";
export { type ReachProblem, reachGoal } from "./planning/reach.ts";
export type { ShootingProblem } from "./planning/shooting.ts";
export { type SimulatedStep, type Simulator, simulatorOfPhysics } from "./planning/simulator.ts";
export { valueIteration } from "./planning/value-iteration.ts";
export { planWaypoints, type WaypointControl, type WaypointPlanner, type WaypointTask, waypointPolicy } from "./planning/waypoints.ts";
export { type Box, box, type Dict, type Discrete, discrete, type Space } from "./spaces/space.ts";
export { type CalibrationTransitions, calibrateBounds } from "./world-model/calibrate.ts";
export { type Coverage, coverageCurve, coverageOf } from "./world-model/coverage.ts";
export { distil } from "./world-model/linear-model.ts";
export { loadWorldModel } from "./world-model/load.ts";
export { type Score, type ScoreOptions, scoreModel } from "./world-model/score.ts";
export type {
  ContinuousPrediction,
  ContinuousWorldModel,
  PredictOptions,
  TabularPrediction,
  TabularWorldModel,
  WorldModel,
} from "./world-model/world-model.ts";

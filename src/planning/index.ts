export { type Distilled, distil, type LinearModel, type RealSteps, type StateActions } from "../world-model/linear-model.ts";
export { type CemOptions, cem, cemOver } from "./cem.ts";
export { type Aim, type ChoosePlannerOptions, choosePlanner, type PlannerName, plannerFor, quickSimulator } from "./choose-planner.ts";
export type { Outcomes } from "./continuous-task.ts";
export { type ContinuousTask, simulatorOfTask, type TaskSimulator } from "./continuous-task.ts";
export { PlanningError } from "./errors.ts";
export type { IterationOptions, Solution } from "./iterate-block.ts";
export { type MctsOptions, mcts, type SearchResult, type TreeSearch } from "./mcts.ts";
export { type MppiOptions, mppi } from "./mppi.ts";
export { environmentsWithTask, type OwnTask, ownTask } from "./own-task.ts";
export { type PlanOptions, planTabular, type TabularTask } from "./plan.ts";
export { type GridOptions, type GridPolicy, planOnGrid } from "./plan-on-grid.ts";
export type { ContinuousPolicy, Policy, TabularPolicy } from "./policy.ts";
export { type PolicyIterationOptions, policyIteration, type ThreadedPolicyIterationOptions } from "./policy-iteration.ts";
export { type ReachOptions, type ReachProblem, reachGoal } from "./reach.ts";
export { type ShootingProblem, type StepCost, terminalOf } from "./shooting.ts";
export { type PhysicsSimulatorOptions, type SimulatedStep, type Simulator, simulatorOfPhysics } from "./simulator.ts";
export { stepsToGoal } from "./steps-to-goal.ts";
export { type SweepOptions, type TabularValues, valueIteration } from "./value-iteration.ts";
export {
  planWaypoints,
  type WaypointControl,
  type WaypointOptions,
  type WaypointPlanner,
  type WaypointPlans,
  type WaypointTask,
  waypointPolicy,
} from "./waypoints.ts";

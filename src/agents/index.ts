export type { Agent } from "./agent.ts";
export { armControl } from "./arm/control.ts";
export { type Place, placingTask } from "./arm/placing.ts";
export { type Block, clearingTask, fistControl, liftingTask, pushingTask, puttingTask } from "./arm/tasks.ts";
export {
  type ContinuousAdaptiveAgent,
  type ContinuousAdaptiveAgentOptions,
  type ContinuousChange,
  createContinuousAdaptiveAgent,
} from "./continuous/adapt-continuous.ts";
export type { Calibrated } from "./continuous/calibrate.ts";
export type { CreateLearner, TrainedLearner } from "./continuous/continue-learner.ts";
export { createDyna, type Dyna, type DynaOptions } from "./continuous/dyna.ts";
export type { ExplorationAim } from "./continuous/explore-continuous.ts";
export { type ContinuousExplorer, type ContinuousExplorerOptions, createContinuousExplorer } from "./continuous/explore-continuous.ts";
export type { ObservedWorld } from "./continuous/imagination.ts";
export type { ResidualAlarm } from "./continuous/residual-detector.ts";
export { type AdaptiveAgent, type AdaptiveAgentOptions, type Change, createAdaptiveAgent } from "./tabular/adapt.ts";
export {
  createStochasticAdaptiveAgent,
  type StochasticAdaptiveAgent,
  type StochasticAdaptiveAgentOptions,
} from "./tabular/adapt-stochastic.ts";
export { countedRows, type LearnedOutcomes, type OutcomeRows, rowsOf } from "./tabular/blend.ts";
export { type CandidateOptions, type Candidates, candidateSets } from "./tabular/candidates.ts";
export { type Alarm, createDetector, type Detector, type DetectorOptions } from "./tabular/detect.ts";
export { createExplorer, type Explorer, type ExplorerOptions } from "./tabular/explore.ts";
export { createStochasticExplorer, type StochasticExplorer, type StochasticExplorerOptions } from "./tabular/explore-stochastic.ts";
export type { RefineOptions } from "./tabular/refine.ts";
export { type TransferOptions, type Transferred, transfer } from "./tabular/transfer.ts";

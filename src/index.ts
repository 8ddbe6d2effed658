export { type ErrorCode, type ErrorDetails, VinverseError } from "./base/error.ts";
export { MismatchError } from "./base/mismatch-error.ts";
export { OptionError } from "./base/options.ts";
export type { OnProgress } from "./base/progress.ts";
export { RefusalError } from "./base/refusal-error.ts";
export type { Rewards } from "./bellman/rewards.ts";
export type { Critic, CriticForm, Head, NetworkCritic, Numbers, StateValueCritic, TabularCritic } from "./critics/critic.ts";
export { type WithGoalsOptions, withGoals } from "./critics/goal-conditioned.ts";
export { type NetworkDefinition, networkCritic } from "./critics/network-critic.ts";
export { stack } from "./critics/stack.ts";
export { type StateValueDefinition, stateValueCritic } from "./critics/state-value.ts";
export { type TabularDefinition, tabularCritic } from "./critics/tabular.ts";
export type { Coordinates, Environment } from "./environments/environment.ts";
export { EnvironmentError } from "./environments/errors.ts";
export { environmentIds, make, prepare } from "./environments/make.ts";
export type { EnvironmentId, EnvironmentOptions } from "./environments/registry.ts";
export { type SaveCriticOptions, saveCritic } from "./formats/critic-folder.ts";
export { FormatError } from "./formats/format-error.ts";
export { type CriticSource, type LoadCriticOptions, loadCritic, readCritic } from "./formats/load-critic.ts";
export type { ContinuousIdentifiability } from "./identifiability/continuous.ts";
export type { TabularIdentifiability } from "./identifiability/tabular.ts";
export type { Verdict } from "./identifiability/verdict.ts";
export type { InferredContinuous } from "./inversion/assemble.ts";
export { identify } from "./inversion/identify.ts";
export { type Inferred, type InferredTabular, inferDynamics } from "./inversion/infer.ts";
export type { Method } from "./inversion/methods.ts";
export type {
  AmortisedInferOptions,
  ContinuousInferOptions,
  InferOptions,
  MatchingInferOptions,
  NetworkInferOptions,
  PointwiseInferOptions,
  ProjectionInferOptions,
  TabularInferOptions,
} from "./inversion/options.ts";
export type { Samples } from "./inversion/samples.ts";
export { LearningError } from "./learning/errors.ts";
export { createRandom, type Random } from "./numbers/random.ts";
export { PlanningError } from "./planning/errors.ts";
export { type Box, box, type Dict, type Discrete, discrete, type Element, type Space } from "./spaces/space.ts";
export { type CalibrationTransitions, calibrateBounds } from "./world-model/calibrate.ts";
export { type Coverage, coverageCurve, coverageOf } from "./world-model/coverage.ts";
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

export { type ErrorCode, type ErrorDetails, VinverseError } from "./base/error.ts";
export { MismatchError } from "./base/mismatch-error.ts";
export { OptionError } from "./base/options.ts";
export type { OnProgress } from "./base/progress.ts";
export { RefusalError } from "./base/refusal-error.ts";
export type { Expectation, PolicyPoints } from "./bellman/expectation.ts";
export type { Rewards } from "./bellman/rewards.ts";
export type { BellmanSystem, SystemGraphs } from "./bellman/system.ts";
export type { CoordinateEncoding, CoordinateValueParts } from "./critics/coordinate-values.ts";
export type { Critic, CriticBase, CriticForm, Head, NetworkCritic, Numbers, StateValueCritic, TabularCritic } from "./critics/critic.ts";
export type { ObservationFunction } from "./critics/deep-q.ts";
export type { CoordinateValuesValues } from "./critics/families/coordinate-values.ts";
export type { DeepQValues } from "./critics/families/deep-q.ts";
export type { DeterministicActorCriticValues } from "./critics/families/deterministic-actor-critic.ts";
export type { GeneralValues } from "./critics/families/general-value-functions.ts";
export type { GraphValues } from "./critics/families/graphs.ts";
export type { QuantileDeepQValues } from "./critics/families/quantile-deep-q.ts";
export type { StateValueGraphValues } from "./critics/families/state-value-graphs.ts";
export type { StepsToGoValues } from "./critics/families/steps-to-go.ts";
export type { StochasticActorCriticValues } from "./critics/families/stochastic-actor-critic.ts";
export type { TableValues } from "./critics/families/table.ts";
export type { ValuesWithCumulants } from "./critics/families/with-cumulants.ts";
export type { SavedValues } from "./critics/families.ts";
export type { CriticIdentity, FamilyValues } from "./critics/family.ts";
export type { FixedPolicy } from "./critics/general-value-functions.ts";
export { type WithGoalsOptions, withGoals } from "./critics/goal-conditioned.ts";
export type { Module, Network, Weights } from "./critics/network.ts";
export { type NetworkDefinition, networkCritic } from "./critics/network-critic.ts";
export type { Moments, PolicyDistribution } from "./critics/policy-distribution.ts";
export { restoreCritic, type SavedCritic } from "./critics/saved.ts";
export type { SquashedGaussian } from "./critics/squashed-gaussian.ts";
export { stack } from "./critics/stack.ts";
export { type StateValueDefinition, stateValueCritic } from "./critics/state-value.ts";
export type { SparseGoal, WaveEncoding } from "./critics/steps-to-go.ts";
export { type TabularDefinition, tabularCritic } from "./critics/tabular.ts";
export type { Coordinates, Environment } from "./environments/environment.ts";
export { EnvironmentError } from "./environments/errors.ts";
export { environmentIds, make, prepare } from "./environments/make.ts";
export type { EnvironmentOptions } from "./environments/own.ts";
export type { EnvironmentId } from "./environments/registry.ts";
export { type SaveCriticOptions, saveCritic } from "./formats/critic-folder.ts";
export { FormatError } from "./formats/format-error.ts";
export { type CriticSource, type LoadCriticOptions, loadCritic, readCritic } from "./formats/load-critic.ts";
export type { ContinuousIdentifiability, HeadEvidence } from "./identifiability/continuous.ts";
export type { NoiseIdentifiability } from "./identifiability/noise.ts";
export type { TabularIdentifiability } from "./identifiability/tabular.ts";
export type { Verdict } from "./identifiability/verdict.ts";
export type { InferredContinuous } from "./inversion/assemble.ts";
export type { NetworkFitOptions } from "./inversion/continuous/fit-network.ts";
export type { CrossValidated, RealTransitions } from "./inversion/continuous/fit-with-transitions.ts";
export { identify } from "./inversion/identify.ts";
export type { Differentiable } from "./inversion/infer.ts";
export { type Inferred, type InferredTabular, inferDynamics } from "./inversion/infer.ts";
export type * from "./inversion/options.ts";
export { methods } from "./inversion/options.ts";
export type { Equations, Samples } from "./inversion/samples.ts";
export type { InferTabularOptions } from "./inversion/tabular/infer-tabular.ts";
export type { CandidateSets } from "./inversion/tabular/matching.ts";
export type { Undetermined } from "./inversion/tabular/projection.ts";
export { LearningError } from "./learning/errors.ts";
export type { RestorableRandom } from "./numbers/random.ts";
export { createRandom, type Random } from "./numbers/random.ts";
export type { Spectrum } from "./numbers/singular-values.ts";
export { PlanningError } from "./planning/errors.ts";
export { type Box, box, type Dict, type Discrete, discrete, type Element, type Space } from "./spaces/space.ts";
export type { BoundScale } from "./world-model/bounds.ts";
export { type CalibrationTransitions, calibrateBounds } from "./world-model/calibrate.ts";
export type { ContactMap } from "./world-model/contact.ts";
export type { TrueSteps } from "./world-model/coverage.ts";
export { type Coverage, coverageCurve, coverageOf } from "./world-model/coverage.ts";
export type { ContinuousDefinition, DefinedModel } from "./world-model/definition.ts";
export type { Dynamics } from "./world-model/dynamics.ts";
export type { DynamicsOf, NoiseKind, Tensors } from "./world-model/dynamics-of.ts";
export type { ExpectedSteps } from "./world-model/expected-steps.ts";
export type { FeatureKind, Features } from "./world-model/features.ts";
export { loadWorldModel } from "./world-model/load.ts";
export type { LoadWorldModelOptions } from "./world-model/load-continuous.ts";
export type { EncodingNumbers, NetworkDynamics, NetworkParameters, NetworkSettings } from "./world-model/network-dynamics.ts";
export type { PointwiseSettings } from "./world-model/pointwise.ts";
export type { ContinuousScore, DimensionScore } from "./world-model/score.ts";
export { type ScorableModel, type Score, type ScoreOptions, scoreModel } from "./world-model/score.ts";
export type { TabularScore } from "./world-model/score-tabular.ts";
export type { Integrator } from "./world-model/structure.ts";
export type { StructuredDynamics, StructuredSettings } from "./world-model/structured-dynamics.ts";
export type {
  Answer,
  ContinuousPrediction,
  ContinuousStep,
  ContinuousWorldModel,
  PredictOptions,
  TabularPrediction,
  TabularWorldModel,
  TransitionOptions,
  WorldModel,
  WorldModelBase,
} from "./world-model/world-model.ts";

import type { OnProgress } from "../base/progress.ts";
import type { Rewards } from "../bellman/rewards.ts";
import type { Coordinates, Environment } from "../environments/environment.ts";
import type { NoiseKind } from "../world-model/dynamics-of.ts";
import type { FeatureKind } from "../world-model/features.ts";
import type { PointwiseSettings } from "../world-model/pointwise.ts";
import type { NetworkFitOptions } from "./continuous/fit-network.ts";
import type { RealTransitions } from "./continuous/fit-with-transitions.ts";
import type { Samples } from "./samples.ts";
import type { InferTabularOptions } from "./tabular/infer-tabular.ts";

/** How next states of tables are solved for. */
export const tabularMethods = ["matching", "projection"] as const;
/** How next states of networks are. */
export const continuousMethods = ["amortised", "network", "pointwise"] as const;

export const methods = [...tabularMethods, ...continuousMethods] as const;

export type TabularMethod = (typeof tabularMethods)[number];
export type ContinuousMethod = (typeof continuousMethods)[number];
export type Method = TabularMethod | ContinuousMethod;

/** What every method takes. */
export interface EveryOption {
  /** Of all draws (0); a table needs none. */
  readonly seed?: number;
  readonly onProgress?: OnProgress;
}

/** Options of every method for networks. */
export interface ContinuousOptions extends EveryOption {
  /** An id or an environment: it says what the coordinates are and what the reward was. Never asked for a next state. */
  readonly environment?: string | Environment;
  /** Where to ask: how many states to visit with the critic's own policy (2000; 30,000 for sparse goals, 100,000 for coordinates), or states and actions of one's own. */
  readonly samples?: number | Samples;
  /** Share of random actions while visiting (0.3). */
  readonly epsilon?: number;
  /** The reward of every step, where it is not the environment's or that is not known (0). */
  readonly reward?: number;
  /** r(s, a) instead of the environment's; "unknown" compares heads that share it with each other. */
  readonly rewards?: Rewards | "unknown";
  /** Instead of the environment's. */
  readonly coordinates?: Coordinates;
}

/** What the linear structure is chosen from, and how it is fitted. */
export interface StructureOptions {
  /** "auto": positions follow their rates where the coordinates say which those are; true: nothing else; false: never. */
  readonly kinematic?: "auto" | boolean;
  /** "auto" starts linear and goes on to richer features only for a much better fit. */
  readonly features?: FeatureKind | "auto";
  /** Residuals beyond so many of their scales count linearly (2). Not for sparse goals. */
  readonly huber?: number;
  /** Penalty on squared weights in units of the features (0.01). Not for sparse goals. */
  readonly ridge?: number;
}

/** One model for the region, linear in features. The default for networks. */
export interface AmortisedInferOptions extends ContinuousOptions, StructureOptions {
  readonly method?: "amortised";
  /** τ of the kinematics where it is known, in the unit of the rates; otherwise the critics tell. */
  readonly timeStep?: number;
  /** Real transitions to fit as well, their weight chosen by cross-validation. */
  readonly transitions?: RealTransitions;
  /** Next states scatter: a covariance is inferred with their mean, the same everywhere or with a factor that is linear in state and action. */
  readonly noise?: NoiseKind;
  /** For a critic of coordinates: how its network is trained. */
  readonly network?: Partial<Omit<NetworkFitOptions, "seed">>;
}

/** A network in place of the linear structure, which remains as its rival. */
export interface NetworkInferOptions extends ContinuousOptions, StructureOptions {
  readonly method: "network";
  readonly network?: Partial<Omit<NetworkFitOptions, "seed">>;
}

/** Every pair by itself. */
export interface PointwiseInferOptions extends ContinuousOptions {
  readonly method: "pointwise";
  readonly pointwise?: Partial<PointwiseSettings>;
  /** A covariance of every pair. */
  readonly noise?: NoiseKind;
}

export type ContinuousInferOptions = AmortisedInferOptions | NetworkInferOptions | PointwiseInferOptions;

/** One next state a pair. The default for tables. */
export interface MatchingInferOptions extends EveryOption {
  readonly method?: "matching";
  readonly tabular?: Omit<InferTabularOptions, "method" | "undetermined">;
}

/** A distribution over next states a pair. */
export interface ProjectionInferOptions extends EveryOption {
  readonly method: "projection";
  readonly tabular?: Omit<InferTabularOptions, "method" | "tolerance">;
}

export type TabularInferOptions = MatchingInferOptions | ProjectionInferOptions;

/** Options by method; those of another method, or of another kind of critic, are refused (check-options.ts). */
export type InferOptions = ContinuousInferOptions | TabularInferOptions;

/** Options that a table refuses: with them a critic of any kind gives a continuous model, or none. */
export type ContinuousOnlyOptions = ContinuousInferOptions &
  ({ readonly method: ContinuousMethod } | { readonly environment: string | Environment });

/** Options that a network refuses. */
export type TabularOnlyOptions = TabularInferOptions & { readonly method: TabularMethod };

import type { OnProgress } from "../base/progress.ts";
import type { Rewards } from "../bellman/rewards.ts";
import type { BellmanSystem } from "../bellman/system.ts";
import type { NetworkCritic, StateValueCritic } from "../critics/critic.ts";
import type { Coordinates } from "../environments/environment.ts";
import type { HeadEvidence } from "../identifiability/continuous.ts";
import type { ContinuousDefinition } from "../world-model/definition.ts";
import type { Dynamics } from "../world-model/dynamics.ts";
import type { NoiseKind } from "../world-model/dynamics-of.ts";
import type { PointwiseSettings } from "../world-model/pointwise.ts";
import type { AmortisedOptions } from "./continuous/amortised.ts";
import type { NetworkFitOptions } from "./continuous/fit-network.ts";
import type { CrossValidated, HeldOut, RealTransitions } from "./continuous/fit-with-transitions.ts";
import type { ContinuousMethod } from "./options.ts";
import type { Equations, Samples } from "./samples.ts";

/** What every continuous solver may look at. Which of them each one does look at stands in solvers.ts. */
export interface ContinuousSettings extends AmortisedOptions {
  readonly coordinates: Coordinates;
  readonly rewards: Rewards;
  /** Where to ask: states and actions, without what followed. */
  readonly samples: Samples;
  readonly method?: ContinuousMethod;
  readonly seed?: number;
  readonly environment?: string;
  readonly reward?: number;
  readonly network?: Partial<Omit<NetworkFitOptions, "seed">>;
  readonly pointwise?: Partial<PointwiseSettings>;
  readonly provenance?: Readonly<Record<string, unknown>>;
  readonly transitions?: RealTransitions;
  readonly noise?: NoiseKind;
  readonly onProgress?: OnProgress;
}

/** What a solver is given. */
export interface Problem {
  /** Critics of action values; none where all are of state values. */
  readonly critics: readonly NetworkCritic[];
  readonly stateValues: readonly StateValueCritic[];
  readonly settings: ContinuousSettings;
  /** The equations of a critic in the problem's coordinates. The door releases them, but for those of the answer, on every path. */
  open(critic: NetworkCritic | StateValueCritic): Promise<BellmanSystem>;
}

/** What a solver found. `assemble` makes the model, its bounds and the verdict out of it. */
export interface Solved {
  /** The equations that the model keeps. */
  readonly system: BellmanSystem;
  readonly equations: Equations;
  readonly solver: ContinuousDefinition["solver"];
  /** [k] scale of the residuals, with every critic counted once */
  readonly sigma: Float64Array;
  /** States [n', d] that the answer is judged at, the first of the equations' own where there are fewer; all of them where absent. */
  readonly states?: Float64Array;
  /** [n', d] */
  readonly nextStates: Float64Array;
  /** [n', k] what the evidence is judged by, where that is not the equations' own */
  readonly targets?: Float64Array;
  /** [k] what each equation sees, where that is not V(ŝ') − V(s) */
  readonly signal?: Float64Array;
  /** Cost of the answer over that of "nothing moves". */
  readonly costRatio: number;
  /** [d] difference from the farthest rival over the change */
  readonly disagreement?: readonly number[];
  /** Heads that were left out. */
  readonly dropped?: readonly HeadEvidence[];
  /** [n', d(d + 1)/2] factors of the noise, or one for all, where next states scatter; `nextStates` are then means */
  readonly factors?: Float64Array;
  readonly transitions?: SolvedWithTransitions;
}

export interface SolvedWithTransitions {
  readonly chosen: CrossValidated;
  readonly supervised: CrossValidated;
  readonly supervisedDynamics: Dynamics;
  readonly held: HeldOut;
  readonly supervisedHeld: HeldOut;
}

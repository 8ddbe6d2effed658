import type { BellmanSystem } from "../bellman/system.ts";
import type { Space } from "../spaces/space.ts";
import type { BoundScale } from "./bounds.ts";
import type { Dynamics } from "./dynamics.ts";
import type { PointwiseSettings } from "./pointwise.ts";
import type { ContinuousWorldModel } from "./world-model.ts";

/** All that a continuous model is, and all that is saved of it. */
export interface ContinuousDefinition {
  /** Gymnasium id whose coordinates and rewards are meant; without it states are observations and `reward` a constant. */
  readonly environment?: string;
  readonly reward?: number;
  readonly actionSpace: Space;
  readonly observationSpace: Space;
  readonly system: BellmanSystem;
  /** [k] residual scale of each head, with every critic counted once. */
  readonly sigma: Float64Array;
  readonly solver:
    | { readonly method: "amortised"; readonly dynamics: Dynamics }
    | { readonly method: "pointwise"; readonly settings: PointwiseSettings };
  /** How wide its bounds are; without it they go by the deviations alone, and nothing is left unanswered. */
  readonly bounds?: BoundScale;
  /** Where the model comes from and what is known of it: copied into model.json. */
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** A model with what it is made of. */
export type DefinedModel = ContinuousWorldModel & { readonly definition: ContinuousDefinition };

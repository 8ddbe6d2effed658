import type { Head } from "../critics/critic.ts";
import type { CoordinateDeclaration } from "../environments/environment.ts";
import type { BoundScale } from "./bounds.ts";
import type { PointwiseSettings } from "./pointwise.ts";

/** What model.json of a continuous model begins with, and the version of the folder's layout. */
export const format = "vinverse continuous world model";
export const layout = 1;

/** What model.json of a continuous model holds. */
export interface ModelFile {
  readonly format: string;
  readonly version: number;
  readonly method: "pointwise" | "amortised";
  readonly environment?: string;
  /** sha256 of the module that `environment` is the address of. */
  readonly module?: string;
  /** Coordinates that are no program: with them the model opens where its environment is not known. */
  readonly coordinates?: readonly CoordinateDeclaration[];
  readonly reward?: number;
  readonly observationSpace: SpaceFile;
  readonly actionSpace: SpaceFile;
  readonly heads: readonly Head[];
  readonly dynamics?: { readonly kind: string; readonly settings: Readonly<Record<string, unknown>> };
  readonly pointwise?: PointwiseSettings;
  /** Its tensors are bounds/typical and bounds/scores. */
  readonly bounds?: Pick<BoundScale, "basis" | "refused">;
  readonly provenance: Readonly<Record<string, unknown>>;
}

export type SpaceFile =
  | { readonly kind: "discrete"; readonly n: number; readonly start: number }
  | {
      readonly kind: "box";
      readonly shape: readonly number[];
      readonly low: readonly (number | string)[];
      readonly high: readonly (number | string)[];
    };

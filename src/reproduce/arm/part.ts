import type { ArmStarts, PlacingTrial } from "../../agents/arm/trials.ts";
import type { OnProgress } from "../../base/progress.ts";
import type { Environment } from "../../environments/environment.ts";
import type { ReproduceOptions } from "../harness/reproduction.ts";
import type { ArmSubject } from "./subject.ts";

/** What every part of the study of the arm may use. */
export interface ArmContext {
  readonly environment: Environment;
  readonly subject: ArmSubject;
  readonly starts: ArmStarts;
  /** What planning in the inferred model came to from these starts. */
  readonly inferred: PlacingTrial;
  readonly options: ReproduceOptions;
  readonly onProgress: OnProgress;
}

/** Figures of one training seed (the worst seed's are promised), and what is worth reading beside them. */
export interface ArmPartResult {
  readonly figures: Readonly<Record<string, number>>;
  readonly details?: unknown;
  /** Pages of HTML to look at, by their file names. */
  readonly pages?: Readonly<Record<string, string>>;
}

export type ArmPart = (context: ArmContext) => Promise<ArmPartResult>;

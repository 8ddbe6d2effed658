import { restoreCritic, type SavedCritic } from "../../critics/saved.ts";
import type { Environment } from "../../environments/environment.ts";
import { inferDynamics } from "../../inversion/infer.ts";

/** What can be told of the critic as it is. */
export interface Identifiability {
  /** Residual over signal of the heads of random signals on transitions held out. */
  readonly residualOverSignal: number;
  /** Directions of a typical step that stand out of the error at a single state, of all. */
  readonly visible: number;
  readonly dimensions: number;
  readonly effectiveRank: number;
  /** Most that the next state can be off, in typical changes. */
  readonly bound: number;
  readonly usable: boolean;
  readonly verdict: string;
}

/**
 * Ask a critic with heads of random signals for next states, as `vinverse infer --method pointwise` does.
 * @param measured RMS of these heads' residuals and signals on transitions that they were not trained on
 * @param asked pairs to ask about, and the seed of which
 */
export async function identifyHeads(
  critic: SavedCritic,
  measured: { readonly residual: Float64Array; readonly signal: Float64Array },
  environment: Environment,
  asked: { readonly seed: number; readonly samples: number },
): Promise<Identifiability> {
  const inferred = await inferDynamics(restoreCritic(critic), { environment, method: "pointwise", ...asked });
  if (!("equations" in inferred)) throw new TypeError("a network gave a table");
  const { identifiability: found, model } = inferred;
  await model.release();
  return {
    residualOverSignal: Math.hypot(...measured.residual) / Math.hypot(...measured.signal),
    visible: found.visible,
    dimensions: found.coordinates.length,
    effectiveRank: found.effectiveRank,
    bound: found.bound,
    usable: found.verdict.usable,
    verdict: found.verdict.sentence,
  };
}

/** As TensorBoard shows it. */
export function identifiabilityScalars(known: Identifiability): Readonly<Record<string, number>> {
  return {
    "identifiability/residual over signal": known.residualOverSignal,
    "identifiability/visible directions": known.visible,
    "identifiability/effective rank": known.effectiveRank,
    "identifiability/bound": known.bound,
  };
}

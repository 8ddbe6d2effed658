import type { BellmanSystem } from "../bellman/system.ts";
import type { Head } from "../critics/critic.ts";
import type { Space } from "../spaces/space.ts";
import { createFeatures, type FeatureKind } from "../world-model/features.ts";
import { splitRegions } from "../world-model/regions.ts";
import { createStructure, type Integrator } from "../world-model/structure.ts";
import { type Fit, fitStructure } from "./fit-structure.ts";
import { type Equations, headRms } from "./samples.ts";

export interface AmortisedOptions {
  /** "auto": positions follow their rates where the coordinates say which those are; false: never. */
  readonly kinematic?: "auto" | boolean;
  /** "auto" starts linear and goes on to quadratic only for a much better fit. */
  readonly features?: FeatureKind | "auto";
  readonly huber?: number;
  readonly ridge?: number;
}

export interface StructuredFit extends Fit {
  readonly integrator: Integrator;
  readonly features: FeatureKind;
  /** [k] scale of the residuals, critics counted once, that the fit was whitened by. */
  readonly sigma: Float64Array;
}

/** The chosen fit, and the best of every other class that was tried. */
export interface AmortisedFit {
  readonly chosen: StructuredFit;
  readonly rivals: readonly StructuredFit[];
}

/** A richer class must leave less than this part of what the simpler one left: otherwise it is learning the critic's own errors. Chosen on seeds 0 and 10 of published checkpoints, held on others. */
const WORTH = 0.5;
/** First scale of the residuals against "nothing moves", before a fit tells. */
export const FIRST_SCALE = 0.3;

/**
 * The structured model of one set of heads. Among integrators with as many parameters the lower cost decides (they are equally flexible, so it is a fair race);
 * among feature sets the simpler wins unless the richer one halves the cost. Neither looks at a next state.
 */
export async function fitAmortised(
  system: BellmanSystem,
  actionSpace: Space,
  equations: Equations,
  options: AmortisedOptions = {},
  onProgress?: (done: number, total: number, what: string) => void,
): Promise<AmortisedFit> {
  const { kinematic = "auto", features = "auto" } = options;
  const known = system.coordinates.rateOf.some((rate) => rate !== null);
  if (kinematic === true && !known) throw new RangeError("kinematic structure needs coordinates that say which is whose rate");
  const integrators: readonly Integrator[] = known && kinematic !== false ? ["explicit", "semi-implicit"] : ["free"];
  const kinds: readonly FeatureKind[] = features === "auto" ? ["linear", "quadratic"] : [features];
  const sigma = firstSigma(system, equations);
  const ofKind: StructuredFit[] = [];
  let done = 0;
  for (const kind of kinds) {
    let best: StructuredFit | undefined;
    for (const integrator of integrators) {
      onProgress?.(done++, kinds.length * integrators.length, `${integrator} ${kind}`);
      const fit = await fitOne(system, actionSpace, equations, integrator, kind, sigma, options);
      if (!best || fit.cost < best.cost) best = fit;
    }
    ofKind.push(best!);
  }
  onProgress?.(done, done, "done");
  const chosen = ofKind.reduce((held, fit) => (fit.cost < WORTH * held.cost ? fit : held));
  return { chosen, rivals: ofKind.filter((fit) => fit !== chosen) };
}

async function fitOne(
  system: BellmanSystem,
  actionSpace: Space,
  { states, actions, n, targets, centre, scale }: Equations,
  integrator: Integrator,
  kind: FeatureKind,
  sigma: Float64Array,
  { huber, ridge }: AmortisedOptions,
): Promise<StructuredFit> {
  const features = createFeatures(kind, system.coordinates, actionSpace, centre, scale);
  const structure = createStructure(integrator, system.coordinates, features);
  const phi = features.matrix(states, actions, n);
  const regions = splitRegions(states, system.stateSize, scale, 5);
  const fit = await fitStructure(system, structure, states, phi, targets, sigma, { huber, ridge, regions });
  return { ...fit, integrator, features: kind, sigma };
}

/** σ_i = 0.3 RMS(V_i(s) − y_i) · √(heads of the critic). */
export function firstSigma(system: BellmanSystem, { targets, here }: Equations): Float64Array {
  const k = system.heads.length;
  const rms = headRms(
    targets.map((y, at) => here[at] - y),
    k,
  );
  const share = criticShare(system);
  return rms.map((value, i) => (FIRST_SCALE * value || 1e-12) * share[i]);
}

/** [k] √(number of heads of the same critic and goal): multiplied into σ it makes every critic count once. Goals are questions of their own; quantiles and twins are not. */
export function criticShare(system: BellmanSystem): Float64Array {
  const group = ({ critic, goal }: Head) => `${critic} ${goal ?? ""}`;
  const counts = new Map<string, number>();
  for (const head of system.heads) counts.set(group(head), (counts.get(group(head)) ?? 0) + 1);
  return Float64Array.from(system.heads, (head) => Math.sqrt(counts.get(group(head))!));
}

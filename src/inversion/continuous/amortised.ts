import { MismatchError } from "../../base/mismatch-error.ts";
import type { OnProgress } from "../../base/progress.ts";
import type { BellmanSystem } from "../../bellman/system.ts";
import type { Coordinates } from "../../environments/environment.ts";
import type { Space } from "../../spaces/space.ts";
import { createFeatures, type FeatureKind } from "../../world-model/features.ts";
import { splitRegions } from "../../world-model/regions.ts";
import { createStructure, type Integrator } from "../../world-model/structure.ts";
import { defaults } from "../defaults.ts";
import { type Equations, headRms } from "../samples.ts";
import { type ExpectedEquations, expectedTerm } from "./expected-term.ts";
import { type Fit, fitStructure } from "./fit-structure.ts";

export interface AmortisedOptions {
  /** "auto": positions follow their rates where the coordinates say which those are; false: never. */
  readonly kinematic?: "auto" | boolean;
  /** "auto" starts linear and goes on to quadratic only for a much better fit. */
  readonly features?: FeatureKind | "auto";
  readonly huber?: number;
  readonly ridge?: number;
  /** τ of the kinematics where it is known, in the unit of the rates; otherwise the critics tell. */
  readonly timeStep?: number;
}

/** Critics of state values in a fit, beside the equations of the pairs or in their place. */
export interface ExpectedPart {
  readonly equations: ExpectedEquations;
  readonly alone: boolean;
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
  /** All that explain the values about as well, other integrators among them: how far answers may differ. */
  readonly plausible: readonly StructuredFit[];
}

/**
 * A richer class must leave less than this part of what the simpler one left: otherwise it is learning the critic's own errors.
 * Chosen on seeds 0 and 10 of published checkpoints, held on others.
 */
export const WORTH = 0.5;
/** A fit of at most this times the chosen one's cost explains the values about as well. */
export const PLAUSIBLE = 1.25;
/** First scale of the residuals against "nothing moves", before a fit tells. */
export const FIRST_SCALE = 0.3;

/**
 * The structured model of one set of heads. Among integrators with as many parameters the lower cost decides (they are equally flexible, so it is a fair race);
 * among feature sets the simpler wins unless the richer one halves the cost. Neither looks at a next state. The chosen class is then fitted again with heads
 * weighed by 1/residual variance.
 */
export async function fitAmortised(
  system: BellmanSystem,
  actionSpace: Space,
  equations: Equations,
  options: AmortisedOptions = {},
  onProgress?: OnProgress,
  expected?: ExpectedPart,
): Promise<AmortisedFit> {
  const classes = candidateClasses(system.coordinates, options);
  const kinds = [...new Set(classes.map((entry) => entry.features))];
  const sigma = firstSigma(system, equations);
  const all: StructuredFit[] = [];
  const ofKind: StructuredFit[] = [];
  let done = 0;
  for (const kind of kinds) {
    let best: StructuredFit | undefined;
    for (const { integrator } of classes.filter((entry) => entry.features === kind)) {
      onProgress?.(done++, classes.length, `${integrator} ${kind}`);
      const fit = await fitOne(system, actionSpace, equations, integrator, kind, sigma, options, expected);
      all.push(fit);
      if (!best || fit.cost < best.cost) best = fit;
    }
    ofKind.push(best!);
  }
  const first = ofKind.reduce((held, fit) => (fit.cost < WORTH * held.cost ? fit : held));
  const reweigh = system.heads.length > 1 && !expected;
  const chosen = reweigh
    ? await fitOne(
        system,
        actionSpace,
        equations,
        first.integrator,
        first.features,
        residualSigma(system, equations, first),
        options,
        expected,
        first.theta,
      )
    : first;
  onProgress?.(done, done, "done");
  const rivals = ofKind.filter((fit) => fit !== first);
  return { chosen, rivals, plausible: all.filter((fit) => fit !== first && (rivals.includes(fit) || fit.cost <= PLAUSIBLE * first.cost)) };
}

/** Classes of models to choose among, the simpler features first. */
export function candidateClasses(
  coordinates: Coordinates,
  { kinematic = "auto", features = "auto" }: AmortisedOptions,
): { readonly integrator: Integrator; readonly features: FeatureKind }[] {
  const known = coordinates.rateOf.some((rate) => rate !== null);
  if (kinematic === true && !known) throw new MismatchError("kinematic structure needs coordinates that say which is whose rate");
  const integrators: readonly Integrator[] = known && kinematic !== false ? ["explicit", "semi-implicit"] : ["free"];
  const kinds: readonly FeatureKind[] = features === "auto" ? ["linear", "quadratic"] : [features];
  return kinds.flatMap((kind) => integrators.map((integrator) => ({ integrator, features: kind })));
}

async function fitOne(
  system: BellmanSystem,
  actionSpace: Space,
  { states, actions, n, targets, centre, scale }: Equations,
  integrator: Integrator,
  kind: FeatureKind,
  sigma: Float64Array,
  { huber, ridge, timeStep }: AmortisedOptions,
  expected?: ExpectedPart,
  start?: Float64Array,
): Promise<StructuredFit> {
  const features = createFeatures(kind, system.coordinates, actionSpace, centre, scale);
  const structure = createStructure(integrator, system.coordinates, features);
  const phi = features.matrix(states, actions, n);
  const regions = splitRegions(states, system.stateSize, scale, 5);
  const term =
    expected &&
    (await expectedTerm(expected.equations, structure, actionSpace, states, { huber: huber ?? defaults.structured.huber, regions }));
  const weight = expected?.alone ? 0 : 1;
  const fit = await fitStructure(system, structure, states, phi, targets, sigma, { huber, ridge, timeStep, regions, term, weight, start });
  return { ...fit, integrator, features: kind, sigma };
}

/** σ_i in proportion to the RMS of a first fit's residuals · share_i, so that heads weigh 1/residual variance; as large as before on (geometric) average. */
export function residualSigma(
  system: BellmanSystem,
  equations: Equations,
  { residuals, sigma }: Pick<StructuredFit, "residuals" | "sigma">,
): Float64Array {
  const k = sigma.length;
  const share = headShare(system, equations);
  const found = headRms(residuals, k).map((rms, i) => Math.max(rms * share[i], 0.01 * sigma[i]));
  const logRatio = found.reduce((sum, x, i) => sum + Math.log(sigma[i] / x), 0) / k;
  return found.map((x) => x * Math.exp(logRatio));
}

/** σ_i = 0.3 RMS(V_i(s) − y_i) · share_i. */
export function firstSigma(system: BellmanSystem, equations: Equations): Float64Array {
  const { targets, here } = equations;
  const rms = headRms(
    targets.map((y, at) => here[at] - y),
    system.heads.length,
  );
  const share = headShare(system, equations);
  return rms.map((value, i) => (system.heads[i].residual || FIRST_SCALE * value || 1e-12) * share[i]);
}

/**
 * [k] √(heads of the critic / different questions among them): multiplied into σ it makes a critic count once for every question, not for every head.
 * Questions are the participation ratio K² / Σ_ij ρ_ij² of the cosines ρ between the heads' differences V_i(s) − y_i: twins and quantiles ask
 * about one, goals and cumulants about several.
 */
export function headShare({ heads }: BellmanSystem, { targets, here, n }: Equations): Float64Array {
  const k = heads.length;
  const product = new Float64Array(k * k);
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < k; i++) {
      const zi = here[b * k + i] - targets[b * k + i];
      for (let j = 0; j <= i; j++) product[i * k + j] += zi * (here[b * k + j] - targets[b * k + j]);
    }
  }
  const share = new Float64Array(k);
  for (const critic of new Set(heads.map((head) => head.critic))) {
    const members = heads.flatMap((head, i) => (head.critic === critic ? [i] : []));
    let squares = 0;
    for (const i of members) {
      for (const j of members) {
        const norm = product[i * k + i] * product[j * k + j];
        squares += i === j || norm === 0 ? Number(i === j) : product[Math.max(i, j) * k + Math.min(i, j)] ** 2 / norm;
      }
    }
    const questions = members.length ** 2 / squares;
    for (const i of members) share[i] = Math.sqrt(members.length / questions);
  }
  return share;
}

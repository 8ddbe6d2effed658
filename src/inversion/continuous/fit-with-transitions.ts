import type { OnProgress } from "../../base/progress.ts";
import { RefusalError } from "../../base/refusal-error.ts";
import type { BellmanSystem } from "../../bellman/system.ts";
import { wrapAngle } from "../../environments/coordinates.ts";
import type { Coordinates } from "../../environments/environment.ts";
import { createRandom } from "../../numbers/random.ts";
import { mean } from "../../numbers/statistics.ts";
import type { Space } from "../../spaces/space.ts";
import { boundedPositions, createFeatures, type FeatureKind } from "../../world-model/features.ts";
import { createStructure, type Integrator } from "../../world-model/structure.ts";
import { sandwich, structuredDynamics } from "../../world-model/structured-dynamics.ts";
import type { Equations, Samples } from "../samples.ts";
import { type AmortisedOptions, candidateClasses, firstSigma, headShare, type StructuredFit } from "./amortised.ts";
import { type Fit, fitStructure, type ObservedChanges } from "./fit-structure.ts";

/** Real transitions that the user has; those that end an episode do not belong here. */
export interface RealTransitions extends Samples {
  /** [n, d] */
  readonly nextStates: Float64Array;
}

export interface CrossValidated {
  readonly integrator: Integrator;
  readonly features: FeatureKind;
  /** Weight of the Bellman residuals; 0 is supervised alone. */
  readonly weight: number;
  readonly ridge: number;
  /** Mean squared error of held-out changes over their mean square, each at most 4, and its standard error over transitions. */
  readonly error: number;
  readonly standardError: number;
}

export interface FitWithTransitions {
  readonly fit: StructuredFit;
  readonly chosen: CrossValidated;
  /** The best without the critic: what the transitions alone would have given. */
  readonly supervised: CrossValidated;
  readonly supervisedFit: StructuredFit;
  readonly held: HeldOut;
  readonly supervisedHeld: HeldOut;
}

/** Of every transition the error of a model that was fitted to the others, and that model's own deviation there: [transitions, d]. */
export interface HeldOut {
  readonly errors: Float64Array;
  readonly deviation: Float64Array;
}

const WEIGHTS = [3, 30, 300, 3000];
const RIDGES = [1e-3, 1e-2, 1e-1, 1, 10, 100, 1e3, 1e4];
const CRITIC_RIDGE = 0.1;
/** Error of an observed change that counts as one unit, over the RMS of changes. */
const UNIT = 0.05;
/** States of the critic asked while validating. */
const FEW = 200;
const FOLDS = 5;
/** Up to so many transitions are held out one by one for the bounds. */
const SINGLY = 40;

/** Transitions from which on the polynomials of bounded positions are tried as well: fewer do not tell them apart. */
const MANY = 500;

function classesFor(n: number, coordinates: Coordinates, options: AmortisedOptions) {
  const classes = candidateClasses(coordinates, options);
  const { features = "auto" } = options;
  if (features !== "auto" || n < MANY || boundedPositions(coordinates).length === 0) return classes;
  return [...classes, ...candidateClasses(coordinates, { ...options, features: "chebyshev" })];
}

interface Candidate extends CrossValidated {
  readonly start: Float64Array;
  /** [n] error of each transition when it was held out */
  readonly held: Float64Array;
}

/**
 * Real transitions and Bellman residuals together: minimise Σ (f − Δ)²/(0.05 RMS Δ)² + c · (mean Huber cost of the residuals) + ridge |w|², with structure, features,
 * c and ridge chosen by cross-validation over the transitions, c = 0 among them. Of all that are within one standard error of the best, paired over transitions
 * (Breiman et al. 1984), the one that trusts the critic most is taken: a handful of noisy transitions cannot tell more. Heads are whitened by their residuals at the transitions, shrunk to the first guess.
 */
export async function fitWithTransitions(
  system: BellmanSystem,
  actionSpace: Space,
  equations: Equations,
  real: RealTransitions,
  options: AmortisedOptions & { readonly seed?: number } = {},
  onProgress?: OnProgress,
): Promise<FitWithTransitions> {
  if (real.n < 2) throw new RefusalError(`cross-validation needs at least 2 transitions, got ${real.n}`);
  const d = system.stateSize;
  const { centre, scale } = equations;
  const changes = changesOf(system, real);
  const precision = unitPrecision(changes, d);
  const sigma = await residualSigma(system, equations, real);
  const few = Math.min(FEW, equations.n);
  const asked = {
    states: equations.states.subarray(0, few * d),
    actions: equations.actions.subarray(0, few * system.actionSize),
    targets: equations.targets.subarray(0, few * sigma.length),
  };
  const folds = foldsOf(real.n, options.seed ?? 0);
  const classes = classesFor(real.n, system.coordinates, options);
  const total = classes.length * (1 + WEIGHTS.length);
  const results: Candidate[] = [];
  let done = 0;
  for (const { integrator, features: kind } of classes) {
    const features = createFeatures(kind, system.coordinates, actionSpace, centre, scale);
    const structure = createStructure(integrator, system.coordinates, features);
    const phi = features.matrix(asked.states, asked.actions, few);
    const realPhi = features.matrix(real.states, real.actions, real.n);
    const width = features.names.length;
    const rows = (keep: (b: number) => boolean): ObservedChanges => pick(real.states, realPhi, changes, precision, d, width, keep);
    const solve = (weight: number, ridge: number, observed: ObservedChanges, start: Float64Array | undefined, iterations: number) =>
      fitStructure(system, structure, asked.states, phi, asked.targets, sigma, { ...options, weight, ridge, observed, start, iterations });
    const validate = async (weight: number, ridge: number, start: Float64Array | undefined) => {
      const errors = new Float64Array(real.n);
      for (let fold = 0; fold < folds.count; fold++) {
        const { theta } = await solve(
          weight,
          ridge,
          rows((b) => folds.of[b] !== fold),
          start,
          weight === 0 ? 30 : 8,
        );
        const held = rows((b) => folds.of[b] === fold);
        const predicted = new Float64Array(held.changes.length);
        structure.change(held.states, held.phi, held.states.length / d, theta, predicted);
        const members = Array.from(folds.of.keys()).filter((b) => folds.of[b] === fold);
        for (let i = 0; i < predicted.length; i++) {
          const error = Math.min(4, (predicted[i] - held.changes[i]) ** 2 * precision[i % d] * UNIT * UNIT);
          errors[members[Math.floor(i / d)]] += error / d;
        }
      }
      return errors;
    };
    const candidate = (weight: number, ridge: number, start: Float64Array, held: Float64Array): Candidate => {
      const { mean, standardError } = meanAndError(held);
      return { integrator, features: kind, weight, ridge, error: mean, standardError, start, held };
    };
    const all = rows(() => true);
    onProgress?.(done++, total, `${integrator} ${kind}, transitions alone`);
    let alone: Candidate | undefined;
    for (const ridge of RIDGES) {
      const tried = candidate(0, ridge, new Float64Array(0), await validate(0, ridge, undefined));
      if (!alone || tried.error < alone.error) alone = tried;
    }
    results.push(alone!);
    let start = (await solve(0, alone!.ridge, all, undefined, 30)).theta;
    for (const weight of WEIGHTS) {
      onProgress?.(done++, total, `${integrator} ${kind}, critic × ${weight}`);
      start = (await solve(weight, CRITIC_RIDGE, all, start, 15)).theta;
      results.push(candidate(weight, CRITIC_RIDGE, start, await validate(weight, CRITIC_RIDGE, start)));
    }
  }
  onProgress?.(total, total, "done");
  const least = (list: readonly Candidate[]) => list.reduce((best, entry) => (entry.error < best.error ? entry : best));
  const best = mostTrusting(results, least(results));
  const supervised = least(results.filter(({ weight }) => weight === 0));
  const finish = async ({ integrator, features: kind, weight, ridge, start }: Candidate): Promise<StructuredFit> => {
    const features = createFeatures(kind, system.coordinates, actionSpace, centre, scale);
    const structure = createStructure(integrator, system.coordinates, features);
    const { states, actions, targets, n } = equations;
    const observed = { states: real.states, phi: features.matrix(real.states, real.actions, real.n), changes, precision };
    const fit: Fit = await fitStructure(system, structure, states, features.matrix(states, actions, n), targets, sigma, {
      ...options,
      weight,
      ridge,
      observed,
      start: start.length > 0 ? start : undefined,
    });
    return { ...fit, integrator, features: kind, sigma };
  };
  /** Each fold once more for the class that was taken: one transition a fold where they are few, so that those left are nearly as many as in the end. */
  const holdOut = async ({ integrator, features: kind, weight, ridge, start }: Candidate): Promise<HeldOut> => {
    const structure = createStructure(integrator, system.coordinates, createFeatures(kind, system.coordinates, actionSpace, centre, scale));
    const phi = structure.features.matrix(asked.states, asked.actions, few);
    const realPhi = structure.features.matrix(real.states, real.actions, real.n);
    const width = structure.features.names.length;
    const finer = foldsOf(real.n, options.seed ?? 0, real.n <= SINGLY ? real.n : FOLDS);
    const errors = new Float64Array(real.n * d);
    const deviation = new Float64Array(real.n * d);
    for (let fold = 0; fold < finer.count; fold++) {
      const observed = pick(real.states, realPhi, changes, precision, d, width, (b) => finer.of[b] !== fold);
      const fit = await fitStructure(system, structure, asked.states, phi, asked.targets, sigma, {
        ...options,
        weight,
        ridge,
        observed,
        start: start.length > 0 ? start : undefined,
        iterations: weight === 0 ? 30 : 8,
      });
      const covariance = sandwich(fit.curvature, fit.outer, fit.theta.length);
      const dynamics = structuredDynamics({ integrator, features: kind }, system.coordinates, actionSpace, {
        centre,
        scale,
        theta: fit.theta,
        covariance,
      });
      for (let b = 0; b < real.n; b++) {
        if (finer.of[b] !== fold) continue;
        const state = real.states.subarray(b * d, (b + 1) * d);
        const action = real.actions.subarray(b * system.actionSize, (b + 1) * system.actionSize);
        deviation.set(await dynamics.deviation(state, action, 1), b * d);
        const predicted = await dynamics.change(state, action, 1);
        for (let j = 0; j < d; j++) errors[b * d + j] = predicted[j] - changes[b * d + j];
      }
    }
    return { errors, deviation };
  };
  const strip = ({ start: _start, held: _held, ...entry }: Candidate): CrossValidated => entry;
  return {
    fit: await finish(best),
    chosen: strip(best),
    supervised: strip(supervised),
    supervisedFit: await finish(supervised),
    held: await holdOut(best),
    supervisedHeld: await holdOut(supervised),
  };
}

function meanAndError(values: Float64Array): { readonly mean: number; readonly standardError: number } {
  const n = values.length;
  const centre = mean(values);
  const variance = values.reduce((total, x) => total + (x - centre) ** 2, 0) / Math.max(1, n - 1);
  return { mean: centre, standardError: Math.sqrt(variance / n) };
}

/** Largest weight among the candidates that are not worse than the best by more than one standard error of the difference; of equal weights the least error. */
function mostTrusting(candidates: readonly Candidate[], best: Candidate): Candidate {
  return candidates.reduce((chosen, entry) => {
    const { mean, standardError } = meanAndError(entry.held.map((error, b) => error - best.held[b]));
    if (mean > standardError) return chosen;
    return entry.weight > chosen.weight || (entry.weight === chosen.weight && entry.error < chosen.error) ? entry : chosen;
  }, best);
}

/** s' − s, angles the short way round. */
function changesOf({ coordinates: { angular }, stateSize: d }: BellmanSystem, { states, nextStates }: RealTransitions): Float64Array {
  return nextStates.map((next, i) => (angular[i % d] ? wrapAngle(next - states[i]) : next - states[i]));
}

function unitPrecision(changes: Float64Array, d: number): Float64Array {
  const n = changes.length / d;
  const square = new Float64Array(d);
  for (let i = 0; i < changes.length; i++) square[i % d] += changes[i] ** 2 / n;
  return square.map((x) => 1 / (UNIT * UNIT * (x || Number.MIN_VALUE)));
}

/** √((Σ (share · r)² + 5 σ₀²)/(n + 5)), σ₀ the first guess without transitions. */
async function residualSigma(system: BellmanSystem, equations: Equations, real: RealTransitions): Promise<Float64Array> {
  const first = firstSigma(system, equations);
  const share = headShare(system, equations);
  const k = first.length;
  const values = await system.values(real.nextStates);
  const targets = await system.targets(real.states, real.actions);
  const sums = new Float64Array(k);
  for (let at = 0; at < targets.length; at++) sums[at % k] += (share[at % k] * (values[at] - targets[at])) ** 2;
  return sums.map((sum, i) => Math.sqrt((sum + 5 * first[i] ** 2) / (real.n + 5)));
}

function foldsOf(n: number, seed: number, most = FOLDS): { readonly of: Int32Array; readonly count: number } {
  const count = Math.min(most, n);
  const of = new Int32Array(n);
  createRandom(seed)
    .permutation(n)
    .forEach((row, place) => {
      of[row] = place % count;
    });
  return { of, count };
}

function pick(
  states: Float64Array,
  phi: Float64Array,
  changes: Float64Array,
  precision: Float64Array,
  d: number,
  width: number,
  keep: (b: number) => boolean,
): ObservedChanges {
  const rows = Array.from({ length: states.length / d }, (_, b) => b).filter(keep);
  const take = (from: Float64Array, size: number) => {
    const out = new Float64Array(rows.length * size);
    rows.forEach((b, i) => {
      out.set(from.subarray(b * size, (b + 1) * size), i * size);
    });
    return out;
  };
  return { states: take(states, d), phi: take(phi, width), changes: take(changes, d), precision };
}

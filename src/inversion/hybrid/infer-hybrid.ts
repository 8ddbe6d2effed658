import { MismatchError } from "../../base/mismatch-error.ts";
import type { OnProgress } from "../../base/progress.ts";
import { createRandom } from "../../numbers/random.ts";
import { moments } from "../../numbers/statistics.ts";
import type { Space } from "../../spaces/space.ts";
import { stepSizes } from "../../world-model/calibrate.ts";
import { confine } from "../../world-model/confine.ts";
import type { ContactMap } from "../../world-model/contact.ts";
import type { Dynamics } from "../../world-model/dynamics.ts";
import { boundedPositions, createFeatures, type FeatureKind } from "../../world-model/features.ts";
import { splitRegions } from "../../world-model/regions.ts";
import { withSpread } from "../../world-model/spread.ts";
import { createStructure, type Integrator, type Structure } from "../../world-model/structure.ts";
import { sandwich, structuredDynamics } from "../../world-model/structured-dynamics.ts";
import { PLAUSIBLE, WORTH } from "../continuous/amortised.ts";
import type { Samples } from "../samples.ts";
import { type ContactEvidence, fitContacts } from "./fit-contacts.ts";
import { fitHybrid, type HybridFit } from "./fit-hybrid.ts";
import { type Estimate, estimate, residualOf, type ValueEquations } from "./value-equations.ts";

export interface HybridInference {
  /** Values of other trainings, independent of the first: they choose among the classes of models. */
  readonly validators?: readonly ValueEquations[];
  /** "auto": every kind that the coordinates allow. */
  readonly features?: FeatureKind | "auto";
  /** "auto": free, and both integrators where the coordinates say which is whose rate; true: only those; false: only free. */
  readonly kinematic?: "auto" | boolean;
  /** One integrator alone, whatever `kinematic` says. */
  readonly integrator?: Integrator;
  readonly timeStep?: number;
  readonly seed?: number;
  readonly iterations?: number;
  readonly onProgress?: OnProgress;
}

export interface HybridClass {
  readonly integrator: Integrator;
  readonly features: FeatureKind;
  readonly parameters: number;
  readonly fit: HybridFit;
  /** Mean Bellman residual under the critic that it was fitted to (rows of its own), and under the validators. */
  readonly own: Estimate;
  readonly across?: Estimate;
}

export interface Hybrid {
  readonly chosen: HybridClass;
  readonly classes: readonly HybridClass[];
  readonly contacts: readonly ContactEvidence[];
  readonly dynamics: Dynamics;
  /** [d] RMS difference from the farthest class that explains the values about as well, or better; 0 where there is none. `dynamics` knows of it. */
  readonly spread: Float64Array;
  readonly rule: "cross-critic validation" | "one critic";
}

/** Samples that the interior law is fitted to, and those that classes are compared on: never the same. Faces are judged on all but the latter. */
const FITTED = 8000;
const HELD_OUT = 2500;
/** Classes within this many standard errors of the best are as good: the smallest of them is taken. */
const ALIKE = 1;
/** 2^5 regions within which a critic's errors are taken to be alike. */
const REGIONS = 5;

/**
 * Hybrid dynamics: an interior law linear in features (fit-hybrid.ts), and a map for every face of the box of states (fit-contacts.ts).
 * Among classes of models the one is taken whose answers satisfy an independently trained critic best: residuals under the same critic mislead,
 * since a flexible class learns that critic's errors. No next state is used.
 * @param samples states all over the region, with actions; faces are touched by few of them, so more than the fit needs are welcome
 */
export async function inferHybrid(
  equations: ValueEquations,
  actionSpace: Space,
  samples: Samples,
  options: HybridInference = {},
): Promise<Hybrid> {
  const { validators = [], seed = 0, iterations, timeStep, onProgress } = options;
  const { coordinates, stateSize: d } = equations;
  const order = createRandom(seed).permutation(samples.n);
  const cut = Math.max(1, Math.min(HELD_OUT, Math.floor(samples.n / 4)));
  const held = takeRows(samples, order.subarray(0, cut), d);
  const rest = takeRows(samples, order.subarray(cut), d);
  const used = takeRows(samples, order.subarray(cut, cut + FITTED), d);
  const { centre, scale } = moments(used.states, d);
  const targets = await equations.targets(used.states, used.actions);
  const regions = splitRegions(used.states, d, scale, REGIONS);
  const heldTargets = await equations.targets(held.states, held.actions);
  const acrossTargets = await Promise.all(validators.map((validator) => validator.targets(held.states, held.actions)));
  const structureOf = ({ integrator, features }: Pick<HybridClass, "integrator" | "features">) =>
    createStructure(integrator, coordinates, createFeatures(features, coordinates, actionSpace, centre, scale));
  const follow = (structure: Structure, { states, actions, n }: Samples, theta: Float64Array) => {
    const raw = new Float64Array(n * d);
    structure.change(states, structure.features.matrix(states, actions, n), n, theta, raw);
    for (let i = 0; i < raw.length; i++) raw[i] += states[i];
    return raw;
  };
  const candidates = classesOf(equations, options);
  const classes: HybridClass[] = [];
  for (const [c, candidate] of candidates.entries()) {
    onProgress?.(c, candidates.length + 1, `${candidate.integrator} ${candidate.features}`);
    const structure = structureOf(candidate);
    const phi = structure.features.matrix(used.states, used.actions, used.n);
    const fit = await fitHybrid(equations, structure, used.states, phi, targets, scale, { iterations, timeStep, regions });
    const answer = confine(follow(structure, held, fit.theta), equations.coordinates);
    const own = estimate(await residualOf(equations, answer, heldTargets));
    const others = await Promise.all(validators.map((validator, v) => residualOf(validator, answer, acrossTargets[v])));
    const across = others.length === 0 ? undefined : estimate(averaged(others));
    classes.push({ ...candidate, parameters: structure.parameters, fit, own, across });
  }
  const chosen = validators.length > 0 ? acrossCritics(classes) : byOneCritic(classes);
  onProgress?.(candidates.length, candidates.length + 1, "faces of the box of states");
  const evidence = await fitContacts(equations, follow(structureOf(chosen), rest, chosen.fit.theta), (rows) => {
    const touching = takeRows(rest, rows, d);
    return equations.targets(touching.states, touching.actions);
  });
  onProgress?.(candidates.length + 1, candidates.length + 1, "done");
  const contacts = mapsOf(evidence);
  const dynamics = structuredDynamics(
    { integrator: chosen.integrator, features: chosen.features, ...(contacts.length > 0 ? { contacts } : {}) },
    coordinates,
    actionSpace,
    {
      centre,
      scale,
      theta: chosen.fit.theta,
      covariance: sandwich(chosen.fit.curvature, chosen.fit.outer, chosen.parameters),
    },
  );
  const judged = ({ own, across }: HybridClass) => (across ?? own).mean;
  const rivals = classes.filter((entry) => entry !== chosen && judged(entry) <= PLAUSIBLE * judged(chosen));
  const answerOf = (entry: HybridClass) => confine(follow(structureOf(entry), held, entry.fit.theta), equations.coordinates);
  const spread = farthest(answerOf(chosen), rivals.map(answerOf), equations);
  return {
    chosen,
    classes,
    contacts: evidence,
    dynamics: withSpread(dynamics, spread),
    spread,
    rule: validators.length > 0 ? "cross-critic validation" : "one critic",
  };
}

/** [d] RMS over rows of the farthest answer's difference, the short way round for angles. */
export function farthest(
  answer: Float64Array,
  others: readonly Float64Array[],
  { coordinates: { angular } }: Pick<ValueEquations, "coordinates">,
): Float64Array {
  const apart = others.map((other) => stepSizes(answer, other, angular));
  return Float64Array.from(angular, (_, j) => Math.max(0, ...apart.map((sizes) => sizes[j])));
}

function takeRows({ states, actions, n }: Samples, rows: Int32Array, d: number): Samples {
  const m = actions.length / n;
  return {
    n: rows.length,
    states: Float64Array.from({ length: rows.length * d }, (_, i) => states[rows[Math.floor(i / d)] * d + (i % d)]),
    actions: Float64Array.from({ length: rows.length * m }, (_, i) => actions[rows[Math.floor(i / m)] * m + (i % m)]),
  };
}

export function mapsOf(evidence: readonly ContactEvidence[]): ContactMap[] {
  return evidence.flatMap(({ map }) => (map ? [map] : []));
}

function classesOf(
  { coordinates }: ValueEquations,
  { features = "auto", kinematic = "auto", integrator }: HybridInference,
): { readonly integrator: Integrator; readonly features: FeatureKind }[] {
  const known = coordinates.rateOf.some((rate) => rate !== null);
  if (kinematic === true && !known) throw new MismatchError("kinematic structure needs coordinates that say which is whose rate");
  const integrators: Integrator[] = integrator ? [integrator] : [];
  if (!integrator && kinematic !== true) integrators.push("free");
  if (!integrator && known && kinematic !== false) integrators.push("explicit", "semi-implicit");
  const every: FeatureKind[] = ["linear", "additive", ...(boundedPositions(coordinates).length > 0 ? (["chebyshev"] as const) : [])];
  const kinds = features === "auto" ? every : [features];
  return kinds.flatMap((kind) => integrators.map((integrator) => ({ integrator, features: kind })));
}

function acrossCritics(classes: readonly HybridClass[]): HybridClass {
  return smallestOfTheBest(classes, ({ across }) => across!);
}

function byOneCritic(classes: readonly HybridClass[]): HybridClass {
  const ofKind = [...new Set(classes.map(({ features }) => features))].map((kind) =>
    smallestOfTheBest(
      classes.filter(({ features }) => features === kind),
      ({ own }) => own,
    ),
  );
  return ofKind.reduce((a, b) => (b.own.mean < WORTH * a.own.mean ? b : a));
}

function smallestOfTheBest(classes: readonly HybridClass[], of: (entry: HybridClass) => Estimate): HybridClass {
  const best = of(classes.reduce((a, b) => (of(b).mean < of(a).mean ? b : a)));
  return classes
    .filter((entry) => of(entry).mean <= best.mean + ALIKE * best.error)
    .reduce((a, b) => (b.parameters < a.parameters || (b.parameters === a.parameters && of(b).mean < of(a).mean) ? b : a));
}

function averaged(columns: readonly Float64Array[]): Float64Array {
  return columns[0].map((_, b) => columns.reduce((sum, column) => sum + column[b] / columns.length, 0));
}

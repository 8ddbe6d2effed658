import { add } from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";
import { cholesky, choleskySolve } from "../numbers/dense.ts";
import type { Space } from "../spaces/space.ts";
import { applyContacts, type ContactMap, contactGraph, describeContacts } from "./contact.ts";
import type { DynamicsFile, DynamicsOf } from "./dynamics-of.ts";
import { featureGraph } from "./feature-graph.ts";
import { createFeatures, type FeatureKind, featureKinds } from "./features.ts";
import { createStructure, type Integrator, integrators, structureGraph } from "./structure.ts";

export interface StructuredSettings {
  readonly integrator: Integrator;
  readonly features: FeatureKind;
  /** What the faces of the box of states do beyond clipping: the model is then hybrid. */
  readonly contacts?: readonly ContactMap[];
}

export type StructuredDynamics = DynamicsOf<"structured", StructuredSettings>;

/** Numbers of a structured model: θ [p] with its covariance [p, p], centre [d] and scale [d] of the features. */
export interface StructuredNumbers {
  readonly centre: Float64Array;
  readonly scale: Float64Array;
  readonly theta: Float64Array;
  readonly covariance: Float64Array;
}

/** @throws RangeError where θ is not as long as settings and coordinates make it */
export function structuredDynamics(
  settings: StructuredSettings,
  coordinates: Coordinates,
  actionSpace: Space,
  { centre, scale, theta, covariance }: StructuredNumbers,
): StructuredDynamics {
  const d = coordinates.names.length;
  const features = createFeatures(settings.features, coordinates, actionSpace, centre, scale);
  const structure = createStructure(settings.integrator, coordinates, features);
  const p = structure.parameters;
  const { contacts = [] } = settings;
  if (theta.length !== p)
    throw new RangeError(`a ${settings.integrator} ${settings.features} model has ${p} parameters, got ${theta.length}`);
  return {
    kind: "structured",
    settings: { ...settings },
    tensors: {
      theta: { shape: [p], data: theta },
      covariance: { shape: [p, p], data: covariance },
      centre: { shape: [d], data: centre },
      scale: { shape: [d], data: scale },
    },
    async change(states, actions, n) {
      const out = new Float64Array(n * d);
      structure.change(states, features.matrix(states, actions, n), n, theta, out);
      if (contacts.length === 0) return out;
      for (let i = 0; i < n * d; i++) out[i] += states[i];
      applyContacts(contacts, coordinates, out);
      for (let i = 0; i < n * d; i++) out[i] -= states[i];
      return out;
    },
    async deviation(states, actions, n) {
      const phi = features.matrix(states, actions, n);
      const row = new Float64Array(d * p);
      const out = new Float64Array(n * d);
      for (let b = 0; b < n; b++) {
        structure.sensitivity(states, phi, b, theta, row);
        for (let x = 0; x < d; x++) out[b * d + x] = Math.sqrt(Math.max(0, quadraticForm(covariance, row, x * p, p)));
      }
      return out;
    },
    graph(states, actions) {
      const phi = featureGraph(settings.features, coordinates, actionSpace, centre, scale, states, actions);
      return contactGraph(add(states, structureGraph(structure, coordinates, theta, states, phi)), contacts, coordinates);
    },
    describe() {
      const weights = structure.learned.map((i, q) => {
        const named = features.names.map((name, f) => [name, theta[1 + q * features.names.length + f] * scale[i]] as const);
        return [coordinates.names[i], Object.fromEntries(named)] as const;
      });
      return {
        integrator: settings.integrator,
        features: settings.features,
        parameters: p,
        ...(settings.integrator === "free" ? {} : { timeStep: theta[0] }),
        changes: Object.fromEntries(weights),
        ...(contacts.length === 0 ? {} : { contacts: describeContacts(contacts, coordinates) }),
      };
    },
  };
}

/** The same from a file. */
export function readStructured(
  { settings, float64, refuse }: DynamicsFile,
  coordinates: Coordinates,
  actionSpace: Space,
): StructuredDynamics {
  const integrator = integrators.find((name) => name === settings.integrator);
  if (!integrator)
    throw refuse("dynamics.settings.integrator", `is ${JSON.stringify(settings.integrator)}, not one of ${integrators.join(", ")}`);
  const features = featureKinds.find((name) => name === settings.features);
  if (!features)
    throw refuse("dynamics.settings.features", `is ${JSON.stringify(settings.features)}, not one of ${featureKinds.join(", ")}`);
  const { contacts } = settings;
  if (contacts !== undefined && !Array.isArray(contacts)) throw refuse("dynamics.settings.contacts", "is not a list");
  return structuredDynamics(
    { integrator, features, ...(contacts ? { contacts: contacts as ContactMap[] } : {}) },
    coordinates,
    actionSpace,
    {
      centre: float64("centre"),
      scale: float64("scale"),
      theta: float64("theta"),
      covariance: float64("covariance"),
    },
  );
}

/** x' C x of the row that begins at `at`. */
function quadraticForm(c: Float64Array, row: Float64Array, at: number, p: number): number {
  let sum = 0;
  for (let q = 0; q < p; q++) {
    const x = row[at + q];
    if (x === 0) continue;
    let inner = 0;
    for (let r = 0; r < p; r++) inner += c[q * p + r] * row[at + r];
    sum += x * inner;
  }
  return sum;
}

/**
 * Covariance of a robust estimate that minimises a mean cost: H⁻¹ G H⁻¹ (Huber 1967; White 1980; regions as clusters: Liang and Zeger 1986).
 * @param curvature H [p, p] @param outer G [p, p], sum over regions of the outer product of their summed gradients
 */
export function sandwich(curvature: Float64Array, outer: Float64Array, p: number): Float64Array {
  const factor = curvature.slice();
  for (let q = 0; q < p; q++) factor[q * p + q] += 1e-9 * (1 + curvature[q * p + q]);
  if (!cholesky(factor, p)) return new Float64Array(p * p).fill(Infinity);
  const half = outer.slice();
  const column = new Float64Array(p);
  const solveColumns = (matrix: Float64Array) => {
    for (let c = 0; c < p; c++) {
      for (let r = 0; r < p; r++) column[r] = matrix[r * p + c];
      choleskySolve(factor, p, column);
      for (let r = 0; r < p; r++) matrix[r * p + c] = column[r];
    }
  };
  solveColumns(half);
  const turned = new Float64Array(p * p);
  for (let r = 0; r < p; r++) for (let c = 0; c < p; c++) turned[c * p + r] = half[r * p + c];
  solveColumns(turned);
  return turned;
}

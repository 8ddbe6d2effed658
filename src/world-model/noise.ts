import type { Coordinates } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";
import type { Dynamics } from "./dynamics.ts";
import type { NoiseKind } from "./dynamics-of.ts";
import { covariances, triangle } from "./expected-values.ts";
import { createFeatures } from "./features.ts";

/** Functions of (s, a) that L is linear in: L(s, a) = Σ_f ψ_f(s, a) L_f, so that L Lᵀ is a covariance whatever the weights. */
export interface NoiseFeatures {
  readonly kind: NoiseKind;
  /** F */
  readonly width: number;
  /** ψ(s, a): flat [n, F], the constant first. */
  matrix(states: Float64Array, actions: Float64Array, n: number): Float64Array;
}

/** Dynamics whose next states scatter. */
export type NoisyDynamics = Dynamics & {
  /** L of n pairs, [n, d(d + 1)/2] lower triangles row by row: s' ~ N(s + f(s, a), L Lᵀ). */
  factors(states: Float64Array, actions: Float64Array, n: number): Float64Array;
};

export function noiseFeatures(
  kind: NoiseKind,
  coordinates: Coordinates,
  actionSpace: Space,
  centre: Float64Array,
  scale: Float64Array,
): NoiseFeatures {
  if (kind === "constant") return { kind, width: 1, matrix: (_states, _actions, n) => new Float64Array(n).fill(1) };
  const features = createFeatures("linear", coordinates, actionSpace, centre, scale);
  return { kind, width: features.names.length, matrix: (states, actions, n) => features.matrix(states, actions, n) };
}

/** @param weights [F, d(d + 1)/2] the triangles L_f */
export function withNoise(dynamics: Dynamics, features: NoiseFeatures, weights: Float64Array, d: number): NoisyDynamics {
  const lower = triangle(d);
  return {
    ...dynamics,
    noise: features.kind,
    tensors: { ...dynamics.tensors, noise: { shape: [features.width, lower], data: weights } },
    describe: () => ({
      ...dynamics.describe(),
      noise: features.kind === "constant" ? Array.from(covariances(weights, d)) : features.kind,
    }),
    factors: (states, actions, n) => mixFactors(features.matrix(states, actions, n), weights, lower),
  };
}

export function isNoisy(dynamics: Dynamics): dynamics is NoisyDynamics {
  return "factors" in dynamics;
}

/** Σ_f ψ_f L_f: [n, lower]. */
export function mixFactors(psi: Float64Array, weights: Float64Array, lower: number): Float64Array {
  const width = weights.length / lower;
  const n = psi.length / width;
  const out = new Float64Array(n * lower);
  for (let b = 0; b < n; b++)
    for (let f = 0; f < width; f++) {
      const share = psi[b * width + f];
      if (share !== 0) for (let e = 0; e < lower; e++) out[b * lower + e] += share * weights[f * lower + e];
    }
  return out;
}

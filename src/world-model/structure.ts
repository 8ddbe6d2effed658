import { add, concat, matmul, mul, slice, type Value } from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";
import type { Features } from "./features.ts";

/**
 * How positions follow from their rates (one clock, so one time step τ for all of them):
 *   explicit: x' = x + τ v;   semi-implicit: x' = x + τ v';   free: positions are linear in the features like everything else.
 */
export type Integrator = "free" | "explicit" | "semi-implicit";
export const integrators: readonly Integrator[] = ["free", "explicit", "semi-implicit"];

/** A model that is linear in features: Δ_i = scale_i · φ(s, a) · w_i, with positions integrated from their rates unless free. */
export interface Structure {
  readonly integrator: Integrator;
  readonly features: Features;
  /** p = 1 + (learned coordinates) · (features): τ first, then the weights of one coordinate after another. */
  readonly parameters: number;
  /** Coordinates whose change has weights of its own. */
  readonly learned: readonly number[];
  /** s' − s: flat [n, d]. @param phi features.matrix of the same rows */
  change(states: Float64Array, phi: Float64Array, n: number, theta: Float64Array, out: Float64Array): void;
  /** ∂(s' − s)/∂θ of one row: [d, p], written over `out`. */
  sensitivity(states: Float64Array, phi: Float64Array, row: number, theta: Float64Array, out: Float64Array): void;
}

export function createStructure(integrator: Integrator, coordinates: Coordinates, features: Features): Structure {
  const d = coordinates.names.length;
  const width = features.names.length;
  const rateOf = coordinates.rateOf.map((rate) => (integrator === "free" ? null : rate));
  const learned = rateOf.flatMap((rate, i) => (rate === null ? [i] : []));
  const slot = rateOf.map((_, i) => learned.indexOf(i));
  const implicit = integrator === "semi-implicit" ? 1 : 0;
  const { scale } = features;
  rateOf.forEach((rate, i) => {
    if (rate !== null && slot[rate] < 0) throw new Error(`coordinate '${coordinates.names[i]}' follows a rate that itself follows another`);
  });
  const parameters = 1 + learned.length * width;
  return {
    integrator,
    features,
    parameters,
    learned,
    change(states, phi, n, theta, out) {
      for (let b = 0; b < n; b++) {
        for (let q = 0; q < learned.length; q++) {
          let sum = 0;
          for (let f = 0; f < width; f++) sum += phi[b * width + f] * theta[1 + q * width + f];
          out[b * d + learned[q]] = sum * scale[learned[q]];
        }
        for (let i = 0; i < d; i++) {
          const rate = rateOf[i];
          if (rate !== null) out[b * d + i] = theta[0] * (states[b * d + rate] + implicit * out[b * d + rate]);
        }
      }
    },
    sensitivity(states, phi, row, theta, out) {
      out.fill(0);
      for (let i = 0; i < d; i++) {
        const rate = rateOf[i];
        const own = rate ?? i;
        const start = i * parameters + 1 + slot[own] * width;
        const factor = rate === null ? scale[i] : implicit * theta[0] * scale[rate];
        let change = 0;
        for (let f = 0; f < width; f++) {
          const feature = phi[row * width + f];
          out[start + f] = factor * feature;
          change += feature * theta[1 + slot[own] * width + f];
        }
        if (rate !== null) out[i * parameters] = states[row * d + rate] + implicit * change * scale[rate];
      }
    },
  };
}

/** `change` of a structure as a graph: φ(s, a) [N, features] to s' − s [N, d]. */
export function structureGraph(
  { learned, features, integrator }: Structure,
  { rateOf }: Coordinates,
  theta: Float64Array,
  states: Value,
  phi: Value,
): Value {
  const width = features.names.length;
  const weights = new Float64Array(width * learned.length);
  for (let q = 0; q < learned.length; q++)
    for (let f = 0; f < width; f++) weights[f * learned.length + q] = theta[1 + q * width + f] * features.scale[learned[q]];
  const free = matmul(phi, phi.graph.constant(weights, [width, learned.length]));
  const column = (value: Value, i: number) => slice(value, i, i + 1, 1);
  const changeOf = (i: number) => column(free, learned.indexOf(i));
  return concat(
    rateOf.map((rate, i) => {
      if (rate === null || integrator === "free") return changeOf(i);
      const speed = column(states, rate);
      return mul(integrator === "semi-implicit" ? add(speed, changeOf(rate)) : speed, theta[0]);
    }),
    1,
  );
}

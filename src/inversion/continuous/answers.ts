import type { BellmanSystem } from "../../bellman/system.ts";
import type { Space } from "../../spaces/space.ts";
import { confine } from "../../world-model/confine.ts";
import { type StructuredDynamics, sandwich, structuredDynamics } from "../../world-model/structured-dynamics.ts";
import type { Equations } from "../samples.ts";
import type { StructuredFit } from "./amortised.ts";

export function dynamicsOfFit(
  system: BellmanSystem,
  actionSpace: Space,
  { centre, scale }: Equations,
  fit: StructuredFit,
): StructuredDynamics {
  return structuredDynamics({ integrator: fit.integrator, features: fit.features }, system.coordinates, actionSpace, {
    centre,
    scale,
    theta: fit.theta,
    covariance: sandwich(fit.curvature, fit.outer, fit.theta.length),
  });
}

/** s + f(s, a) within the box of states: [n, d]. */
export function answersOf(change: Float64Array, states: Float64Array, { coordinates }: Pick<BellmanSystem, "coordinates">): Float64Array {
  return confine(
    change.map((x, i) => x + states[i]),
    coordinates,
  );
}

/** [d] RMS over samples of the farthest rival's difference, in the coordinates' units. */
export function spreadOf(change: Float64Array, others: readonly Float64Array[], d: number): Float64Array {
  const farthest = new Float64Array(d);
  for (const other of others) {
    const sums = new Float64Array(d);
    for (let i = 0; i < change.length; i++) sums[i % d] += ((other[i] - change[i]) ** 2 * d) / change.length;
    for (let j = 0; j < d; j++) farthest[j] = Math.max(farthest[j], Math.sqrt(sums[j]));
  }
  return farthest;
}

/** [d] the same over the RMS of the change. */
export function disagreementOf(change: Float64Array, others: readonly Float64Array[], d: number): number[] {
  const own = spreadOf(new Float64Array(change.length), [change], d);
  return Array.from(spreadOf(change, others, d), (apart, j) => apart / (own[j] || Number.MIN_VALUE));
}

import { wrapAngle } from "../environments/coordinates.ts";
import type { Coordinates } from "../environments/environment.ts";

/** Angles into (−π, π], the rest into the box of known states, in place. */
export function confine(states: Float64Array, { angular, low, high }: Pick<Coordinates, "angular" | "low" | "high">): Float64Array {
  const d = angular.length;
  for (let i = 0; i < states.length; i++) {
    const j = i % d;
    states[i] = angular[j] ? wrapAngle(states[i]) : Math.min(high[j], Math.max(low[j], states[i]));
  }
  return states;
}

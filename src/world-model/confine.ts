import { add, clip, concat, floor, max, min, mul, slice, sub, type Value } from "../engine/index.ts";
import { wrapAngle } from "../environments/coordinates.ts";
import type { Coordinates } from "../environments/environment.ts";
import type { Dynamics } from "./dynamics.ts";

/** Angles into (−π, π], the rest into the box of known states, in place. */
export function confine(states: Float64Array, { angular, low, high }: Pick<Coordinates, "angular" | "low" | "high">): Float64Array {
  const d = angular.length;
  for (let i = 0; i < states.length; i++) {
    const j = i % d;
    states[i] = angular[j] ? wrapAngle(states[i]) : Math.min(high[j], Math.max(low[j], states[i]));
  }
  return states;
}

/** s + f(s, a) of n pairs, in the box of known states: flat [n, d]. */
export async function stepDynamics(
  dynamics: Pick<Dynamics, "change">,
  coordinates: Coordinates,
  states: Float64Array,
  actions: Float64Array,
  n: number,
): Promise<Float64Array> {
  const nextStates = await dynamics.change(states, actions, n);
  for (let i = 0; i < nextStates.length; i++) nextStates[i] += states[i];
  return confine(nextStates, coordinates);
}

/** The same of states [N, d] in a graph. */
export function confineGraph(states: Value, { angular, low, high }: Coordinates): Value {
  const turn = 2 * Math.PI;
  return concat(
    angular.map((angle, i) => {
      const x = slice(states, i, i + 1, 1);
      if (angle) return sub(x, mul(floor(mul(add(x, Math.PI), 1 / turn)), turn));
      if (Number.isFinite(low[i]) && Number.isFinite(high[i])) return clip(x, low[i], high[i]);
      return Number.isFinite(low[i]) ? max(x, low[i]) : Number.isFinite(high[i]) ? min(x, high[i]) : x;
    }),
    1,
  );
}

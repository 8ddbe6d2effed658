import type { Dynamics } from "./dynamics.ts";

/**
 * The same dynamics with a deviation that knows of its rivals: √(parameters' variance + spread²). A critic's bias moves all samples together, so the
 * spread of the parameters alone is far too small (measured: errors of 3 to 20 of its deviations); models that explain the values about as well show how far it reaches.
 * @param spread [d] RMS difference from the farthest rival, in the coordinates' units
 */
export function withSpread(dynamics: Dynamics, spread: Float64Array): Dynamics {
  const d = spread.length;
  return {
    ...dynamics,
    tensors: { ...dynamics.tensors, spread: { shape: [d], data: spread } },
    async deviation(states, actions, n) {
      const own = await dynamics.deviation(states, actions, n);
      return own.map((deviation, i) => Math.hypot(deviation, spread[i % d]));
    },
  };
}

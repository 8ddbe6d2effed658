import type { Dynamics } from "./dynamics.ts";

/**
 * What an error was, on development seeds of `vinverse reproduce uncertainty`, in the spread of the parameters and in the difference from the farthest rival. Regions of a
 * sandwich are not wholly independent, so that it is too small; the farthest rival is most often farther than the truth.
 */
const PARAMETERS = 1.8;
const RIVAL = 0.73;

/**
 * The same dynamics with a deviation that knows of its rivals: √((1.8 · parameters' deviation)² + (0.73 · spread)²). A critic's bias moves all samples together, so the
 * spread of the parameters alone is far too small (measured: errors of 3 to 50 of its deviations); models that explain the values about as well show how far it reaches.
 * @param spread [d] RMS difference from the farthest rival, in the coordinates' units
 */
export function withSpread(dynamics: Dynamics, spread: Float64Array): Dynamics {
  const d = spread.length;
  return {
    ...dynamics,
    tensors: { ...dynamics.tensors, spread: { shape: [d], data: spread } },
    async deviation(states, actions, n) {
      const own = await dynamics.deviation(states, actions, n);
      return own.map((deviation, i) => Math.hypot(PARAMETERS * deviation, RIVAL * spread[i % d]));
    },
  };
}

/** The same direction in (−π, π]. */
export function wrapAngle(angle: number): number {
  return angle - 2 * Math.PI * Math.ceil((angle - Math.PI) / (2 * Math.PI));
}

/** Coordinates that are observed as they are. */
export const observedDirectly = {
  observe: <V>(states: V): V => states,
  fromObservations: (observations: Float64Array, _n: number): Float64Array => observations.slice(),
  observations(states: Float64Array, _n: number, out: Float64Array): void {
    // a single state is copied by hand: `set` costs more than the whole step
    if (states.length > 16) out.set(states);
    else for (let k = 0; k < states.length; k++) out[k] = states[k];
  },
};

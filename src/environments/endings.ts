import type { Physics } from "./environment.ts";

/** d(s') of states [n, d], from the rule of one: whether the state that begins at an offset ends the episode. */
export function endedWhere(d: number, ends: (states: Float64Array, at: number) => boolean): Physics["ended"] {
  return (states, n, out) => {
    for (let i = 0; i < n; i++) out[i] = ends(states, i * d) ? 1 : 0;
  };
}

/** d(s') of a world that goes on until its time is up. */
export const neverEnded: Physics["ended"] = (_states, n, out) => {
  out.fill(0, 0, n);
};

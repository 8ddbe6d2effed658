import type { Coordinates, Physics } from "../environments/environment.ts";
import { confine } from "../world-model/confine.ts";
import type { Dynamics } from "../world-model/dynamics.ts";
import type { Simulator } from "./shooting.ts";

/** Amortised dynamics as planners step them: s + f(s, a), in the box of known states. */
export function simulatorOfDynamics(dynamics: Pick<Dynamics, "change">, coordinates: Coordinates): Simulator {
  return {
    stateSize: coordinates.names.length,
    async step(states, actions, n) {
      const nextStates = await dynamics.change(states, actions, n);
      for (let i = 0; i < nextStates.length; i++) nextStates[i] += states[i];
      return { nextStates: confine(nextStates, coordinates) };
    },
  };
}

/** The true laws: the ceiling of what a plan can reach. */
export function simulatorOfPhysics(physics: Physics): Simulator {
  const d = physics.coordinates.names.length;
  return {
    stateSize: d,
    async step(states, actions, n) {
      const nextStates = new Float64Array(n * d);
      physics.step(states, actions, n, { nextStates, rewards: new Float64Array(n), terminated: new Uint8Array(n) });
      return { nextStates };
    },
  };
}

import type { Simulation } from "../../environments/environment.ts";
import type { Simulator } from "../../planning/simulator.ts";
import { armCoordinatesSize, seeArm } from "./episodes.ts";

/** What `runArmEpisodes` and a planner need to plan in the true simulator. */
export interface TrueSimulator {
  readonly model: Simulator;
  /** States [n, 15 + stateSize] of `model` from the simulation's [n, stateSize]: the coordinates first, where costs and controls read them. */
  readonly view: (states: Float64Array, n: number) => Float64Array;
}

/** The world itself as a planner's model: full states ride behind the coordinates, so that each step restores them and nothing is guessed. */
export function trueSimulator(simulation: Simulation): TrueSimulator {
  const size = simulation.stateSize;
  const d = armCoordinatesSize + size;
  const view = (states: Float64Array, n: number) => {
    const seen = seeArm(simulation, states, n);
    const out = new Float64Array(n * d);
    for (let b = 0; b < n; b++) {
      out.set(seen.subarray(b * armCoordinatesSize, (b + 1) * armCoordinatesSize), b * d);
      out.set(states.subarray(b * size, (b + 1) * size), b * d + armCoordinatesSize);
    }
    return out;
  };
  return {
    view,
    model: {
      stateSize: d,
      async step(states, actions, n) {
        const nextStates = new Float64Array(n * size);
        for (let b = 0; b < n; b++) nextStates.set(states.subarray(b * d + armCoordinatesSize, (b + 1) * d), b * size);
        simulation.step(nextStates, actions, n, { nextStates, rewards: new Float64Array(n), terminated: new Uint8Array(n) });
        return { nextStates: view(nextStates, n) };
      },
    },
  };
}

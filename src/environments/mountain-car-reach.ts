import type { Random } from "../numbers/random.ts";
import { box, discrete } from "../spaces/space.ts";
import { neverEnded } from "./endings.ts";
import type { Simulation } from "./environment.ts";
import { stepCar } from "./mountain-car.ts";
import { above0, finite } from "./options.ts";
import { simulationEnvironment } from "./physics-environment.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { drawValley, valley } from "./valley.ts";

export interface MountainCarReachOptions {
  readonly maxEpisodeSteps?: number;
  readonly radius?: number;
  /** The position to reach in every episode; drawn anew for each where there is none. */
  readonly goal?: number;
}

/**
 * # MountainCarReach-v0
 * The mountain car with a place to reach that is drawn for every episode and seen: a goal environment with discrete actions.
 *
 * ## Action space
 * Discrete(3): push left, no push, push right.
 *
 * ## Observation space
 * Box(4): achieved goal (the position), desired goal (a position), and the observation: position (−1.2 to 0.6) and velocity (±0.07).
 * This is the Dict of Gymnasium's goal environments, flattened in the order of its sorted keys.
 *
 * ## Rewards
 * 0 within `radius` of the goal, −1 elsewhere.
 *
 * ## Starting state
 * Position, velocity and goal uniform over the valley.
 *
 * ## Episode end
 * Truncated after 200 steps; nothing terminates it.
 *
 * ## Arguments
 * `radius` (0.1), `goal` (drawn), `maxEpisodeSteps` (200).
 */
export function mountainCarReach({ maxEpisodeSteps = 200, radius = 0.1, goal }: MountainCarReachOptions = {}): Simulation {
  const { left, right, speed } = valley;
  const place = (random: Random) => left + (right - left) * random.uniform();
  const paid = (achieved: number, desired: number) => (Math.abs(achieved - desired) < radius ? 0 : -1);
  return {
    stateSize: 3,
    observationSpace: box([left, left, left, -speed], [right, right, right, speed]),
    actionSpace: discrete(3),
    horizon: maxEpisodeSteps,
    goals: {
      size: 1,
      rewards(achieved, desired, n, out) {
        for (let i = 0; i < n; i++) out[i] = paid(achieved[i], desired[i]);
      },
    },
    initialState(random, out = new Float64Array(3), offset = 0) {
      out[offset] = place(random);
      out[offset + 1] = speed * (2 * random.uniform() - 1);
      out[offset + 2] = goal ?? place(random);
      return out;
    },
    observations(states, n, out) {
      for (let i = 0; i < n; i++) {
        out[4 * i] = out[4 * i + 2] = states[3 * i];
        out[4 * i + 1] = states[3 * i + 2];
        out[4 * i + 3] = states[3 * i + 1];
      }
    },
    step(states, actions, n, { nextStates, rewards, terminated }) {
      for (let i = 0; i < n; i++) {
        const desired = states[3 * i + 2];
        stepCar(states[3 * i], states[3 * i + 1], (actions[i] - 1) * 0.001, nextStates, 3 * i);
        nextStates[3 * i + 2] = desired;
        rewards[i] = paid(nextStates[3 * i], desired);
        terminated[i] = 0;
      }
    },
    ended: neverEnded,
    reward(_states, _actions, nextStates, n, out) {
      for (let i = 0; i < n; i++) out[i] = paid(nextStates[3 * i], nextStates[3 * i + 2]);
    },
  };
}

export const mountainCarReachRegistration = {
  ids: ["MountainCarReach-v0"],
  options: { radius: above0("a length"), goal: finite },
  build: (options: MountainCarReachOptions, id) => simulationEnvironment(id, mountainCarReach(options)),
  draw: drawValley(),
  scene: { state: [-0.2, 0, 0.3] },
} as const satisfies EnvironmentRegistration<MountainCarReachOptions>;

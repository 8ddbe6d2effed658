import type { Random } from "../numbers/random.ts";
import { clamp } from "../numbers/statistics.ts";
import { box, discrete } from "../spaces/space.ts";
import { observedDirectly } from "./coordinates.ts";
import { endedWhere } from "./endings.ts";
import type { Coordinates, Physics } from "./environment.ts";
import { finite } from "./options.ts";
import { physicsEnvironment } from "./physics-environment.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { drawValley, valley } from "./valley.ts";

export const mountainCarCoordinates: Coordinates = {
  names: ["position", "velocity"],
  angular: [false, false],
  low: [valley.left, -valley.speed],
  high: [valley.right, valley.speed],
  rateOf: [1, null],
  observe: observedDirectly.observe,
  fromObservations: observedDirectly.fromObservations,
};

/** Position uniform in [−0.6, −0.4], at rest. */
export function mountainCarStart(random: Random, out: Float64Array = new Float64Array(2), offset = 0): Float64Array {
  out[offset] = -0.6 + 0.2 * random.uniform();
  out[offset + 1] = 0;
  return out;
}

/** Where the flag stands. */
const flag = 0.5;

export interface MountainCarOptions {
  readonly maxEpisodeSteps?: number;
  readonly goalVelocity?: number;
  /** What a push adds to the velocity in a step. */
  readonly force?: number;
}

/**
 * # MountainCar-v0
 * A car in a valley, too weak to climb the right hill at once, must swing up (A. Moore, PhD thesis, Cambridge, 1990).
 *
 * ## Action space
 * Discrete(3): push left, no push, push right.
 *
 * ## Observation space
 * Box(2): position (−1.2 to 0.6), velocity (±0.07).
 *
 * ## Rewards
 * −1 for every step, the last one included.
 *
 * ## Starting state
 * Position uniform in [−0.6, −0.4], velocity 0.
 *
 * ## Episode end
 * Terminated when position ≥ 0.5 and velocity ≥ `goalVelocity`; truncated after 200 steps.
 *
 * ## Arguments
 * `maxEpisodeSteps` (200), `goalVelocity` (0), `force` (0.001).
 */
export function mountainCar({ maxEpisodeSteps = 200, goalVelocity = 0, force = 0.001 }: MountainCarOptions = {}): Physics {
  const arrived = atFlag(flag, goalVelocity);
  return {
    horizon: maxEpisodeSteps,
    observationSpace: box([valley.left, -valley.speed], [valley.right, valley.speed]),
    actionSpace: discrete(3),
    coordinates: mountainCarCoordinates,
    observations: observedDirectly.observations,
    initialState: mountainCarStart,
    rewards(_states, _actions, n, out) {
      out.fill(-1, 0, n);
    },
    ended: endedWhere(2, arrived),
    reward(_states, _actions, _nextStates, n, out) {
      out.fill(-1, 0, n);
    },
    step(states, actions, n, { nextStates, rewards, terminated }) {
      for (let i = 0; i < n; i++) {
        stepCar(states[2 * i], states[2 * i + 1], (actions[i] - 1) * force, nextStates, 2 * i);
        rewards[i] = -1;
        terminated[i] = arrived(nextStates, 2 * i) ? 1 : 0;
      }
    },
  };
}

/** Arriving at a flag, fast enough, ends the episode. */
export function atFlag(position: number, goalVelocity: number): (states: Float64Array, at: number) => boolean {
  return (states, at) => states[at] >= position && states[at + 1] >= goalVelocity;
}

/** v' = clip(v + push − g cos 3x, ±0.07), x' = clip(x + v', −1.2, 0.6); the left wall stops the car. */
export function stepCar(position: number, velocity: number, push: number, out: Float64Array, at: number): void {
  const v = clamp(velocity + push - valley.gravity * Math.cos(3 * position), -valley.speed, valley.speed);
  const x = clamp(position + v, valley.left, valley.right);
  out[at] = x;
  out[at + 1] = x === valley.left && v < 0 ? 0 : v;
}

export const mountainCarRegistration = {
  ids: ["MountainCar-v0"],
  options: { goalVelocity: finite, force: finite },
  build: (options: MountainCarOptions, id) => physicsEnvironment(id, mountainCar(options)),
  preset: { steps: 120_000, settings: { learningRate: 2e-3, explorationFraction: 0.3, nSteps: 5, persistence: 12 } },
  task: { planner: "grid", discount: 0.999, sizes: [151, 121], tolerance: 1e-3 },
  draw: drawValley(flag),
  scene: { state: [-0.9, 0] },
} as const satisfies EnvironmentRegistration<MountainCarOptions>;

import { clamp } from "../numbers/statistics.ts";
import { box } from "../spaces/space.ts";
import { observedDirectly } from "./coordinates.ts";
import { endedWhere } from "./endings.ts";
import type { Physics } from "./environment.ts";
import { atFlag, mountainCarCoordinates, mountainCarStart, stepCar } from "./mountain-car.ts";
import { finite } from "./options.ts";
import { physicsEnvironment } from "./physics-environment.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { drawValley, valley } from "./valley.ts";

/** Where the flag stands, and what it pays. */
const flag = 0.45;
const prize = 100;

export interface MountainCarContinuousOptions {
  readonly maxEpisodeSteps?: number;
  readonly goalVelocity?: number;
  /** What the strongest push adds to the velocity in a step. */
  readonly power?: number;
}

/**
 * # MountainCarContinuous-v0
 * The mountain car with a push of any strength. Gymnasium keeps its state in float32; here it is float64.
 *
 * ## Action space
 * Box(1): push, ±1; stronger ones are clipped, but paid in full.
 *
 * ## Observation space
 * Box(2): position (−1.2 to 0.6), velocity (±0.07).
 *
 * ## Rewards
 * −0.1 a² for every step, and 100 on arriving.
 *
 * ## Starting state
 * Position uniform in [−0.6, −0.4], velocity 0.
 *
 * ## Episode end
 * Terminated when position ≥ 0.45 and velocity ≥ `goalVelocity`; truncated after 999 steps.
 *
 * ## Arguments
 * `maxEpisodeSteps` (999), `goalVelocity` (0), `power` (0.0015).
 */
export function mountainCarContinuous({
  maxEpisodeSteps = 999,
  goalVelocity = 0,
  power = 0.0015,
}: MountainCarContinuousOptions = {}): Physics {
  const arrived = atFlag(flag, goalVelocity);
  return {
    horizon: maxEpisodeSteps,
    observationSpace: box([valley.left, -valley.speed], [valley.right, valley.speed]),
    actionSpace: box([-1], [1]),
    coordinates: mountainCarCoordinates,
    observations: observedDirectly.observations,
    initialState: mountainCarStart,
    rewards(_states, actions, n, out) {
      for (let i = 0; i < n; i++) out[i] = -0.1 * actions[i] * actions[i];
    },
    ended: endedWhere(2, arrived),
    reward(_states, actions, nextStates, n, out) {
      for (let i = 0; i < n; i++) out[i] = (arrived(nextStates, 2 * i) ? prize : 0) - 0.1 * actions[i] * actions[i];
    },
    step(states, actions, n, { nextStates, rewards, terminated }) {
      for (let i = 0; i < n; i++) {
        const a = actions[i];
        stepCar(states[2 * i], states[2 * i + 1], clamp(a, -1, 1) * power, nextStates, 2 * i);
        const ends = arrived(nextStates, 2 * i);
        terminated[i] = ends ? 1 : 0;
        rewards[i] = (ends ? prize : 0) - 0.1 * a * a;
      }
    },
  };
}

export const mountainCarContinuousRegistration = {
  ids: ["MountainCarContinuous-v0"],
  options: { goalVelocity: finite, power: finite },
  build: (options: MountainCarContinuousOptions, id) => physicsEnvironment(id, mountainCarContinuous(options)),
  task: { planner: "grid", discount: 0.9995, sizes: [151, 121], levels: 21, tolerance: 1e-3 },
  draw: drawValley(flag),
  scene: { state: [-0.75, 0] },
} as const satisfies EnvironmentRegistration<MountainCarContinuousOptions>;

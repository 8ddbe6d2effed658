import type { Random } from "../numbers/random.ts";
import { coordinateGoal, type Goal, withGoal } from "./cumulants.ts";
import type { Physics } from "./environment.ts";
import { mountainCar, mountainCarCoordinates, mountainCarStart } from "./mountain-car.ts";
import { above0, finite, oneOf, record } from "./options.ts";
import { physicsEnvironment } from "./physics-environment.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { drawValley, valley } from "./valley.ts";

/** The four goals that published critics were trained on. */
export const mountainCarTargets: readonly MountainCarTarget[] = [-1.2, -0.6, 0, 0.6].map((position) => ({ position }));

/** A position, a velocity, or both. */
export interface MountainCarTarget {
  readonly position?: number;
  readonly velocity?: number;
}

export interface MountainCarGoalOptions {
  readonly maxEpisodeSteps?: number;
  readonly target?: MountainCarTarget;
  readonly radius?: number;
  readonly start?: "anywhere" | "valley";
}

export function mountainCarGoal({ position, velocity }: MountainCarTarget, radius = 0.1): Goal {
  const asked = [position, velocity];
  const indices = [0, 1].filter((k) => asked[k] !== undefined);
  return coordinateGoal(
    mountainCarCoordinates,
    indices,
    indices.map((k) => asked[k]!),
    radius,
  );
}

/**
 * # MountainCarGoal-v0
 * The mountain car with a place to reach instead of the flag (as in P-learning, Letcher et al., arXiv 2606.21173).
 *
 * ## Action space
 * Discrete(3): push left, no push, push right.
 *
 * ## Observation space
 * Box(2): position (−1.2 to 0.6), velocity (±0.07).
 *
 * ## Rewards
 * 1 for coming within `radius` of `target`, 0 otherwise.
 *
 * ## Starting state
 * Uniform over the box of states; with `start` "valley", that of MountainCar-v0.
 *
 * ## Episode end
 * Terminated on arriving; truncated after 200 steps. The flag ends nothing.
 *
 * ## Arguments
 * `target` ({ position: 0.6 }; a velocity may be asked for as well), `radius` (0.1), `start` ("anywhere"), `maxEpisodeSteps` (200).
 */
export function mountainCarGoals(options: MountainCarGoalOptions = {}): Physics {
  const { maxEpisodeSteps = 200, target = { position: valley.right }, radius = 0.1, start = "anywhere" } = options;
  const anywhere = (random: Random, out = new Float64Array(2), offset = 0) => {
    out[offset] = valley.left + (valley.right - valley.left) * random.uniform();
    out[offset + 1] = valley.speed * (2 * random.uniform() - 1);
    return out;
  };
  const physics = withGoal(mountainCar({ maxEpisodeSteps }), mountainCarGoal(target, radius));
  return { ...physics, initialState: start === "anywhere" ? anywhere : mountainCarStart };
}

export const mountainCarGoalRegistration = {
  ids: ["MountainCarGoal-v0"],
  options: {
    target: record("{ position }, { velocity } or both, finite numbers", { position: finite.holds, velocity: finite.holds }),
    radius: above0("a length"),
    start: oneOf("anywhere", "valley"),
  },
  build: (options: MountainCarGoalOptions, id) => physicsEnvironment(id, mountainCarGoals(options)),
  draw: drawValley(),
  scene: { state: [-0.2, 0] },
} as const satisfies EnvironmentRegistration<MountainCarGoalOptions>;

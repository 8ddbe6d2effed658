import type { Simulation } from "../environment.ts";
import { simulationEnvironment } from "../physics-environment.ts";
import type { EnvironmentRegistration } from "../registration.ts";
import { drawArm } from "./draw.ts";
import { restOpening } from "./engine.ts";
import { armOptions, drawPlace, type GoalRewardOptions, jointShares } from "./goal.ts";
import { gripPosition, gripVelocity } from "./kinematics.ts";
import { workspace } from "./model.ts";
import { loadMujoco, mujocoFor } from "./mujoco.ts";
import { armSimulation, placeHand } from "./simulation.ts";

export interface ArmReachOptions extends GoalRewardOptions {
  readonly maxEpisodeSteps?: number;
  /** The goal of every episode, in metres; drawn anew for each where there is none. */
  readonly goal?: readonly [number, number, number];
  /** Share of its stiffness, damping and greatest torque that every joint has, or each of the five (1). */
  readonly jointStrength?: number | readonly number[];
}

/**
 * # ArmReach-v0
 * A robot arm with five joints brings its grip to a place, simulated by MuJoCo (Todorov et al. 2012) at 20 Hz with steps of 2.5 ms.
 * `await prepare("ArmReach-v0")` loads MuJoCo; only then can the environment be made.
 *
 * ## Action space
 * Box(3) in ±1: where the grip is to go, in strides of 2 cm from where it is, kept within 0.26 ≤ x ≤ 0.5, |y| ≤ 0.18, 0.02 ≤ z ≤ 0.3 (m).
 * The hand is led straight down.
 *
 * ## Observation space
 * Box(12): achieved goal (the grip's x, y, z in m), desired goal (x, y, z), and the observation: the grip's position (m) and velocity (m/s).
 * This is the Dict of Gymnasium's goal environments, flattened in the order of its sorted keys.
 *
 * ## Rewards
 * `reward` "sparse": 0 within `radius` of the goal, −1 elsewhere; "dense": minus the distance in m.
 *
 * ## Starting state
 * Grip and goal uniform in the box of the action space, everything at rest.
 *
 * ## Episode end
 * Truncated after 50 steps; nothing terminates it.
 *
 * ## Arguments
 * `reward` ("sparse"), `radius` (0.02 m), `goal` (drawn), `jointStrength` (1: share of stiffness, damping and greatest torque, one or five),
 * `maxEpisodeSteps` (50).
 */
export function armReach(options: ArmReachOptions = {}): Simulation {
  const id = "ArmReach-v0";
  const { goal, jointStrength = 1, maxEpisodeSteps = 50 } = options;
  const world = { cubeMass: undefined, jointStrength: jointShares(jointStrength) };
  mujocoFor(id);
  return armSimulation({
    id,
    world,
    horizon: maxEpisodeSteps,
    reward: options,
    actionSize: 3,
    observationSize: 6,
    start(random, out, at, goalAt) {
      placeHand(out, at, (place) => drawPlace(workspace, random, place, 0), restOpening);
      if (goal) out.set(goal, goalAt);
      else drawPlace(workspace, random, out, goalAt);
    },
    achieved: gripPosition,
    observe(states, at, out, to) {
      gripPosition(states, at, out, to);
      gripVelocity(states, at, states, at + 7, out, to + 3);
    },
  });
}

export const armReachRegistration = {
  ids: ["ArmReach-v0"],
  options: armOptions,
  prepare: loadMujoco,
  build: (options: ArmReachOptions, id) => simulationEnvironment(id, armReach(options)),
  // without noise on the target's actions, so that Q and V are of one policy, and long enough at a low rate for a critic to be inverted
  preset: { steps: 12_000, settings: { discount: 0.95, hidden: [64, 64], learningStarts: 500, targetNoise: 0, finalLearningRate: 0.03 } },
  task: { planner: "waypoints" },
  draw: (state) => drawArm(state, false),
} as const satisfies EnvironmentRegistration<ArmReachOptions>;

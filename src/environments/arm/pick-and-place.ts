import type { Simulation } from "../environment.ts";
import { above0, finite, flag, fromTo, tuple } from "../options.ts";
import { simulationEnvironment } from "../physics-environment.ts";
import type { EnvironmentRegistration } from "../registration.ts";
import { armBehaviour } from "./behaviour.ts";
import { armCoordinates } from "./coordinates.ts";
import { drawArm } from "./draw.ts";
import { armOptions, drawPlace, type GoalRewardOptions, jointShares, type Region } from "./goal.ts";
import { cubeYaw, gripPosition, gripVelocity } from "./kinematics.ts";
import { cubeHalf, fingerReach } from "./model.ts";
import { loadMujoco, mujocoFor } from "./mujoco.ts";
import { armSimulation, placeHand } from "./simulation.ts";

export interface ArmPickAndPlaceOptions extends GoalRewardOptions {
  readonly maxEpisodeSteps?: number;
  /** The goal of every episode, in metres; drawn anew for each where there is none. */
  readonly goal?: readonly [number, number, number];
  /** kg (0.05) */
  readonly cubeMass?: number;
  /** Share of its stiffness, damping and greatest torque that every joint has, or each of the five (1). */
  readonly jointStrength?: number | readonly number[];
  /** The frame of actions is turned by this angle about the vertical, rad (0). */
  readonly actionTurn?: number;
  /** Strides added to every action, x, y, z (none). */
  readonly actionDrift?: readonly [number, number, number];
  /** The hand turns too: a fifth number in the action, two more in the observation (false). */
  readonly turn?: boolean;
  /** The cube starts turned by up to this angle either way, rad (0.2; with `turn` π/4, which is any angle). */
  readonly yaw?: number;
}

/** Where the grip, the cube and the goal start. */
const starts: { readonly [name in "grip" | "cube" | "goal"]: Region } = {
  grip: { low: [0.3, -0.13, 0.08], high: [0.46, 0.13, 0.25] },
  cube: { low: [0.3, -0.13], high: [0.46, 0.13] },
  goal: { low: [0.3, -0.13, 0.1], high: [0.46, 0.13, 0.25] },
};

/** What an observation holds behind the two goals; the last two only with `turn`. */
export const pickAndPlaceNames = [
  ...["grip x", "grip y", "grip z", "opening", "cube x", "cube y", "cube z"],
  ...["grip vx", "grip vy", "grip vz", "opening rate", "cube vx", "cube vy", "cube vz", "cube yaw"],
  ...["hand yaw", "hand yaw rate"],
] as const;

/**
 * # ArmPickAndPlace-v0
 * A robot arm with five joints and two fingers picks up a cube of 4 cm and brings it to a place in the air, simulated by MuJoCo
 * (Todorov et al. 2012) at 20 Hz with steps of 2.5 ms: contact, friction, slipping and all.
 * `await prepare("ArmPickAndPlace-v0")` loads MuJoCo; only then can the environment be made.
 *
 * ## Action space
 * Box(4) in ±1: where the grip is to go, in strides of 2 cm from where it is, kept within 0.26 ≤ x ≤ 0.5, |y| ≤ 0.18, 0.02 ≤ z ≤ 0.3 (m);
 * and how far the fingers are to open, from closed (−1) to 8 cm (1). The hand is led straight down, its fingers along y. With `turn` Box(5):
 * the last number turns the hand about the vertical, in strides of 0.2 rad from where it is, within ±π/2.
 *
 * ## Observation space
 * Box(21): achieved goal (the cube's x, y, z in m), desired goal (x, y, z), and the observation: positions of the grip (x, y, z), opening and
 * positions of the cube (x, y, z), the seven velocities of these (m/s), and the cube's yaw (rad, in (−π/4, π/4]). With `turn` Box(23): then the hand's yaw (rad) and its rate (rad/s).
 * This is the Dict of Gymnasium's goal environments, flattened in the order of its sorted keys.
 *
 * ## Rewards
 * `reward` "sparse": 0 where the cube is within `radius` of the goal, −1 elsewhere; "dense": minus the distance in m.
 *
 * ## Starting state
 * Everything at rest: the grip in 0.3 ≤ x ≤ 0.46, |y| ≤ 0.13, 0.08 ≤ z ≤ 0.25, open by 4 to 8 cm; the cube on the table in the same
 * rectangle, turned by up to `yaw`; the goal in the same rectangle, 0.1 ≤ z ≤ 0.25; all uniform.
 *
 * ## Episode end
 * Truncated after 60 steps; nothing terminates it.
 *
 * ## Arguments
 * `reward` ("sparse"), `radius` (0.02 m), `goal` (drawn), `cubeMass` (0.05 kg), `jointStrength` (1: share of stiffness, damping and
 * greatest torque, one or five), `actionTurn` (0 rad: how far the frame of actions is turned about the vertical), `actionDrift` (strides added to
 * x, y, z of every action; none), `turn` (false), `yaw` (0.2 rad; π/4 with `turn`), `maxEpisodeSteps` (60).
 */
export function armPickAndPlace(options: ArmPickAndPlaceOptions = {}): Simulation {
  const id = "ArmPickAndPlace-v0";
  const { goal, cubeMass = 0.05, jointStrength = 1, turn = false, yaw = turn ? Math.PI / 4 : 0.2, maxEpisodeSteps = 60 } = options;
  const { actionTurn = 0, actionDrift = [0, 0, 0] } = options;
  const world = { cubeMass, jointStrength: jointShares(jointStrength) };
  mujocoFor(id);
  const observationSize = turn ? pickAndPlaceNames.length : pickAndPlaceNames.length - 2;
  const simulation = armSimulation({
    id,
    world,
    horizon: maxEpisodeSteps,
    reward: options,
    actuation: actionTurn !== 0 || actionDrift.some((x) => x !== 0) ? { turn: actionTurn, drift: actionDrift } : undefined,
    actionSize: turn ? 5 : 4,
    observationSize,
    start(random, out, at, goalAt) {
      placeHand(out, at, (place) => drawPlace(starts.grip, random, place, 0), (fingerReach / 2) * (1 + random.uniform()));
      drawPlace(starts.cube, random, out, at + 7);
      out[at + 9] = cubeHalf;
      const angle = yaw * (2 * random.uniform() - 1);
      out[at + 10] = Math.cos(angle / 2);
      out[at + 13] = Math.sin(angle / 2);
      if (goal) out.set(goal, goalAt);
      else drawPlace(starts.goal, random, out, goalAt);
    },
    achieved(states, at, out, to) {
      for (let k = 0; k < 3; k++) out[to + k] = states[at + 7 + k];
    },
    observe(states, at, out, to) {
      const rates = at + 14;
      gripPosition(states, at, out, to);
      out[to + 3] = states[at + 5] + states[at + 6];
      for (let k = 0; k < 3; k++) out[to + 4 + k] = states[at + 7 + k];
      gripVelocity(states, at, states, rates, out, to + 7);
      out[to + 10] = states[rates + 5] + states[rates + 6];
      for (let k = 0; k < 3; k++) out[to + 11 + k] = states[rates + 7 + k];
      out[to + 14] = cubeYaw(states, at + 10);
      if (!turn) return;
      out[to + 15] = states[at] + states[at + 4];
      out[to + 16] = states[rates] + states[rates + 4];
    },
  });
  const coordinates = armCoordinates(pickAndPlaceNames.slice(0, observationSize));
  if (turn) return { ...simulation, coordinates };
  return {
    ...simulation,
    coordinates,
    visit(n, seed) {
      const { states, actions, nextStates } = armBehaviour(simulation, { n, seed });
      return { n, states: Float64Array.from(states), actions: Float64Array.from(actions), nextStates: Float64Array.from(nextStates) };
    },
  };
}

export const armPickAndPlaceRegistration = {
  ids: ["ArmPickAndPlace-v0"],
  options: {
    ...armOptions,
    cubeMass: above0("a mass in kg"),
    actionTurn: finite,
    actionDrift: tuple(3, "[x, y, z] in strides"),
    turn: flag,
    yaw: fromTo(0, Math.PI, "an angle in rad "),
  },
  prepare: loadMujoco,
  build: (options: ArmPickAndPlaceOptions, id) => simulationEnvironment(id, armPickAndPlace(options)),
  task: { planner: "waypoints" },
  draw: (state) => drawArm(state, true),
} as const satisfies EnvironmentRegistration<ArmPickAndPlaceOptions>;

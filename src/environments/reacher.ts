import { add, concat, cos, sin, slice } from "../engine/index.ts";
import type { Random } from "../numbers/random.ts";
import { box, discrete } from "../spaces/space.ts";
import { wrapAngle } from "./coordinates.ts";
import { coordinateGoal, type Goal, withGoal, within } from "./cumulants.ts";
import { neverEnded } from "./endings.ts";
import type { Coordinates, Physics } from "./environment.ts";
import { drawLinks } from "./links.ts";
import { above0, record, tuple } from "./options.ts";
import { physicsEnvironment } from "./physics-environment.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { type Drawing, ring } from "./shapes.ts";

const interval = 0.05;

/** What to reach: a place of the fingertip, two angles, or two angular velocities. */
export type ReacherTarget =
  | { readonly fingertip: readonly [number, number] }
  | { readonly angles: readonly [number, number] }
  | { readonly velocities: readonly [number, number] };

/** The four goals that published critics were trained on: the fingertip at radius 1, at 0°, 90°, 180° and 270°. */
export const reacherTargets: readonly ReacherTarget[] = [
  { fingertip: [1, 0] },
  { fingertip: [0, 1] },
  { fingertip: [-1, 0] },
  { fingertip: [0, -1] },
];

export interface ReacherOptions {
  readonly maxEpisodeSteps?: number;
  readonly target?: ReacherTarget;
  readonly radius?: number;
}

export function reacherGoal(target: ReacherTarget, radius = 0.2): Goal {
  if ("angles" in target) return coordinateGoal(coordinates, [0, 1], target.angles, radius);
  if ("velocities" in target) return coordinateGoal(coordinates, [2, 3], target.velocities, radius);
  return within(target.fingertip, radius, (states, at, out) => {
    out[0] = Math.cos(states[at]) + Math.cos(states[at + 1]);
    out[1] = Math.sin(states[at]) + Math.sin(states[at + 1]);
  });
}

const coordinates: Coordinates = {
  names: ["θ₁", "θ₂", "ω₁", "ω₂"],
  angular: [true, true, false, false],
  low: [-Math.PI, -Math.PI, -Infinity, -Infinity],
  high: [Math.PI, Math.PI, Infinity, Infinity],
  rateOf: [2, 3, null, null],
  observe(states) {
    const first = slice(states, 0, 1, 1);
    const second = slice(states, 1, 2, 1);
    return concat([states, add(cos(first), cos(second)), add(sin(first), sin(second))], 1);
  },
  fromObservations(observations, n) {
    const states = new Float64Array(4 * n);
    for (let i = 0; i < n; i++) for (let k = 0; k < 4; k++) states[4 * i + k] = observations[6 * i + k];
    return states;
  },
};

/**
 * # Reacher-v0
 * Two independent joints without friction move a fingertip in the plane (the Reacher of P-learning, Letcher et al., arXiv 2606.21173).
 *
 * ## Action space
 * Discrete(9): torques (u₁, u₂) ∈ {−1, 0, 1}², action 3 (u₁ + 1) + u₂ + 1.
 *
 * ## Observation space
 * Box(6): θ₁, θ₂ (rad, in (−π, π]), ω₁, ω₂ (rad/s), and the fingertip (cos θ₁ + cos θ₂, sin θ₁ + sin θ₂).
 *
 * ## Rewards
 * 1 for bringing the fingertip (or the angles, or the velocities) within `radius` of `target`, 0 otherwise.
 *
 * ## Starting state
 * Angles uniform in ±π, angular velocities uniform in ±1.
 *
 * ## Episode end
 * Terminated on arriving; truncated after 200 steps.
 *
 * ## Arguments
 * `target` ({ fingertip: [1, 0] }; or { angles } or { velocities }), `radius` (0.2), `maxEpisodeSteps` (200).
 */
export function reacher({ maxEpisodeSteps = 200, target = reacherTargets[0], radius = 0.2 }: ReacherOptions = {}): Physics {
  const high = [Math.PI, Math.PI, Infinity, Infinity, 2, 2];
  const physics: Physics = {
    horizon: maxEpisodeSteps,
    observationSpace: box(
      high.map((x) => -x),
      high,
    ),
    actionSpace: discrete(9),
    coordinates,
    observations(states, n, out) {
      for (let i = 0; i < n; i++) {
        for (let k = 0; k < 4; k++) out[6 * i + k] = states[4 * i + k];
        out[6 * i + 4] = Math.cos(states[4 * i]) + Math.cos(states[4 * i + 1]);
        out[6 * i + 5] = Math.sin(states[4 * i]) + Math.sin(states[4 * i + 1]);
      }
    },
    initialState(random: Random, out = new Float64Array(4), offset = 0) {
      for (let k = 0; k < 4; k++) out[offset + k] = (k < 2 ? Math.PI : 1) * (2 * random.uniform() - 1);
      return out;
    },
    rewards(_states, _actions, n, out) {
      out.fill(0, 0, n);
    },
    ended: neverEnded,
    reward(_states, _actions, _nextStates, n, out) {
      out.fill(0, 0, n);
    },
    // ω' = ω + 0.05 u, θ' = θ + 0.05 ω'
    step(states, actions, n, { nextStates, rewards, terminated }) {
      for (let i = 0, at = 0; i < n; i++, at += 4) {
        const rate1 = states[at + 2] + interval * (Math.floor(actions[i] / 3) - 1);
        const rate2 = states[at + 3] + interval * ((actions[i] % 3) - 1);
        nextStates[at] = wrapAngle(states[at] + interval * rate1);
        nextStates[at + 1] = wrapAngle(states[at + 1] + interval * rate2);
        nextStates[at + 2] = rate1;
        nextStates[at + 3] = rate2;
        rewards[i] = 0;
        terminated[i] = 0;
      }
    },
  };
  return withGoal(physics, reacherGoal(target, radius));
}

function draw([first, second]: Float64Array): Drawing {
  const drawing = drawLinks(
    [
      [Math.PI / 2 - first, 55],
      [Math.PI / 2 - second, 55],
    ],
    false,
  );
  const goals = [0, 1, 2, 3].map((k) => ring(160 + 55 * Math.cos((k * Math.PI) / 2), 130 - 55 * Math.sin((k * Math.PI) / 2), 11));
  return { ...drawing, shapes: [...goals, ...drawing.shapes] };
}

const pair = tuple(2, "").holds;

export const reacherRegistration = {
  ids: ["Reacher-v0"],
  options: {
    target: record("{ fingertip }, { angles } or { velocities }, two finite numbers each", {
      fingertip: pair,
      angles: pair,
      velocities: pair,
    }),
    radius: above0("a length"),
  },
  build: (options: ReacherOptions, id) => physicsEnvironment(id, reacher(options)),
  draw,
  scene: { state: [0.6, 1.9, 0, 0] },
} as const satisfies EnvironmentRegistration<ReacherOptions>;

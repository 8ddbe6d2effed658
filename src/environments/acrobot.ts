import { concat, cos, sin, slice } from "../engine/index.ts";
import type { Random } from "../numbers/random.ts";
import { clamp } from "../numbers/statistics.ts";
import { box, discrete } from "../spaces/space.ts";
import { wrapAngle } from "./coordinates.ts";
import { endedWhere } from "./endings.ts";
import type { Physics } from "./environment.ts";
import { drawLinks } from "./links.ts";
import { physicsEnvironment } from "./physics-environment.ts";
import type { EnvironmentRegistration } from "./registration.ts";

const mass1 = 1;
const mass2 = 1;
const length1 = 1;
const center1 = 0.5;
const center2 = 0.5;
const inertia1 = 1;
const inertia2 = 1;
const gravity = 9.8;
const interval = 0.2;
const maxRate1 = 4 * Math.PI;
const maxRate2 = 9 * Math.PI;

export interface AcrobotOptions {
  readonly maxEpisodeSteps?: number;
}

/**
 * # Acrobot-v1
 * Two links hang from a fixed joint; a motor at the joint between them must swing the free end above the line, one link's length over the
 * fixed joint (R. Sutton, "Generalization in reinforcement learning", 1996; the variant of "Reinforcement Learning", 1998).
 *
 * ## Action space
 * Discrete(3): torque −1, 0 or 1 N·m on the middle joint.
 *
 * ## Observation space
 * Box(6): cos θ₁, sin θ₁, cos θ₂, sin θ₂, θ̇₁ (±4π rad/s), θ̇₂ (±9π rad/s); θ₁ = 0 hangs down, θ₂ is relative to the first link.
 *
 * ## Rewards
 * −1 for every step, 0 on arriving.
 *
 * ## Starting state
 * All four coordinates uniform in ±0.1.
 *
 * ## Episode end
 * Terminated when −cos θ₁ − cos(θ₁ + θ₂) > 1; truncated after 500 steps.
 *
 * ## Arguments
 * `maxEpisodeSteps` (500).
 */
export function acrobot({ maxEpisodeSteps = 500 }: AcrobotOptions = {}): Physics {
  const slope = new Float64Array(4);
  return {
    horizon: maxEpisodeSteps,
    observationSpace: box([-1, -1, -1, -1, -maxRate1, -maxRate2], [1, 1, 1, 1, maxRate1, maxRate2]),
    actionSpace: discrete(3),
    coordinates: {
      names: ["θ₁", "θ₂", "θ̇₁", "θ̇₂"],
      angular: [true, true, false, false],
      low: [-Math.PI, -Math.PI, -maxRate1, -maxRate2],
      high: [Math.PI, Math.PI, maxRate1, maxRate2],
      rateOf: [2, 3, null, null],
      observe(states) {
        const first = slice(states, 0, 1, 1);
        const second = slice(states, 1, 2, 1);
        return concat([cos(first), sin(first), cos(second), sin(second), slice(states, 2, 4, 1)], 1);
      },
      fromObservations(observations, n) {
        const states = new Float64Array(4 * n);
        for (let i = 0; i < n; i++) {
          states[4 * i] = Math.atan2(observations[6 * i + 1], observations[6 * i]);
          states[4 * i + 1] = Math.atan2(observations[6 * i + 3], observations[6 * i + 2]);
          states[4 * i + 2] = observations[6 * i + 4];
          states[4 * i + 3] = observations[6 * i + 5];
        }
        return states;
      },
    },
    observations(states, n, out) {
      for (let i = 0; i < n; i++) {
        out[6 * i] = Math.cos(states[4 * i]);
        out[6 * i + 1] = Math.sin(states[4 * i]);
        out[6 * i + 2] = Math.cos(states[4 * i + 1]);
        out[6 * i + 3] = Math.sin(states[4 * i + 1]);
        out[6 * i + 4] = states[4 * i + 2];
        out[6 * i + 5] = states[4 * i + 3];
      }
    },
    initialState(random: Random, out = new Float64Array(4), offset = 0) {
      for (let k = 0; k < 4; k++) out[offset + k] = -0.1 + 0.2 * random.uniform();
      return out;
    },
    rewards(_states, _actions, n, out) {
      out.fill(-1, 0, n);
    },
    ended: endedWhere(4, arrived),
    reward(_states, _actions, nextStates, n, out) {
      for (let i = 0; i < n; i++) out[i] = arrived(nextStates, 4 * i) ? 0 : -1;
    },
    step(states, actions, n, { nextStates, rewards, terminated }) {
      for (let i = 0; i < n; i++) {
        const at = 4 * i;
        rungeKutta(states, at, actions[i] - 1, nextStates, slope);
        nextStates[at] = wrapAngle(nextStates[at]);
        nextStates[at + 1] = wrapAngle(nextStates[at + 1]);
        nextStates[at + 2] = clamp(nextStates[at + 2], -maxRate1, maxRate1);
        nextStates[at + 3] = clamp(nextStates[at + 3], -maxRate2, maxRate2);
        const ends = arrived(nextStates, at);
        rewards[i] = ends ? 0 : -1;
        terminated[i] = ends ? 1 : 0;
      }
    },
  };
}

/** The free end is above the line. */
function arrived(states: Float64Array, at: number): boolean {
  return -Math.cos(states[at]) - Math.cos(states[at] + states[at + 1]) > 1;
}

/** One classical Runge-Kutta step of 0.2 s: y + h/6 (k₁ + 2k₂ + 2k₃ + k₄). */
function rungeKutta(states: Float64Array, at: number, torque: number, out: Float64Array, k: Float64Array): void {
  const y0 = states[at];
  const y1 = states[at + 1];
  const y2 = states[at + 2];
  const y3 = states[at + 3];
  slopes(y0, y1, y2, y3, torque, k);
  let s0 = k[0];
  let s1 = k[1];
  let s2 = k[2];
  let s3 = k[3];
  for (let stage = 1; stage < 4; stage++) {
    const h = stage < 3 ? interval / 2 : interval;
    slopes(y0 + h * k[0], y1 + h * k[1], y2 + h * k[2], y3 + h * k[3], torque, k);
    const weight = stage < 3 ? 2 : 1;
    s0 += weight * k[0];
    s1 += weight * k[1];
    s2 += weight * k[2];
    s3 += weight * k[3];
  }
  out[at] = y0 + (interval / 6) * s0;
  out[at + 1] = y1 + (interval / 6) * s1;
  out[at + 2] = y2 + (interval / 6) * s2;
  out[at + 3] = y3 + (interval / 6) * s3;
}

/** The equations of motion of Sutton and Barto (1998, section 11.3). */
function slopes(angle1: number, angle2: number, rate1: number, rate2: number, torque: number, out: Float64Array): void {
  const cos2 = Math.cos(angle2);
  const sin2 = Math.sin(angle2);
  const d1 =
    mass1 * center1 * center1 + mass2 * (length1 * length1 + center2 * center2 + 2 * length1 * center2 * cos2) + inertia1 + inertia2;
  const d2 = mass2 * (center2 * center2 + length1 * center2 * cos2) + inertia2;
  const phi2 = mass2 * center2 * gravity * Math.sin(angle1 + angle2);
  const phi1 =
    -mass2 * length1 * center2 * rate2 * rate2 * sin2 -
    2 * mass2 * length1 * center2 * rate2 * rate1 * sin2 +
    (mass1 * center1 + mass2 * length1) * gravity * Math.sin(angle1) +
    phi2;
  const acceleration2 =
    (torque + (d2 / d1) * phi1 - mass2 * length1 * center2 * rate1 * rate1 * sin2 - phi2) /
    (mass2 * center2 * center2 + inertia2 - (d2 * d2) / d1);
  out[0] = rate1;
  out[1] = rate2;
  out[2] = -(d2 * acceleration2 + phi1) / d1;
  out[3] = acceleration2;
}

export const acrobotRegistration = {
  ids: ["Acrobot-v1"],
  options: {},
  build: (options: AcrobotOptions, id) => physicsEnvironment(id, acrobot(options)),
  preset: { steps: 60_000 },
  draw: ([first, second]) =>
    drawLinks(
      [
        [Math.PI + first, 60],
        [Math.PI + first + second, 60],
      ],
      true,
    ),
  scene: { state: [0.9, 0.7, 0, 0] },
} as const satisfies EnvironmentRegistration<AcrobotOptions>;

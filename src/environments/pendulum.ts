import { concat, cos, sin, slice } from "../engine/index.ts";
import type { Random } from "../numbers/random.ts";
import { clamp } from "../numbers/statistics.ts";
import { box } from "../spaces/space.ts";
import { wrapAngle } from "./coordinates.ts";
import { neverEnded } from "./endings.ts";
import type { Physics } from "./environment.ts";
import { drawLinks } from "./links.ts";
import { finite } from "./options.ts";
import { physicsEnvironment } from "./physics-environment.ts";
import type { EnvironmentRegistration } from "./registration.ts";

const maxSpeed = 8;
const interval = 0.05;

export interface PendulumOptions {
  readonly maxEpisodeSteps?: number;
  /** Gravity, m/s² */
  readonly g?: number;
  /** kg */
  readonly mass?: number;
  /** m */
  readonly length?: number;
  /** Strongest torque, N·m. */
  readonly maxTorque?: number;
}

/**
 * # Pendulum-v1
 * A pendulum must be swung up and held upright with a motor too weak to lift it at once. The angle is kept in (−π, π], 0 upright.
 *
 * ## Action space
 * Box(1): torque, ±`maxTorque` N·m; stronger ones are clipped.
 *
 * ## Observation space
 * Box(3): cos θ, sin θ, angular velocity θ̇ (±8 rad/s).
 *
 * ## Rewards
 * −(θ² + 0.1 θ̇² + 0.001 u²), of the state before the step.
 *
 * ## Starting state
 * θ uniform in ±π, θ̇ uniform in ±1.
 *
 * ## Episode end
 * Never terminated; truncated after 200 steps.
 *
 * ## Arguments
 * `maxEpisodeSteps` (200), `g` (10), `mass` (1), `length` (1), `maxTorque` (2).
 */
export function pendulum({ maxEpisodeSteps = 200, g = 10, mass = 1, length = 1, maxTorque = 2 }: PendulumOptions = {}): Physics {
  const cost = (angle: number, rate: number, torque: number) => wrapAngle(angle) ** 2 + 0.1 * rate * rate + 0.001 * torque * torque;
  const paid: Physics["rewards"] = (states, actions, n, out) => {
    for (let i = 0; i < n; i++) out[i] = -cost(states[2 * i], states[2 * i + 1], clamp(actions[i], -maxTorque, maxTorque));
  };
  return {
    horizon: maxEpisodeSteps,
    observationSpace: box([-1, -1, -maxSpeed], [1, 1, maxSpeed]),
    actionSpace: box([-maxTorque], [maxTorque]),
    coordinates: {
      names: ["θ", "θ̇"],
      angular: [true, false],
      low: [-Math.PI, -maxSpeed],
      high: [Math.PI, maxSpeed],
      rateOf: [1, null],
      observe(states) {
        const angle = slice(states, 0, 1, 1);
        return concat([cos(angle), sin(angle), slice(states, 1, 2, 1)], 1);
      },
      fromObservations(observations, n) {
        const states = new Float64Array(2 * n);
        for (let i = 0; i < n; i++) {
          states[2 * i] = Math.atan2(observations[3 * i + 1], observations[3 * i]);
          states[2 * i + 1] = observations[3 * i + 2];
        }
        return states;
      },
    },
    observations(states, n, out) {
      for (let i = 0; i < n; i++) {
        out[3 * i] = Math.cos(states[2 * i]);
        out[3 * i + 1] = Math.sin(states[2 * i]);
        out[3 * i + 2] = states[2 * i + 1];
      }
    },
    initialState(random: Random, out = new Float64Array(2), offset = 0) {
      out[offset] = Math.PI * (2 * random.uniform() - 1);
      out[offset + 1] = 2 * random.uniform() - 1;
      return out;
    },
    rewards: paid,
    ended: neverEnded,
    reward: (states, actions, _nextStates, n, out) => paid(states, actions, n, out),
    // θ̇' = clip(θ̇ + (3g/2l sin θ + 3/ml² u) dt, ±8), θ' = θ + θ̇' dt
    step(states, actions, n, { nextStates, rewards, terminated }) {
      for (let i = 0; i < n; i++) {
        const angle = states[2 * i];
        const rate = states[2 * i + 1];
        const torque = clamp(actions[i], -maxTorque, maxTorque);
        const acceleration = ((3 * g) / (2 * length)) * Math.sin(angle) + (3 / (mass * length * length)) * torque;
        const nextRate = clamp(rate + acceleration * interval, -maxSpeed, maxSpeed);
        nextStates[2 * i] = wrapAngle(angle + nextRate * interval);
        nextStates[2 * i + 1] = nextRate;
        rewards[i] = -cost(angle, rate, torque);
        terminated[i] = 0;
      }
    },
  };
}

export const pendulumRegistration = {
  ids: ["Pendulum-v1"],
  options: { g: finite, mass: finite, length: finite, maxTorque: finite },
  build: (options: PendulumOptions, id) => physicsEnvironment(id, pendulum(options)),
  preset: { steps: 15_000 },
  task: { planner: "grid", discount: 0.995, sizes: [121, 121], levels: 21, tolerance: 1e-3 },
  draw: ([angle]) => drawLinks([[angle, 100]], false),
  scene: { state: [0.6, 0] },
} as const satisfies EnvironmentRegistration<PendulumOptions>;

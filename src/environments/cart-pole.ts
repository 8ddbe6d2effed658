import type { Random } from "../numbers/random.ts";
import { box, discrete } from "../spaces/space.ts";
import { observedDirectly } from "./coordinates.ts";
import { endedWhere } from "./endings.ts";
import type { Physics, Transitions } from "./environment.ts";
import { finite } from "./options.ts";
import { physicsEnvironment } from "./physics-environment.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { circle, colour, type Drawing, line, rectangle, width } from "./shapes.ts";

const gravity = 9.8;
const cartMass = 1;
const interval = 0.02;
const xLimit = 2.4;
const angleLimit = (12 * 2 * Math.PI) / 360;

export interface CartPoleOptions {
  readonly maxEpisodeSteps?: number;
  /** kg */
  readonly poleMass?: number;
  /** Half of the pole's length, m. */
  readonly halfLength?: number;
  /** Push, N. */
  readonly force?: number;
}

/**
 * # CartPole-v1
 * A cart on a frictionless track carries a pole on a free joint; pushes to the left or the right must keep the pole upright
 * (Barto, Sutton and Anderson, "Neuronlike adaptive elements", 1983; equations by R. V. Florian, 2007).
 *
 * ## Action space
 * Discrete(2): 0 pushes the cart to the left, 1 to the right, with `force`.
 *
 * ## Observation space
 * Box(4): position x (m, ±4.8), velocity ẋ (m/s), angle θ (rad from upright, ±0.418), angular velocity θ̇ (rad/s).
 *
 * ## Rewards
 * 1 for every step, the last one included.
 *
 * ## Starting state
 * All four coordinates uniform in ±0.05.
 *
 * ## Episode end
 * Terminated when |x| > 2.4 or |θ| > 12°; truncated after 500 steps.
 *
 * ## Arguments
 * `maxEpisodeSteps` (500), `poleMass` (0.1), `halfLength` (0.5), `force` (10).
 */
export function cartPole({ maxEpisodeSteps = 500, poleMass = 0.1, halfLength = 0.5, force = 10 }: CartPoleOptions = {}): Physics {
  const high = [2 * xLimit, Infinity, 2 * angleLimit, Infinity];
  const system = { poleMass, halfLength, force };
  return {
    horizon: maxEpisodeSteps,
    observationSpace: box(
      high.map((x) => -x),
      high,
    ),
    actionSpace: discrete(2),
    coordinates: {
      names: ["x", "ẋ", "θ", "θ̇"],
      angular: [false, false, false, false],
      low: high.map((x) => -x),
      high,
      rateOf: [1, null, 3, null],
      observe: observedDirectly.observe,
      fromObservations: observedDirectly.fromObservations,
    },
    observations: observedDirectly.observations,
    initialState(random: Random, out = new Float64Array(4), offset = 0) {
      for (let k = 0; k < 4; k++) out[offset + k] = -0.05 + 0.1 * random.uniform();
      return out;
    },
    rewards(_states, _actions, n, out) {
      out.fill(1, 0, n);
    },
    ended: endedWhere(4, fallen),
    reward(_states, _actions, _nextStates, n, out) {
      out.fill(1, 0, n);
    },
    step(states, actions, n, out) {
      step(system, states, actions, n, out);
    },
  };
}

function fallen(states: Float64Array, at: number): boolean {
  const x = states[at];
  const angle = states[at + 2];
  return x < -xLimit || x > xLimit || angle < -angleLimit || angle > angleLimit;
}

/** θ̈ = (g sin θ − cos θ·t) / (l (4/3 − m cos² θ / M)), ẍ = t − m l θ̈ cos θ / M, t = (F + m l θ̇² sin θ) / M; explicit Euler. */
function step(
  { poleMass, halfLength, force }: Required<Omit<CartPoleOptions, "maxEpisodeSteps">>,
  states: Float64Array,
  actions: Float64Array,
  n: number,
  { nextStates, rewards, terminated }: Transitions,
): void {
  const totalMass = cartMass + poleMass;
  for (let i = 0, at = 0; i < n; i++, at += 4) {
    const xRate = states[at + 1];
    const angle = states[at + 2];
    const angleRate = states[at + 3];
    const cosine = Math.cos(angle);
    const sine = Math.sin(angle);
    const push = ((actions[i] === 1 ? force : -force) + poleMass * halfLength * angleRate * angleRate * sine) / totalMass;
    const angleAcceleration = (gravity * sine - cosine * push) / (halfLength * (4 / 3 - (poleMass * cosine * cosine) / totalMass));
    const xAcceleration = push - (poleMass * halfLength * angleAcceleration * cosine) / totalMass;
    nextStates[at] = states[at] + interval * xRate;
    nextStates[at + 1] = xRate + interval * xAcceleration;
    nextStates[at + 2] = angle + interval * angleRate;
    nextStates[at + 3] = angleRate + interval * angleAcceleration;
    rewards[i] = 1;
    terminated[i] = fallen(nextStates, at) ? 1 : 0;
  }
}

function draw([x, , angle]: Float64Array): Drawing {
  const cart = width / 2 + x * 60;
  return {
    height: 200,
    shapes: [
      line(10, 160, width - 10, 160, colour.line, 2),
      rectangle(cart - 25, 135, 50, 25, colour.ink),
      line(cart, 135, cart + 110 * Math.sin(angle), 135 - 110 * Math.cos(angle), colour.box, 8),
      circle(cart, 135, 4, colour.free),
    ],
  };
}

export const cartPoleRegistration = {
  ids: ["CartPole-v1"],
  options: { poleMass: finite, halfLength: finite, force: finite },
  build: (options: CartPoleOptions, id) => physicsEnvironment(id, cartPole(options)),
  preset: { steps: 80_000 },
  task: { planner: "grid", discount: 0.99, sizes: [11, 15, 23, 23], box: [xLimit, 2.5, 0.21, 2], tolerance: 1e-6 },
  draw,
  scene: { state: [0.4, 0, 0.15, 0] },
} as const satisfies EnvironmentRegistration<CartPoleOptions>;

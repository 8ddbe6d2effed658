import type { OnProgress } from "../../base/progress.ts";
import { createRandom, type Random } from "../../numbers/random.ts";
import { clamp } from "../../numbers/statistics.ts";
import type { Simulation } from "../environment.ts";
import { stride } from "./engine.ts";
import { workspace } from "./model.ts";
import { scriptedPickAndPlace } from "./scripted.ts";
import { placeHand } from "./simulation.ts";

/** Transitions of ArmPickAndPlace-v0 in its 15 coordinates, float32, in the order they came. */
export interface ArmTransitions {
  readonly n: number;
  /** [n, 15] */
  readonly states: Float32Array;
  /** [n, 4] */
  readonly actions: Float32Array;
  /** [n, 15] */
  readonly nextStates: Float32Array;
}

export interface ArmBehaviourOptions {
  readonly n: number;
  readonly seed: number;
  readonly onProgress?: OnProgress;
}

export const armStateSize = 15;
const EPISODE = 50;
/** Share of each behaviour, and of episodes that start with the hand near the cube. */
const SHARES: readonly (readonly [number, (random: Random, observation: Float64Array) => Behaviour])[] = [
  [0.1, wandering],
  [0.4, waypoints],
  [0.1, pushing],
  [0.25, carrying],
  [0.15, scripted],
];
/** m: fingers this near to each other, with the cube between them, hold it. */
const HELD = { opening: 0.0445, apart: 0.05 };
const NEAR = 0.5;
/** Where the goals of behaviour lie (m): beyond those of the task. */
const goals = { low: [0.27, -0.17, 0.03], high: [0.49, 0.17, 0.29] };

type Place = [number, number, number];
/** Write the next action [4] for the coordinates [15] that are seen. */
type Behaviour = (seen: Float64Array, goal: Place, out: Float64Array) => void;

/**
 * What critics of the arm are trained on: an episode is one of five behaviours, all by geometry alone and without a model.
 * Scripted picking under noise and bursts; wandering around the cube with sticky fingers; waypoints at the hand, the cube, above it and the goal, such
 * as a planner proposes, resting and holding among them; carrying the cube about; and pushing it from the side.
 * @param simulation of ArmPickAndPlace-v0, without `turn`
 */
export function armBehaviour(simulation: Simulation, { n, seed, onProgress }: ArmBehaviourOptions): ArmTransitions {
  const random = createRandom(seed);
  const width = simulation.observationSpace.low.length;
  const state = new Float64Array(simulation.stateSize);
  const observation = new Float64Array(width);
  const seen = observation.subarray(6);
  const out = { nextStates: state, rewards: new Float64Array(1), terminated: new Uint8Array(1) };
  const action = new Float64Array(4);
  const data = {
    states: new Float32Array(n * armStateSize),
    actions: new Float32Array(n * 4),
    nextStates: new Float32Array(n * armStateSize),
  };
  const fullHand = state.length - 3;
  for (let t = 0; t < n; ) {
    simulation.initialState(random, state, 0);
    if (random.uniform() < NEAR) startNear(state, random);
    let goal = drawGoal(random);
    for (let k = 0; k < 3; k++) state[fullHand + k] = goal[k];
    const behave = drawBehaviour(random, observation);
    simulation.observations(state, 1, observation);
    for (let step = 0; step < EPISODE && t < n; step++, t++) {
      if (random.uniform() < 0.01) {
        goal = drawGoal(random);
        for (let k = 0; k < 3; k++) observation[3 + k] = goal[k];
      }
      behave(seen, goal, action);
      for (let k = 0; k < 4; k++) action[k] = Math.fround(clamp(action[k], -1, 1));
      data.states.set(seen, t * armStateSize);
      data.actions.set(action, t * 4);
      simulation.step(state, action, 1, out);
      simulation.observations(state, 1, observation);
      for (let k = 0; k < 3; k++) observation[3 + k] = goal[k];
      data.nextStates.set(seen, t * armStateSize);
    }
    if (t % 2000 < EPISODE) onProgress?.(t, n, "watching the arm");
  }
  return { n, ...data };
}

function drawGoal(random: Random): Place {
  return [0, 1, 2].map((k) => goals.low[k] + (goals.high[k] - goals.low[k]) * random.uniform()) as Place;
}

function startNear(state: Float64Array, random: Random): void {
  const [x, y] = [state[7], state[8]];
  placeHand(
    state,
    0,
    (place) => {
      place[0] = clamp(x + 0.03 * random.normal(), workspace.low[0], workspace.high[0]);
      place[1] = clamp(y + 0.03 * random.normal(), workspace.low[1], workspace.high[1]);
      place[2] = 0.07 + 0.08 * random.uniform();
    },
    state[5],
  );
}

/** @param observation the whole of it, which the script reads */
function drawBehaviour(random: Random, observation: Float64Array): Behaviour {
  let which = random.uniform();
  for (const [share, behaviour] of SHARES) {
    if (which < share) return behaviour(random, observation);
    which -= share;
  }
  return scripted(random, observation);
}

function wandering(random: Random): Behaviour {
  const height = -0.01 + 0.07 * random.uniform();
  const pull = 0.15 + 0.3 * random.uniform();
  const drift = [0, 0, 0];
  let grip = 1;
  return (seen, _goal, out) => {
    if (random.uniform() < 0.15) grip = drawGrip(random, 0.5, 0.4);
    for (let k = 0; k < 3; k++) {
      drift[k] = 0.75 * drift[k] + 0.5 * random.normal();
      out[k] = drift[k] + pull * clamp((seen[4 + k] + (k === 2 ? height : 0) - seen[k]) / 0.05, -1, 1);
    }
    out[3] = grip;
  };
}

function waypoints(random: Random): Behaviour {
  const noise = [0, 0.08, 0.2, 0.4][random.integer(4)];
  const around = 0.006 + 0.02 * random.uniform();
  // some plans are held for longer
  const patience = random.uniform() < 0.2 ? 10 : 4;
  const point = [0, 0, 0];
  let [left, grip] = [0, 1];
  return (seen, goal, out) => {
    if (left-- <= 0) {
      left = 2 + random.integer(patience);
      const where = random.uniform();
      const above = where < 0.5 ? 0.004 : where < 0.72 ? 0.07 : 0.02 + 0.03 * random.uniform();
      for (let k = 0; k < 3; k++) {
        const centre = where < 0.1 ? seen[k] : where < 0.82 ? seen[4 + k] + (k === 2 ? above : 0) : goal[k];
        point[k] = centre + around * random.normal();
      }
      grip = drawGrip(random, 0.45, 0.45);
    }
    for (let k = 0; k < 3; k++) out[k] = (point[k] - seen[k]) / stride + noise * random.normal();
    out[3] = grip;
  };
}

/** Beside the cube and low, then through where it lies, again and again from other sides. */
function pushing(random: Random): Behaviour {
  const noise = 0.3 * random.uniform();
  const point = [0, 0, 0];
  const side = [0, 0];
  let [left, stage, grip] = [0, 0, -1];
  return (seen, _goal, out) => {
    if (left-- <= 0) {
      left = 3 + random.integer(4);
      if (stage === 0) {
        const angle = 2 * Math.PI * random.uniform();
        const distance = 0.045 + 0.025 * random.uniform();
        side[0] = distance * Math.cos(angle);
        side[1] = distance * Math.sin(angle);
        grip = drawGrip(random, 0.35, 0.55);
        left += 2;
      }
      const reach = stage === 0 ? 1 : -(0.3 + 1.2 * random.uniform());
      for (let k = 0; k < 2; k++) point[k] = seen[4 + k] + reach * side[k] + 0.005 * random.normal();
      point[2] = 0.018 + 0.025 * random.uniform();
      stage = stage === 2 ? 0 : stage + 1;
    }
    for (let k = 0; k < 3; k++) out[k] = (point[k] - seen[k]) / stride + noise * random.normal();
    out[3] = grip;
  };
}

/**
 * By the script until the cube is held, at whatever height of the fingers; then here and there with it, resting and letting go.
 * Some close their fingers too early, on the way down, and jam on the cube's edges: a planner that has not seen it thinks that it works.
 */
function carrying(random: Random, observation: Float64Array): Behaviour {
  const noise = [0, 0.05, 0.15, 0.4][random.integer(4)];
  const askew = [0.009 * random.normal(), 0.004 * random.normal(), -0.012 + 0.05 * random.uniform()];
  if (random.uniform() < 0.4) for (let k = 0; k < 3; k++) askew[k] *= 0.2;
  const point = [0, 0, 0];
  const hasty = random.uniform() < 0.6;
  let early = 0.06 * random.uniform();
  let [left, grip, closing, pause] = [0, -1, 0, 0];
  return (seen, goal, out) => {
    const apart = Math.hypot(seen[4] - seen[0], seen[5] - seen[1], seen[6] - seen[2]);
    if (seen[3] > HELD.opening || apart > HELD.apart) {
      // the cube seems to be where the fingers shall close
      for (let k = 0; k < 3; k++) observation[10 + k] += askew[k];
      out.set(scriptedPickAndPlace(observation, 1));
      for (let k = 0; k < 3; k++) observation[10 + k] -= askew[k];
      left = 0;
      const above = Math.hypot(seen[4] - seen[0], seen[5] - seen[1]) < 0.025 && seen[2] - seen[6] < early;
      if (pause > 0) pause--;
      else if (hasty && (closing > 0 || above)) {
        closing = closing > 0 ? closing - 1 : 1 + random.integer(5);
        for (let k = 0; k < 3; k++) out[k] = (seen[4 + k] + askew[k] - seen[k]) / stride;
        out[3] = -1;
        if (closing === 0) {
          pause = 8;
          early = 0.06 * random.uniform();
        }
      }
    } else {
      if (left-- <= 0) {
        left = 2 + random.integer(9);
        const where = random.uniform();
        for (let k = 0; k < 3; k++) {
          const anywhere = workspace.low[k] + (workspace.high[k] - workspace.low[k]) * random.uniform();
          const towards = goal[k] + seen[k] - seen[4 + k];
          point[k] = where < 0.35 ? anywhere : (where < 0.65 ? seen[k] : towards) + 0.008 * random.normal();
        }
        grip = random.uniform() < 0.9 ? -1 : drawGrip(random, 0.5, 0);
      }
      for (let k = 0; k < 3; k++) out[k] = (point[k] - seen[k]) / stride;
      out[3] = grip;
    }
    for (let k = 0; k < 3; k++) out[k] += noise * random.normal();
  };
}

function scripted(random: Random, observation: Float64Array): Behaviour {
  const noise = [0, 0.15, 0.4, 0.8][random.integer(4)];
  const often = [0, 0.05, 0.2][random.integer(3)];
  const held = [0, 0, 0, 0];
  let burst = 0;
  return (_seen, _goal, out) => {
    out.set(scriptedPickAndPlace(observation, 1));
    if (burst > 0) {
      burst--;
      out.set(held);
    } else if (random.uniform() < often) {
      burst = 1 + random.integer(4);
      for (let k = 0; k < 3; k++) held[k] = 2 * random.uniform() - 1;
      held[3] = random.uniform() < 0.5 ? out[3] : drawGrip(random, 0.4, 0.3);
    }
    for (let k = 0; k < 3; k++) out[k] += noise * random.normal();
    if (random.uniform() < 0.25 * noise) out[3] = 2 * random.uniform() - 1;
  };
}

/** Open, closed, or anything between. */
function drawGrip(random: Random, open: number, closed: number): number {
  const u = random.uniform();
  return u < open ? 1 : u < open + closed ? -1 : 2 * random.uniform() - 1;
}

import type { Random } from "../../numbers/random.ts";
import { clamp } from "../../numbers/statistics.ts";
import { box } from "../../spaces/space.ts";
import { neverEnded } from "../endings.ts";
import type { Simulation } from "../environment.ts";
import { advance, sizes } from "./engine.ts";
import { type GoalRewardOptions, goalRewards } from "./goal.ts";
import { jointsFor } from "./kinematics.ts";
import type { ArmWorld } from "./model.ts";

/** A camera that stands aside, or a motor that pulls: x and y turned about the vertical (rad), then something added to x, y, z (strides). */
export interface Actuation {
  readonly turn: number;
  readonly drift: readonly number[];
}

/** A task of the arm: how its episodes start, what is seen, and which place is to be brought to the goal. */
export interface ArmTask {
  readonly id: string;
  readonly world: ArmWorld;
  readonly horizon: number;
  readonly reward: GoalRewardOptions;
  /** What becomes of x, y and z of an action before the arm obeys it; as they are where absent. */
  readonly actuation?: Actuation;
  /** m: 3 where the fingers stay as they are, 4 where they open and close, 5 where the hand turns too */
  readonly actionSize: number;
  /** Numbers of the observation beside the two goals. */
  readonly observationSize: number;
  /** Write qpos and the goal (zeros elsewhere are kept). */
  start(random: Random, out: Float64Array, positionsAt: number, goalAt: number): void;
  achieved(states: Float64Array, at: number, out: Float64Array, to: number): void;
  observe(states: Float64Array, at: number, out: Float64Array, to: number): void;
}

/**
 * The laws of a task. A state is qpos, qvel, the solver's warm start (as long as qvel), the goal [3].
 * An observation is the Dict of Gymnasium's goal environments as Stable-Baselines3 flattens it: achieved goal [3], desired goal [3], observation.
 */
export function armSimulation(task: ArmTask): Simulation {
  const { id, world, horizon, actionSize, start, achieved, observe } = task;
  const { positions, velocities } = sizes(world);
  const goalAt = positions + 2 * velocities;
  const stateSize = goalAt + 3;
  const size = 6 + task.observationSize;
  const reached = new Float64Array(3);
  const desired = new Float64Array(3);
  const reward = new Float64Array(1);
  /** Of state i of a batch. */
  const paid = (states: Float64Array, i: number) => {
    achieved(states, i * stateSize, reached, 0);
    for (let k = 0; k < 3; k++) desired[k] = states[i * stateSize + goalAt + k];
    goalRewards(reached, desired, 1, reward, task.reward);
    return reward[0];
  };
  const high = new Array<number>(size).fill(Infinity);
  const ones = new Array<number>(actionSize).fill(1);
  return {
    stateSize,
    horizon,
    observationSpace: box(
      high.map((x) => -x),
      high,
    ),
    actionSpace: box(
      ones.map((x) => -x),
      ones,
    ),
    goals: { size: 3, rewards: (reached, desired, n, out) => goalRewards(reached, desired, n, out, task.reward) },
    initialState(random, out = new Float64Array(stateSize), offset = 0) {
      out.fill(0, offset, offset + stateSize);
      start(random, out, offset, offset + goalAt);
      return out;
    },
    observations(states, n, out) {
      for (let i = 0; i < n; i++) {
        achieved(states, i * stateSize, out, i * size);
        for (let k = 0; k < 3; k++) out[i * size + 3 + k] = states[i * stateSize + goalAt + k];
        observe(states, i * stateSize, out, i * size + 6);
      }
    },
    step(states, actions, n, { nextStates, rewards, terminated }) {
      if (nextStates !== states) nextStates.set(states.subarray(0, n * stateSize));
      advance(id, world, nextStates, stateSize, task.actuation ? distort(actions, actionSize, n, task.actuation) : actions, actionSize, n);
      for (let i = 0; i < n; i++) {
        rewards[i] = paid(nextStates, i);
        terminated[i] = 0;
      }
    },
    ended: neverEnded,
    reward(_states, _actions, nextStates, n, out) {
      for (let i = 0; i < n; i++) out[i] = paid(nextStates, i);
    },
  };
}

function distort(actions: Float64Array, m: number, n: number, { turn, drift }: Actuation): Float64Array {
  const out = actions.slice(0, n * m);
  const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
  for (let b = 0; b < n; b++) {
    const at = b * m;
    const [x, y, z] = [clamp(actions[at], -1, 1), clamp(actions[at + 1], -1, 1), clamp(actions[at + 2], -1, 1)];
    out[at] = cosine * x - sine * y + drift[0];
    out[at + 1] = sine * x + cosine * y + drift[1];
    out[at + 2] = z + drift[2];
  }
  return out;
}

const place = new Float64Array(3);

/** Put the hand, straight down, at a place: its joints from `to`, its fingers behind them. */
export function placeHand(out: Float64Array, to: number, draw: (place: Float64Array) => void, opening: number): void {
  draw(place);
  jointsFor(place[0], place[1], place[2], out, to);
  out[to + 5] = out[to + 6] = opening;
}

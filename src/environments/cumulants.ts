import { createRandom } from "../numbers/random.ts";
import { wrapAngle } from "./coordinates.ts";
import type { Coordinates, Physics, Tables } from "./environment.ts";

/** Which of n states reach a goal: write 1 or 0 to `out` [n]. */
export type Goal = (states: Float64Array, n: number, out: Uint8Array) => void;

/** A signal c(s, a, s') that a value function may accumulate; d_i(s') ends its episode where there is one. */
export interface Cumulant {
  readonly name: string;
  /** @param states [n, d] @param actions [n, m] @param nextStates [n, d] @param out [n] */
  values(states: Float64Array, actions: Float64Array, nextStates: Float64Array, n: number, out: Float64Array): void;
  readonly terminal?: Goal;
}

/** ‖f(s) − target‖ < radius, for a function f of the state with `target.length` values. */
export function within(
  target: readonly number[],
  radius: number,
  feature: (states: Float64Array, at: number, out: Float64Array) => void,
  angular: readonly boolean[] = [],
): Goal {
  const width = target.length;
  const value = new Float64Array(width);
  return (states, n, out) => {
    const d = states.length / n;
    for (let i = 0; i < n; i++) {
      feature(states, i * d, value);
      let square = 0;
      for (let k = 0; k < width; k++) {
        const difference = angular[k] ? wrapAngle(value[k] - target[k]) : value[k] - target[k];
        square += difference * difference;
      }
      out[i] = square < radius * radius ? 1 : 0;
    }
  };
}

/** The goal of bringing some coordinates to given values; angles are compared as directions. */
export function coordinateGoal(coordinates: Coordinates, indices: readonly number[], target: readonly number[], radius: number): Goal {
  return within(
    target,
    radius,
    (states, at, out) => {
      for (let k = 0; k < indices.length; k++) out[k] = states[at + indices[k]];
    },
    indices.map((k) => coordinates.angular[k]),
  );
}

/** 1 for arriving in the goal, which ends the episode; 0 otherwise. */
export function reach(name: string, goal: Goal): Cumulant {
  let reached = new Uint8Array(0);
  return {
    name,
    terminal: goal,
    values(_states, _actions, nextStates, n, out) {
      if (reached.length < n) reached = new Uint8Array(n);
      goal(nextStates, n, reached);
      for (let i = 0; i < n; i++) out[i] = reached[i];
    },
  };
}

/** c = x'_k: a coordinate of the next state itself. Its value function at γ = 0 is the model. */
export function coordinate(coordinates: Coordinates, index: number): Cumulant {
  const d = coordinates.names.length;
  return {
    name: coordinates.names[index],
    values(_states, _actions, nextStates, n, out) {
      for (let i = 0; i < n; i++) out[i] = nextStates[i * d + index];
    },
  };
}

/**
 * c = cos(w · x'/scale + b) with w normal and b uniform: K random smooth signals see every direction of the state (Rahimi and Recht, 2007).
 * Angles enter with whole-numbered w, so that the signal is periodic.
 * @param scale [d] size of each coordinate; ignored for angles
 */
export function randomCumulants(coordinates: Coordinates, count: number, scale: readonly number[], seed: number): Cumulant[] {
  const d = coordinates.names.length;
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, j) => {
    const weights = Float64Array.from({ length: d }, (_, k) =>
      coordinates.angular[k] ? random.integer(3) - 1 : random.normal() / scale[k],
    );
    const phase = 2 * Math.PI * random.uniform();
    return {
      name: `random ${j}`,
      values(_states, _actions, nextStates, n, out) {
        for (let i = 0; i < n; i++) {
          let angle = phase;
          for (let k = 0; k < d; k++) angle += weights[k] * nextStates[i * d + k];
          out[i] = Math.cos(angle);
        }
      },
    };
  });
}

/** The same physics with another task: 1 for arriving in the goal, which ends the episode, 0 otherwise. Nothing else ends it. */
export function withGoal(physics: Physics, goal: Goal): Physics {
  let reached = new Uint8Array(0);
  return {
    ...physics,
    rewards(_states, _actions, n, out) {
      out.fill(0, 0, n);
    },
    ended: goal,
    reward(_states, _actions, nextStates, n, out) {
      if (reached.length < n) reached = new Uint8Array(n);
      goal(nextStates, n, reached);
      for (let i = 0; i < n; i++) out[i] = reached[i];
    },
    step(states, actions, n, out) {
      physics.step(states, actions, n, out);
      goal(out.nextStates, n, out.terminated);
      for (let i = 0; i < n; i++) out.rewards[i] = out.terminated[i];
    },
  };
}

/** The same tables with another task: what each outcome pays, and whether it ends the episode. */
export function withRewards(
  tables: Tables,
  reward: (state: number, action: number, nextState: number) => number,
  ends: (nextState: number) => boolean = () => false,
): Tables {
  const rewards = new Float64Array(tables.nextStates.length);
  const terminated = new Uint8Array(tables.nextStates.length);
  for (let pair = 0; pair < tables.states * tables.actions; pair++) {
    for (let k = tables.offsets[pair]; k < tables.offsets[pair + 1]; k++) {
      const next = tables.nextStates[k];
      rewards[k] = reward(Math.floor(pair / tables.actions), pair % tables.actions, next);
      terminated[k] = ends(next) ? 1 : 0;
    }
  }
  return { ...tables, rewards, terminated };
}

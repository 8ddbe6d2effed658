import type { WaypointControl, WaypointTask } from "../../planning/waypoints.ts";
import { armControl } from "./control.ts";
import { carryingPlace, graspingCost, graspingPlaces, type Place } from "./placing.ts";

/** A box: centre and half edges in metres. */
export interface Block {
  readonly centre: Place;
  readonly half: Place;
}

const CUBE = 0.02;
/** m: half of what the hand takes up below its palm, across the fingers' line (x) and along it (y) beside half the opening. */
const FINGER = { x: 0.011, y: 0.012, below: 0.018 };

/** Lift the cube to a height, wherever that is, and hold it there: no head knows a task without a place. */
export function liftingTask(height: number): WaypointTask {
  return {
    cost(states, _actions, n, _t, out) {
      const d = states.length / n;
      for (let b = 0; b < n; b++) out[b] += 10 * (3 * Math.abs(states[b * d + 6] - height) + graspingCost(states, b * d));
    },
    proposals: (state) => [...graspingPlaces(state), ...carryingPlace(state, [state[4], state[5], height])],
  };
}

/**
 * m: fingers on a cube are no further apart than `held`; so far above the table it is in the air; what letting go there costs;
 * m/s, and s, of a loose cube; m between hand and cube where open fingers may strike it, and s for how fast they go aside there.
 */
const LOOSE = { held: 0.047, above: 0.008, price: 0.15, speed: 0.05, weight: 0.4, near: 0.045, aside: 0.15 };

/**
 * What it costs that fingers do not hold the cube while it is in the air or moves, or that they are open around it and go aside:
 * where it falls to, slides and rolls is more than a model should be trusted with.
 */
function looseCost(states: Float64Array, at: number): number {
  if (states[at + 3] < LOOSE.held) return 0;
  const apart = Math.hypot(states[at + 4] - states[at], states[at + 5] - states[at + 1], states[at + 6] - states[at + 2]);
  const aside = apart < LOOSE.near ? LOOSE.aside * Math.hypot(states[at + 7], states[at + 8]) : 0;
  return (states[at + 6] > CUBE + LOOSE.above ? LOOSE.price : 0) + LOOSE.weight * Math.max(0, speedOf(states, at) - LOOSE.speed) + aside;
}

/** m/s of the cube */
function speedOf(states: Float64Array, at: number): number {
  return Math.hypot(states[at + 11], states[at + 12], states[at + 13]);
}

/** m: as near to its place as counts as put down, how high the empty hand then waits above it, and what being put down is worth. */
const PUT = { near: 0.015, clear: 0.1, worth: 0.15 };

/**
 * Put the cube down at a point of the table, let go and draw back. Until it lies there the cost is that of carrying it there;
 *   then cost = 10 (3 ‖cube − place‖ + ½ |hand z − (cube z + clear)| + ½ max(0, open − opening) − worth).
 */
export function puttingTask([x, y]: readonly [number, number]): WaypointTask {
  const place: Place = [x, y, CUBE];
  return {
    cost(states, _actions, n, _t, out) {
      const d = states.length / n;
      for (let b = 0; b < n; b++) {
        const at = b * d;
        const missing = Math.hypot(states[at + 4] - x, states[at + 5] - y, states[at + 6] - CUBE);
        const left =
          missing < PUT.near && speedOf(states, at) < LOOSE.speed
            ? 0.5 * Math.abs(states[at + 2] - (states[at + 6] + PUT.clear)) + 0.5 * Math.max(0, 0.08 - states[at + 3]) - PUT.worth
            : graspingCost(states, at);
        out[b] += 10 * (3 * missing + left + looseCost(states, at));
      }
    },
    proposals: (state) => [...graspingPlaces(state), ...carryingPlace(state, place), state[0], state[1], CUBE + PUT.clear],
  };
}

/**
 * m: middles of hand and cube are so far apart in contact, and that far before it; how high the hand pushes, how much higher it crosses the cube;
 * how near along an axis counts as there; and what an axis that is done is worth.
 */
const PUSH = { contact: 0.031, before: 0.046, height: 0.024, clear: 0.06, near: 0.008, worth: 0.5 };
/** m by which the hand keeps off the cube's top, and what lower than that and above the cube costs; m/s above which the cube slides out of hand. */
const PRESS = { berth: 0.012, price: 0.15, slope: 6, speed: 0.25 };

/**
 * Push the cube to a point of the table with closed fingers, along x until that is right, then along y: a face pushed in its middle does not turn.
 * The hand belongs low behind the cube, on the axis, between contact and a little before it; elsewhere it belongs above the cube.
 *   cost = 10 (5 ‖cube − point‖ + 3 off + |hand z − (low + rise(off))| + 20 lift + worth · axes to go).
 */
export function pushingTask([x, y]: readonly [number, number]): WaypointTask {
  /** The axis to push along (0 or 1; −1 where the cube has arrived) and its direction. */
  const stage = (states: ArrayLike<number>, at: number): readonly [axis: number, sign: number] => {
    const [dx, dy] = [x - states[at + 4], y - states[at + 5]];
    if (Math.abs(dx) > PUSH.near) return [0, Math.sign(dx)];
    return Math.abs(dy) > PUSH.near ? [1, Math.sign(dy)] : [-1, 0];
  };
  return {
    cost(states, _actions, n, _t, out) {
      const d = states.length / n;
      for (let b = 0; b < n; b++) {
        const at = b * d;
        const missing = Math.hypot(states[at + 4] - x, states[at + 5] - y);
        const [axis, sign] = stage(states, at);
        let hand = 0;
        if (axis >= 0) {
          const behind = sign * (states[at + 4 + axis] - states[at + axis]);
          const aside = states[at + 5 - axis] - states[at + 1 - axis];
          const off = Math.hypot(aside, Math.max(0, PUSH.contact - behind, behind - PUSH.before));
          const rise = Math.min(PUSH.clear, Math.max(0, 8 * (off - 0.004)));
          hand = 3 * off + Math.abs(states[at + 2] - (PUSH.height + rise)) + PUSH.worth * (2 - axis);
        }
        const pressed = overlap(states, at, fist, [states[at + 4], states[at + 5], states[at + 6]], pressing, 0);
        const press = pressed > 0 ? PRESS.price + PRESS.slope * pressed : 0;
        const slip = 0.2 * Math.max(0, Math.hypot(states[at + 11], states[at + 12]) - PRESS.speed);
        out[b] += 10 * (5 * missing + hand + press + slip + 20 * Math.max(0, states[at + 6] - CUBE - 0.002));
      }
    },
    proposals(state) {
      const [axis, sign] = stage(state, 0);
      const here = [state[0], state[1], state[2]];
      if (axis < 0) return [...here, state[0], state[1], PUSH.height + PUSH.clear];
      const goal = [x, y];
      const place = (along: number, z: number) => {
        const out = [state[4], state[5], z];
        out[axis] = along;
        return out;
      };
      const before = state[4 + axis] - sign * PUSH.before;
      return [
        ...here,
        ...place(before, PUSH.height),
        ...place(before, PUSH.height + PUSH.clear),
        ...place(goal[axis] - sign * PUSH.contact, PUSH.height),
        ...[state[0], state[1], PUSH.height + PUSH.clear],
      ];
    },
  };
}

/** m from the cube's middle, and above the table, within which the hand is gentle, and the greatest action there. */
const GENTLE = { near: 0.075, low: 0.075, most: 0.4 };

/** `armControl` with closed fingers, and slow beside the cube, with all components in proportion: a cube that is struck slides on by itself. */
export const fistControl: WaypointControl = {
  ...armControl,
  follow(states, waypoints, n, out) {
    armControl.follow(states, waypoints, n, out);
    const d = states.length / n;
    for (let b = 0; b < n; b++) {
      const at = b * d;
      out[4 * b + 3] = -1;
      if (states[at + 2] > GENTLE.low || Math.hypot(states[at + 4] - states[at], states[at + 5] - states[at + 1]) > GENTLE.near) continue;
      const greatest = Math.max(Math.abs(out[4 * b]), Math.abs(out[4 * b + 1]), Math.abs(out[4 * b + 2]));
      if (greatest > GENTLE.most) for (let k = 0; k < 3; k++) out[4 * b + k] *= GENTLE.most / greatest;
    }
  },
};

/** Half edges of closed fingers, and of the cube as far as it is not to be pressed on: not quite as wide, so that pushing is allowed, but taller. */
const fist: Place = [FINGER.x, FINGER.y, FINGER.below];
const pressing: Place = [CUBE - 0.005, CUBE - 0.005, CUBE + PRESS.berth];

/** m: the berth that a plan gives a wall, and what a metre of intrusion costs beside a fixed price. */
const WALL = { berth: 0.008, price: 3, slope: 60 };

/** Carry the cube to a place on the other side of a wall that neither it nor the hand may touch. */
export function clearingTask(goal: Place, wall: Block): WaypointTask {
  const top = wall.centre[2] + wall.half[2];
  return {
    cost(states, _actions, n, _t, out) {
      const d = states.length / n;
      for (let b = 0; b < n; b++) {
        const at = b * d;
        const missing = Math.hypot(states[at + 4] - goal[0], states[at + 5] - goal[1], states[at + 6] - goal[2]);
        const depth = intrusion(states, at, wall, WALL.berth);
        out[b] += 10 * (3 * missing + graspingCost(states, at) + looseCost(states, at) + (depth > 0 ? WALL.price + WALL.slope * depth : 0));
      }
    },
    proposals(state) {
      const over = top + 0.055;
      return [
        ...graspingPlaces(state),
        ...carryingPlace(state, goal),
        ...[state[0], state[1], over],
        ...carryingPlace(state, [goal[0], goal[1], over - state[2] + state[6]]).slice(0, 2),
        over,
        ...[wall.centre[0], wall.centre[1], over],
      ];
    },
  };
}

/** How deep (m) the cube or the fingers are inside a box grown by `berth`; 0 where they are not. Coordinates of the state from `at`. */
export function intrusion(states: ArrayLike<number>, at: number, { centre, half }: Block, berth = 0): number {
  // a turned cube is a little wider than half an edge
  const cube = overlap(states, at + 4, [CUBE + 0.003, CUBE + 0.003, CUBE], centre, half, berth);
  const hand = overlap(states, at, [FINGER.x, FINGER.y + states[at + 3] / 2, FINGER.below], centre, half, berth);
  return Math.max(cube, hand);
}

function overlap(states: ArrayLike<number>, at: number, own: readonly number[], centre: Place, half: Place, berth: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < 3; k++) least = Math.min(least, own[k] + half[k] + berth - Math.abs(states[at + k] - centre[k]));
  return Math.max(0, least);
}

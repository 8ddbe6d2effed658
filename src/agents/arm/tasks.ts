import type { WaypointTask } from "../../planning/waypoints.ts";
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

/** m: as near to its place as counts as put down, how high the empty hand then waits above it, and what being put down is worth. */
const PUT = { near: 0.012, clear: 0.1, worth: 0.15 };

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
          missing < PUT.near
            ? 0.5 * Math.abs(states[at + 2] - (states[at + 6] + PUT.clear)) + 0.5 * Math.max(0, 0.08 - states[at + 3]) - PUT.worth
            : graspingCost(states, at);
        out[b] += 10 * (3 * missing + left);
      }
    },
    proposals: (state) => [...graspingPlaces(state), ...carryingPlace(state, place), state[0], state[1], CUBE + PUT.clear],
  };
}

/** m: where the hand stands to push, behind the cube seen from its place; how high; how far from the line it may be. */
const PUSH = { behind: 0.034, height: 0.024, clear: 0.055 };

/**
 * Push the cube to a point of the table with closed fingers: the hand belongs behind the cube on the line to the point, low, and over the cube on the way there.
 */
export function pushingTask([x, y]: readonly [number, number]): WaypointTask {
  const behind = (states: ArrayLike<number>, at: number): Place => {
    const [dx, dy] = [x - states[at + 4], y - states[at + 5]];
    const missing = Math.max(1e-6, Math.hypot(dx, dy));
    return [states[at + 4] - (PUSH.behind * dx) / missing, states[at + 5] - (PUSH.behind * dy) / missing, PUSH.height];
  };
  return {
    cost(states, _actions, n, _t, out) {
      const d = states.length / n;
      for (let b = 0; b < n; b++) {
        const at = b * d;
        const missing = Math.hypot(states[at + 4] - x, states[at + 5] - y);
        const [bx, by] = behind(states, at);
        const across = Math.hypot(states[at] - bx, states[at + 1] - by);
        const rise = Math.min(PUSH.clear, Math.max(0, 4 * (across - 0.012)));
        const height = Math.abs(states[at + 2] - (PUSH.height + rise));
        const arrived = missing < 0.006 ? 0.2 : 1;
        out[b] += 10 * (5 * missing + arrived * (across + height) + states[at + 3] + 3 * Math.max(0, states[at + 6] - CUBE - 0.004));
      }
    },
    proposals(state) {
      const [bx, by] = behind(state, 0);
      const [dx, dy] = [x - state[4], y - state[5]];
      const length = Math.max(1e-6, Math.hypot(dx, dy));
      const [hx, hy] = [x - (PUSH.behind * dx) / length, y - (PUSH.behind * dy) / length];
      return [...[state[0], state[1], state[2]], ...[bx, by, PUSH.height], ...[bx, by, PUSH.height + PUSH.clear], ...[hx, hy, PUSH.height]];
    },
  };
}

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
        out[b] += 10 * (3 * missing + graspingCost(states, at) + (depth > 0 ? WALL.price + WALL.slope * depth : 0));
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

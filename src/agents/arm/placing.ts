import type { WaypointTask } from "../../planning/waypoints.ts";

/** A place in metres. */
export type Place = readonly [number, number, number];

/** Where a hand about to grasp waits: this far above the cube, and less the nearer it is to being right above. */
const WAIT = 0.06;
/** m: the hand's opening that a cube fits through with room to spare. */
const OPEN = 0.08;
/** m: how near the hand must be to the cube, across and in height, for closed fingers to hold it. */
const AROUND = { across: 0.012, height: 0.015 };
/** Height of a grasp above the cube's middle. */
const GRASP = 0.003;

/**
 * Bring the cube to `goal` and keep it there: distances alone, in units of 10 cm. Of how anything moves it knows nothing.
 *   cost = 10 (3 ‖cube − goal‖ + 1.5 across + |hand z − (cube z + grasp + h)| + ½ max(0, open − opening) unless the hand is around the cube),
 *   h = min(6 (across − 6 mm)⁺, wait): down only when right above.
 */
export function placingTask(goal: Place): WaypointTask {
  return {
    cost(states, _actions, n, _t, out) {
      const d = states.length / n;
      for (let b = 0; b < n; b++) {
        const at = b * d;
        const missing = Math.hypot(states[at + 4] - goal[0], states[at + 5] - goal[1], states[at + 6] - goal[2]);
        out[b] += 10 * (3 * missing + graspingCost(states, at));
      }
    },
    proposals: (state) => [...graspingPlaces(state), ...carryingPlace(state, goal)],
  };
}

/** What it costs not to have the hand around the cube and open until it is, in metres; states as coordinates from `at`. */
export function graspingCost(states: Float64Array, at: number): number {
  const across = Math.hypot(states[at + 4] - states[at], states[at + 5] - states[at + 1]);
  const rise = Math.min(WAIT, Math.max(0, 6 * (across - 0.006)));
  const height = Math.abs(states[at + 2] - (states[at + 6] + GRASP + rise));
  const around = across < AROUND.across && Math.abs(states[at + 6] - states[at + 2]) < AROUND.height;
  return 1.5 * across + height + (around ? 0 : 0.5 * Math.max(0, OPEN - states[at + 3]));
}

/** Proposals of every task that grasps: where the hand is, around the cube, above it. */
export function graspingPlaces(state: ArrayLike<number>): number[] {
  const [x, y, z] = [state[4], state[5], state[6]];
  return [state[0], state[1], state[2], x, y, z + 0.004, x, y, z + 0.07];
}

/** Where the hand must go for the cube, carried as it now is, to be at the goal. */
export function carryingPlace(state: ArrayLike<number>, goal: Place): number[] {
  return [0, 1, 2].map((k) => goal[k] + state[k] - state[4 + k]);
}

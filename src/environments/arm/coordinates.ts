import { concat, mul, slice } from "../../engine/index.ts";
import type { Coordinates } from "../environment.ts";
import { fingerReach, workspace } from "./model.ts";

/** Numbers of the two goals that an observation begins with. */
const GOALS = 6;
const CUBE = 4;
/** Places and speeds that occur (m, m/s): a cube that is thrown off the table falls further, but nobody plans for it. */
const ROOM = 0.02;
const FARTHEST = { low: [0, -0.45, 0], high: [0.85, 0.45, 0.5] };
const FASTEST = 3;
const QUARTER = Math.PI / 4;
/** rad, rad/s of the hand, which turns half round */
const TURN = { angle: 2, rate: 20 };

/**
 * What is seen of the arm and its cube: hand, opening, cube, their rates, the cube's yaw (the hand's and its rate too where the hand turns).
 * An observation is made with the goal in the origin: no value that is asked for a coordinate depends on it.
 */
export function armCoordinates(names: readonly string[]): Coordinates {
  const d = names.length;
  const room = (bounds: readonly number[], sign: 1 | -1) => bounds.map((x) => x + sign * ROOM);
  const rates = Array.from({ length: 7 }, () => FASTEST);
  const hand = d > 15 ? [TURN.angle, TURN.rate] : [];
  return {
    names,
    // the yaw of a cube comes back after a quarter turn already
    angular: new Array<boolean>(d).fill(false),
    low: [...room(workspace.low, -1), -ROOM / 4, ...FARTHEST.low, ...rates.map((x) => -x), -QUARTER, ...hand.map((x) => -x)],
    high: [...room(workspace.high, 1), 2 * fingerReach + ROOM / 4, ...FARTHEST.high, ...rates, QUARTER, ...hand],
    rateOf: Array.from({ length: d }, (_, i) => (i < 7 ? i + 7 : i === 15 ? 16 : null)),
    observe(states) {
      const cube = slice(states, CUBE, CUBE + 3, states.shape.length - 1);
      return concat([cube, mul(cube, 0), states], states.shape.length - 1);
    },
    fromObservations(observations, n) {
      const width = observations.length / n;
      const out = new Float64Array(n * (width - GOALS));
      for (let b = 0; b < n; b++) out.set(observations.subarray(b * width + GOALS, (b + 1) * width), b * (width - GOALS));
      return out;
    },
  };
}

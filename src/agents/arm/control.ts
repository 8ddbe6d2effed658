import { stride } from "../../environments/arm/engine.ts";
import { workspace } from "../../environments/arm/model.ts";
import type { WaypointControl } from "../../planning/waypoints.ts";

/**
 * How the arm's hand follows a waypoint (x, y, z in m, and a grip that closes below 0): as straight and fast as it may, a = clip((waypoint − hand)/stride).
 * States begin with the hand's place; whatever comes behind is not read.
 */
export const armControl: WaypointControl = {
  size: 4,
  actionSize: 4,
  low: [...workspace.low, 0],
  high: [...workspace.high, 0],
  switches: [false, false, false, true],
  follow(states, waypoints, n, out) {
    const d = states.length / n;
    for (let b = 0; b < n; b++) {
      for (let k = 0; k < 3; k++) out[4 * b + k] = Math.max(-1, Math.min(1, (waypoints[4 * b + k] - states[b * d + k]) / stride));
      out[4 * b + 3] = waypoints[4 * b + 3] < 0 ? -1 : 1;
    }
  },
};

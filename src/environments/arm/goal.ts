import type { Random } from "../../numbers/random.ts";
import { above0, oneOf, tuple } from "../options.ts";
import { jointCount } from "./model.ts";

/** A range of places, in metres. */
export interface Region {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** A place drawn from a region, its coordinates in turn. */
export function drawPlace({ low, high }: Region, random: Random, out: Float64Array, to: number): void {
  for (let k = 0; k < low.length; k++) out[to + k] = low[k] + (high[k] - low[k]) * random.uniform();
}

export interface GoalRewardOptions {
  /** "sparse": 0 within `radius` of the goal, −1 elsewhere. "dense": minus the distance in metres. */
  readonly reward?: "sparse" | "dense";
  /** metres (0.02) */
  readonly radius?: number;
}

/**
 * r = −1 where ‖achieved − desired‖ ≥ radius and 0 elsewhere, or r = −‖achieved − desired‖ (Plappert et al. 2018, arXiv 1802.09464):
 * a function of the two places alone, so that an episode can be told again with another goal.
 * @param achieved [n, 3] @param desired [n, 3] @param out [n]
 */
export function goalRewards(
  achieved: Float64Array,
  desired: Float64Array,
  n: number,
  out: Float64Array,
  { reward = "sparse", radius = 0.02 }: GoalRewardOptions = {},
): void {
  for (let i = 0; i < n; i++) {
    const distance = Math.hypot(
      achieved[3 * i] - desired[3 * i],
      achieved[3 * i + 1] - desired[3 * i + 1],
      achieved[3 * i + 2] - desired[3 * i + 2],
    );
    out[i] = reward === "dense" ? -distance : distance < radius ? 0 : -1;
  }
}

/** Rules of the options that every task of the arm has. */
export const armOptions = {
  goal: tuple(3, "a place [x, y, z] in metres"),
  reward: oneOf("sparse", "dense"),
  radius: above0("a length in metres"),
  jointStrength: {
    is: `a share above 0, or ${jointCount} of them`,
    holds: (value: unknown) => {
      const shares = typeof value === "number" ? [value] : value;
      return (
        Array.isArray(shares) &&
        (typeof value === "number" || shares.length === jointCount) &&
        shares.every((share) => Number.isFinite(share) && share > 0)
      );
    },
  },
} as const;

/** One share for all joints, or one each. */
export function jointShares(strength: number | readonly number[]): readonly number[] {
  return typeof strength === "number" ? new Array<number>(jointCount).fill(strength) : strength;
}

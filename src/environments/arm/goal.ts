import type { Random } from "../../numbers/random.ts";
import { EnvironmentError } from "../errors.ts";
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

export function checkGoalOptions(id: string, { reward, radius, goal }: GoalRewardOptions & { readonly goal?: readonly number[] }): void {
  if (reward !== undefined && reward !== "sparse" && reward !== "dense")
    throw new EnvironmentError(`${id}: reward is "sparse" or "dense", got '${String(reward)}'`);
  if (radius !== undefined && !(radius > 0)) throw new EnvironmentError(`${id}: radius is a length in metres above 0, got ${radius}`);
  if (goal !== undefined && !(goal.length === 3 && goal.every(Number.isFinite)))
    throw new EnvironmentError(`${id}: goal is a place [x, y, z] in metres, got [${goal.join(", ")}]`);
}

/** One share for all joints, or one each. */
export function jointShares(id: string, strength: number | readonly number[]): readonly number[] {
  const shares = typeof strength === "number" ? new Array<number>(jointCount).fill(strength) : strength;
  if (shares.length !== jointCount || !shares.every((share) => share > 0 && Number.isFinite(share)))
    throw new EnvironmentError(`${id}: jointStrength is a share above 0, or ${jointCount} of them, got ${String(strength)}`);
  return shares;
}

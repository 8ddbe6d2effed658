import { links } from "./model.ts";

const { shoulder, upper, fore, tool } = links;

/**
 * Where the grip is: r = L₁ cos q₁ + L₂ cos(q₁+q₂) + L₃ sin φ from the base's axis in direction q₀, at height
 * z = h + L₁ sin q₁ + L₂ sin(q₁+q₂) − L₃ cos φ, with φ = q₁+q₂+q₃ the tilt of the hand (0: straight down).
 * @param q joint angles from `at` @param out x, y, z from `to`
 */
export function gripPosition(q: ArrayLike<number>, at: number, out: Float64Array, to: number): void {
  const elbow = q[at + 1] + q[at + 2];
  const tilt = elbow + q[at + 3];
  const radius = upper * Math.cos(q[at + 1]) + fore * Math.cos(elbow) + tool * Math.sin(tilt);
  out[to] = radius * Math.cos(q[at]);
  out[to + 1] = radius * Math.sin(q[at]);
  out[to + 2] = shoulder + upper * Math.sin(q[at + 1]) + fore * Math.sin(elbow) - tool * Math.cos(tilt);
}

/** The derivative of `gripPosition` in time: joint angles q from `at`, their rates v from `rateAt`. */
export function gripVelocity(q: ArrayLike<number>, at: number, v: ArrayLike<number>, rateAt: number, out: Float64Array, to: number): void {
  const elbow = q[at + 1] + q[at + 2];
  const tilt = elbow + q[at + 3];
  const elbowRate = v[rateAt + 1] + v[rateAt + 2];
  const tiltRate = elbowRate + v[rateAt + 3];
  const radius = upper * Math.cos(q[at + 1]) + fore * Math.cos(elbow) + tool * Math.sin(tilt);
  const outward = -upper * Math.sin(q[at + 1]) * v[rateAt + 1] - fore * Math.sin(elbow) * elbowRate + tool * Math.cos(tilt) * tiltRate;
  const sideways = radius * v[rateAt];
  out[to] = outward * Math.cos(q[at]) - sideways * Math.sin(q[at]);
  out[to + 1] = outward * Math.sin(q[at]) + sideways * Math.cos(q[at]);
  out[to + 2] = upper * Math.cos(q[at + 1]) * v[rateAt + 1] + fore * Math.cos(elbow) * elbowRate + tool * Math.sin(tilt) * tiltRate;
}

/** Joint angles [5] that bring the grip to (x, y, z) with the hand straight down and its fingers along y. Out of reach: as far as the arm goes. */
export function jointsFor(x: number, y: number, z: number, out: Float64Array, to: number): void {
  const turn = Math.atan2(y, x);
  const radius = Math.hypot(x, y);
  const height = z + tool - shoulder;
  // the law of cosines at the elbow, which stays above
  const cosine = (radius * radius + height * height - upper * upper - fore * fore) / (2 * upper * fore);
  const bend = -Math.acos(Math.max(-1, Math.min(1, cosine)));
  const lift = Math.atan2(height, radius) - Math.atan2(fore * Math.sin(bend), upper + fore * Math.cos(bend));
  out[to] = turn;
  out[to + 1] = lift;
  out[to + 2] = bend;
  out[to + 3] = -(lift + bend);
  out[to + 4] = -turn;
}

/** The same turn of a cube in (−π/4, π/4]: a quarter turn looks the same. */
export function wrapQuarter(yaw: number): number {
  const quarter = Math.PI / 2;
  return yaw - quarter * Math.ceil((yaw - quarter / 2) / quarter);
}

/** How far a cube is turned about the vertical, in (−π/4, π/4]. Quaternion (w, x, y, z) from `at`. */
export function cubeYaw(q: ArrayLike<number>, at: number): number {
  const w = q[at];
  const x = q[at + 1];
  const y = q[at + 2];
  const z = q[at + 3];
  return wrapQuarter(Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)));
}

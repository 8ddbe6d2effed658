import type { CoordinateEncoding } from "../../critics/coordinate-values.ts";

const SIZE = 15;
/** Numbers of the coordinates: hand x, y, z; opening; cube x, y, z. */
const [HAND, OPENING, CUBE] = [0, 3, 4];
/** m: half an edge of the cube, the unit of lengths. */
const LENGTH = 0.02;
/** m/s: a stride of 2 cm in a step of 50 ms. */
const SPEED = 0.4;
/** rad */
const YAW = 0.1;

/**
 * The arm's coordinates in units of half a cube and of strides, and what is to be seen of them by geometry: hand to cube at three ranges, the room between each
 * finger and its face of the cube, height of the hand and the cube above the table.
 */
export function armEncoding(): CoordinateEncoding {
  const scale = [...Array<number>(7).fill(LENGTH), ...Array<number>(7).fill(SPEED), YAW];
  const centre = [0.38, 0, 0.1, 0.04, 0.38, 0, 0.1, ...Array<number>(8).fill(0)];
  const gains = [0.2, 0.2, 0.2, 0.5, 0.2, 0.2, 0.2, 1, 1, 1, 0.5, 1, 1, 1, 0.5];
  /** Terms of each saturating feature: number of the coordinate and its weight in units of z; and its offset. */
  const features: { readonly terms: readonly (readonly [number, number])[]; readonly offset: number }[] = [];
  const apart = (k: number, gain: number) =>
    features.push({
      terms: [
        [CUBE + k, gain],
        [HAND + k, -gain],
      ],
      offset: 0,
    });
  for (const gain of [0.7, 0.2]) for (const k of [0, 1, 2]) apart(k, gain);
  apart(0, 1.5);
  apart(2, 1.5);
  const table = (z: number, gain: number) => features.push({ terms: [[z, gain]], offset: (gain * (centre[z] - LENGTH)) / LENGTH });
  table(HAND + 2, 0.7);
  table(CUBE + 2, 1);
  // opening/2 ∓ (cube y − hand y) − half a cube, in units of half a cube, twice
  for (const side of [1, -1])
    features.push({
      terms: [
        [OPENING, 1],
        [CUBE + 1, -2 * side],
        [HAND + 1, 2 * side],
      ],
      offset: centre[OPENING] / LENGTH - 2,
    });
  const weights = new Float32Array(SIZE * features.length);
  features.forEach(({ terms }, f) => {
    for (const [coordinate, weight] of terms) weights[coordinate * features.length + f] = weight;
  });
  return {
    centre: Float32Array.from(centre),
    scale: Float32Array.from(scale),
    gains: Float32Array.from(gains),
    weights,
    phases: Float32Array.from(features, ({ offset }) => offset),
  };
}

/** Weight of every coordinate's error: places before speeds, the cube's yaw last. */
export const armImportance = [...Array<number>(7).fill(2), ...Array<number>(7).fill(1), 0.2];

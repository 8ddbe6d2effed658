import { clip, max, min, mul, sub, type Value } from "../engine/index.ts";
import { parameter } from "./network.ts";
import { remember } from "./remember.ts";

/** Running statistics by which a wrapper normalised what the critic saw, per dimension of the flat observation. */
export interface ObservationNormalization {
  /** [o] */
  readonly mean: Float64Array;
  /** [o] 1/√(variance + ε) */
  readonly scale: Float64Array;
  /** [o] bound on the absolute value; infinite where the dimension is not clipped */
  readonly bound: Float64Array;
}

/**
 * clip((o − mean)/√(variance + ε), ±bound), as Stable-Baselines3's VecNormalize.
 * @param pieces [..., o_i] along the last axis
 */
export function normalize(pieces: readonly Value[], by: ObservationNormalization | undefined): readonly Value[] {
  if (!by) return pieces;
  let at = 0;
  return pieces.map((piece) => {
    const width = piece.shape[piece.shape.length - 1] as number;
    const part = (data: Float64Array) => parameter(piece.graph, cut(data, at, width), [width]);
    const bound = by.bound.subarray(at, at + width);
    const x = mul(sub(piece, part(by.mean)), part(by.scale));
    const clipped = bound.every((b) => b === bound[0])
      ? Number.isFinite(bound[0])
        ? clip(x, -bound[0], bound[0])
        : x
      : max(min(x, part(finite(by.bound, 1))), part(finite(by.bound, -1)));
    at += width;
    return clipped;
  });
}

const cuts = new WeakMap<Float64Array, Map<string, Float64Array>>();

/** The same part of the same statistics is the same array, so that graphs hold it once. */
function cut(data: Float64Array, at: number, width: number): Float64Array {
  const parts = remember(cuts, data, () => new Map<string, Float64Array>());
  return remember(parts, `${at} ${width}`, () => data.subarray(at, at + width));
}

function finite(bound: Float64Array, sign: 1 | -1): Float64Array {
  return bound.map((b) => sign * Math.min(b, 3.4e38));
}

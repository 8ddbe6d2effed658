import { add, mul, type Value } from "../engine/index.ts";
import type { Space } from "../spaces/space.ts";
import { parameter } from "./network.ts";

/** Between a bounded Box [low, high] in the environment's units and the actor's [−1, 1]. */
export interface ActionScale {
  /** a ↦ 2 (a − low)/(high − low) − 1 */
  toUnit(action: Value): Value;
  /** u ↦ low + (u + 1)(high − low)/2 */
  fromUnit(action: Value): Value;
}

export function actionScale(space: Space): ActionScale {
  if (space.kind !== "box") throw new TypeError(`actor-critics act in a Box, not in a ${space.kind} space`);
  const half = space.high.map((high, i) => (high - space.low[i]) / 2);
  const middle = space.high.map((high, i) => (high + space.low[i]) / 2);
  if (!half.every((h) => Number.isFinite(h) && h > 0)) throw new RangeError("the action space must be bounded");
  if (half.every((h) => h === 1) && middle.every((m) => m === 0)) return { toUnit: (a) => a, fromUnit: (u) => u };
  const inverse = half.map((h) => 1 / h);
  const shift = middle.map((m, i) => -m / half[i]);
  const vector = (value: Value, data: Float64Array) => parameter(value.graph, data, [data.length]);
  return {
    toUnit: (a) => add(mul(a, vector(a, inverse)), vector(a, shift)),
    fromUnit: (u) => add(mul(u, vector(u, half)), vector(u, middle)),
  };
}

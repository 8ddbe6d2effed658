import type { Coordinates } from "../../environments/environment.ts";
import type { Aim } from "../../planning/choose-planner.ts";
import { UsageError } from "./errors.ts";

/** Values of some coordinates; NaN where any will do. */
export type Wanted = Float64Array;

/** Tolerance of a goal, as a share of the range of each coordinate (of a turn, or of 2 where it has no bounds). */
const WITHIN = 0.05;

/** How far states are from the wanted values, each in units of its tolerance, less 1: negative where all are met; lost where one leaves what it must keep. */
export function aimOf(
  { angular, low, high }: Coordinates,
  goal: Wanted,
  within: number | undefined,
  keep: readonly (readonly [number, number])[],
): Aim {
  const d = goal.length;
  const tolerance = Array.from(goal, (_, j) => {
    if (within !== undefined) return within;
    const range = angular[j] ? 2 * Math.PI : high[j] - low[j];
    return WITHIN * (Number.isFinite(range) ? range : 2);
  });
  const distance: Aim["distance"] = (states, n, out) => {
    for (let b = 0; b < n; b++) {
      let square = 0;
      for (let j = 0; j < d; j++) {
        if (Number.isNaN(goal[j])) continue;
        let difference = states[b * d + j] - goal[j];
        if (angular[j]) difference -= 2 * Math.PI * Math.round(difference / (2 * Math.PI));
        square += (difference / tolerance[j]) ** 2;
      }
      out[b] = Math.sqrt(square) - 1;
    }
  };
  if (!keep.flat().some(Number.isFinite)) return { distance };
  return {
    distance,
    lost(states, n, out) {
      for (let b = 0; b < n; b++) {
        out[b] = 0;
        for (let j = 0; j < d; j++) if (states[b * d + j] < keep[j][0] || states[b * d + j] > keep[j][1]) out[b] = 1;
      }
    },
  };
}

/**
 * Numbers in the order of the coordinates, or name=number; `_` and what is left out may be anything.
 * @throws UsageError for what is no number, and for places that no state has
 */
export function coordinatesOf(text: string, { names, angular, low, high }: Coordinates, flag: string): Wanted {
  const wanted = new Float64Array(names.length).fill(Number.NaN);
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length > names.length)
    throw new UsageError(`${flag} '${text}' has more numbers than there are coordinates (${names.join(", ")})`);
  parts.forEach((part, i) => {
    if (part === "" || part === "_") return;
    const [first, second] = part.split("=");
    const j = second === undefined ? i : indexOf(first, names, flag);
    const value = Number(second ?? first);
    if (!Number.isFinite(value) || (second ?? first).trim() === "")
      throw new UsageError(`${flag} '${part}' is no number; the coordinates are ${names.join(", ")}`);
    if (!angular[j] && (value < low[j] || value > high[j]))
      throw new UsageError(`${flag} '${part}' is no place of ${names[j]}, which goes from ${low[j]} to ${high[j]}`);
    wanted[j] = value;
  });
  if (wanted.every(Number.isNaN)) throw new UsageError(`${flag} '${text}' says nothing of ${names.join(", ")}`);
  return wanted;
}

/** name=low:high, separated by commas. */
export function rangesOf(text: string | undefined, { names }: Coordinates): (readonly [number, number])[] {
  const ranges: (readonly [number, number])[] = names.map(() => [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  for (const part of text?.split(",") ?? []) {
    const [name, range = ""] = part.split("=");
    const [low, high] = range.split(":").map(Number);
    if (!(low < high)) throw new UsageError(`--keep '${part}' must be name=low:high, e.g. ${names[0]}=-1:1`);
    ranges[indexOf(name, names, "--keep")] = [low, high];
  }
  return ranges;
}

/** By name, or by number from 0 where a name cannot be typed. */
function indexOf(name: string, names: readonly string[], flag: string): number {
  const j = names.indexOf(name.trim());
  if (j >= 0) return j;
  const number = Number(name);
  if (name.trim() !== "" && Number.isInteger(number) && number >= 0 && number < names.length) return number;
  throw new UsageError(`${flag}: there is no coordinate '${name}'; there are ${names.map((known, i) => `${known} (${i})`).join(", ")}`);
}

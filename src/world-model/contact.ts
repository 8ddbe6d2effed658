import { add, concat, greaterOrEqual, lessOrEqual, mul, slice, sub, type Value, where } from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";

/**
 * What a face of the box of states does to a step that would leave through it. The coordinate itself stays on the face; another one, x_o, goes to
 *   c_o + offset · h_o + slope · (x_o − c_o),   c_o and h_o the middle and the half width of its range,
 * so that offset 0 and slope 1 is plain clipping, and both 0 puts it in the middle (a velocity reset).
 */
export interface ContactMap {
  readonly coordinate: number;
  readonly side: "low" | "high";
  readonly other: number;
  readonly offset: number;
  readonly slope: number;
}

/** Faces there are: bounded sides of coordinates that are no angles. */
export function facesOf({ angular, low, high }: Coordinates): { readonly coordinate: number; readonly side: "low" | "high" }[] {
  return angular.flatMap((angle, coordinate) =>
    angle
      ? []
      : (["low", "high"] as const)
          .filter((side) => Number.isFinite((side === "low" ? low : high)[coordinate]))
          .map((side) => ({ coordinate, side })),
  );
}

/** Whether a step that would end in `raw` touches the face; the boundary itself counts, with no tolerance. */
export function touches({ low, high }: Coordinates, coordinate: number, side: "low" | "high", x: number): boolean {
  return side === "low" ? x <= low[coordinate] : x >= high[coordinate];
}

/** Apply the maps of the faces that each of n unclipped states [n, d] touches, in place; clipping is left to `confine`. */
export function applyContacts(maps: readonly ContactMap[], coordinates: Coordinates, raw: Float64Array): Float64Array {
  if (maps.length === 0) return raw;
  const d = coordinates.names.length;
  const { low, high } = coordinates;
  const before = new Float64Array(d);
  for (let at = 0; at < raw.length; at += d) {
    for (let j = 0; j < d; j++) before[j] = raw[at + j];
    for (const { coordinate, side, other, offset, slope } of maps) {
      if (!touches(coordinates, coordinate, side, before[coordinate])) continue;
      const [middle, half] = [(low[other] + high[other]) / 2, (high[other] - low[other]) / 2];
      raw[at + other] = middle + offset * half + slope * (raw[at + other] - middle);
    }
  }
  return raw;
}

/** For people: what each face does. */
export function describeContacts(maps: readonly ContactMap[], { names, low, high }: Coordinates): Record<string, string> {
  return Object.fromEntries(
    maps.map(({ coordinate, side, other, offset, slope }) => {
      const [middle, half] = [(low[other] + high[other]) / 2, (high[other] - low[other]) / 2];
      const constant = middle + offset * half - slope * middle;
      const value = slope === 0 ? `${Number(constant.toPrecision(6))}` : `${Number(constant.toPrecision(6))} + ${slope} ${names[other]}`;
      const bound = (side === "low" ? low : high)[coordinate];
      return [`${names[coordinate]} ${side === "low" ? "≤" : "≥"} ${bound}`, `${names[other]} = ${value}`];
    }),
  );
}

export function contactGraph(raw: Value, maps: readonly ContactMap[], { low, high }: Coordinates): Value {
  const columns = low.map((_, i) => slice(raw, i, i + 1, 1));
  const before = columns.slice();
  for (const { coordinate, side, other, offset, slope } of maps) {
    const middle = (low[other] + high[other]) / 2;
    const on = side === "low" ? lessOrEqual(before[coordinate], low[coordinate]) : greaterOrEqual(before[coordinate], high[coordinate]);
    const mapped = add(mul(sub(columns[other], middle), slope), middle + (offset * (high[other] - low[other])) / 2);
    columns[other] = where(on, mapped, columns[other]);
  }
  return maps.length === 0 ? raw : concat(columns, 1);
}

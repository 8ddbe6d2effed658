import { type Box, box, flatDimension, type Space, sortedKeys } from "../spaces/space.ts";
import { observedDirectly } from "./coordinates.ts";
import type { Coordinates } from "./environment.ts";

/** Coordinates of an environment that is not known: the observation itself, nothing periodic, nobody's rate. */
export function identityCoordinates(space: Box): Coordinates {
  const d = space.low.length;
  return {
    names: Array.from({ length: d }, (_, i) => `observation ${i}`),
    angular: new Array<boolean>(d).fill(false),
    low: Array.from(space.low),
    high: Array.from(space.high),
    rateOf: new Array<number | null>(d).fill(null),
    ...observedDirectly,
  };
}

/** A space as one flat box: Dict entries in sorted key order, a Discrete one-hot. */
export function flatBox(space: Space): Box {
  if (space.kind === "box") return space;
  if (space.kind === "discrete") return box(new Array<number>(space.n).fill(0), new Array<number>(space.n).fill(1));
  const parts = sortedKeys(space).map((key) => flatBox(space.spaces[key]));
  const bounds = (side: "low" | "high") => parts.flatMap((part) => Array.from(part[side]));
  return box(bounds("low"), bounds("high"), [flatDimension(space)]);
}

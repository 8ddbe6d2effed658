import { type ActionScale, actionScale } from "../critics/action-scale.ts";
import type { Space } from "../spaces/space.ts";
import { FormatError } from "./format-error.ts";

/** The scale of an actor's actions. @throws FormatError where the space is not a Box with finite bounds, low below high */
export function boundedActions(space: Space, file: string, field: string): ActionScale {
  const bounded =
    space.kind === "box" &&
    space.low.length > 0 &&
    space.low.every((low, i) => Number.isFinite(space.high[i] - low) && low < space.high[i]);
  if (!bounded) throw new FormatError(file, field, "has no finite bounds with low below high", "use a critic whose actions are bounded");
  return actionScale(space);
}

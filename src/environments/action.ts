import type { Space } from "../spaces/space.ts";
import type { Action } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";

/** Numbers in a flat action: 1 for Discrete. */
export function actionSize(space: Space): number {
  return space.kind === "box" ? space.low.length : 1;
}

/** Check an action and write it to `out`. A vector outside its box is left to the physics, which clips as Gymnasium does. */
export function writeAction(id: string, space: Space, action: Action, out: Float64Array): void {
  if (space.kind === "discrete") {
    const a = typeof action === "number" ? action : action.length === 1 ? action[0] : Number.NaN;
    if (!Number.isInteger(a) || a < space.start || a >= space.start + space.n)
      throw new EnvironmentError(
        `${id}: an action is an integer from ${space.start} to ${space.start + space.n - 1}, got ${String(action)}`,
        { field: "action", fix: "give one of these" },
      );
    out[0] = a;
    return;
  }
  const vector = typeof action === "number" ? [action] : action;
  if (vector.length !== out.length || !Array.prototype.every.call(vector, Number.isFinite))
    throw new EnvironmentError(`${id}: an action is ${out.length} finite number${out.length > 1 ? "s" : ""}, got [${vector.join(", ")}]`, {
      field: "action",
      fix: "give as many finite numbers",
    });
  out.set(vector);
}

/** The start of an episode that `reset({ options })` asks for, or undefined. */
export function startAsked(id: string, options: Readonly<Record<string, unknown>> | undefined): ArrayLike<number> | undefined {
  if (!options) return undefined;
  for (const key of Object.keys(options))
    if (key !== "state")
      throw new EnvironmentError(`${id}: reset knows the option 'state' alone, got '${key}'`, { field: key, fix: "leave it out" });
  const state = options.state;
  if (typeof state === "number") return [state];
  if (state === undefined || Array.isArray(state) || ArrayBuffer.isView(state)) return state as ArrayLike<number> | undefined;
  throw new EnvironmentError(`${id}: the reset option 'state' is a list of numbers`, { field: "state", fix: "give a list of numbers" });
}

import type { Coordinates } from "../environments/environment.ts";
import { FormatError } from "../formats/format-error.ts";
import type { TransitionFile } from "../formats/transitions.ts";
import type { RealTransitions } from "./continuous/fit-with-transitions.ts";

/** Transitions of a file in the coordinates of a model; observations are turned into states. */
export function inCoordinates(
  found: TransitionFile,
  coordinates: Coordinates,
  actionSize: number,
  path: string,
): RealTransitions & { readonly terminated: Uint8Array } {
  const d = coordinates.names.length;
  const turn = (rows: Float64Array) => (found.kind === "states" ? rows : coordinates.fromObservations(rows, found.n));
  const [states, nextStates] = [turn(found.current), turn(found.next)];
  if (states.length !== found.n * d || (found.kind === "states" && found.width !== d))
    throw new FormatError(
      path,
      `array '${found.kind}'`,
      `has ${found.width} columns, which do not make ${d} coordinates`,
      "save what this environment observes",
    );
  if (found.actionWidth !== actionSize)
    throw new FormatError(
      path,
      "array 'actions'",
      `has ${found.actionWidth} columns, not ${actionSize}`,
      "save the actions that this critic takes",
    );
  return { n: found.n, states, actions: found.actions, nextStates, terminated: found.terminated };
}

/** Only those that do not end an episode: after an end the equation has no next value. */
export function withoutTerminals(all: RealTransitions & { readonly terminated: Uint8Array }): RealTransitions {
  const rows = Array.from({ length: all.n }, (_, b) => b).filter((b) => !all.terminated[b]);
  const take = (from: Float64Array) => {
    const width = from.length / all.n;
    return Float64Array.from(rows.flatMap((b) => Array.from(from.subarray(b * width, (b + 1) * width))));
  };
  return { n: rows.length, states: take(all.states), actions: take(all.actions), nextStates: take(all.nextStates) };
}

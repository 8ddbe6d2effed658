import type { Environment, Physics } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { physicsEnvironment } from "./physics-environment.ts";

/** Bounds of first states, one a coordinate. */
export type Ranges = readonly (readonly [low: number, high: number])[];

export interface EpisodeOptions {
  /** First states are uniform within these, or within the bounds of the coordinates; the environment's own when absent. */
  readonly starts?: "uniform" | Ranges;
  /** Steps after which an episode is truncated. */
  readonly horizon?: number;
}

/**
 * The same laws in other episodes: behaviour that never gets far shows no more than the surroundings of its start.
 * @throws EnvironmentError where there are no laws, a coordinate has no bounds, or a range leaves them
 */
export function withEpisodes({ id, physics }: Environment, { starts, horizon }: EpisodeOptions): Environment {
  if (!physics)
    throw new EnvironmentError(`${id} has no coordinates to begin in`, { field: "starts", fix: "choose an environment with laws" });
  const initialState = starts === undefined ? physics.initialState.bind(physics) : anywhere(id, physics, starts);
  // laws may be methods: what they are called on stays
  const other: Physics = Object.assign(Object.create(physics) as Physics, { initialState, horizon: horizon ?? physics.horizon });
  return physicsEnvironment(id, other);
}

function anywhere(id: string, { coordinates: { names, low, high } }: Physics, starts: "uniform" | Ranges): Physics["initialState"] {
  const ranges = starts === "uniform" ? names.map((_, j) => [low[j], high[j]] as const) : starts;
  if (ranges.length !== names.length)
    throw new EnvironmentError(`${id} has ${names.length} coordinates (${names.join(", ")}); give as many ranges, not ${ranges.length}`, {
      field: "starts",
      fix: "give one range a coordinate",
    });
  const open = ranges.findIndex((range) => !range.every(Number.isFinite));
  if (open >= 0)
    throw new EnvironmentError(`${names[open]} of ${id} has no bounds; give ranges of its coordinates (${names.join(", ")})`, {
      field: "starts",
      fix: "give ranges",
    });
  const beyond = ranges.findIndex(([from, to], j) => from < low[j] || to > high[j]);
  if (beyond >= 0)
    throw new EnvironmentError(
      `${names[beyond]} of ${id} stays within ${low[beyond]} and ${high[beyond]}; give first states a range within these, not ${ranges[beyond].join(":")}`,
      { field: "starts", fix: "keep within the bounds" },
    );
  return (random, out = new Float64Array(ranges.length), offset = 0) => {
    for (const [j, [from, to]] of ranges.entries()) out[offset + j] = from + (to - from) * random.uniform();
    return out;
  };
}

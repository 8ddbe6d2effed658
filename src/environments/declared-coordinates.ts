import { concat, cos, sin, slice, type Value } from "../engine/index.ts";
import { type Box, box } from "../spaces/space.ts";
import type { CoordinateDeclaration, Coordinates } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { shown } from "./options.ts";

export interface DeclaredCoordinates {
  readonly coordinates: Coordinates;
  readonly observationSpace: Box;
  /** Observations [n, o] of states [n, d]. */
  observations(states: Float64Array, n: number, out: Float64Array): void;
}

const fields = ["name", "low", "high", "angular", "rateOf", "observed"];

/**
 * Coordinates out of a list: an observation holds each of them in this order, an angle as itself or as its cosine and sine.
 * @param where what an error names first: a file, or an id
 * @throws EnvironmentError naming the entry and the field
 */
export function declaredCoordinates(given: unknown, where: string): DeclaredCoordinates {
  const list = checked(given, where);
  const d = list.length;
  const names = list.map(({ name }) => name);
  const pairs = list.map(({ observed }) => observed === "cosine and sine");
  const at = pairs.map((_, j) => j + pairs.slice(0, j).filter(Boolean).length);
  const o = d + pairs.filter(Boolean).length;
  const low = list.map((one) => one.low ?? (one.angular ? -Math.PI : -Infinity));
  const high = list.map((one) => one.high ?? (one.angular ? Math.PI : Infinity));
  const rateOf = names.map((name) => {
    const rate = list.findIndex((one) => one.rateOf === name);
    return rate < 0 ? null : rate;
  });
  return {
    coordinates: {
      names,
      angular: list.map(({ angular = false }) => angular),
      low,
      high,
      rateOf,
      declared: list,
      observe(states) {
        if (o === d) return states;
        const parts: Value[] = [];
        for (let j = 0; j < d; j++) {
          const one = slice(states, j, j + 1, 1);
          parts.push(...(pairs[j] ? [cos(one), sin(one)] : [one]));
        }
        return concat(parts, 1);
      },
      fromObservations(observations, n) {
        const states = new Float64Array(n * d);
        for (let i = 0; i < n; i++)
          for (let j = 0; j < d; j++) {
            const k = i * o + at[j];
            states[i * d + j] = pairs[j] ? Math.atan2(observations[k + 1], observations[k]) : observations[k];
          }
        return states;
      },
    },
    observationSpace: box(
      list.flatMap((_, j) => (pairs[j] ? [-1, -1] : [low[j]])),
      list.flatMap((_, j) => (pairs[j] ? [1, 1] : [high[j]])),
    ),
    observations(states, n, out) {
      for (let i = 0; i < n; i++)
        for (let j = 0; j < d; j++) {
          const [x, k] = [states[i * d + j], i * o + at[j]];
          out[k] = pairs[j] ? Math.cos(x) : x;
          if (pairs[j]) out[k + 1] = Math.sin(x);
        }
    },
  };
}

function checked(given: unknown, where: string): readonly CoordinateDeclaration[] {
  const refuse = (field: string, problem: string, fix: string) =>
    new EnvironmentError(`${where}: ${field} ${problem}; ${fix}`, { file: where, field, fix });
  const example = 'give a list like [{ "name": "x", "low": -1, "high": 1 }]';
  if (!Array.isArray(given) || given.length === 0)
    throw refuse("coordinates", Array.isArray(given) ? "are an empty list" : `are a list, got ${shown(given)}`, example);
  const names: string[] = [];
  for (const [j, one] of (given as unknown[]).entries()) {
    const field = `coordinates[${j}]`;
    if (typeof one !== "object" || one === null || Array.isArray(one)) throw refuse(field, `is a record, got ${shown(one)}`, example);
    const { name, low, high, angular, observed } = one as Record<string, unknown>;
    const unknown = Object.keys(one).find((key) => !fields.includes(key));
    if (unknown !== undefined) throw refuse(field, `has no field '${unknown}'`, `it may have ${fields.join(", ")}`);
    if (typeof name !== "string" || name === "") throw refuse(`${field}.name`, `is a name, got ${shown(name)}`, "name the coordinate");
    if (names.includes(name)) throw refuse(`${field}.name`, `is '${name}', as another coordinate's is`, "name each once");
    names.push(name);
    for (const [side, value] of Object.entries({ low, high }))
      if (value !== undefined && (typeof value !== "number" || Number.isNaN(value)))
        throw refuse(`${field}.${side}`, `is a number, got ${shown(value)}`, "leave it out where there is no bound");
    if (typeof low === "number" && typeof high === "number" && !(low < high))
      throw refuse(field, `lies from ${low} to ${high}`, "give a low below the high");
    if (angular !== undefined && typeof angular !== "boolean")
      throw refuse(`${field}.angular`, `is true or false, got ${shown(angular)}`, "give true for an angle in radians");
    if (observed !== undefined && observed !== "itself" && observed !== "cosine and sine")
      throw refuse(`${field}.observed`, `is "itself" or "cosine and sine", got ${shown(observed)}`, "give one of these");
    if (observed === "cosine and sine" && angular !== true)
      throw refuse(`${field}.observed`, 'is "cosine and sine" of what is not an angle', "add angular: true");
  }
  const list = given as readonly CoordinateDeclaration[];
  for (const [j, { name, rateOf }] of list.entries()) {
    const field = `coordinates[${j}].rateOf`;
    if (rateOf === undefined) continue;
    if (!names.includes(rateOf) || rateOf === name)
      throw refuse(
        field,
        `is ${shown(rateOf)}`,
        `name another coordinate: ${names.filter((other) => other !== name).join(", ") || "there is none"}`,
      );
    if (list.findIndex((other) => other.rateOf === rateOf) !== j)
      throw refuse(field, `is '${rateOf}', whose rate another coordinate is`, "give each coordinate one rate");
  }
  return list;
}

import type { Environment } from "./environment.ts";
import { flag, fromTo } from "./options.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { circle, colour, type Drawing, line, rectangle, text } from "./shapes.ts";
import { buildTables } from "./tables.ts";
import { tablesEnvironment } from "./tables-environment.ts";

const map = ["+---------+", "|R: | : :G|", "| : | : : |", "| : : : : |", "| | : | : |", "|Y| : |B: |", "+---------+"];
/** Row and column of R, G, Y, B. */
const places: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 4],
  [4, 0],
  [4, 3],
];
/** South, north, east, west, and the two moves to either side of each, left first. */
const headings: readonly (readonly [number, number])[] = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
];
const sideways = [
  [2, 3],
  [3, 2],
  [1, 0],
  [0, 1],
];
const aboard = 4;

export interface TaxiOptions {
  readonly is_rainy?: boolean;
  readonly rainy_probability?: number;
  readonly maxEpisodeSteps?: number;
}

/**
 * # Taxi-v4
 * A taxi in a 5×5 town picks up a passenger at one of four places and brings them to another (T. Dietterich, "Hierarchical reinforcement
 * learning with the MAXQ value function decomposition", 2000).
 *
 * ## Action space
 * Discrete(6): south, north, east, west, pick up, drop off. With `is_rainy`, a move that is not blocked happens with `rainy_probability`, the two sideways
 * ones share the rest.
 *
 * ## Observation space
 * Discrete(500): ((row · 5 + column) · 5 + passenger) · 4 + destination; passenger 4 is aboard.
 *
 * ## Rewards
 * −1 for every step, 20 for delivering, −10 for picking up or dropping off where that is not possible.
 *
 * ## Starting state
 * Uniform over the 300 states in which the passenger waits and is not at the destination.
 *
 * ## Episode end
 * Terminated on delivery; truncated after 200 steps.
 *
 * ## Arguments
 * `is_rainy` (false), `rainy_probability` (0.8), `maxEpisodeSteps` (200). Without rain Taxi-v3 is the same.
 */
export function taxi({ is_rainy = false, rainy_probability = 0.8, maxEpisodeSteps = 200 }: TaxiOptions = {}, id = "Taxi-v4"): Environment {
  const waiting = (s: number) => passengerOf(s) < aboard && passengerOf(s) !== s % 4;
  const initial = Float64Array.from({ length: 500 }, (_, s) => (waiting(s) ? 1 / 300 : 0));
  const lateral = (1 - rainy_probability) / 2;
  const tables = buildTables(500, 6, initial, (s, a, add) => {
    if (a >= 4) return serve(s, a === 4, add);
    const next = drive(s, a);
    if (!is_rainy) return add(next, 1, -1, false);
    add(next, rainy_probability, -1, false);
    add(next === s ? s : drive(s, sideways[a][0]), lateral, -1, false);
    add(next === s ? s : drive(s, sideways[a][1]), lateral, -1, false);
  });
  return tablesEnvironment(id, tables, { horizon: maxEpisodeSteps });
}

const passengerOf = (state: number) => Math.floor(state / 4) % 5;

function drive(state: number, heading: number): number {
  const cell = Math.floor(state / 20);
  const row = Math.floor(cell / 5);
  const column = cell % 5;
  const [south, east] = headings[heading];
  if (row + south < 0 || row + south > 4) return state;
  if (east !== 0 && map[1 + row][2 * column + 1 + east] !== ":") return state;
  return state + 20 * (5 * south + east);
}

function serve(state: number, pickUp: boolean, add: (next: number, probability: number, reward: number, ends: boolean) => void): void {
  const cell = Math.floor(state / 20);
  const place = places.findIndex(([row, column]) => row * 5 + column === cell);
  const passenger = passengerOf(state);
  const withPassenger = (p: number) => state + 4 * (p - passenger);
  if (pickUp) {
    if (passenger < aboard && passenger === place) add(withPassenger(aboard), 1, -1, false);
    else add(state, 1, -10, false);
  } else if (passenger === aboard && place === state % 4) add(withPassenger(place), 1, 20, true);
  else if (passenger === aboard && place >= 0) add(withPassenger(place), 1, -1, false);
  else add(state, 1, -10, false);
}

function draw([state]: Float64Array): Drawing {
  const cell = Math.floor(state / 20);
  const passenger = Math.floor(state / 4) % 5;
  const centre = (k: number): [number, number] => [60 + 40 * (k % 5) + 20, 10 + 40 * Math.floor(k / 5) + 20];
  const shapes = [rectangle(60, 10, 200, 200, colour.free)];
  map.slice(1, -1).forEach((row, r) => {
    [...row.slice(1, -1)].forEach((mark, c) => {
      if (mark === "|") shapes.push(line(60 + 20 * (c + 1), 10 + 40 * r, 60 + 20 * (c + 1), 50 + 40 * r, colour.wall, 4));
    });
  });
  places.forEach(([row, column], p) => {
    const [x, y] = centre(5 * row + column);
    if (p === state % 4) shapes.push(rectangle(x - 18, y - 18, 36, 36, "#d6efe3"));
    shapes.push(text(x, y + 6, "RGYB"[p], colour.ink, 16));
    if (p === passenger) shapes.push(circle(x + 11, y - 11, 5, colour.hazard));
  });
  const [x, y] = centre(cell);
  shapes.push(rectangle(x - 12, y - 8, 24, 16, passenger === 4 ? colour.goal : colour.box));
  return { height: 220, shapes };
}

export const taxiRegistration = {
  ids: ["Taxi-v4", "Taxi-v3"],
  options: { is_rainy: flag, rainy_probability: fromTo(0, 1) },
  build: (options: TaxiOptions, id) => taxi(options, id),
  draw,
} as const satisfies EnvironmentRegistration<TaxiOptions>;

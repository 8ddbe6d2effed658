import type { Environment } from "./environment.ts";
import { type Cell, type GridWorldOptions, gridWorld } from "./grid-world.ts";
import { finite, flag, list, oneOf, textRows } from "./options.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { tablesEnvironment } from "./tables-environment.ts";

/** Four 4×4 rooms and four doors: 68 states. */
export const fourRoomsMap: readonly string[] = [
  "###########",
  "#    #    #",
  "#         #",
  "#    #    #",
  "#    #    #",
  "## ##### ##",
  "#    #    #",
  "#    #    #",
  "#         #",
  "#    #    #",
  "###########",
];

/** The 13×13 map of World Value Functions (Nangue Tasse et al.): 104 states. */
export const fourRooms104Map: readonly string[] = [
  "1111111111111",
  "1000001000001",
  "1000000000001",
  "1000001000001",
  "1000001000001",
  "1000001000001",
  "1101111000001",
  "1000001111011",
  "1000001000001",
  "1000001000001",
  "1000000000001",
  "1000001000001",
  "1111111111111",
];

export type GridWorldEnvironmentOptions = Partial<GridWorldOptions> & { readonly maxEpisodeSteps?: number };

/**
 * # FourRooms-v0
 * Four rooms of 4×4 cells joined by four doors: 68 states (the map of P-learning, Letcher et al., arXiv 2606.21173).
 *
 * ## Action space
 * Discrete(4): up, right, down, left. A move into a wall stays. `variant` windy: the move asked for with ½, each sideways one with ¼.
 * `variant` teleporting: in the centre cell of each room nearest to the walls' crossing, every action leads uniformly into the diagonal room.
 *
 * ## Observation space
 * Discrete(68): the number of the cell in reading order.
 *
 * ## Rewards
 * 1 for arriving in a goal, 0 otherwise.
 *
 * ## Starting state
 * Uniform over the cells that are no goals.
 *
 * ## Episode end
 * Terminated on arriving in a goal; truncated after 200 steps.
 *
 * ## Arguments
 * `variant` (deterministic), `goals` (the bottom right corner), `starts`, `stepReward` (0), `goalReward` (1), `done` (false), `missReward`,
 * `teleports`, `map`, `maxEpisodeSteps` (200).
 */
export function fourRooms({ maxEpisodeSteps = 200, ...options }: GridWorldEnvironmentOptions = {}): Environment {
  const teleports = options.map ? [] : roomTeleports;
  const { tables, grid } = gridWorld({ map: fourRoomsMap, goals: options.map ? undefined : [[9, 9]], teleports, ...options });
  return tablesEnvironment("FourRooms-v0", tables, { horizon: maxEpisodeSteps, grid });
}

/**
 * # FourRooms104-v0
 * The four rooms of World Value Functions (Nangue Tasse et al., arXiv 2205.08827): 104 states, and an action that says "done".
 * With one goal, its optimal action values at γ = 1 are those that the paper's published table holds for that goal.
 *
 * ## Action space
 * Discrete(5): up, right, down, left, done. A move into a wall stays.
 *
 * ## Observation space
 * Discrete(104): the number of the cell in reading order.
 *
 * ## Rewards
 * −0.1 for every step and for "done" in a goal; −100 for "done" elsewhere.
 *
 * ## Starting state
 * Uniform over the cells that are no goals.
 *
 * ## Episode end
 * Terminated by "done"; truncated after 200 steps.
 *
 * ## Arguments
 * Those of FourRooms-v0.
 */
export function fourRooms104({ maxEpisodeSteps = 200, ...options }: GridWorldEnvironmentOptions = {}): Environment {
  const defaults = { map: fourRooms104Map, goals: [[11, 11]] as Cell[], stepReward: -0.1, goalReward: -0.1, done: true, missReward: -100 };
  const { tables, grid } = gridWorld({ ...defaults, ...options });
  return tablesEnvironment("FourRooms104-v0", tables, { horizon: maxEpisodeSteps, grid });
}

const room = (top: number, left: number): Cell[] =>
  Array.from({ length: 16 }, (_, k) => [top + Math.floor(k / 4), left + (k % 4)] as const);

const roomTeleports = [
  { from: [3, 3], to: room(6, 6) },
  { from: [3, 7], to: room(6, 1) },
  { from: [7, 3], to: room(1, 6) },
  { from: [7, 7], to: room(1, 1) },
] as const;

/**
 * # GridWorld-v0
 * A grid world from any map.
 *
 * ## Action space
 * Discrete(4): up, right, down, left; with `done`, Discrete(5). A move into a wall stays.
 *
 * ## Observation space
 * Discrete: the number of the free cell in reading order.
 *
 * ## Rewards
 * `goalReward` (1) for arriving in a goal, `stepReward` (0) otherwise.
 *
 * ## Starting state
 * Uniform over the cells marked S, or else over those that are no goals.
 *
 * ## Episode end
 * Terminated on arriving in a goal; truncated after `maxEpisodeSteps`.
 *
 * ## Arguments
 * `map` (rows of text: # or 1 walls, G goals, S starts), `goals`, `starts`, `variant`, `teleports`, `stepReward`, `goalReward`, `done`,
 * `missReward`, `maxEpisodeSteps` (no limit).
 */
export function gridWorldEnvironment({ maxEpisodeSteps, ...options }: GridWorldEnvironmentOptions = {}): Environment {
  const { tables, grid } = gridWorld({ map: ["S...", ".#.#", "...#", "#..G"], ...options });
  return tablesEnvironment("GridWorld-v0", tables, { horizon: maxEpisodeSteps, grid });
}

const isCell = (value: unknown): boolean =>
  Number.isInteger(value) || (Array.isArray(value) && value.length === 2 && value.every(Number.isInteger));
const cells = list("a list of cells [row, column] or numbers of states", isCell);

const world = {
  options: {
    map: textRows(": # or 1 walls, G goals, S starts"),
    goals: cells,
    starts: cells,
    variant: oneOf("deterministic", "windy", "teleporting"),
    teleports: list("a list of { from, to }", (value) => typeof value === "object" && value !== null && "from" in value && "to" in value),
    stepReward: finite,
    goalReward: finite,
    done: flag,
    missReward: finite,
  },
  withoutTask: { goals: [] },
} as const;

export const fourRoomsRegistration = {
  ...world,
  ids: ["FourRooms-v0"],
  build: (options: GridWorldEnvironmentOptions) => fourRooms(options),
} as const satisfies EnvironmentRegistration<GridWorldEnvironmentOptions>;

export const fourRooms104Registration = {
  ...world,
  ids: ["FourRooms104-v0"],
  build: (options: GridWorldEnvironmentOptions) => fourRooms104(options),
} as const satisfies EnvironmentRegistration<GridWorldEnvironmentOptions>;

export const gridWorldRegistration = {
  ...world,
  ids: ["GridWorld-v0"],
  build: (options: GridWorldEnvironmentOptions) => gridWorldEnvironment(options),
} as const satisfies EnvironmentRegistration<GridWorldEnvironmentOptions>;

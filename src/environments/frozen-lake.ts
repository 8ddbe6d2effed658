import { sum } from "../numbers/statistics.ts";
import type { Environment } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { flag, fromTo, oneOf, textRows, tuple } from "./options.ts";
import { clampedMove, rectangleGrid } from "./rectangle.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { buildTables } from "./tables.ts";
import { tablesEnvironment } from "./tables-environment.ts";

export const frozenLakeMaps: Readonly<Record<string, readonly string[]>> = {
  "4x4": ["SFFF", "FHFH", "FFFH", "HFFG"],
  "8x8": ["SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"],
};

/** Steps of left, down, right, up. */
const steps: readonly (readonly [number, number])[] = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
];

export interface FrozenLakeOptions {
  readonly map_name?: string;
  readonly desc?: readonly string[];
  readonly is_slippery?: boolean;
  readonly success_rate?: number;
  readonly reward_schedule?: readonly [goal: number, hole: number, frozen: number];
  readonly maxEpisodeSteps?: number;
}

/**
 * # FrozenLake-v1
 * Cross a frozen lake from start to goal without falling into a hole; the ice may be slippery.
 *
 * ## Action space
 * Discrete(4): left, down, right, up. On slippery ice the move asked for happens with `success_rate`, the two sideways ones share the rest.
 *
 * ## Observation space
 * Discrete: row · columns + column.
 *
 * ## Rewards
 * 1 for reaching the goal, 0 for a hole and for ice (`reward_schedule`).
 *
 * ## Starting state
 * The cell marked S; uniform where there are several.
 *
 * ## Episode end
 * Terminated in the goal and in holes; truncated after 100 steps (4x4) or 200 (8x8 by the id FrozenLake8x8-v1).
 *
 * ## Arguments
 * `map_name` ("4x4" or "8x8"), `desc` (rows of S, F, H, G; overrides `map_name`), `is_slippery` (true), `success_rate` (1/3),
 * `reward_schedule` ([1, 0, 0]), `maxEpisodeSteps` (100).
 */
export function frozenLake(options: FrozenLakeOptions = {}, id = "FrozenLake-v1"): Environment {
  const { map_name = "4x4", is_slippery = true, success_rate = 1 / 3, reward_schedule = [1, 0, 0], maxEpisodeSteps = 100 } = options;
  const map = options.desc ?? frozenLakeMaps[map_name];
  const columns = map[0]?.length ?? 0;
  if (columns === 0 || map.some((row) => !/^[SFHG]+$/.test(row) || row.length !== columns))
    throw new EnvironmentError(`${id}: desc needs rows of one length made of S, F, H and G`, { field: "desc", fix: "give such rows" });
  const letters = map.join("");
  const initial = Float64Array.from(letters, (letter) => (letter === "S" ? 1 : 0));
  const starts = sum(initial);
  if (starts === 0) throw new EnvironmentError(`${id}: desc has no start S`, { field: "desc", fix: "mark a cell S" });
  const failure = (1 - success_rate) / 2;
  const tables = buildTables(
    letters.length,
    4,
    initial.map((p) => p / starts),
    (s, a, add) => {
      if (letters[s] === "G" || letters[s] === "H") return add(s, 1, 0, true);
      const move = (b: number, probability: number) => {
        const next = clampedMove(map.length, columns, s, steps[b][0], steps[b][1]);
        const letter = letters[next];
        add(next, probability, reward_schedule[letter === "G" ? 0 : letter === "H" ? 1 : 2], letter === "G" || letter === "H");
      };
      if (!is_slippery) return move(a, 1);
      move((a + 3) % 4, failure);
      move(a, success_rate);
      move((a + 1) % 4, failure);
    },
  );
  return tablesEnvironment(id, tables, { horizon: maxEpisodeSteps, grid: rectangleGrid(map.length, columns) });
}

export const frozenLakeRegistration = {
  ids: ["FrozenLake-v1", "FrozenLake8x8-v1"],
  options: {
    map_name: oneOf(...Object.keys(frozenLakeMaps)),
    desc: textRows(" made of S, F, H and G"),
    is_slippery: flag,
    success_rate: fromTo(0, 1),
    reward_schedule: tuple(3, "[goal, hole, frozen], finite numbers"),
  },
  build: (options: FrozenLakeOptions, id) =>
    frozenLake(id === "FrozenLake8x8-v1" ? { map_name: "8x8", maxEpisodeSteps: 200, ...options } : options, id),
} as const satisfies EnvironmentRegistration<FrozenLakeOptions>;

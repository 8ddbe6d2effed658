import type { Grid, Tables } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { buildTables } from "./tables.ts";

/** Row and column steps of the moves up, right, down, left. */
export const moves: readonly (readonly [row: number, column: number])[] = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
];

/** A cell as [row, column], from the top left, 0-based. */
export type Cell = readonly [row: number, column: number];

export interface GridWorldOptions {
  /** One string a row, or one string with line breaks: '#' and '1' are walls, every other character is a free cell; 'G' is also a goal, 'S' a start. */
  readonly map: string | readonly string[];
  /** Cells, or numbers of states; default: the cells marked 'G'. */
  readonly goals?: readonly (Cell | number)[];
  /** Where episodes start, uniformly; default: the cells marked 'S', or else every cell that is not a goal. */
  readonly starts?: readonly (Cell | number)[];
  /** deterministic: the move asked for. windy: that with ½, each sideways move with ¼. teleporting: deterministic, but see `teleports`. */
  readonly variant?: Variant;
  /** What every action in a cell leads to instead of its move: one of the cells `to`, uniformly. */
  readonly teleports?: readonly { readonly from: Cell; readonly to: readonly Cell[] }[];
  /** Reward of a step (0) and of reaching a goal (1). */
  readonly stepReward?: number;
  readonly goalReward?: number;
  /** Add a fifth action that ends the episode where it is: with `goalReward` in a goal, with `missReward` elsewhere. Arriving then ends nothing. */
  readonly done?: boolean;
  /** Default `stepReward`. */
  readonly missReward?: number;
}

export type Variant = "deterministic" | "windy" | "teleporting";

/**
 * A grid world as tables. States are the free cells in reading order; actions up, right, down, left (and done). A move into a wall stays.
 * Without `done`, arriving in a goal pays `goalReward` and ends the episode, and goals absorb: every action there stays, pays 0 and ends.
 * @throws EnvironmentError for a map that is empty or ragged, and for cells that are walls
 */
export function gridWorld(options: GridWorldOptions): { readonly tables: Tables; readonly grid: Grid } {
  const { variant = "deterministic", stepReward = 0, goalReward = 1, done = false, missReward = stepReward } = options;
  const rows = typeof options.map === "string" ? options.map.trim().split(/\s+/) : options.map;
  const grid = gridOf(rows);
  const states = grid.cells.length;
  const stateOf = (cell: Cell | number) => stateAt(grid, cell);
  const marked = (character: string) =>
    Array.from(grid.cells.keys()).filter((s) => rows[Math.floor(grid.cells[s] / grid.columns)][grid.cells[s] % grid.columns] === character);
  const goals = new Set(options.goals?.map(stateOf) ?? marked("G"));
  let starts = options.starts?.map(stateOf) ?? marked("S");
  if (starts.length === 0) starts = Array.from(grid.cells.keys()).filter((s) => !goals.has(s));
  if (starts.length === 0)
    throw new EnvironmentError("grid world: there is no cell to start in; leave a free cell that is no goal", {
      field: "starts",
      fix: "leave a free cell that is no goal",
    });
  const initial = new Float64Array(states);
  for (const s of starts) initial[s] += 1 / starts.length;
  const teleports = new Map<number, number[]>(
    variant === "teleporting" ? (options.teleports ?? []).map(({ from, to }) => [stateOf(from), to.map(stateOf)]) : [],
  );

  const tables = buildTables(states, done ? 5 : 4, initial, (s, a, add) => {
    const arrive = (next: number, probability: number) => {
      const reached = !done && goals.has(next);
      add(next, probability, reached ? goalReward : stepReward, reached);
    };
    const targets = teleports.get(s);
    if (a === 4) add(s, 1, goals.has(s) ? goalReward : missReward, true);
    else if (!done && goals.has(s)) add(s, 1, 0, true);
    else if (targets) for (const next of targets) arrive(next, 1 / targets.length);
    else if (variant === "windy") {
      arrive(neighbour(grid, s, a), 0.5);
      arrive(neighbour(grid, s, (a + 3) % 4), 0.25);
      arrive(neighbour(grid, s, (a + 1) % 4), 0.25);
    } else arrive(neighbour(grid, s, a), 1);
  });
  return { tables, grid };
}

/** The state one move away; the same one where a wall or the edge is in the way. */
export function neighbour(grid: Grid, state: number, move: number): number {
  const row = Math.floor(grid.cells[state] / grid.columns) + moves[move][0];
  const column = (grid.cells[state] % grid.columns) + moves[move][1];
  if (row < 0 || row >= grid.rows || column < 0 || column >= grid.columns) return state;
  const next = grid.stateAt[row * grid.columns + column];
  return next < 0 ? state : next;
}

function stateAt(grid: Grid, cell: Cell | number): number {
  const inside = typeof cell === "number" || (cell[0] >= 0 && cell[0] < grid.rows && cell[1] >= 0 && cell[1] < grid.columns);
  const state = !inside ? -1 : typeof cell === "number" ? cell : grid.stateAt[cell[0] * grid.columns + cell[1]];
  if (!(Number.isInteger(state) && state >= 0 && state < grid.cells.length))
    throw new EnvironmentError(`grid world: ${String(cell)} is no free cell`, { fix: "name a cell that is no wall" });
  return state;
}

function gridOf(rows: readonly string[]): Grid {
  const columns = rows[0]?.length ?? 0;
  if (columns === 0 || rows.some((row) => row.length !== columns))
    throw new EnvironmentError("grid world: the map needs rows of one length", { field: "map", fix: "give rows of one length" });
  const stateAt = new Int32Array(rows.length * columns).fill(-1);
  const cells: number[] = [];
  for (let cell = 0; cell < stateAt.length; cell++) {
    const character = rows[Math.floor(cell / columns)][cell % columns];
    if (character !== "#" && character !== "1") stateAt[cell] = cells.push(cell) - 1;
  }
  if (cells.length === 0)
    throw new EnvironmentError("grid world: the map has no free cell; leave one that is not # or 1", {
      field: "map",
      fix: "leave a cell that is not # or 1",
    });
  return { rows: rows.length, columns, cells: Int32Array.from(cells), stateAt };
}

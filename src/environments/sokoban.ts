import type { Environment, Tables } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { finite, textRows, wholeFrom } from "./options.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { circle, colour, type Drawing, rectangle, ring, width } from "./shapes.ts";
import { enumerateSokoban, type SokobanStates } from "./sokoban-states.ts";
import { tablesEnvironment } from "./tables-environment.ts";

/** Own levels, by growing size: # wall, @ player, $ box, . goal, * box on goal, + player on goal. */
export const sokobanLevels: Readonly<Record<string, readonly string[]>> = {
  corridor: ["#######", "#@ $ .#", "#######"],
  corner: ["######", "#.   #", "# $  #", "#  @ #", "######"],
  pair: ["########", "#  .   #", "# $  $ #", "#  #   #", "#.   @ #", "########"],
  rooms: ["#########", "#   #   #", "# $   . #", "#   # $ #", "## ### ##", "#   #   #", "# @   . #", "#   #   #", "#########"],
};

export interface SokobanOptions {
  /** Name of a level, or its rows. */
  readonly level?: string | readonly string[];
  readonly maxStates?: number;
  readonly stepReward?: number;
  readonly boxReward?: number;
  readonly solveReward?: number;
  readonly maxEpisodeSteps?: number;
}

/**
 * # Sokoban-v0
 * Push every box onto a goal. Boxes can be pushed, not pulled, and one at a time. Every state that can be reached is enumerated.
 *
 * ## Action space
 * Discrete(4): up, right, down, left: a step, or a push of the box in the way. What is blocked stays.
 *
 * ## Observation space
 * Discrete: the number of the state, in the order of a breadth-first search from the start; `info` has
 * the board as it is drawn.
 *
 * ## Rewards
 * −0.1 for every step, 1 for a box onto a goal, −1 for one off it, 10 for solving the level (the rewards of gym-sokoban; M.-P. Schrader, 2018).
 *
 * ## Starting state
 * The level as it is drawn.
 *
 * ## Episode end
 * Terminated when every goal has a box; truncated after 200 steps. Boxes that can be moved no more end nothing.
 *
 * ## Arguments
 * `level` ("rooms"; a name or rows of text), `maxStates` (1 000 000), `stepReward` (−0.1), `boxReward` (1), `solveReward` (10),
 * `maxEpisodeSteps` (200).
 */
export function sokoban(options: SokobanOptions = {}): Environment {
  const { level = "rooms", maxStates = 1_000_000, maxEpisodeSteps = 200 } = options;
  const rows = typeof level === "string" ? sokobanLevels[level] : level;
  if (!rows)
    throw new EnvironmentError(
      `Sokoban-v0: level is rows of text or one of ${Object.keys(sokobanLevels).join(", ")}, got '${String(level)}'`,
      { field: "level", fix: "give rows of text, or one of these names" },
    );
  const states = enumerateSokoban(rows, maxStates);
  const describe = (s: number) => ({ board: boardOf(rows, states, s), solved: states.solved[s] === 1 });
  return tablesEnvironment("Sokoban-v0", sokobanTables(states, options), { horizon: maxEpisodeSteps, describe });
}

/** The drawing of a state, rows joined by line breaks. */
function boardOf(rows: readonly string[], { columns, cells, players, boxes, boxCount }: SokobanStates, s: number): string {
  const floor = rows.map((row) => [...row.padEnd(columns).replace(/[@$]/g, " ").replace(/[+*]/g, ".")]);
  const put = (cell: number, onFloor: string, onGoal: string) => {
    const row = floor[Math.floor(cell / columns)];
    row[cell % columns] = row[cell % columns] === "." ? onGoal : onFloor;
  };
  for (let j = 0; j < boxCount; j++) put(cells[boxes[s * boxCount + j]], "$", "*");
  put(cells[players[s]], "@", "+");
  return floor.map((row) => row.join("")).join("\n");
}

/** Rewards and ends of the enumerated states. Solved states absorb. */
export function sokobanTables(states: SokobanStates, { stepReward = -0.1, boxReward = 1, solveReward = 10 }: SokobanOptions = {}): Tables {
  const { count, nextStates, stored, solved } = states;
  const pairs = 4 * count;
  const rewards = new Float64Array(pairs);
  const terminated = new Uint8Array(pairs);
  const next = nextStates.slice();
  for (let pair = 0; pair < pairs; pair++) {
    const s = pair >> 2;
    if (solved[s]) {
      next[pair] = s;
      terminated[pair] = 1;
      continue;
    }
    const to = next[pair];
    rewards[pair] = stepReward + boxReward * (stored[to] - stored[s]) + (solved[to] ? solveReward : 0);
    terminated[pair] = solved[to];
  }
  const initial = new Float64Array(count);
  initial[0] = 1;
  return {
    states: count,
    actions: 4,
    offsets: Int32Array.from({ length: pairs + 1 }, (_, k) => k),
    nextStates: next,
    probabilities: new Float64Array(pairs).fill(1),
    rewards,
    terminated,
    initial,
  };
}

function draw(_state: Float64Array, { board }: Readonly<Record<string, unknown>>): Drawing {
  const rows = String(board ?? "").split("\n");
  const columns = Math.max(...rows.map((row) => row.length));
  const side = Math.min(28, Math.floor((width - 20) / columns));
  const left = (width - side * columns) / 2;
  const shapes = rows.flatMap((row, r) =>
    [...row].flatMap((mark, c) => {
      const x = left + side * c;
      const y = 10 + side * r;
      const middle = (side - 1) / 2;
      const cell = [rectangle(x, y, side - 1, side - 1, mark === "#" ? colour.wall : colour.free)];
      if (mark === "$" || mark === "*") cell.push(rectangle(x + 4, y + 4, side - 9, side - 9, colour.box));
      if (".*+".includes(mark)) cell.push(ring(x + middle, y + middle, side / 5));
      if (mark === "@" || mark === "+") cell.push(circle(x + middle, y + middle, side / 3.5, colour.agent));
      return cell;
    }),
  );
  return { height: 20 + side * rows.length, shapes };
}

export const sokobanRegistration = {
  ids: ["Sokoban-v0"],
  options: {
    level: textRows(` or one of ${Object.keys(sokobanLevels).join(", ")}`),
    maxStates: wholeFrom(1),
    stepReward: finite,
    boxReward: finite,
    solveReward: finite,
  },
  build: (options: SokobanOptions) => sokoban(options),
  draw,
} as const satisfies EnvironmentRegistration<SokobanOptions>;

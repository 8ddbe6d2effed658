import type { Environment } from "./environment.ts";
import { flag, oneOf } from "./options.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { colour, type Drawing, rectangle, text } from "./shapes.ts";
import { buildTables } from "./tables.ts";
import { tablesEnvironment } from "./tables-environment.ts";

const lines = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7, 8],
  [0, 3, 6],
  [1, 4, 7],
  [2, 5, 8],
  [0, 4, 8],
  [2, 4, 6],
];
/** Nine characters: the player's crosses X, the opponent's noughts O, and dots. */
type Board = string;
const empty: Board = ".........";

export interface TicTacToeOptions {
  readonly opponent?: "random" | "perfect";
  readonly first?: boolean;
  readonly maxEpisodeSteps?: number;
}

/**
 * # TicTacToe-v0
 * Three in a row, against an opponent who answers at random or perfectly.
 *
 * ## Action space
 * Discrete(9): the square for the next cross, in reading order.
 *
 * ## Observation space
 * Discrete: the number of a board on which the player is to move or the game is over; `info.board` shows it, row by row.
 *
 * ## Rewards
 * 1 for winning, −1 for losing and for a square that is taken, 0 otherwise.
 *
 * ## Starting state
 * The empty board; with `first` false, the opponent's first move is on it.
 *
 * ## Episode end
 * Terminated when a row is complete, the board is full, or a taken square was chosen.
 *
 * ## Arguments
 * `opponent` ("random": uniform over free squares; "perfect": uniform over moves that minimax finds best), `first` (true), `maxEpisodeSteps`
 * (no limit). TicTacToePerfect-v0 is the same with a perfect opponent.
 */
export function ticTacToe({ opponent = "random", first = true, maxEpisodeSteps }: TicTacToeOptions = {}, id = "TicTacToe-v0"): Environment {
  const reply = opponent === "random" ? freeSquares : bestReplies();
  const boards: Board[] = [];
  const numbers = new Map<Board, number>();
  const numberOf = (board: Board) => {
    let number = numbers.get(board);
    if (number === undefined) {
      number = boards.push(board) - 1;
      numbers.set(board, number);
    }
    return number;
  };
  /** Boards that may follow once the player's cross is on the board. */
  const answers = (board: Board): Board[] => (over(board) ? [board] : reply(board).map((square) => put(board, square, "O")));

  const starts = first ? [empty] : reply(empty).map((square) => put(empty, square, "O"));
  starts.forEach(numberOf);
  for (const board of boards) if (!over(board)) for (const square of freeSquares(board)) answers(put(board, square, "X")).forEach(numberOf);

  const initial = new Float64Array(boards.length);
  for (const board of starts) initial[numberOf(board)] += 1 / starts.length;
  const tables = buildTables(boards.length, 9, initial, (s, a, add) => {
    const board = boards[s];
    if (over(board)) return add(s, 1, 0, true);
    if (board[a] !== ".") return add(s, 1, -1, true);
    const next = answers(put(board, a, "X"));
    for (const after of next) add(numberOf(after), 1 / next.length, won(after, "X") ? 1 : won(after, "O") ? -1 : 0, over(after));
  });
  const describe = (s: number) => ({ board: boards[s].replace(/(...)(...)(...)/, "$1/$2/$3") });
  return tablesEnvironment(id, tables, { horizon: maxEpisodeSteps, describe });
}

function put(board: Board, square: number, mark: string): Board {
  return board.slice(0, square) + mark + board.slice(square + 1);
}

function won(board: Board, mark: string): boolean {
  return lines.some((line) => line.every((square) => board[square] === mark));
}

function over(board: Board): boolean {
  return !board.includes(".") || won(board, "X") || won(board, "O");
}

function freeSquares(board: Board): number[] {
  return [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((square) => board[square] === ".");
}

/** The noughts' best squares by minimax. */
function bestReplies(): (board: Board) => number[] {
  const known = new Map<Board, number>();
  const value = (board: Board, toMove: "X" | "O"): number => {
    if (won(board, "O")) return 1;
    if (won(board, "X")) return -1;
    if (!board.includes(".")) return 0;
    let best = known.get(board);
    if (best === undefined) {
      const values = freeSquares(board).map((square) => value(put(board, square, toMove), toMove === "O" ? "X" : "O"));
      best = toMove === "O" ? Math.max(...values) : Math.min(...values);
      known.set(board, best);
    }
    return best;
  };
  return (board) => {
    const squares = freeSquares(board);
    const values = squares.map((square) => value(put(board, square, "O"), "X"));
    const best = Math.max(...values);
    return squares.filter((_, k) => values[k] === best);
  };
}

function draw(_state: Float64Array, { board }: Readonly<Record<string, unknown>>): Drawing {
  const marks = String(board ?? ".../.../...").replaceAll("/", "");
  const cells = [...marks].map((mark, k) => {
    const x = 85 + 50 * (k % 3);
    const y = 25 + 50 * Math.floor(k / 3);
    return (
      rectangle(x, y, 48, 48, colour.free) +
      (mark === "." ? "" : text(x + 24, y + 35, mark, mark === "X" ? colour.agent : colour.hazard, 32))
    );
  });
  return { height: 200, shapes: cells };
}

export const ticTacToeRegistration = {
  ids: ["TicTacToe-v0", "TicTacToePerfect-v0"],
  options: { opponent: oneOf("random", "perfect"), first: flag },
  build: (options: TicTacToeOptions, id) => ticTacToe(id === "TicTacToePerfect-v0" ? { opponent: "perfect", ...options } : options, id),
  draw,
  scene: { actions: [4, 0, 1] },
} as const satisfies EnvironmentRegistration<TicTacToeOptions>;

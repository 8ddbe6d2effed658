import { EnvironmentError } from "./errors.ts";
import { moves } from "./grid-world.ts";

const levelField = { field: "level", fix: "draw another level" };

/** Every state of a level that can be reached from its start, which is state 0. */
export interface SokobanStates {
  readonly rows: number;
  readonly columns: number;
  /** [free] row · columns + column of each free cell */
  readonly cells: Int32Array;
  readonly count: number;
  readonly boxCount: number;
  /** [count] free cell of the player */
  readonly players: Uint16Array;
  /** [count, boxCount] free cells of the boxes, ascending */
  readonly boxes: Uint16Array;
  /** [count, 4] where up, right, down, left lead */
  readonly nextStates: Int32Array;
  /** [count] boxes on goals, and whether all goals have one */
  readonly stored: Uint8Array;
  readonly solved: Uint8Array;
}

interface Level {
  readonly rows: number;
  readonly columns: number;
  readonly cells: Int32Array;
  /** [free, 4] the free cell one move away, −1 for a wall */
  readonly neighbours: Int32Array;
  readonly goals: Uint8Array;
  readonly goalCount: number;
  readonly player: number;
  readonly boxes: readonly number[];
}

/**
 * Breadth-first enumeration. A state's key is rank · free + player, with rank = Σ_j C(box_j, j + 1) of the boxes in ascending order (the
 * combinatorial number system): different states have different keys, all below 2^53.
 * @throws EnvironmentError for a level that is no level, and for more than `maxStates` states
 */
export function enumerateSokoban(rows: readonly string[], maxStates = 1_000_000): SokobanStates {
  const level = readLevel(rows);
  const { neighbours, goals } = level;
  const free = level.cells.length;
  const k = level.boxes.length;
  const binomial = binomials(free, k);
  if (binomial[free * (k + 1) + k] * free > Number.MAX_SAFE_INTEGER)
    throw new EnvironmentError("Sokoban: the level has too many boxes to be numbered; choose a smaller one", levelField);

  let capacity = Math.min(maxStates, 1 << 14);
  let players = new Uint16Array(capacity);
  let boxes = new Uint16Array(capacity * k);
  let ranks = new Float64Array(capacity);
  let nextStates = new Int32Array(4 * capacity);
  const table = new KeyTable();
  let count = 0;
  const moved = new Uint16Array(k);
  const occupied = new Int8Array(free);

  const grow = () => {
    if (capacity >= maxStates)
      throw new EnvironmentError(`Sokoban: the level has more than ${maxStates} states; raise maxStates or choose a smaller one`, {
        field: "maxStates",
        fix: "raise it, or choose a smaller level",
      });
    capacity = Math.min(2 * capacity, maxStates);
    players = widen(new Uint16Array(capacity), players);
    boxes = widen(new Uint16Array(capacity * k), boxes);
    ranks = widen(new Float64Array(capacity), ranks);
    nextStates = widen(new Int32Array(4 * capacity), nextStates);
  };
  /** The state with these boxes, at `at` of `from`, known or new. */
  const numberOf = (player: number, rank: number, from: Uint16Array, at: number): number => {
    const known = table.numberOf(rank * free + player, count);
    if (known !== count) return known;
    if (count === capacity) grow();
    players[count] = player;
    ranks[count] = rank;
    for (let j = 0; j < k; j++) boxes[count * k + j] = from[at + j];
    return count++;
  };

  const start = Uint16Array.from(level.boxes).sort();
  numberOf(level.player, rankOf(start, binomial, k), start, 0);
  for (let s = 0; s < count; s++) {
    const player = players[s];
    const rank = ranks[s];
    for (let j = 0; j < k; j++) occupied[boxes[s * k + j]] = 1;
    for (let a = 0; a < 4; a++) {
      const to = neighbours[4 * player + a];
      let next = s;
      if (to >= 0 && occupied[to] === 0) next = numberOf(to, rank, boxes, s * k);
      else if (to >= 0) {
        const behind = neighbours[4 * to + a];
        if (behind >= 0 && occupied[behind] === 0) {
          pushBox(boxes, s * k, k, to, behind, moved);
          next = numberOf(to, rankOf(moved, binomial, k), moved, 0);
        }
      }
      nextStates[4 * s + a] = next;
    }
    for (let j = 0; j < k; j++) occupied[boxes[s * k + j]] = 0;
  }

  const stored = new Uint8Array(count);
  const solved = new Uint8Array(count);
  for (let s = 0; s < count; s++) {
    for (let j = 0; j < k; j++) stored[s] += goals[boxes[s * k + j]];
    solved[s] = stored[s] === level.goalCount ? 1 : 0;
  }
  return {
    rows: level.rows,
    columns: level.columns,
    cells: level.cells,
    count,
    boxCount: k,
    players: players.slice(0, count),
    boxes: boxes.slice(0, count * k),
    nextStates: nextStates.slice(0, 4 * count),
    stored,
    solved,
  };
}

/** Copy ascending boxes to `out` with one of them moved, still ascending. */
function pushBox(boxes: Uint16Array, at: number, k: number, from: number, to: number, out: Uint16Array): void {
  let write = 0;
  let placed = false;
  for (let j = 0; j < k; j++) {
    const box = boxes[at + j];
    if (box === from) continue;
    if (!placed && box > to) {
      out[write++] = to;
      placed = true;
    }
    out[write++] = box;
  }
  if (!placed) out[write] = to;
}

function rankOf(boxes: Uint16Array, binomial: Float64Array, k: number): number {
  let rank = 0;
  for (let j = 0; j < k; j++) rank += binomial[boxes[j] * (k + 1) + j + 1];
  return rank;
}

/** C(n, r) for n ≤ free, r ≤ k: [free + 1, k + 1]. */
function binomials(free: number, k: number): Float64Array {
  const width = k + 1;
  const table = new Float64Array((free + 1) * width);
  for (let n = 0; n <= free; n++) {
    table[n * width] = 1;
    for (let r = 1; r <= k && n > 0; r++) table[n * width + r] = table[(n - 1) * width + r] + table[(n - 1) * width + r - 1];
  }
  return table;
}

/** Open addressing from keys (integers below 2^53) to state numbers. */
class KeyTable {
  private size = 1 << 16;
  private used = 0;
  private keys = new Float64Array(this.size).fill(-1);
  private numbers = new Int32Array(this.size);

  /** The number under the key; `fresh`, which is then stored, where there was none. */
  numberOf(key: number, fresh: number): number {
    const mask = this.size - 1;
    let slot = hash(key) & mask;
    for (;;) {
      const held = this.keys[slot];
      if (held === key) return this.numbers[slot];
      if (held === -1) break;
      slot = (slot + 1) & mask;
    }
    this.keys[slot] = key;
    this.numbers[slot] = fresh;
    if (++this.used * 2 > this.size) this.double();
    return fresh;
  }

  private double(): void {
    const { keys, numbers } = this;
    this.size *= 2;
    this.keys = new Float64Array(this.size).fill(-1);
    this.numbers = new Int32Array(this.size);
    const mask = this.size - 1;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === -1) continue;
      let slot = hash(keys[i]) & mask;
      while (this.keys[slot] !== -1) slot = (slot + 1) & mask;
      this.keys[slot] = keys[i];
      this.numbers[slot] = numbers[i];
    }
  }
}

/** Keys of neighbours are close together and stay so: runs of slots are what makes the table fast. */
function hash(key: number): number {
  const high = (key / 4294967296) | 0;
  const h = Math.imul((key | 0) ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  return (h ^ (h >>> 15)) >>> 0;
}

function widen<T extends Uint16Array | Float64Array | Int32Array>(into: T, from: T): T {
  into.set(from);
  return into;
}

function readLevel(text: readonly string[]): Level {
  const rows = text.length;
  const columns = Math.max(0, ...text.map((row) => row.length));
  const letter = (cell: number) => text[Math.floor(cell / columns)][cell % columns] ?? " ";
  const find = (letters: string) =>
    Array.from({ length: rows * columns }, (_, cell) => cell).filter((cell) => letters.includes(letter(cell)));
  if (find("#@$.*+ -_").length !== rows * columns)
    throw new EnvironmentError("Sokoban: a level is made of # @ $ . * + and spaces", levelField);
  const players = find("@+");
  if (players.length !== 1) throw new EnvironmentError(`Sokoban: a level has one player, got ${players.length}`, levelField);

  // what the player could walk to if there were no boxes
  const reached = new Set(players);
  for (const cell of reached)
    for (const [row, column] of moves) {
      const r = Math.floor(cell / columns) + row;
      const c = (cell % columns) + column;
      if (r < 0 || r >= rows || c < 0 || c >= columns)
        throw new EnvironmentError("Sokoban: the level is open: the player could leave it; close it with #", levelField);
      if (letter(r * columns + c) !== "#") reached.add(r * columns + c);
    }
  const cells = Int32Array.from(reached).sort();
  const index = new Map(Array.from(cells, (cell, k) => [cell, k]));
  const inside = (letters: string) => find(letters).flatMap((cell) => index.get(cell) ?? []);
  const boxes = inside("$*");
  const goalCells = inside(".*+");
  if (goalCells.length === 0 || goalCells.length > boxes.length)
    throw new EnvironmentError(
      `Sokoban: a level has at least as many boxes as goals, and one goal; got ${boxes.length} and ${goalCells.length}`,
      levelField,
    );
  const neighbours = new Int32Array(4 * cells.length);
  cells.forEach((cell, k) => {
    moves.forEach(([row, column], a) => {
      neighbours[4 * k + a] = index.get(cell + row * columns + column) ?? -1;
    });
  });
  const goals = new Uint8Array(cells.length);
  for (const cell of goalCells) goals[cell] = 1;
  return { rows, columns, cells, neighbours, goals, goalCount: goalCells.length, player: index.get(players[0])!, boxes };
}

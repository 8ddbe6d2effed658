import { legendMarks, svgElement } from "./figure.ts";
import { palette } from "./palette.ts";

export interface GridArrows {
  readonly title: string;
  readonly rows: number;
  readonly columns: number;
  /** Cell of each state. */
  readonly cells: readonly (readonly [row: number, column: number])[];
  readonly moves: readonly GridMove[];
  /** Number of actions: it says how the marks of a cell are laid out. */
  readonly actions: number;
}

export interface GridMove {
  readonly state: number;
  readonly action: number;
  /** Successor that is true; undefined where nobody knows. */
  readonly truth?: number;
  /** Successor that was inferred, −1 where none fits. */
  readonly inferred: number;
  /** More than one state fits equally well. */
  readonly ambiguous?: boolean;
}

type Outcome = "right" | "wrong" | "ambiguous";
const colours: Readonly<Record<Outcome, string>> = { right: palette.truth, wrong: palette.wrong, ambiguous: palette.ambiguous };

/** A grid world's inferred successors: an arrow a move, a bar where it stays, a line to wherever a wrong answer points. */
export function gridArrows(grid: GridArrows): string {
  const cell = Math.max(14, Math.min(44, Math.floor(560 / Math.max(grid.rows, grid.columns))));
  const left = 8;
  const top = 28;
  const centre = (state: number): [number, number] => [
    left + (grid.cells[state][1] + 0.5) * cell,
    top + (grid.cells[state][0] + 0.5) * cell,
  ];
  // Four moves and one that ends or waits: the fifth has its place in the middle.
  const sides = grid.actions === 5 ? 4 : grid.actions;
  const counts: Record<Outcome, number> = { right: 0, wrong: 0, ambiguous: 0 };
  let floor = "";
  for (const [row, column] of grid.cells) {
    floor += `<rect x="${left + column * cell}" y="${top + row * cell}" width="${cell}" height="${cell}"/>`;
  }
  let lines = "";
  let marks = "";
  for (const move of grid.moves) {
    const outcome = judge(move);
    counts[outcome]++;
    const [x, y] = centre(move.state);
    const shown = move.inferred >= 0 ? move.inferred : (move.truth ?? move.state);
    const [tx, ty] = centre(shown);
    const far = Math.hypot(tx - x, ty - y);
    const stays = far === 0;
    // A mark sits on the side it points to; one that stays sits where its action has its place.
    const angle = stays ? (2 * Math.PI * move.action) / sides - Math.PI / 2 : Math.atan2(ty - y, tx - x);
    const reach = stays && move.action >= sides ? 0 : 0.29 * cell;
    const at = `translate(${round(x + reach * Math.cos(angle))},${round(y + reach * Math.sin(angle))}) rotate(${round((angle * 180) / Math.PI)})`;
    const paint = outcome === "ambiguous" ? `fill="none" stroke="${colours.ambiguous}" stroke-width="1.5"` : `fill="${colours[outcome]}"`;
    const r = 0.15 * cell;
    const shape = stays
      ? `<rect x="${round(-r / 3)}" y="${round(-r)}" width="${round(r * 0.7)}" height="${round(2 * r)}" transform="${at}" ${paint}/>`
      : `<path d="M${round(r)},0L${round(-0.7 * r)},${round(r)}L${round(-0.7 * r)},${round(-r)}Z" transform="${at}" ${paint}/>`;
    marks += shape;
    if (outcome === "wrong" && far > 1.5 * cell) {
      lines += `<line x1="${round(x)}" y1="${round(y)}" x2="${round(tx)}" y2="${round(ty)}"/>`;
    }
  }
  const width = Math.max(420, 2 * left + grid.columns * cell);
  const height = top + grid.rows * cell + 8;
  const legend = legendMarks(
    [
      {
        label: grid.moves.some((move) => move.truth !== undefined) ? `right ${counts.right}` : `inferred ${counts.right}`,
        colour: colours.right,
      },
      { label: `wrong ${counts.wrong}`, colour: colours.wrong },
      { label: `ambiguous ${counts.ambiguous}`, colour: colours.ambiguous, hollow: true },
    ],
    left,
  );
  const body =
    `${legend}<rect x="${left}" y="${top}" width="${grid.columns * cell}" height="${grid.rows * cell}" fill="${palette.muted}" fill-opacity="0.75"/>` +
    `<g fill="${palette.surface}" stroke="${palette.faint}">${floor}</g><g stroke="${colours.wrong}" stroke-opacity="0.35">${lines}</g>${marks}`;
  return svgElement(width, height, { title: grid.title, description: describe(grid, counts) }, body);
}

function judge(move: GridMove): Outcome {
  if (move.ambiguous) return "ambiguous";
  if (move.inferred < 0) return "wrong";
  return move.truth === undefined || move.truth === move.inferred ? "right" : "wrong";
}

function describe(grid: GridArrows, counts: Readonly<Record<Outcome, number>>): string {
  return `${grid.moves.length} moves of ${grid.cells.length} states: ${counts.right} right, ${counts.wrong} wrong, ${counts.ambiguous} ambiguous.`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

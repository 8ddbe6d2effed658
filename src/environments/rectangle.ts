import type { Grid } from "./environment.ts";

/** The grid of a full rectangle: state = row · columns + column. */
export function rectangleGrid(rows: number, columns: number): Grid {
  const numbers = Int32Array.from({ length: rows * columns }, (_, k) => k);
  return { rows, columns, cells: numbers, stateAt: numbers };
}

/** The cell of a rectangle reached by a step of rows and columns; at the edge, the nearest one inside. */
export function clampedMove(rows: number, columns: number, state: number, row: number, column: number): number {
  const nextRow = Math.min(Math.max(Math.floor(state / columns) + row, 0), rows - 1);
  const nextColumn = Math.min(Math.max((state % columns) + column, 0), columns - 1);
  return nextRow * columns + nextColumn;
}

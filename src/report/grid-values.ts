import * as Plot from "@observablehq/plot";
import { plotFigureWithColourBar } from "./figure.ts";
import { formatNumber } from "./number.ts";

export interface GridValues {
  readonly title: string;
  readonly rows: number;
  readonly columns: number;
  /** Cell of each state. */
  readonly cells: readonly (readonly [row: number, column: number])[];
  /** [states] */
  readonly values: ArrayLike<number>;
}

/** A value function over the cells of a grid world. */
export function gridValuesFigure(grid: GridValues): string {
  const data = grid.cells
    .map(([row, column], state) => ({ row, column, value: grid.values[state] }))
    .filter((d) => Number.isFinite(d.value));
  const low = data.reduce((a, d) => Math.min(a, d.value), Number.POSITIVE_INFINITY);
  const high = data.reduce((a, d) => Math.max(a, d.value), Number.NEGATIVE_INFINITY);
  const cell = Math.max(14, Math.min(44, Math.floor(480 / Math.max(grid.rows, grid.columns))));
  return plotFigureWithColourBar(
    {
      width: Math.max(420, 16 + grid.columns * cell),
      height: 12 + grid.rows * cell,
      marginLeft: 8,
      marginRight: Math.max(8, 412 - grid.columns * cell),
      marginTop: 4,
      marginBottom: 8,
      x: { axis: null, type: "band", domain: Array.from({ length: grid.columns }, (_, i) => i), padding: 0.04 },
      y: { axis: null, type: "band", domain: Array.from({ length: grid.rows }, (_, i) => i), padding: 0.04 },
      color: { scheme: "viridis", type: "linear", domain: high > low ? [low, high] : [low - 1, low + 1] },
      marks: [Plot.cell(data, { x: "column", y: "row", fill: "value" })],
    },
    { title: grid.title, description: `Values of ${data.length} states: from ${formatNumber(low)} to ${formatNumber(high)}.` },
    formatNumber,
  );
}

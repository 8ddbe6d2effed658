import * as Plot from "@observablehq/plot";
import { plotFigure } from "./figure.ts";
import { formatNumber } from "./number.ts";
import { palette } from "./palette.ts";

export interface DimensionErrors {
  readonly title: string;
  /** RMSE of the predicted change over the RMS of the true change; 1 is what "nothing moves" scores */
  readonly dimensions: readonly { readonly name: string; readonly error: number }[];
}

const nothingMoves = 1;
/** Bars are cut here, so that one lost dimension does not hide the others. */
const longestBar = 2;

/** Error of each dimension, beside the line that a model which never moves would reach. */
export function dimensionErrors(data: DimensionErrors): string {
  const rows = data.dimensions.map(({ name, error }) => ({
    name,
    length: Number.isFinite(error) ? Math.min(error, longestBar) : longestBar,
    label: error > longestBar || !Number.isFinite(error) ? `${formatNumber(error, 2)} (cut)` : formatNumber(error, 2),
    fill: error < nothingMoves ? palette.truth : palette.wrong,
  }));
  const high = Math.max(1.15, ...rows.map((row) => row.length * 1.12));
  return plotFigure(
    {
      width: 520,
      height: 64 + 34 * rows.length,
      marginLeft: labelMargin(rows.map((row) => row.name)),
      marginRight: 20,
      marginTop: 22,
      marginBottom: 40,
      x: {
        domain: [0, high],
        label: "RMSE of change / RMS of true change",
        labelAnchor: "center",
        labelArrow: "none",
        grid: true,
        ticks: 6,
      },
      y: { label: null, domain: rows.map((row) => row.name), padding: 0.3 },
      marks: [
        Plot.barX(rows, { x: "length", y: "name", fill: "fill", insetLeft: 0 }),
        Plot.text(rows, {
          x: "length",
          y: "name",
          text: "label",
          textAnchor: "start",
          dx: 5,
          fill: "currentColor",
          stroke: palette.surface,
          strokeWidth: 4,
        }),
        Plot.ruleX([nothingMoves], { stroke: "currentColor", strokeDasharray: "4 3", strokeWidth: 1.5 }),
        Plot.text([nothingMoves], { x: (d: number) => d, frameAnchor: "top", dy: -14, text: () => "nothing moves = 1" }),
        Plot.ruleX([0]),
      ],
      color: { type: "identity" },
    },
    {
      title: data.title,
      description: data.dimensions.map(({ name, error }) => `${name}: ${formatNumber(error, 2)}`).join("; "),
    },
  );
}

/** Room for the longest name at 12 pixels, within reason. */
export function labelMargin(names: readonly string[]): number {
  return Math.min(200, 22 + 6.8 * Math.max(3, ...names.map((name) => name.length)));
}

import * as Plot from "@observablehq/plot";
import { plotFigureWithColourBar } from "./figure.ts";
import { formatNumber } from "./number.ts";

export interface ValueSurface {
  readonly title: string;
  /** Coordinate names; the others are held fixed, which the text beside the picture should say. */
  readonly x: string;
  readonly y: string;
  readonly xRange: readonly [number, number];
  readonly yRange: readonly [number, number];
  readonly columns: number;
  readonly rows: number;
  /** [rows, columns] V on a regular grid with both ends of both ranges, row 0 at the low end of y */
  readonly values: ArrayLike<number>;
}

const levels = 14;

/** A value function over two coordinates: filled contours with their lines. */
export function valueSurface(surface: ValueSurface): string {
  const { columns, rows, xRange, yRange } = surface;
  const values = Array.from(surface.values);
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const flat = !(high > low);
  const halfX = (xRange[1] - xRange[0]) / (columns - 1) / 2;
  const halfY = (yRange[1] - yRange[0]) / (rows - 1) / 2;
  // Samples are cell centres to Plot; half a cell more on each side puts them where they were taken.
  const grid = {
    width: columns,
    height: rows,
    x1: xRange[0] - halfX,
    x2: xRange[1] + halfX,
    y1: yRange[0] - halfY,
    y2: yRange[1] + halfY,
    stroke: "#ffffff",
    strokeOpacity: 0.35,
    strokeWidth: 0.6,
  };
  const marks = flat
    ? [Plot.rect([0], { x1: xRange[0], x2: xRange[1], y1: yRange[0], y2: yRange[1], fill: "#31688e" })]
    : [Plot.contour(values, { ...grid, fill: Plot.identity, thresholds: levels, blur: 0 })];
  return plotFigureWithColourBar(
    {
      width: 520,
      height: 380,
      marginLeft: 58,
      marginBottom: 42,
      marginTop: 18,
      x: { label: surface.x, domain: [...xRange], labelAnchor: "center", labelArrow: "none" },
      y: { label: surface.y, domain: [...yRange], labelAnchor: "center", labelArrow: "none" },
      color: { scheme: "viridis", domain: flat ? [low - 1, high + 1] : [low, high] },
      marks,
    },
    {
      title: surface.title,
      description: `State values over ${surface.x} (${formatNumber(xRange[0])} to ${formatNumber(xRange[1])}) and ${surface.y} (${formatNumber(yRange[0])} to ${formatNumber(yRange[1])}): from ${formatNumber(low)} to ${formatNumber(high)}.`,
    },
    formatNumber,
  );
}

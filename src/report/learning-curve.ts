import * as Plot from "@observablehq/plot";
import { type LegendEntry, plotFigure } from "./figure.ts";
import { formatNumber, formatTick, powersOfTen } from "./number.ts";
import { seriesColours } from "./palette.ts";

export interface LearningCurve {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly logarithmic?: boolean;
  /** At most six are told apart by colour. */
  readonly series: readonly {
    readonly name: string;
    readonly x: ArrayLike<number>;
    readonly y: ArrayLike<number>;
    /** An interval around each point. */
    readonly band?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
  }[];
}

/** Lines over iterations, steps or tolerance. */
export function learningCurve(curve: LearningCurve): string {
  const points = curve.series.flatMap((series, k) =>
    Array.from(series.x, (x, i) => ({ x, y: series.y[i], name: series.name, colour: seriesColours[k % seriesColours.length] })).filter(
      (point) => Number.isFinite(point.x) && Number.isFinite(point.y) && (!curve.logarithmic || point.y > 0),
    ),
  );
  const bands = curve.series.flatMap(({ name, x, band }, k) =>
    band
      ? Array.from(x, (at, i) => ({ x: at, low: band.low[i], high: band.high[i], name, colour: seriesColours[k % seriesColours.length] }))
      : [],
  );
  const few = points.length <= 60;
  const legend: LegendEntry[] =
    curve.series.length > 1
      ? curve.series.map((series, k) => ({ label: series.name, colour: seriesColours[k % seriesColours.length] }))
      : [];
  return plotFigure(
    {
      width: 520,
      height: 280,
      marginLeft: 62,
      marginRight: 30,
      marginBottom: 40,
      marginTop: 22,
      x: { label: curve.x, labelAnchor: "center", labelArrow: "none" },
      y: curve.logarithmic
        ? {
            type: "log",
            label: `${curve.y} (log)`,
            labelAnchor: "center",
            labelArrow: "none",
            grid: true,
            ticks: powersOfTen(points.map((point) => point.y)),
            tickFormat: formatTick,
          }
        : { label: curve.y, labelAnchor: "center", labelArrow: "none", grid: true, nice: true },
      marks: [
        ...(bands.length > 0 ? [Plot.areaY(bands, { x: "x", y1: "low", y2: "high", z: "name", fill: "colour", fillOpacity: 0.18 })] : []),
        Plot.lineY(points, { x: "x", y: "y", z: "name", stroke: "colour", strokeWidth: 2 }),
        ...(few ? [Plot.dot(points, { x: "x", y: "y", fill: "colour", r: 2.5 })] : []),
      ],
      color: { type: "identity" },
    },
    {
      title: curve.title,
      description: curve.series
        .map(
          ({ name, y }) =>
            `${name}: from ${formatNumber(y[0] ?? Number.NaN)} to ${formatNumber(y[y.length - 1] ?? Number.NaN)} over ${y.length} points`,
        )
        .join("; "),
    },
    legend,
  );
}

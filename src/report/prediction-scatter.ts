import * as Plot from "@observablehq/plot";
import { plotFigure } from "./figure.ts";
import { palette } from "./palette.ts";

export interface PredictionScatter {
  readonly title: string;
  readonly dimensions: readonly string[];
  /** [n, d] true change in one step */
  readonly truth: ArrayLike<number>;
  /** [n, d] predicted change */
  readonly predicted: ArrayLike<number>;
}

const columns = 3;
const mostPoints = 300;
/** In units of a dimension's RMS true change. */
const reach = 3;

/** Predicted against true change, one panel a dimension, each in units of its RMS true change: the diagonal is right, the flat line is "nothing moves". */
export function predictionScatter(data: PredictionScatter): string {
  const d = data.dimensions.length;
  const n = data.truth.length / d;
  const across = Math.min(columns, d);
  const down = Math.ceil(d / columns);
  const stride = Math.max(1, Math.ceil(n / mostPoints));
  const panels = data.dimensions.map((name, j) => ({ name, fx: j % columns, fy: Math.floor(j / columns) }));
  const points = panels.flatMap((panel, j) => {
    let square = 0;
    for (let i = 0; i < n; i++) square += data.truth[i * d + j] ** 2;
    const scale = Math.sqrt(square / n) || 1;
    const out: { x: number; y: number; fx: number; fy: number }[] = [];
    for (let i = 0; i < n; i += stride) {
      const x = data.truth[i * d + j] / scale;
      const y = data.predicted[i * d + j] / scale;
      if (Number.isFinite(x) && Number.isFinite(y)) out.push({ x: within(x), y: within(y), fx: panel.fx, fy: panel.fy });
    }
    return out;
  });
  const ends = panels.map((panel) => ({ ...panel, low: -reach, high: reach }));
  const facet = { fx: "fx", fy: "fy" };
  return plotFigure(
    {
      width: 90 + 210 * across,
      height: 70 + 210 * down,
      marginLeft: 48,
      marginTop: 22,
      marginBottom: 40,
      marginRight: 16,
      x: { domain: [-reach, reach], label: "true change / its RMS", labelAnchor: "center", labelArrow: "none", ticks: 5 },
      y: { domain: [-reach, reach], label: "predicted change / RMS", labelAnchor: "center", labelArrow: "none", ticks: 5 },
      fx: { axis: null, padding: 0.12 },
      fy: { axis: null, padding: 0.16 },
      marks: [
        Plot.frame({ stroke: palette.faint }),
        Plot.link(ends, { ...facet, x1: "low", y1: "low", x2: "high", y2: "high", stroke: palette.muted, strokeDasharray: "4 3" }),
        Plot.link(ends, { ...facet, x1: "low", y1: () => 0, x2: "high", y2: () => 0, stroke: palette.faint }),
        Plot.dot(points, { ...facet, x: "x", y: "y", r: 1.8, fill: palette.inferred, fillOpacity: 0.55 }),
        Plot.text(panels, {
          ...facet,
          frameAnchor: "top-left",
          dx: 6,
          dy: 5,
          text: "name",
          fontWeight: "bold",
          stroke: palette.surface,
          strokeWidth: 4,
          fill: "currentColor",
        }),
      ],
    },
    { title: data.title, description: `${Math.ceil(n / stride)} of ${n} transitions in ${d} panels: ${data.dimensions.join(", ")}.` },
  );
}

function within(value: number): number {
  return Math.max(-reach, Math.min(reach, value));
}

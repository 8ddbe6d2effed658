import * as Plot from "@observablehq/plot";
import { quantile } from "../numbers/statistics.ts";
import { plotFigure } from "./figure.ts";
import { formatNumber } from "./number.ts";
import { palette } from "./palette.ts";

export interface VectorField {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** One panel an action, in the order given. */
  readonly panels: readonly VectorPanel[];
}

export interface VectorPanel {
  readonly name: string;
  /** [n, 2] where the arrows start */
  readonly at: ArrayLike<number>;
  /** [n, 2] inferred change of the two coordinates in one step */
  readonly inferred: ArrayLike<number>;
  /** [n, 2] true change, where it is known */
  readonly truth?: ArrayLike<number>;
}

interface Arrow {
  readonly panel: string;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** True against inferred change of two coordinates: two arrows from every point, lengthened alike until the longest just fill the grid. */
export function vectorField(field: VectorField): string {
  const points = field.panels.flatMap((panel) => pairs(panel.at));
  const [xLow, xHigh] = extent(points.map((p) => p[0]));
  const [yLow, yHigh] = extent(points.map((p) => p[1]));
  const spanX = xHigh - xLow || 1;
  const spanY = yHigh - yLow || 1;
  const perPanel = Math.max(1, ...field.panels.map((panel) => panel.at.length / 2));
  const spacing = 1 / Math.max(1, Math.sqrt(perPanel) - 1);
  const lengths = field.panels.flatMap((panel) =>
    pairs(panel.truth ?? panel.inferred).map(([dx, dy]) => Math.hypot(dx / spanX, dy / spanY)),
  );
  const longest = quantile(lengths.filter(Number.isFinite), 0.95) || 1;
  const gain = (0.95 * spacing) / longest;
  const arrows = (changes: (panel: VectorPanel) => ArrayLike<number> | undefined): Arrow[] =>
    field.panels.flatMap((panel) => {
      const delta = changes(panel);
      if (delta === undefined) return [];
      const moves = pairs(delta);
      return pairs(panel.at).flatMap(([x1, y1], i) => {
        const [dx, dy] = limit(moves[i][0] / spanX, moves[i][1] / spanY, 1.5 * longest);
        if (!Number.isFinite(dx) || !Number.isFinite(dy)) return [];
        return [{ panel: panel.name, x1, y1, x2: x1 + gain * dx * spanX, y2: y1 + gain * dy * spanY }];
      });
    });
  const truth = arrows((panel) => panel.truth);
  const inferred = arrows((panel) => panel.inferred);
  const arrow = (data: Arrow[], stroke: string, strokeWidth: number, strokeOpacity = 1) =>
    Plot.arrow(data, { fx: "panel", x1: "x1", y1: "y1", x2: "x2", y2: "y2", stroke, strokeWidth, strokeOpacity, headLength: 5 });
  const panels = field.panels.length;
  const pad = spacing;
  return plotFigure(
    {
      width: panels === 1 ? 520 : Math.min(1080, 90 + 320 * panels),
      height: 380,
      marginLeft: 58,
      marginBottom: 42,
      marginTop: 30,
      x: {
        label: field.x,
        domain: [xLow - pad * spanX, xHigh + pad * spanX],
        ticks: panels > 2 ? 4 : 6,
        labelArrow: "none",
        labelAnchor: "center",
      },
      y: { label: field.y, domain: [yLow - pad * spanY, yHigh + pad * spanY], labelAnchor: "center", labelArrow: "none" },
      fx: { label: null, domain: field.panels.map((panel) => panel.name), padding: 0.08 },
      marks: [
        Plot.frame({ stroke: palette.faint }),
        Plot.dot(inferred, { fx: "panel", x: "x1", y: "y1", r: 1.2, fill: palette.muted }),
        arrow(truth, palette.truth, 4.5, 0.5),
        arrow(inferred, palette.inferred, 1.5),
      ],
    },
    {
      title: field.title,
      description: `${inferred.length} arrows of inferred change${truth.length > 0 ? " over the true ones" : ""} in ${field.x} and ${field.y}, drawn ${formatNumber(gain)} times as long as they are${panels > 1 ? `; panels: ${field.panels.map((p) => p.name).join(", ")}` : ""}.`,
    },
    [...(truth.length > 0 ? [{ label: "true", colour: palette.truth }] : []), { label: "inferred", colour: palette.inferred }],
  );
}

function pairs(flat: ArrayLike<number>): [number, number][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
}

/** One wild answer may not cross the whole picture. */
function limit(dx: number, dy: number, longest: number): [number, number] {
  const length = Math.hypot(dx, dy);
  return length > longest ? [(dx * longest) / length, (dy * longest) / length] : [dx, dy];
}

function extent(values: readonly number[]): [number, number] {
  return [
    values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ];
}

import * as Plot from "@observablehq/plot";
import { plotFigure } from "./figure.ts";
import { formatNumber, formatTick, powersOfTen } from "./number.ts";
import { palette } from "./palette.ts";

export interface SingularValues {
  readonly title: string;
  /** Singular values of the whitened Jacobian of the stacked values, largest first. */
  readonly values: ArrayLike<number>;
  /** Least and greatest over the states looked at, where known; same length. */
  readonly low?: ArrayLike<number>;
  readonly high?: ArrayLike<number>;
  readonly effectiveRank: number;
  /** Below it a direction drowns in the critic's own error. */
  readonly noiseFloor?: number;
}

/** How many directions of the next state the heads can tell, on a logarithmic axis. */
export function singularValues(data: SingularValues): string {
  const count = data.values.length;
  const all = Array.from(data.values);
  const positive = [...all, ...Array.from(data.low ?? []), ...(data.noiseFloor === undefined ? [] : [data.noiseFloor])].filter(
    (v) => v > 0,
  );
  const top = [...all, ...Array.from(data.high ?? []), data.noiseFloor ?? 0].reduce((a, b) => Math.max(a, b), 0) || 1;
  const bottom = Math.max(
    top * 1e-9,
    positive.reduce((a, b) => Math.min(a, b), top),
  );
  const rank = Math.min(count, Math.max(0, data.effectiveRank));
  const rows = all.map((value, i) => ({
    index: i + 1,
    value: Math.max(value, bottom),
    low: Math.max(data.low?.[i] ?? value, bottom),
    high: Math.max(data.high?.[i] ?? value, bottom),
    seen: data.noiseFloor === undefined ? i < Math.round(rank) : value > data.noiseFloor,
  }));
  return plotFigure(
    {
      width: 520,
      height: 260,
      marginLeft: 62,
      marginRight: data.noiseFloor === undefined ? 20 : 84,
      marginTop: 34,
      marginBottom: 40,
      x: {
        type: "linear",
        domain: [0.5, count + 0.5],
        ticks: rows.filter((_, i) => count <= 12 || i % Math.ceil(count / 12) === 0).map((row) => row.index),
        tickFormat: (d: number) => String(d),
        label: "direction",
        labelAnchor: "center",
        labelArrow: "none",
      },
      y: {
        type: "log",
        domain: [bottom / 1.6, top * 1.6],
        label: "whitened singular value (log)",
        labelAnchor: "center",
        labelArrow: "none",
        ticks: powersOfTen([bottom / 1.6, top * 1.6]),
        tickFormat: formatTick,
        grid: true,
      },
      marks: [
        Plot.ruleX([rank + 0.5], { stroke: palette.muted, strokeDasharray: "4 3", strokeWidth: 1.5 }),
        Plot.text([rank + 0.5], {
          x: (d: number) => d,
          frameAnchor: "top",
          dy: -12,
          textAnchor: rank > 0.6 * count ? "end" : rank < 0.2 * count ? "start" : "middle",
          text: () => `effective rank ${formatNumber(data.effectiveRank, 2)} of ${count}`,
        }),
        ...(data.noiseFloor === undefined
          ? []
          : [
              Plot.ruleY([data.noiseFloor], { stroke: palette.wrong, strokeWidth: 1.5 }),
              Plot.text([data.noiseFloor], {
                y: (d: number) => d,
                frameAnchor: "right",
                textAnchor: "start",
                dx: 6,
                text: () => "critic's error",
                fill: palette.wrong,
              }),
            ]),
        Plot.ruleX(rows, { x: "index", y1: "low", y2: "high", stroke: palette.truth, strokeWidth: 2, strokeOpacity: 0.5 }),
        Plot.dot(rows, {
          x: "index",
          y: "value",
          r: 5,
          stroke: palette.truth,
          strokeWidth: 2,
          fill: (row: (typeof rows)[number]) => (row.seen ? palette.truth : palette.surface),
        }),
      ],
      color: { type: "identity" },
    },
    {
      title: data.title,
      description: `Effective rank ${formatNumber(data.effectiveRank, 2)} of ${count}. Values: ${all.map((value) => formatNumber(value, 2)).join(", ")}.`,
    },
  );
}

import * as Plot from "@observablehq/plot";
import { clamp, median } from "../numbers/statistics.ts";
import { labelMargin } from "./dimension-errors.ts";
import { plotFigure } from "./figure.ts";
import { formatNumber, formatTick } from "./number.ts";
import { palette } from "./palette.ts";

export interface ResidualAgainstSignal {
  readonly title: string;
  /** RMS Bellman residual and RMS of V(s') − V(s), in the head's own units; `dropped` where inference left the head out */
  readonly heads: readonly { readonly name: string; readonly residual: number; readonly signal: number; readonly dropped?: boolean }[];
}

/** Measured on real checkpoints: useful below, hopeless above. */
const useful = 0.3;
const hopeless = 0.7;
const mostNamed = 24;

/** Bellman residual over signal of every head: named lines for a few heads, a sorted curve of dots for many. */
export function residualAgainstSignal(data: ResidualAgainstSignal): string {
  const heads = data.heads.map((head, i) => ({
    name: unique(head.name, i, data.heads),
    ratio: shown(head.residual / head.signal),
    dropped: head.dropped === true,
  }));
  const named = heads.length <= mostNamed;
  if (!named) heads.sort((a, b) => a.ratio - b.ratio);
  const ratios = heads.map((head) => head.ratio);
  const domain = [Math.min(0.05, ...ratios) / 1.3, Math.max(1.2, ...ratios) * 1.3];
  const ratio = {
    type: "log" as const,
    domain,
    label: "Bellman residual / signal (log)",
    labelAnchor: "center" as const,
    labelArrow: "none" as const,
    ticks: 6,
    tickFormat: formatTick,
  };
  const fill = (head: (typeof heads)[number]) => (head.dropped ? palette.surface : palette.truth);
  const dot = { r: named ? 5 : 2.5, stroke: palette.truth, strokeWidth: named ? 2 : 1, fill };
  const limits = [
    { at: useful, text: `useful < ${useful}`, colour: palette.good, anchor: "end" as const, dx: -3 },
    { at: hopeless, text: `hopeless > ${hopeless}`, colour: palette.wrong, anchor: "start" as const, dx: 3 },
  ];
  const description = named
    ? heads.map((head) => `${head.name}: ${formatNumber(head.ratio, 2)}${head.dropped ? " (dropped)" : ""}`).join("; ")
    : `${heads.length} heads from ${formatNumber(ratios[0], 2)} to ${formatNumber(ratios[ratios.length - 1], 2)}, median ${formatNumber(median(ratios), 2)}.`;
  const legend = heads.some((head) => head.dropped)
    ? [
        { label: "used", colour: palette.truth },
        { label: "dropped", colour: palette.truth, hollow: true },
      ]
    : [];
  return plotFigure(
    {
      width: 520,
      height: named ? 76 + 22 * heads.length : 300,
      marginLeft: named ? labelMargin(heads.map((head) => head.name)) : 58,
      marginTop: 26,
      marginBottom: 40,
      marginRight: 24,
      x: named
        ? ratio
        : {
            type: "linear",
            domain: [0, heads.length + 1],
            label: "heads, from the best to the worst",
            labelAnchor: "center",
            labelArrow: "none",
          },
      y: named ? { label: null, domain: heads.map((head) => head.name) } : ratio,
      marks: named
        ? [
            Plot.ruleX(limits, { x: "at", stroke: "colour", strokeDasharray: "4 3", strokeWidth: 1.5 }),
            ...limits.map((limit) =>
              Plot.text([limit], {
                x: "at",
                frameAnchor: "top",
                dy: -12,
                text: "text",
                fill: limit.colour,
                textAnchor: limit.anchor,
                dx: limit.dx,
              }),
            ),
            Plot.ruleY(heads, { y: "name", x1: domain[0], x2: "ratio", stroke: palette.faint, strokeWidth: 2 }),
            Plot.dot(heads, { x: "ratio", y: "name", ...dot }),
          ]
        : [
            Plot.ruleY(limits, { y: "at", stroke: "colour", strokeDasharray: "4 3", strokeWidth: 1.5 }),
            Plot.text(limits, { y: "at", frameAnchor: "left", textAnchor: "start", dx: 6, dy: -9, text: "text", fill: "colour" }),
            Plot.dot(heads, { x: (_: unknown, i: number) => i + 1, y: "ratio", ...dot }),
          ],
      color: { type: "identity" },
    },
    { title: data.title, description },
    legend,
  );
}

/** Heads of several critics may share a name; an axis of names may not. */
function unique(name: string, index: number, heads: readonly { readonly name: string }[]): string {
  const short = name.length > 26 ? `${name.slice(0, 25)}…` : name;
  return heads.some((other, i) => i !== index && other.name === name) || short !== name ? `${short} #${index + 1}` : short;
}

/** What is drawn of a ratio that may be endless or none. */
function shown(ratio: number): number {
  return Number.isFinite(ratio) ? clamp(ratio, 1e-6, 100) : 100;
}

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escapeText } from "./escape.ts";
import { darkColours, lightColours } from "./palette.ts";

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** What a reader who does not see the picture is told. */
export interface Alternative {
  readonly title: string;
  readonly description: string;
}

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  /** Drawn hollow. */
  readonly hollow?: boolean;
}

const legendHeight = 24;
const legendFont = 12;
/** Below the lowest label, for its descenders. */
const descent = 4;

/** A plot as an SVG string: accessible, rounded to a tenth of a pixel, with its legend inside. */
export function plotFigure(options: Plot.PlotOptions, alternative: Alternative, legend: readonly LegendEntry[] = []): string {
  return drawFigure(options, alternative, () => legendMarks(legend, options.marginLeft ?? 40), legend.length > 0);
}

/** As `plotFigure`, with a colour bar of the plot's continuous colour scale for a legend. */
export function plotFigureWithColourBar(options: Plot.PlotOptions, alternative: Alternative, format: (value: number) => string): string {
  return drawFigure(options, alternative, (plot) => colourBar(plot, options.marginLeft ?? 40, format), true);
}

type Drawn = ReturnType<typeof Plot.plot>;

function drawFigure(options: Plot.PlotOptions, alternative: Alternative, header: (plot: Drawn) => string, withHeader: boolean): string {
  const plot = Plot.plot({ ...options, document: document as never, style: { fontSize: "12px", overflow: "visible" } });
  const width = Number(plot.getAttribute("width"));
  const height = Number(plot.getAttribute("height"));
  const body = roundNumbers(plot.innerHTML);
  const shift = withHeader ? legendHeight : 0;
  return svgElement(
    width,
    height + shift + descent,
    alternative,
    withHeader ? `${header(plot)}<g transform="translate(0,${shift})">${body}</g>` : body,
  );
}

/** The outer element that every picture of a report shares. */
export function svgElement(width: number, height: number, alternative: Alternative, body: string): string {
  const title = escapeText(alternative.title);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${title}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" text-anchor="middle" fill="currentColor">` +
    `<title>${title}</title><desc>${escapeText(alternative.description)}</desc>${body}</svg>`
  );
}

/** The same picture as a file of its own: its own colours, light or dark, and a background. */
export function standalone(svg: string): string {
  const style = `<style>svg{${lightColours}color:#1c2126;background:#fff}@media(prefers-color-scheme:dark){svg{${darkColours}color:#e6e9ec;background:#1a1e23}}</style>`;
  return svg.replace("</desc>", `</desc>${style}`);
}

export function legendMarks(entries: readonly LegendEntry[], left: number): string {
  let x = left;
  let out = `<g text-anchor="start" font-size="${legendFont}">`;
  for (const entry of entries) {
    const paint = entry.hollow ? `fill="none" stroke="${entry.colour}" stroke-width="2"` : `fill="${entry.colour}"`;
    out += `<rect x="${x + 1}" y="5" width="10" height="10" rx="2" ${paint}/><text x="${x + 17}" y="14">${escapeText(entry.label)}</text>`;
    x += 17 + entry.label.length * legendFont * 0.56 + 18;
  }
  return `${out}</g>`;
}

function colourBar(plot: Drawn, left: number, format: (value: number) => string): string {
  const scale = plot.scale("color");
  if (!scale?.domain) return "";
  const domain = Array.from(scale.domain as Iterable<number>);
  const low = domain[0];
  const high = domain[domain.length - 1];
  const steps = 40;
  const cell = 4;
  let out = `<g font-size="${legendFont}"><text x="${left}" y="14" text-anchor="start">${escapeText(format(low))}</text>`;
  const start = left + format(low).length * legendFont * 0.58 + 8;
  for (let i = 0; i < steps; i++) {
    const colour = scale.apply(low + ((high - low) * i) / (steps - 1)) as string;
    out += `<rect x="${Math.round(start + i * cell)}" y="4" width="${cell + 0.5}" height="12" fill="${colour}"/>`;
  }
  return `${out}<text x="${Math.round(start + steps * cell + 8)}" y="14" text-anchor="start">${escapeText(format(high))}</text></g>`;
}

/** Coordinates to a tenth: a third of the bytes, and nothing to see. */
function roundNumbers(svg: string): string {
  return svg.replace(/ (d|transform|x|y|x1|x2|y1|y2|width|height|cx|cy|r|points)="([^"]*)"/g, (_, name: string, value: string) => {
    return ` ${name}="${value.replace(/-?\d+\.\d+(e-?\d+)?/g, (number) => String(Math.round(Number(number) * 10) / 10))}"`;
  });
}

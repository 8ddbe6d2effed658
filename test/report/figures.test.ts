import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { escapeText } from "../../src/report/escape.ts";
import {
  dimensionErrors,
  gridArrows,
  learningCurve,
  predictionScatter,
  residualAgainstSignal,
  singularValues,
  standalone,
  valueSurface,
  vectorField,
} from "../../src/report/index.ts";
import { formatNumber, formatTick, powersOfTen } from "../../src/report/number.ts";
import { sampleField, sampleGrid, sampleHeads, sampleScatter, sampleSurface } from "./samples.ts";

const hostile = `</svg><script>alert("1")</script>&<b>'`;

const figures: Readonly<Record<string, (name: string) => string>> = {
  valueSurface: (name) => valueSurface({ ...sampleSurface(), title: name, x: name }),
  vectorField: (name) => vectorField({ ...sampleField(3), title: name, y: name }),
  dimensionErrors: (name) => dimensionErrors({ title: name, dimensions: [{ name, error: 0.4 }] }),
  singularValues: (name) => singularValues({ title: name, values: [3, 0.1], effectiveRank: 1.1, noiseFloor: 1 }),
  residualNamed: (name) => residualAgainstSignal({ title: name, heads: [{ name, residual: 1, signal: 4, dropped: true }] }),
  residualMany: (name) => residualAgainstSignal({ ...sampleHeads(40), title: name }),
  learningCurve: (name) =>
    learningCurve({
      title: name,
      x: name,
      y: name,
      series: [
        { name, x: [0, 1], y: [1, 2] },
        { name: "b", x: [0], y: [3] },
      ],
    }),
  predictionScatter: (name) => predictionScatter({ ...sampleScatter(2), title: name, dimensions: [name, "b"] }),
  gridArrows: (name) => gridArrows({ ...sampleGrid(true), title: name }),
};

describe.each(Object.keys(figures))("%s", (key) => {
  const svg = figures[key](hostile);

  test("is one accessible picture with a title and a description", () => {
    const { document } = parseHTML(`<html><body>${svg}</body></html>`);
    expect(document.body.children.length).toBe(1);
    const root = document.querySelector("svg")!;
    expect(root.getAttribute("role")).toBe("img");
    expect(root.querySelector("title")!.textContent).toBe(hostile);
    expect(root.querySelector("desc")!.textContent!.length).toBeGreaterThan(10);
  });

  test("lets no markup through, asks for nothing, and holds no broken number", () => {
    expect(svg).not.toContain("<script");
    expect(svg).not.toContain("<b>");
    expect(svg).not.toMatch(/(?:href|src)=|@import/);
    expect(svg.replace(/<(title|desc|text)[^>]*>[^<]*/g, "")).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("is the same twice", () => {
    expect(figures[key](hostile)).toBe(svg);
  });
});

test("a perfect grid is all right, and each kind of mistake is counted", () => {
  expect(gridArrows(sampleGrid(false))).toContain("164 moves of 41 states: 164 right, 0 wrong, 0 ambiguous");
  const moves = [
    { state: 0, action: 0, truth: 1, inferred: 1 },
    { state: 0, action: 1, truth: 1, inferred: 0 },
    { state: 1, action: 0, truth: 1, inferred: -1 },
    { state: 1, action: 1, truth: 1, inferred: 1, ambiguous: true },
  ];
  const svg = gridArrows({
    title: "g",
    rows: 1,
    columns: 2,
    cells: [
      [0, 0],
      [0, 1],
    ],
    actions: 2,
    moves,
  });
  expect(svg).toContain("4 moves of 2 states: 1 right, 2 wrong, 1 ambiguous");
});

test("degenerate data are drawn, not thrown at", () => {
  const flat = { ...sampleSurface(), values: new Float64Array(41 * 31).fill(2) };
  expect(valueSurface(flat)).toContain("from 2 to 2");
  expect(valueSurface({ ...sampleSurface(), values: new Float64Array(41 * 31).fill(Number.NaN) })).toContain("<svg");
  expect(singularValues({ title: "s", values: [0, 0], effectiveRank: 0 })).toContain("Effective rank 0 of 2");
  expect(vectorField({ title: "v", x: "x", y: "y", panels: [{ name: "a", at: [0, 0], inferred: [0, 0] }] })).toContain("1 arrows");
  expect(dimensionErrors({ title: "e", dimensions: [{ name: "x", error: Number.POSITIVE_INFINITY }] })).toContain("∞");
  expect(residualAgainstSignal({ title: "r", heads: [{ name: "h", residual: 1, signal: 0 }] })).toContain("<svg");
});

test("a standalone picture carries its own colours", () => {
  const svg = standalone(vectorField(sampleField(1)));
  expect(svg).toContain("prefers-color-scheme");
  expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
});

test("numbers are written for people", () => {
  expect([0, 1, 0.12345, -2.5, 1e-7, 12345678, Number.NaN, Number.NEGATIVE_INFINITY].map((value) => formatNumber(value))).toEqual([
    "0",
    "1",
    "0.123",
    "−2.5",
    "1.00e−7",
    "1.23e7",
    "unknown",
    "−∞",
  ]);
  expect(powersOfTen([0.005, 30])).toEqual([0.01, 0.1, 1, 10]);
  expect(powersOfTen([2, 5])).toBeUndefined();
  expect([1, 1.2, 1.4, 100, 1e-5].map(formatTick)).toEqual(["1", "1.2", "1.4", "100", "1e−5"]);
});

test("escaping leaves nothing that markup could start with", () => {
  expect(escapeText(`<a href="x" id='y'>&\u0000`)).toBe("&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp; ");
});

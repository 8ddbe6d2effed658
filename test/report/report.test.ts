import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { type Report, renderReport, vectorField } from "../../src/report/index.ts";
import { sampleField } from "./samples.ts";

const hostile = `<img src=x onerror=alert(1)>"'&`;

const report: Report = {
  title: hostile,
  subtitle: hostile,
  verdict: { level: "limited", text: hostile, help: [hostile] },
  sections: [
    { title: "Field", text: ["one", hostile], svg: vectorField(sampleField(2)), wide: true },
    { title: hostile, table: { columns: ["dimension", hostile], rows: [[hostile, 0.12345]], caption: hostile } },
  ],
  command: `vinverse infer "${hostile}"`,
  seed: 7,
  version: "0.1.0",
};

test("text from files stays text", () => {
  const { document } = parseHTML(renderReport(report));
  expect(document.querySelectorAll("img,script,link,iframe,object").length).toBe(0);
  expect(document.querySelector("h1")!.textContent).toBe(hostile);
  expect(document.querySelector("title")!.textContent).toBe(hostile);
  expect(document.querySelector(".verdict")!.textContent).toContain(hostile);
  expect(document.querySelector("caption")!.textContent).toBe(hostile);
  expect(document.querySelector("td")!.textContent).toBe("0.123");
  expect(document.querySelector("footer")!.textContent).toContain("seed 7");
});

test("the page needs nothing from outside and follows the reader's colour scheme", () => {
  const html = renderReport(report);
  const urls = html.match(/https?:\/\/[^"'\s<)]*/g) ?? [];
  expect(new Set(urls)).toEqual(new Set(["http://www.w3.org/2000/svg"]));
  expect(html).toContain("default-src 'none'");
  expect(html).toContain("@media(prefers-color-scheme:dark)");
  expect(html).not.toMatch(/url\(|@import|<script/);
});

test("the same data give the same bytes", () => {
  expect(renderReport(report)).toBe(renderReport({ ...report }));
});

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { circles, declarations, importGraph, readSources } from "./source-graph.ts";

/** The floors, from the ground up: a folder imports from itself and from those before it. */
const floors = [
  "base",
  "numbers",
  "engine",
  "spaces",
  "environments",
  "critics",
  "formats",
  "experience",
  "bellman",
  "world-model",
  "identifiability",
  "inversion",
  "planning",
  "audit",
  "learning",
  "agents",
  "jobs",
  "report",
  "cli",
  "reproduce",
];
/** The one door from the product to its experiments, and its own parts. */
const doors = ["cli/commands/reproduce.ts", "cli/parts/reproduce-output.ts"];

/** Names that every entry of a table gives itself to: one meaning, many files. */
const slots = ["registration"];

const sources = readSources();
const graph = importGraph(sources);
const floorOf = (file: string) => floors.indexOf(file.split("/")[0]);

test("every folder of src is a floor", () => {
  const odd = [...sources.keys()].filter((file) => file.includes("/") && floorOf(file) < 0);
  expect(odd).toEqual([]);
});

test("contributing.md names the floors in their order", () => {
  const page = readFileSync(new URL("../docs/contributing.md", import.meta.url), "utf8");
  expect([...page.matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, name]) => name)).toEqual(floors);
});

test("no import goes up, and nothing but its command imports the experiments", () => {
  const up = [...graph].flatMap(([file, targets]) =>
    [...targets]
      .filter(
        (target) => file.includes("/") && floorOf(target) > floorOf(file) && !(doors.includes(file) && target === "reproduce/index.ts"),
      )
      .map((target) => `${file} → ${target}`),
  );
  expect(up).toEqual([]);
});

test("no file imports itself by way of others", () => {
  expect(circles(graph)).toEqual([]);
});

test("an exported name is declared in one file", () => {
  const twice = [...declarations(sources)].filter(([name, files]) => files.length > 1 && !slots.includes(name));
  expect(twice.map(([name, files]) => `${name}: ${files.join(", ")}`)).toEqual([]);
});

test("a cast by way of unknown has its reason beside it, and there are three at most", () => {
  const casts = [...sources].flatMap(([file, text]) => {
    const lines = text.split("\n");
    return lines.flatMap((line, i) => (line.includes("as unknown as") ? [{ file, near: lines.slice(Math.max(0, i - 2), i + 1) }] : []));
  });
  expect(casts.length).toBeLessThanOrEqual(3);
  expect(casts.filter(({ near }) => !near.some((line) => line.includes("// "))).map(({ file }) => file)).toEqual([]);
});

test("the graph sees imports of every kind, and circles of types", () => {
  const made = new Map([
    ["base/a.ts", 'import type { B } from "./b.ts";\nexport interface A {}'],
    ["base/b.ts", 'const a = await import("./a.ts");\nexport type B = 1;\nexport type A = 2;'],
    ["base/c.ts", 'new Worker(new URL("./b.ts", import.meta.url));\nimport {\n  x,\n} from "../base/a.ts";\nimport "#runtime";'],
  ]);
  const found = importGraph(made);
  expect(found.get("base/c.ts")).toEqual(new Set(["base/b.ts", "base/a.ts"]));
  expect(circles(found)).toEqual([["base/a.ts", "base/b.ts"]]);
  expect(declarations(made).get("A")).toEqual(["base/a.ts", "base/b.ts"]);
});

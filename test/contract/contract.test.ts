import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { learners } from "../../src/learning/learners.ts";
import { compileErrors, type PackageFolder, writePackage } from "./package-folder.ts";
import { privateTypes } from "./public-types.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tables = ["q-learning", "sarsa", "value-iteration"];
let made: PackageFolder;

beforeAll(() => {
  made = writePackage();
});
afterAll(() => made?.remove());

/** A file of the user's, beside an installed vinverse. */
function write(name: string, text: string): string {
  const file = join(made.path, name);
  writeFileSync(file, text);
  return file;
}

test("every type that a public signature names is public", () => {
  const { names, found } = privateTypes(join(made.path, "dist"), made.entries);
  expect(found.map(({ name, file, namedBy }) => `${namedBy} names ${name} of ${file}`)).toEqual([]);
  expect(names).toBeGreaterThan(300);
});

test("the search sees types in every place of a signature", () => {
  const folder = join(made.path, "planted");
  mkdirSync(folder);
  const hidden = ["Parameter", "Result", "Field", "Base", "Argument"];
  writeFileSync(join(folder, "hidden.d.ts"), hidden.map((name) => `export interface ${name} { readonly n: number }`).join("\n"));
  const entry = join(folder, "index.d.ts");
  writeFileSync(
    entry,
    [
      `import type { Argument, Base, Field, Parameter } from "./hidden.js";`,
      `export interface Shown { readonly field: Field }`,
      `export declare class Door extends Array<Argument> implements Base { private secret: Kept; readonly n: number }`,
      `interface Kept { readonly n: number }`,
      `export declare const open: (given: readonly Parameter[]) => Promise<import("./hidden.js").Result>;`,
    ].join("\n"),
  );
  const { found } = privateTypes(folder, [entry]);
  expect(found.map(({ name }) => name).sort()).toEqual([...hidden].sort());
});

test("code in the README uses public names and compiles", () => {
  const blocks = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  expect(blocks.length).toBeGreaterThan(0);
  expect(compileErrors(blocks.map((code, i) => write(`readme-${i}.ts`, code)))).toEqual([]);
});

test("examples compile against the package alone", () => {
  const names = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".ts"));
  expect(names.length).toBeGreaterThan(3);
  expect(compileErrors(names.map((name) => write(name, readFileSync(join(root, "examples", name), "utf8"))))).toEqual([]);
});

test("what every learner gives is inverted without a test of its kind", () => {
  const networks = Object.keys(learners).filter((name) => !tables.includes(name));
  const calls = [
    `import { inferDynamics } from "vinverse";`,
    `import { train } from "vinverse/learning";`,
    `const deviations: Float64Array[] = [];`,
    `const chances: (readonly Float64Array[])[] = [];`,
    ...networks.map(
      (name) =>
        `deviations.push((await (await inferDynamics((await train("X-v0", { algorithm: "${name}", seed: 1 })).critic)).model.predict([], [])).deviation);`,
    ),
    ...tables.map(
      (name) =>
        `chances.push((await (await inferDynamics((await train("X-v0", { algorithm: "${name}", seed: 1 })).critic)).model.predict([], [])).probabilities);`,
    ),
  ];
  expect(compileErrors([write("learners.ts", calls.join("\n"))])).toEqual([]);
  expect(
    compileErrors([
      write("swapped.ts", calls.join("\n").replace("deviations.push", "chances.push").replace(".deviation)", ".probabilities)")),
    ]),
  ).not.toEqual([]);
});

test("a critic of networks gives a continuous model, a table a tabular one; a wrong call does not compile", () => {
  const right = `import { inferDynamics, type NetworkCritic, type TabularCritic } from "vinverse";
declare const network: NetworkCritic;
declare const table: TabularCritic;
const { coordinates } = (await inferDynamics(network, { method: "pointwise" })).model;
const { states } = (await inferDynamics(table)).model;
console.log(coordinates.names, states);
`;
  expect(compileErrors([write("right.ts", right)])).toEqual([]);
  const wrong = right.replace("const { states }", "const { coordinates: no }");
  expect(compileErrors([write("wrong.ts", wrong)])).not.toEqual([]);
});

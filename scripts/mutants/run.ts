import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { mutated } from "./files.ts";
import { type Survivor, survivorsPage } from "./survivors.ts";

/*
 * npm run mutants -- [--sample 300] [--seed 1] [--file WORD]
 *
 * Break one line at a time in the files of files.ts, run the tests that reach it, and count the breaks that no test noticed.
 * Survivors are written to docs/mutants.md, with the reasons that stand there for those known before.
 */
const { values } = parseArgs({
  options: { sample: { type: "string", default: "300" }, seed: { type: "string", default: "1" }, file: { type: "string", default: "" } },
});
const [sample, seed] = [values.sample, values.seed].map(Number);
if (!(Number.isInteger(sample) && sample > 0 && Number.isInteger(seed))) throw new Error("--sample and --seed take whole numbers");
const files = mutated.filter((file) => file.includes(values.file)).map((file) => `src/${file}`);
const missing = files.filter((file) => !existsSync(file));
if (missing.length > 0) throw new Error(`scripts/mutants/files.ts names ${missing.join(", ")}, which is not there`);
if (files.length === 0) throw new Error(`no file of scripts/mutants/files.ts holds '${values.file}'`);

const out = join(process.cwd(), "runs/mutants");
mkdirSync(out, { recursive: true });
const drawn = join(out, "sample.json");
Object.assign(process.env, {
  VINVERSE_MUTANTS_FILE: drawn,
  VINVERSE_MUTANTS_SAMPLE: `${sample}`,
  VINVERSE_MUTANTS_SEED: `${seed}`,
});

const start = performance.now();
const results = await new Stryker({
  mutate: files,
  // texts of messages are held by exact sentences in tests of their own
  mutator: { excludedMutations: ["StringLiteral"] },
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutants.config.ts", related: false },
  coverageAnalysis: "perTest",
  checkers: ["sample"],
  plugins: ["@stryker-mutator/vitest-runner", "./scripts/mutants/sample-checker.mjs"],
  disableTypeChecks: false,
  // Stryker would rewrite tsconfig.json by the compiler's API, which TypeScript 7 does not have; the tests do not read it
  tsconfigFile: "none",
  concurrency: 2,
  timeoutMS: 60_000,
  dryRunTimeoutMinutes: 20,
  ignorePatterns: ["runs", "dist", "docs", "studio"],
  reporters: ["progress-append-only"],
  allowConsoleColors: false,
  cleanTempDir: "always",
}).runMutationTest();

const counted = results.filter(({ status }) => status !== "CompileError" && status !== "Ignored");
const killed = counted.filter(({ status }) => status === "Killed" || status === "Timeout");
const survivors = counted
  .filter((mutant) => !killed.includes(mutant))
  .map(({ fileName, location, mutatorName, replacement, status }): Survivor => {
    const lines = readFileSync(fileName, "utf8").split("\n");
    const { line, column } = location.start;
    return {
      file: fileName.slice(fileName.lastIndexOf("/src/") + 5),
      line,
      column,
      source: lines[line - 1].trim(),
      mutator: mutatorName,
      replacement: (replacement ?? "").replace(/\s+/g, " "),
      reached: status !== "NoCoverage",
    };
  });
const { of } = JSON.parse(readFileSync(drawn, "utf8")) as { of: number };
const figures = {
  sample: counted.length,
  of,
  seed,
  killed: killed.length,
  survived: survivors.length,
  share: killed.length / counted.length,
  seconds: Math.round((performance.now() - start) / 1000),
};
writeFileSync(join(out, "survivors.json"), `${JSON.stringify({ ...figures, survivors }, null, 2)}\n`);
// a part of the files, or of the sample, is a look on the way: the page tells the whole
const page = "docs/mutants.md";
if (values.file === "" && sample >= 300)
  writeFileSync(page, survivorsPage(figures, survivors, existsSync(page) ? readFileSync(page, "utf8") : ""));
for (const { file, line, column, source, replacement, reached } of survivors)
  console.log(`${reached ? "survived " : "not reached"} src/${file}:${line}:${column}  ${source}  →  ${replacement}`);
console.log(JSON.stringify(figures));

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { emitDeclarations, entriesOf } from "./package-folder.ts";
import { privateTypes } from "./public-types.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const toys = fileURLToPath(new URL("additions", import.meta.url));

/** Lines that go into a file of src: before the line that starts with `before`, which must be there once. */
interface Insertion {
  readonly file: string;
  readonly before: string;
  readonly lines: string;
}

interface Addition {
  readonly adds: string;
  /** the new file, from src */
  readonly file: string;
  readonly changes: readonly Insertion[];
  /** Files of src that may change besides the new one. */
  readonly most: number;
}

const additions: readonly Addition[] = [
  {
    adds: "a solver",
    file: "inversion/continuous/solve-stiff.ts",
    most: 2,
    changes: [
      { file: "inversion/options.ts", before: '"pointwise"] as const', lines: '"stiff", ' },
      { file: "inversion/options.ts", before: "AmortisedInferOptions | NetworkInferOptions", lines: "StiffInferOptions | " },
      {
        file: "inversion/options.ts",
        before: "/** Every pair by itself. */",
        lines: 'export interface StiffInferOptions extends ContinuousOptions {\n  readonly method: "stiff";\n}\n\n',
      },
      {
        file: "inversion/solvers.ts",
        before: "import { solveStructured }",
        lines: 'import { solveStiff } from "./continuous/solve-stiff.ts";\n',
      },
      {
        file: "inversion/solvers.ts",
        before: "];\n\n/** Every solver",
        lines: `  { kind: "continuous", name: "method 'stiff'", applies: ({ method }) => method === "stiff", samples, from: "policy", options: [], solve: solveStiff },\n`,
      },
    ],
  },
  {
    adds: "a critic family",
    file: "critics/families/linear-q.ts",
    most: 2,
    changes: [
      {
        file: "critics/families.ts",
        before: "import { type QuantileDeepQValues",
        lines: 'import { type LinearQValues, linearQFamily } from "./families/linear-q.ts";\n',
      },
      { file: "critics/families.ts", before: "  | QuantileDeepQValues", lines: "  | LinearQValues\n" },
      { file: "critics/families.ts", before: '  "quantile-deep-q":', lines: '  "linear-q": linearQFamily,\n' },
      {
        file: "index.ts",
        before: "export type { QuantileDeepQValues }",
        lines: 'export type { LinearQValues } from "./critics/families/linear-q.ts";\n',
      },
    ],
  },
  {
    adds: "an environment",
    file: "environments/drift.ts",
    most: 1,
    changes: [
      {
        file: "environments/own.ts",
        before: "import { type FrozenLakeOptions",
        lines: 'import { type DriftOptions, driftRegistration } from "./drift.ts";\n',
      },
      {
        file: "environments/own.ts",
        before: "export type { FrozenLakeOptions }",
        lines: 'export type { DriftOptions } from "./drift.ts";\n',
      },
      { file: "environments/own.ts", before: '  readonly "FrozenLake-v1"', lines: '  readonly "Drift-v0": DriftOptions;\n' },
      { file: "environments/own.ts", before: "  frozenLakeRegistration,", lines: "  driftRegistration,\n" },
    ],
  },
  {
    adds: "a file format",
    file: "formats/text-table.ts",
    most: 1,
    changes: [
      {
        file: "formats/load-critic.ts",
        before: "import { isTorchStream",
        lines: 'import { isTextTable, textTableCritic } from "./text-table.ts";\n',
      },
      {
        file: "formats/load-critic.ts",
        before: "  if (isNpy(bytes))",
        lines: "  if (isTextTable(bytes)) return textTableCritic(bytes, file);\n",
      },
    ],
  },
  {
    adds: "a command",
    file: "cli/commands/count.ts",
    most: 1,
    changes: [
      {
        file: "cli/program.ts",
        before: "  inspect: async ()",
        lines: '  count: async () => (await import("./commands/count.ts")).countCommand,\n',
      },
    ],
  },
];

const copy = mkdtempSync(join(tmpdir(), "vinverse-additions-"));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe("what one must change to add one thing", () => {
  test.each(additions)("$adds: at most $most files of src", ({ changes, most }) => {
    expect(new Set(changes.map(({ file }) => file)).size).toBeLessThanOrEqual(most);
  });

  test("with all five added, the sources compile, every public type stays public, and each toy does its work", () => {
    for (const name of ["src", "package.json", "tsconfig.json", "tsconfig.build.json"])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    for (const { file, changes } of additions) {
      cpSync(join(toys, `${file}.toy`), join(copy, "src", file));
      for (const change of changes) insert(join(copy, "src", change.file), change);
    }
    cpSync(join(toys, "try-all.ts.toy"), join(copy, "try-all.ts"));
    emitDeclarations(copy, copy);
    const { found } = privateTypes(join(copy, "dist"), entriesOf(copy));
    expect(found.map(({ name }) => name)).toEqual([]);
    const node = ["--import", "tsx", "--conditions=vinverse-source"];
    const printed = execFileSync(process.execPath, [...node, "try-all.ts"], { cwd: copy, encoding: "utf8" });
    const { nextStates, ...rest } = JSON.parse(printed) as { nextStates: number[] };
    expect(rest).toMatchObject({ environment: "Drift-v0", table: [2, 4], command: { code: 0 } });
    [0.4, 0.5, 0.6].forEach((x, i) => {
      expect(nextStates[i]).toBeCloseTo(x, 2);
    });
  });

  test("no toy is left out", () => {
    const held = readdirSync(toys, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".toy") && dirname(name) !== ".");
    expect(held.map((name) => name.replace(/\.toy$/, "")).sort()).toEqual(additions.map(({ file }) => file).sort());
  });
});

function insert(path: string, { before, lines }: Insertion): void {
  const text = readFileSync(path, "utf8");
  const parts = text.split(before);
  if (parts.length !== 2) throw new Error(`${path} holds '${before}' ${parts.length - 1} times: the toy must be added at another place`);
  writeFileSync(path, parts.join(`${lines}${before}`));
}

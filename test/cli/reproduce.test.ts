import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeReproduction } from "../../src/cli/parts/reproduce-output.ts";
import { paperFigure } from "../../src/reproduce/paper-figure.ts";

test("a reproduction's report shows its curves beside the published ones", async () => {
  const parent = mkdtempSync(join(tmpdir(), "vinverse-"));
  try {
    const out = join(parent, "figure");
    const result = await paperFigure([5], 1);
    const output = {
      name: "paper-figure",
      describe: "figure 1",
      result,
      out,
      force: false,
      commandLine: "vinverse reproduce paper-figure",
    };
    await writeReproduction(output);
    await writeReproduction(output); // a folder of ours is replaced
    const report = readFileSync(join(out, "report.html"), "utf8");
    expect(report.match(/<svg[^>]*role="img"/g)).toHaveLength(2);
    for (const word of ["published", "ours", "pointsBelowPublished", "0.0005"]) expect(report).toContain(word);
    const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8"));
    expect(summary).toMatchObject({ reproduced: "paper-figure", figures: result.figures, seeds: [5] });
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});

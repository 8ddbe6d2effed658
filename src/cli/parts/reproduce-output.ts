import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Reproduction } from "../../reproduce/index.ts";
import { toPrettyJson } from "./json.ts";
import { writeOutputFolder } from "./output-folder.ts";
import { version } from "./version.ts";

export interface ReproductionOutput {
  readonly name: string;
  /** What was run again. */
  readonly describe: string;
  readonly result: Reproduction;
  readonly out: string;
  readonly force: boolean;
  readonly commandLine: string;
}

/** summary.json and report.html, with what was published in the same pictures, and its pages; all or nothing. */
export async function writeReproduction({ name, describe, result, out, force, commandLine }: ReproductionOutput): Promise<void> {
  const { learningCurve, renderReport } = await import("../../report/index.ts");
  const { figures, ranges, seeds, seconds, details, charts = [], claim, pages = {} } = result;
  const rows = Object.entries(figures).map(([key, value]) => {
    const [low, high] = ranges[key] ?? [value, value];
    return [key, short(value), low === high ? "" : `${short(low)} to ${short(high)}`];
  });
  const report = renderReport({
    title: `${name}, run again`,
    subtitle: describe,
    verdict: claim
      ? { level: claim.holds ? "good" : "refused", text: claim.text }
      : { level: "limited", text: "Figures of a result run again; hold them against what was published." },
    sections: [
      ...charts.map((chart) => ({ title: chart.title, text: chart.text, svg: learningCurve(chart) })),
      {
        title: "Figures",
        table: {
          columns: ["figure", "median", "range"],
          rows,
          caption: `${seeds.length} seeds from ${seeds[0]}, ${seconds.toFixed(1)} seconds`,
        },
      },
    ],
    command: commandLine,
    seed: seeds[0],
    version,
  });
  await writeOutputFolder(out, force, async (folder) => {
    const summary = { vinverse: version, reproduced: name, figures, ranges, seeds, seconds, details };
    await writeFile(join(folder, "summary.json"), toPrettyJson(summary));
    await writeFile(join(folder, "report.html"), report);
    for (const [file, page] of Object.entries(pages)) await writeFile(join(folder, file), page);
  });
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

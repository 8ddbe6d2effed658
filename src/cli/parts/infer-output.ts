import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "./infer-critics.ts";
import { toPrettyJson } from "./json.ts";
import { writeOutputFolder } from "./output-folder.ts";
import { version } from "./version.ts";

export interface OutputSettings {
  readonly out: string;
  readonly force: boolean;
  readonly files: readonly string[];
  readonly seed: number;
  readonly commandLine: string;
}

/** The model, summary.json and report.html; all or nothing. */
export async function writeInference(found: Finding, summary: Readonly<Record<string, unknown>>, settings: OutputSettings): Promise<void> {
  const report = await renderInference(found, settings);
  await writeOutputFolder(settings.out, settings.force, async (folder) => {
    await found.model.save(folder);
    await writeFile(join(folder, "summary.json"), toPrettyJson(summary));
    await writeFile(join(folder, "report.html"), report);
  });
}

async function renderInference(found: Finding, { files, seed, commandLine }: OutputSettings): Promise<string> {
  const { continuousInference, renderReport, tabularInference, verdictOf } = await import("../../report/index.ts");
  const sections = found.kind === "continuous" ? await continuousInference(found) : await tabularInference(found);
  const error = found.kind === "continuous" ? found.score?.error : undefined;
  return renderReport({
    title: `Dynamics ${found.environment ? `of ${found.environment.id} ` : ""}inferred from values`,
    subtitle: `${files.join(", ")}; method: ${found.model.method}`,
    verdict: verdictOf(found.identifiability.verdict, error),
    sections,
    command: commandLine,
    seed,
    version,
  });
}

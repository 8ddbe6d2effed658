import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { AgentCurve } from "../../agents/tabular/learning-runs.ts";
import { median } from "../../numbers/statistics.ts";
import { alignColumns } from "./columns.ts";
import { UsageError } from "./errors.ts";
import type { GoalOptions } from "./goal-task.ts";
import { writeOutputFolder } from "./output-folder.ts";
import { discount, positiveInteger } from "./run.ts";

/** What commands take that let agents live in a world, run by run. */
export interface LearningCommandOptions extends Omit<GoalOptions, "discount"> {
  readonly discount?: number;
  readonly out?: string;
  readonly force?: boolean;
  readonly runs?: number;
  readonly steps?: number;
}

/** γ of tabular models. */
export const RUN_DISCOUNT = 0.95;

/** @param defaults of --runs and --steps, for people */
export function withRuns(command: Command, defaults: { readonly runs: string; readonly steps: string }): Command {
  return command
    .option("--start <state>", "tabular: where episodes begin (default: the environment's first start)")
    .option("--discount <number>", `tabular: γ (default: ${RUN_DISCOUNT})`, discount)
    .option("--runs <n>", `runs, each of its own seed (default: ${defaults.runs})`, positiveInteger)
    .option("--steps <n>", `steps of a run (default: ${defaults.steps})`, positiveInteger)
    .option("--out <folder>", "write report.html with the learning curves there")
    .option("--force", "write into a folder that holds other files");
}

/** @throws UsageError naming an option that this kind of model would not look at */
export function refuseOthers(folder: string, kind: "tabular" | "continuous", others: Readonly<Record<string, unknown>>): void {
  const foreign = Object.keys(others).find((name) => others[name] !== undefined);
  if (foreign === undefined) return;
  const theirs = kind === "continuous" ? "tabular" : "continuous";
  throw new UsageError(`--${foreign} is for ${theirs} models, and ${folder} holds a ${kind} one: leave it out`);
}

export interface CurvesAbout {
  readonly title: string;
  readonly folder: string;
  readonly command: string;
  readonly seed: number;
  readonly sentence: string;
  /** Of the table that is printed. */
  readonly heading?: string;
}

/** The page with the curves, where one is asked for. @returns what is printed */
export async function tellCurves(
  curves: readonly AgentCurve[],
  about: CurvesAbout,
  { out, force }: Pick<LearningCommandOptions, "out" | "force">,
): Promise<string> {
  if (out !== undefined) {
    const page = await curvesReport(curves, about);
    await writeOutputFolder(out, force === true, (into) => writeFile(join(into, "report.html"), page));
  }
  const rows = curves.map(({ name, solved, unsolved }) => [name, median(solved), `${unsolved} of ${solved.length} unsolved`]);
  const { sentence, heading } = about;
  return [sentence, ...(heading ? [heading] : []), alignColumns(rows, "  "), ...(out ? [`Curves: ${out}/report.html`] : [])].join("\n");
}

/** A page with the curves and a table of them. */
async function curvesReport(curves: readonly AgentCurve[], about: CurvesAbout): Promise<string> {
  const [{ learningCurve, renderReport }, { version }] = await Promise.all([import("../../report/index.ts"), import("./version.ts")]);
  const svg = learningCurve({
    title: "share of the optimal return",
    x: "steps in the environment",
    y: "share of the optimum",
    series: curves.map(({ name, x, y, low, high }) => ({ name, x, y, band: { low, high } })),
  });
  return renderReport({
    title: about.title,
    subtitle: `model: ${about.folder}`,
    verdict: { level: curves[0].unsolved === 0 ? "good" : "limited", text: about.sentence },
    sections: [
      { title: "Learning curves", text: "Means over seeds with 95 % bootstrap intervals; evaluations take no step.", svg, wide: true },
      {
        title: "Steps to 95 % of the optimum",
        table: {
          columns: ["agent", "median steps", "unsolved"],
          rows: curves.map(({ name, solved, unsolved }) => [name, median(solved), `${unsolved} of ${solved.length}`]),
        },
      },
    ],
    command: about.command,
    seed: about.seed,
    version,
  });
}

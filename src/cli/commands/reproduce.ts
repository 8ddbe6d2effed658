import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { reproductions } from "../../reproduce/index.ts";
import { alignColumns } from "../parts/columns.ts";
import { UsageError } from "../parts/errors.ts";
import type { Io } from "../parts/io.ts";
import { checkOutputFolder } from "../parts/output-folder.ts";
import { type CommandAnswer, type CommonOptions, perform, withCommonOptions, withExamples } from "../parts/run.ts";

interface ReproduceOptions extends CommonOptions {
  readonly critics?: string;
  readonly cache?: string;
  readonly retrain?: boolean;
  readonly full?: boolean;
  readonly out?: string;
  readonly force?: boolean;
}

/** Where critics lie when nobody says where. */
const places = ["critics", "zoo", "../shared/critics"];

export function reproduceCommand(io: Io): Command {
  const names = Object.entries(reproductions).map(([name, { describe }]) => [name, describe]);
  const command = withCommonOptions(
    new Command("reproduce")
      .summary("run a published or promised result again")
      .description("Run a published or promised result again and print its figures: medians over seeds, with their ranges.")
      .argument("<name>", "which result")
      .option(
        "--critics <folder>",
        `folder of trained critics, for results that need them (default: the first of ${places.join(", ")} that has them)`,
      )
      .option("--cache <folder>", "where results that train critics keep them and their checkpoints (default: runs/reproduce)")
      .option("--retrain", "train critics even where trained ones ship with the program")
      .option("--full", "all seeds of a result that runs one unless asked for more")
      .option("--out <folder>", "write report.html, with what was published beside it, and summary.json there")
      .option("--force", "write into a folder that holds other files; those of the same names are replaced"),
  );
  command.addHelpText("after", `\nNames:\n${alignColumns(names, "  ")}`);
  withExamples(command, [
    ["vinverse reproduce wvf --critics critics", "a table of figures"],
    ["vinverse reproduce paper-figure --out runs/paper-figure", "a report with both curves"],
    ["vinverse reproduce wvf --critics critics --seed 5 --json", "one JSON object with figures, ranges, seeds and seconds"],
  ]);
  return perform<[string], ReproduceOptions>(command, io, async (context, options, name) => {
    if (!Object.hasOwn(reproductions, name)) {
      throw new UsageError(`there is no result '${name}' to reproduce; there are ${Object.keys(reproductions).join(", ")}`);
    }
    const { out, force = false } = options;
    if (out !== undefined) checkOutputFolder(out, force, "report");
    const entry = reproductions[name];
    const critics = options.critics ?? (entry.critics === undefined ? undefined : findCritics(name, entry.critics));
    const reproduce = await entry.load();
    const result = await reproduce({
      critics,
      cache: options.cache,
      retrain: options.retrain,
      full: options.full,
      seed: options.seed,
      onProgress: context.onProgress,
    });
    const { figures, ranges, seeds, seconds, details } = result;
    if (out !== undefined) {
      const { writeReproduction } = await import("../parts/reproduce-output.ts");
      await writeReproduction({ name, describe: entry.describe, result, out, force, commandLine: context.commandLine });
    }
    const text = `${describe(name, result)}${out === undefined ? "" : `\nreport: ${join(out, "report.html")}`}`;
    return { json: { name, figures, ranges, seeds, seconds, details, out: out ?? null }, text } satisfies CommandAnswer;
  });
}

function findCritics(name: string, file: string): string {
  const found = places.find((place) => existsSync(join(place, file)));
  if (found === undefined) throw new UsageError(`${name} needs --critics, a folder that holds ${file}`);
  return found;
}

function describe(name: string, result: Awaited<ReturnType<Awaited<ReturnType<(typeof reproductions)[string]["load"]>>>>): string {
  const rows = Object.entries(result.figures).map(([key, value]) => {
    const range = result.ranges[key];
    return [key, String(short(value)), range && range[0] !== range[1] ? `${short(range[0])} to ${short(range[1])}` : ""];
  });
  const seeds = result.seeds.length === 1 ? `seed ${result.seeds[0]}` : `${result.seeds.length} seeds from ${result.seeds[0]}`;
  return `${name}: ${seeds}, ${result.seconds.toFixed(1)} s\n${alignColumns(rows, "  ")}`;
}

function short(value: number): number {
  return Number(value.toPrecision(4));
}

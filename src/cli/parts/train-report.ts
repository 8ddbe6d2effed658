import { files } from "#files";
import type { TrainingPage } from "../../report/training.ts";
import type { Context } from "./run.ts";
import type { TrainCommandOptions } from "./train-settings.ts";

/** learning-curve.svg and report.html beside the critic. */
export async function writeTrainingReport(
  { algorithm, env, out, seed }: TrainCommandOptions,
  { commandLine }: Context,
  { curve, verdict, sections }: TrainingPage,
): Promise<void> {
  const [{ renderReport, standalone }, { version }] = await Promise.all([import("../../report/index.ts"), import("./version.ts")]);
  const title = `Training ${algorithm} on ${env}`;
  const page = renderReport({ title, subtitle: out, verdict, sections, command: commandLine, seed, version });
  const write = (name: string, text: string) => files.write(`${out}/${name}`, new TextEncoder().encode(text));
  await write("learning-curve.svg", standalone(curve));
  await write("report.html", page);
}

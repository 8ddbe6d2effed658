import { files } from "#files";
import type { Training } from "../report/training.ts";

/** learning-curve.svg and report.html beside the critic. */
export async function writeTrainingReport(out: string, training: Training, commandLine: string, seed: number): Promise<void> {
  const [{ renderReport, returnCurve, standalone, trainingSections, trainingVerdict }, { version }] = await Promise.all([
    import("../report/index.ts"),
    import("./version.ts"),
  ]);
  const page = renderReport({
    title: `Training ${training.algorithm} on ${training.environment}`,
    subtitle: out,
    verdict: trainingVerdict(training),
    sections: trainingSections(training),
    command: commandLine,
    seed,
    version,
  });
  const write = (name: string, text: string) => files.write(`${out}/${name}`, new TextEncoder().encode(text));
  await write("learning-curve.svg", standalone(returnCurve(training)));
  await write("report.html", page);
}

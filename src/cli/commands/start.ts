import { fileURLToPath } from "node:url";
import { Command } from "commander";
import type { Method } from "../../inversion/options.ts";
import { formatNumber } from "../../report/number.ts";
import type { Score } from "../../world-model/score.ts";
import { alignColumns } from "../parts/columns.ts";
import { inferCritics } from "../parts/infer-critics.ts";
import { writeInference } from "../parts/infer-output.ts";
import { summarise } from "../parts/infer-summary.ts";
import type { Io } from "../parts/io.ts";
import { checkOutputFolder } from "../parts/output-folder.ts";
import { type CommonOptions, perform, withCommonOptions, withExamples } from "../parts/run.ts";
import { headline } from "../parts/score-words.ts";
import { version } from "../parts/version.ts";

interface StartOptions extends CommonOptions {
  readonly out: string;
  readonly force?: boolean;
}

/** What is shown, in order: critics that ship with the program. */
const shown: readonly { readonly folder: string; readonly critic: string; readonly method?: Method }[] = [
  { folder: "four-rooms", critic: "FourRooms104-v0" },
  { folder: "taxi", critic: "Taxi-v3" },
  { folder: "pendulum", critic: "Pendulum-v1-sac", method: "pointwise" },
  { folder: "cart-pole", critic: "CartPole-v1-dqn", method: "pointwise" },
];

/** The whole path on what ships with the program: value functions in, dynamics out, held against the truth. */
export function startCommand(io: Io): Command {
  const command = withCommonOptions(
    new Command("start")
      .summary("see the whole path at work, offline, in seconds")
      .description(
        "See the whole path at work on what ships with the program: value functions of four rooms, of a taxi, of an agent that swings a pendulum up and of one that balances a pole; from the values alone, infer where every action leads, and hold that against the truth.",
      )
      .option("--out <folder>", "where to write a folder for each: model, summary.json and report.html", "runs/start")
      .option("--force", "write into a folder that holds other files; those of the same names are replaced"),
  );
  withExamples(command, [
    ["vinverse start", "figures, verdicts and reports in runs/start"],
    ["vinverse start --out demo --json", "one JSON object"],
  ]);
  return perform<[], StartOptions>(command, io, async (context, options) => {
    const start = performance.now();
    const { out, seed, force = false } = options;
    const { loadCritic } = await import("../../formats/index.ts");
    for (const { folder } of shown) checkOutputFolder(`${out}/${folder}`, force, "model");
    const models: Record<string, unknown>[] = [];
    const lines: string[][] = [["", "error", "nothing moves", "verdict"]];
    for (const [i, { folder, critic: name, method }] of shown.entries()) {
      context.onProgress(i, shown.length, folder);
      const files = `zoo/${name}`;
      const critic = await loadCritic(fileURLToPath(new URL(`../../../${files}`, import.meta.url)));
      const found = await inferCritics([critic], { environment: critic.environment, method, seed });
      const summary = summarise(found, { version, files: [files], seed });
      const target = `${out}/${folder}`;
      await writeInference(found, summary, { out: target, force, files: [files], seed, commandLine: context.commandLine });
      models.push({ folder: target, ...summary });
      if (found.score) lines.push([folder, ...inALine(found.score), found.identifiability.verdict.sentence]);
    }
    context.onProgress(shown.length, shown.length, "done");
    const seconds = (performance.now() - start) / 1000;
    const text = [
      "Dynamics inferred from value functions alone, held against transitions that inference did not see.",
      alignColumns(lines, "  "),
      "Errors are over the true change of a step: 1 is what a model scores in which nothing moves. In four rooms and for the taxi, the share of wrong next states.",
      `Open ${shown.map(({ folder }) => `${out}/${folder}/report.html`).join(", ")}.`,
      "Next: vinverse infer YOUR_CRITIC.zip --env ID --out runs/mine",
    ].join("\n\n");
    return { json: { models, out, seconds }, text };
  });
}

function inALine(score: Score): [string, string] {
  const nothing = score.kind === "continuous" ? 1 : 1 - score.correctOfNothing / score.pairs;
  return [formatNumber(headline(score)), formatNumber(nothing)];
}

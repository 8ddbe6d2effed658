import { Command } from "commander";
import type { TabularCritic } from "../critics/critic.ts";
import { inferCritics } from "./infer-critics.ts";
import { writeInference } from "./infer-output.ts";
import { summarise } from "./infer-summary.ts";
import type { Io } from "./io.ts";
import { checkOutputFolder } from "./output-folder.ts";
import { type CommonOptions, perform, withCommonOptions, withExamples } from "./run.ts";
import { describeScore } from "./score-words.ts";
import { version } from "./version.ts";

interface StartOptions extends CommonOptions {
  readonly out: string;
  readonly force?: boolean;
}

const world = "FourRooms104-v0";
const discount = 0.95;
/** The fewest we found under which no two cells have the same values: goals tell cells apart by their distances. */
const goals = [
  [2, 1],
  [2, 10],
  [4, 7],
  [6, 11],
  [10, 1],
  [11, 10],
] as const;

/** The whole path on what ships with the program: value functions in, dynamics out, held against the truth. */
export function startCommand(io: Io): Command {
  const command = withCommonOptions(
    new Command("start")
      .summary("see the whole path at work, offline, in seconds")
      .description(
        `See the whole path at work: compute the value functions of ${goals.length} goals in a world of four rooms, forget the world, infer where every move leads from the values alone, and hold that against the truth.`,
      )
      .option("--out <folder>", "where to write the model, summary.json and report.html", "runs/start")
      .option("--force", "write into a folder that holds other files; those of the same names are replaced"),
  );
  withExamples(command, [
    ["vinverse start", "a figure, a verdict and a report in runs/start"],
    ["vinverse start --out demo --json", "one JSON object"],
  ]);
  return perform<[], StartOptions>(command, io, async (context, options) => {
    const start = performance.now();
    const { out, seed, force = false } = options;
    checkOutputFolder(out, force);
    context.onProgress(0, 2, "computing value functions");
    const critic = await fourRoomsCritic();
    context.onProgress(1, 2, "inferring dynamics");
    const found = await inferCritics([critic], { environment: world, seed });
    const files = [critic.name];
    const summary = summarise(found, { version, files, seed });
    await writeInference(found, summary, { out, force, files, seed, commandLine: context.commandLine });
    const seconds = (performance.now() - start) / 1000;
    const text = [
      `Value functions of ${goals.length} goals in four rooms; where the moves lead was then forgotten.`,
      found.identifiability.verdict.sentence,
      ...(found.score ? [describeScore(found.score, world)] : []),
      `Open ${out}/report.html. Next: vinverse infer YOUR_CRITIC.zip --env ID --out runs/mine`,
    ].join("\n\n");
    return { json: { ...summary, out, seconds }, text };
  });
}

/** Exact action values of every goal, as one critic with a head a goal. */
async function fourRoomsCritic(): Promise<TabularCritic> {
  const [{ make }, { valueIteration }, { tabularCritic }] = await Promise.all([
    import("../environments/make.ts"),
    import("../planning/value-iteration.ts"),
    import("../critics/tabular.ts"),
  ]);
  const name = "values of four rooms";
  const values = goals.map((goal) => {
    const { tables } = make(world, { goals: [goal] });
    const { q, v } = valueIteration(tables!, { discount });
    return { q, v, tables: tables! };
  });
  const join = (arrays: readonly Float64Array[]) => Float64Array.from(arrays.flatMap((array) => Array.from(array)));
  const [{ tables }] = values;
  const { states, actions } = tables;
  // Every move costs the same; the last action ends the episode, so its value says nothing of a next state.
  const rewards = Float64Array.from({ length: goals.length * states * actions }, (_, at) =>
    at % actions === actions - 1 ? Number.NaN : -0.1,
  );
  return tabularCritic({
    name,
    environment: world,
    states,
    actions,
    heads: goals.map((goal) => ({ name: `goal (${goal.join(", ")})`, critic: name, discount, rewardScale: 1, rewardOffset: 0, goal })),
    q: join(values.map(({ q }) => q)),
    v: join(values.map(({ v }) => v)),
    rewards,
  });
}

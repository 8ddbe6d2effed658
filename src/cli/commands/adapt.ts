import { Command } from "commander";
import { UsageError } from "../parts/errors.ts";
import type { Io } from "../parts/io.ts";
import { type LearningCommandOptions, RUN_DISCOUNT, refuseOthers, withRuns } from "../parts/learning-runs.ts";
import { checkOutputFolder } from "../parts/output-folder.ts";
import { perform, withCommonOptions, withExamples } from "../parts/run.ts";

interface AdaptOptions extends LearningCommandOptions {
  readonly goal?: string;
  readonly block?: string;
  readonly turn?: string;
  readonly change?: readonly string[];
}

export function adaptCommand(io: Io): Command {
  const command = withCommonOptions(
    withRuns(
      new Command("adapt")
        .summary("change the world under an inferred model and see it recover")
        .description(
          "Change a world under a model that infer wrote: the agent tells when it noticed and what changed, repairs the model and plans anew. Tabular: beside it Q-learning that goes on and Dyna-Q+ (Dyna-Q where outcomes are drawn) with the full old model. Continuous: beside it the plan from before, and the plan in the true new laws.",
        )
        .argument("<folder>", "a folder that vinverse infer wrote")
        .requiredOption("--env <id>", "environment, e.g. FourRooms-v0")
        .option(
          "--change <name=number>",
          "an option of the environment and its new value, e.g. mass=2; may be given again",
          (word: string, before: readonly string[] = []) => [...before, word],
        )
        .option("--goal <state>", "tabular: number of a state, or row,column")
        .option("--block <state>", "tabular: the cell that closes")
        .option("--turn <n>", "tabular: every action does what the one n places on did"),
      { runs: "30; continuous 5", steps: "1000; where outcomes are drawn 5000; continuous 300" },
    ),
  );
  withExamples(command, [
    ["vinverse adapt runs/rooms --env FourRooms-v0 --goal 3,9 --block 2,5 --out runs/adapt", "a door closes"],
    [
      "vinverse adapt runs/lake --env FrozenLake-v1 --goal 15 --change success_rate=0.8",
      "ice that slips less; what follows an action is drawn",
    ],
    ["vinverse adapt runs/pendulum --env Pendulum-v1 --change mass=2 --out runs/heavier", "a pendulum becomes twice as heavy"],
  ]);
  return perform<[string], AdaptOptions>(command, io, async (context, options, folder) => {
    if (options.out !== undefined) checkOutputFolder(options.out, options.force === true, "report");
    const { loadWorldModel } = await import("../../world-model/load.ts");
    const model = await loadWorldModel(folder);
    const { goal, block, turn, start, discount = RUN_DISCOUNT, change = [] } = options;
    if (model.kind === "continuous") {
      refuseOthers(folder, "continuous", { goal, block, turn, start, discount: options.discount });
      return (await import("../parts/adapt-continuous.ts")).adaptContinuous(context, folder, model, { ...options, change });
    }
    if (goal === undefined) throw new UsageError("--goal is missing: the number of a state, or row,column");
    return (await import("../parts/adapt-tabular.ts")).adaptTabular(context, folder, { ...options, goal, discount, change });
  });
}

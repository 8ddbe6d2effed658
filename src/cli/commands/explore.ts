import { Command, Option } from "commander";
import type { ExplorationAim } from "../../agents/continuous/explore-continuous.ts";
import type { LearningRunsOptions } from "../../agents/tabular/learning-runs.ts";
import { median } from "../../numbers/statistics.ts";
import { loadGoalTask } from "../parts/goal-task.ts";
import type { Io } from "../parts/io.ts";
import { type LearningCommandOptions, RUN_DISCOUNT, refuseOthers, tellCurves, withRuns } from "../parts/learning-runs.ts";
import { checkOutputFolder } from "../parts/output-folder.ts";
import { perform, positive, withCommonOptions, withExamples } from "../parts/run.ts";

interface ExploreOptions extends LearningCommandOptions {
  readonly within?: number;
  readonly seek?: ExplorationAim;
}

export function exploreCommand(io: Io): Command {
  const command = withCommonOptions(
    withRuns(
      new Command("explore")
        .summary("look for a goal that is not known, with an inferred model and without")
        .description(
          "Look for a goal whose place is not told, in a model that infer wrote. Tabular: beside it R-max and optimistic Q-learning. Continuous: places visited, what the steps do for the model, and the steps themselves, for infer --transitions; beside it the same agent that knows nothing, the true laws, and random actions.",
        )
        .argument("<folder>", "a folder that vinverse infer wrote")
        .requiredOption("--env <id>", "environment to explore, e.g. FourRooms-v0")
        .option(
          "--goal <state>",
          "where the goal is hidden: number of a state, or row,column (default: another place every run); values of coordinates as in plan (default: none)",
        )
        .option("--within <number>", "continuous: how near is there, in each of them (default: a twentieth of its range)", positive)
        .addOption(
          new Option(
            "--seek <what>",
            "continuous: places never visited, or the steps that tell most about the model (default: places)",
          ).choices(["places", "information"]),
        ),
      { runs: "30", steps: "1000" },
    ),
  );
  withExamples(command, [
    ["vinverse explore runs/rooms --env FourRooms-v0 --out runs/explore", "steps to a solution, and their curves"],
    ["vinverse explore runs/car --env MountainCarContinuous-v0 --goal position=0.5 --runs 5", "up a hill that random actions never climb"],
  ]);
  return perform<[string], ExploreOptions>(command, io, async (context, given, folder) => {
    const { start, discount, within, seek } = given;
    const options = { runs: 30, steps: 1000, ...given, discount: discount ?? RUN_DISCOUNT };
    if (options.out !== undefined) checkOutputFolder(options.out, options.force === true, "report");
    const { loadWorldModel } = await import("../../world-model/load.ts");
    const model = await loadWorldModel(folder);
    if (model.kind === "continuous") {
      refuseOthers(folder, "continuous", { start, discount });
      return (await import("../parts/explore-continuous.ts")).exploreContinuous(context, folder, model, options);
    }
    refuseOthers(folder, "tabular", { within, seek });
    const [
      { createExplorer },
      { createStochasticExplorer },
      { countedRows, rowsOf },
      { RMax },
      { QLearning },
      { learningRuns },
      { createRandom },
    ] = await Promise.all([
      import("../../agents/tabular/explore.ts"),
      import("../../agents/tabular/explore-stochastic.ts"),
      import("../../agents/tabular/blend.ts"),
      import("../../agents/tabular/r-max.ts"),
      import("../../agents/tabular/q-learning.ts"),
      import("../../agents/tabular/learning-runs.ts"),
      import("../../numbers/random.ts"),
    ]);
    const { world, candidates, goal: told } = await loadGoalTask(folder, options);
    const basics = (seed: number) => ({
      states: world.states,
      actions: world.actions,
      discount: world.discount,
      random: createRandom(seed),
    });
    const agents = {
      "inferred model": (seed: number) =>
        world.deterministic
          ? createExplorer({ ...basics(seed), candidates, epsilon: 0.1 })
          : createStochasticExplorer({
              ...basics(seed),
              model: countedRows(rowsOf(candidates), world.states, world.actions),
              epsilon: 0.1,
            }),
      "R-max": (seed: number) => new RMax({ ...basics(seed), visits: world.deterministic ? 1 : 3 }),
      "optimistic Q-learning": (seed: number) =>
        new QLearning({ ...basics(seed), learningRate: world.deterministic ? 1 : 0.1, epsilon: 0.05, initial: 1 }),
    };
    const seeds = Array.from({ length: options.runs }, (_, i) => options.seed + i);
    const runs: LearningRunsOptions = { seeds, steps: options.steps, every: Math.max(1, Math.round(options.steps / 100)) };
    const goalOf = (seed: number) => (told >= 0 ? told : world.pool[createRandom(seed + 1_000_003).integer(world.pool.length)]);
    const curves = [];
    for (const [name, create] of Object.entries(agents)) {
      context.onProgress(curves.length, 3, name);
      curves.push(learningRuns(name, runs, (seed) => ({ world, goal: goalOf(seed), agent: create(seed) })));
    }
    const sentence = `Median steps to 95 % of the optimum in ${options.env}: ${curves.map(({ name, solved }) => `${name} ${median(solved)}`).join(", ")}.`;
    const about = { title: `Exploring ${options.env}`, folder, command: context.commandLine, seed: options.seed, sentence };
    return {
      json: { folder, environment: options.env, seeds, curves },
      text: await tellCurves(curves, about, options),
    };
  });
}

import { Command, InvalidArgumentError } from "commander";
import { UsageError } from "../parts/errors.ts";
import type { GoalOptions } from "../parts/goal-task.ts";
import type { Io } from "../parts/io.ts";
import { checkOutputFolder } from "../parts/output-folder.ts";
import { discount, perform, positive, positiveInteger, withCommonOptions, withExamples } from "../parts/run.ts";

interface PlanOptions extends Omit<GoalOptions, "discount"> {
  readonly discount?: number;
  readonly starts?: number;
  readonly model?: string;
  readonly pessimism: number;
  readonly within?: number;
  readonly keep?: string;
  readonly steps?: number;
  readonly out?: string;
  readonly force?: boolean;
}

export function planCommand(io: Io): Command {
  const command = withCommonOptions(
    new Command("plan")
      .summary("plan for a goal in an inferred model and try the plan out")
      .description(
        "Plan for a goal that no critic has seen, in a model that infer wrote, and follow the plan in the environment: tabular models, continuous ones, and that of the arm. Beside it the same planner in the true laws, which is the most that a model can give.",
      )
      .argument("[folder]", "a folder that vinverse infer wrote")
      .option("--model <folder>", "the same")
      .requiredOption("--env <id>", "environment to try the plan in, e.g. FourRooms-v0")
      .option(
        "--goal <state>",
        "number of a state, or row,column; values of coordinates in their order or as name=value, _ for any; for the arm a place x,y,z in metres (default: drawn with the start)",
      )
      .option("--starts <n>", "episodes (default: 20; of the arm 1)", positiveInteger)
      .option("--start <state>", "where to begin, as --goal (default: where episodes of the environment do)")
      .option("--discount <number>", "γ (default: 0.95; continuous 0.99)", discount)
      .option("--pessimism <share>", "tabular: share of each step that the worst candidate of the model gets, 0 to 1", share, 0)
      .option("--within <number>", "continuous: how near is there, in each of them (default: a twentieth of its range)", positive)
      .option("--keep <ranges>", "continuous: name=low:high,… that the plan must not leave on its way")
      .option("--steps <n>", "longest episode (default: the environment's, up to 200)", positiveInteger)
      .option("--out <folder>", "write report.html with the curves there, of the arm replay.html in three dimensions")
      .option("--force", "write into a folder that holds other files"),
  );
  withExamples(command, [
    ["vinverse plan runs/rooms --env FourRooms-v0 --goal 9,9", "value, steps, and whether the goal is reached"],
    ["vinverse plan runs/rooms --env FourRooms-v0 --goal 67 --pessimism 0.5 --json", "with a share for the worst case; one JSON object"],
    ["vinverse plan runs/pendulum --env Pendulum-v1 --goal 0,0 --out runs/upright", "swing up and be still, with the curves"],
    ["vinverse plan runs/hill --env MountainCarGoal-v0 --goal position=0.6 --keep velocity=-0.05:0.05", "up the hill, never fast"],
    [
      "vinverse plan zoo/ArmPickAndPlace-v0-seed-0/model --env ArmPickAndPlace-v0 --goal 0.4,0.1,0.2",
      "whether the cube was lifted, brought there and held",
    ],
  ]);
  return perform<[string | undefined], PlanOptions>(command, io, async (context, options, given) => {
    const folder = given ?? options.model;
    if (folder === undefined) throw new UsageError("plan needs a folder that infer wrote");
    if (options.out !== undefined) checkOutputFolder(options.out, options.force === true, "report");
    const { loadWorldModel } = await import("../../world-model/load.ts");
    const { registrationOf } = await import("../../environments/registry.ts");
    const loaded = await loadWorldModel(folder);
    if (loaded.kind === "continuous" && options.pessimism > 0)
      throw new UsageError(`--pessimism is for tabular models, and ${folder} holds a continuous one: leave it out`);
    if (loaded.kind === "continuous" && registrationOf(options.env)?.task?.planner === "waypoints")
      return (await import("../parts/plan-arm.ts")).planArm(context, folder, loaded, options);
    if (options.goal === undefined)
      throw new UsageError(
        loaded.kind === "continuous"
          ? `--goal is missing: values of ${loaded.coordinates.names.join(", ")}, in this order or as name=value, _ for any`
          : "--goal is missing: the number of a state, or row,column",
      );
    const goal = options.goal;
    if (loaded.kind === "continuous")
      return (await import("../parts/plan-continuous.ts")).planContinuous(context, folder, loaded, { ...options, goal });
    return (await import("../parts/plan-tabular.ts")).planTabularModel(context, folder, { ...options, goal });
  });
}

function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("It must be a number from 0 to 1.");
  return value;
}

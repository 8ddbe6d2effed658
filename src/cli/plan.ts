import { Command, InvalidArgumentError } from "commander";
import { UsageError } from "./errors.ts";
import { type GoalOptions, loadGoalTask } from "./goal-task.ts";
import type { Io } from "./io.ts";
import { discount, perform, positiveInteger, withCommonOptions, withExamples } from "./run.ts";

interface PlanOptions extends GoalOptions {
  readonly starts?: number;
  readonly model?: string;
  readonly pessimism: number;
}

export function planCommand(io: Io): Command {
  const command = withCommonOptions(
    new Command("plan")
      .summary("plan for a goal in an inferred model and try the plan out")
      .description(
        "Plan for a goal that no critic has seen, in a model that infer wrote, and follow the plan in the environment: models of numbered states, and of the arm.",
      )
      .argument("[folder]", "a folder that vinverse infer wrote")
      .option("--model <folder>", "the same")
      .requiredOption("--env <id>", "environment to try the plan in, e.g. FourRooms-v0")
      .option("--goal <state>", "number of a state, or row,column; for the arm a place x,y,z in metres (default: drawn with the start)")
      .option("--starts <n>", "episodes of the arm (default: 1)", positiveInteger)
      .option("--start <state>", "where to begin (default: the environment's first start)")
      .option("--discount <number>", "γ", discount, 0.95)
      .option("--pessimism <share>", "share of each step that the worst candidate of the model gets, 0 to 1", share, 0),
  );
  withExamples(command, [
    ["vinverse plan runs/rooms --env FourRooms-v0 --goal 9,9", "value, steps, and whether the goal is reached"],
    ["vinverse plan runs/rooms --env FourRooms-v0 --goal 67 --pessimism 0.5 --json", "with a share for the worst case; one JSON object"],
    [
      "vinverse plan zoo/ArmPickAndPlace-v0-model --env ArmPickAndPlace-v0 --goal 0.4,0.1,0.2",
      "whether the cube was lifted, brought there and held",
    ],
  ]);
  return perform<[string | undefined], PlanOptions>(command, io, async (context, options, given) => {
    const folder = given ?? options.model;
    if (folder === undefined) throw new UsageError("plan needs a folder that infer wrote");
    const { loadWorldModel } = await import("../world-model/load.ts");
    const loaded = await loadWorldModel(folder);
    if (loaded.kind === "continuous") return (await import("./plan-arm.ts")).planArm(context, folder, loaded, options);
    if (options.goal === undefined) throw new UsageError("--goal is missing: the number of a state, or row,column");
    const [{ planTabular }, { solveGoals, startValue, stepWorld }, { createRandom }] = await Promise.all([
      import("../planning/plan.ts"),
      import("../agents/goal-world.ts"),
      import("../engine/random.ts"),
    ]);
    const { model, world, goal } = await loadGoalTask(folder, options);
    const policy = planTabular(model, { discount: options.discount, goal: (s) => s === goal }, { pessimism: options.pessimism });
    const random = createRandom(options.seed);
    const path = [world.start];
    while (path.length <= world.horizon && path[path.length - 1] !== goal && !world.traps[path[path.length - 1]])
      path.push(stepWorld(world, path[path.length - 1], policy.act(path[path.length - 1]), random));
    const reached = path[path.length - 1] === goal;
    const achieved = startValue(world, [goal], policy.choice);
    const optimum = solveGoals(world, [goal]).v[world.start];
    return {
      json: {
        folder,
        environment: options.env,
        goal,
        start: world.start,
        seed: options.seed,
        promised: policy.v[world.start],
        achieved,
        optimum,
        reached,
        steps: path.length - 1,
        path,
        policy: policy.choice,
      },
      text: [
        `${reached ? "Reached" : "Did not reach"} state ${goal} of ${options.env} from ${world.start} in ${path.length - 1} steps, planned in ${folder} alone.`,
        `Value from the start: promised by the model ${policy.v[world.start].toFixed(4)}, true of the plan ${achieved.toFixed(4)}, of the best plan ${optimum.toFixed(4)}.`,
      ].join("\n"),
    };
  });
}

function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("It must be a number from 0 to 1.");
  return value;
}

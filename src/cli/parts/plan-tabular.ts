import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type GoalOptions, loadGoalTask } from "./goal-task.ts";
import { writeOutputFolder } from "./output-folder.ts";
import { planReport } from "./plan-report.ts";
import type { CommandAnswer, Context } from "./run.ts";

export interface TabularPlanOptions extends Omit<GoalOptions, "discount"> {
  readonly goal: string;
  readonly discount?: number;
  readonly pessimism: number;
  readonly starts?: number;
  readonly steps?: number;
  readonly out?: string;
  readonly force?: boolean;
}

/** Plan for a state of a finite world, and follow the plan in the true one. */
export async function planTabularModel(context: Context, folder: string, options: TabularPlanOptions): Promise<CommandAnswer> {
  const [{ planTabular }, { solveGoals, startValue, stepWorld }, { createRandom }] = await Promise.all([
    import("../../planning/plan.ts"),
    import("../../agents/tabular/goal-world.ts"),
    import("../../numbers/random.ts"),
  ]);
  const { discount = 0.95, starts = 20 } = options;
  const { model, world, goal } = await loadGoalTask(folder, { ...options, discount });
  const policy = planTabular(model, { discount, goal: (s) => s === goal }, { pessimism: options.pessimism });
  const longest = options.steps ?? world.horizon;
  const random = createRandom(options.seed);
  const follow = (act: (s: number) => number): number[] => {
    const path = [world.start];
    while (path.length <= longest && path[path.length - 1] !== goal && !world.traps[path[path.length - 1]])
      path.push(stepWorld(world, path[path.length - 1], act(path[path.length - 1]), random));
    return path;
  };
  const path = follow((s) => policy.act(s));
  const reached = path[path.length - 1] === goal;
  const achieved = startValue(world, [goal], policy.choice);
  const optimum = solveGoals(world, [goal]).v[world.start];
  const sentence = `${reached ? "Reached" : "Did not reach"} state ${goal} of ${options.env} from ${world.start} in ${path.length - 1} steps, planned in ${folder} alone.`;
  if (options.out !== undefined) {
    const best = planTabular(world.tables, { discount, goal: (s) => s === goal });
    const episodes = (name: string, act: (s: number) => number) => ({
      name,
      steps: Array.from({ length: starts }, () => {
        const way = follow(act);
        return way[way.length - 1] === goal ? way.length - 1 : Number.NaN;
      }),
    });
    const all = [
      episodes("inferred model", (s) => policy.act(s)),
      episodes("true laws", (s) => best.act(s)),
      episodes("random actions", () => random.integer(world.actions)),
    ];
    const { env, seed } = options;
    const about = { folder, env, goal: options.goal, seed, sentence, command: context.commandLine, worse: !reached };
    const page = await planReport(all, longest, about);
    await writeOutputFolder(options.out, options.force === true, (into) => writeFile(join(into, "report.html"), page));
  }
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
      sentence,
      `Value from the start: promised by the model ${policy.v[world.start].toFixed(4)}, true of the plan ${achieved.toFixed(4)}, of the best plan ${optimum.toFixed(4)}.`,
      ...(options.out === undefined ? [] : [`Curves: ${options.out}/report.html`]),
    ].join("\n"),
  };
}

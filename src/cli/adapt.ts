import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { alignColumns } from "./columns.ts";
import { UsageError } from "./errors.ts";
import { type GoalOptions, loadGoalTask, stateOf } from "./goal-task.ts";
import type { Io } from "./io.ts";
import { curvesReport, learningRuns, medianOfList, type RunsOptions } from "./learning-runs.ts";
import { writeOutputFolder } from "./output-folder.ts";
import { discount, perform, positiveInteger, withCommonOptions, withExamples } from "./run.ts";

interface AdaptOptions extends GoalOptions {
  readonly goal: string;
  readonly block?: string;
  readonly turn?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly runs: number;
  readonly steps: number;
}

export function adaptCommand(io: Io): Command {
  const command = withCommonOptions(
    new Command("adapt")
      .summary("change the world under an inferred model and see it recover")
      .description(
        "Change a deterministic world under a model that infer wrote: the agent tells what changed, repairs the model and plans anew; beside it Q-learning that goes on and Dyna-Q+ with the full old model.",
      )
      .argument("<folder>", "a folder that vinverse infer wrote")
      .requiredOption("--env <id>", "environment, e.g. FourRooms-v0")
      .requiredOption("--goal <state>", "number of a state, or row,column")
      .option("--block <state>", "the cell that closes")
      .option("--turn <n>", "or: every action does what the one n places on did")
      .option("--start <state>", "where episodes begin (default: the environment's first start)")
      .option("--discount <number>", "γ", discount, 0.95)
      .option("--runs <n>", "runs, each of its own seed", positiveInteger, 30)
      .option("--steps <n>", "steps of a run", positiveInteger, 1000)
      .option("--out <folder>", "write report.html with the learning curves there")
      .option("--force", "write into a folder that holds other files"),
  );
  withExamples(command, [["vinverse adapt runs/rooms --env FourRooms-v0 --goal 9,9 --block 3,5 --out runs/adapt", "a door closes"]]);
  return perform<[string], AdaptOptions>(command, io, async (context, options, folder) => {
    const [{ Adapt }, { DynaQ }, { QLearning }, { createRandom }, { solveGoals }, { block, remap }] = await Promise.all([
      import("../agents/adapt.ts"),
      import("../agents/dyna-q.ts"),
      import("../agents/q-learning.ts"),
      import("../engine/random.ts"),
      import("../agents/goal-world.ts"),
      import("../reproduce/changes.ts"),
    ]);
    const { world: old, environment, candidates, goal } = await loadGoalTask(folder, options);
    if ((options.block === undefined) === (options.turn === undefined)) throw new UsageError("give one change: --block or --turn");
    if (!old.deterministic) throw new UsageError(`${options.env} draws its outcomes; adapt is for worlds that do not`);
    const turn = Number(options.turn);
    if (options.turn !== undefined && !Number.isInteger(turn)) throw new UsageError(`--turn is a whole number, got '${options.turn}'`);
    const world =
      options.block === undefined
        ? remap(old, (_s, a) => (((a + turn) % old.actions) + old.actions) % old.actions)
        : block(old, stateOf(environment, options.block, "--block"));
    if (!(solveGoals(world, [goal]).v[world.start] > 0)) throw new UsageError("after this change the goal cannot be reached");
    const basics = (seed: number) => ({ states: old.states, actions: old.actions, discount: old.discount, random: createRandom(seed) });
    const q = solveGoals(old, [goal]).q;
    const model = (pair: number) => {
      const next = old.tables.nextStates[old.tables.offsets[pair]];
      return [{ next, reward: next === goal ? 1 : 0, ended: next === goal }];
    };
    let change = "nothing was noticed";
    const agents = {
      "inferred model": (seed: number) => new Adapt({ ...basics(seed), candidates, goal, start: old.start }),
      "Q-learning that goes on": (seed: number) => new QLearning({ ...basics(seed), rate: 0.5, epsilon: 0.1, q }),
      "Dyna-Q+": (seed: number) => new DynaQ({ ...basics(seed), rate: 1, epsilon: 0.1, planning: 50, curiosity: 1e-3, q, model }),
    };
    const seeds = Array.from({ length: options.runs }, (_, i) => options.seed + i);
    const runs: RunsOptions = { seeds, steps: options.steps, every: Math.max(1, Math.round(options.steps / 100)) };
    const curves = [];
    for (const [name, create] of Object.entries(agents)) {
      context.onProgress(curves.length, 3, name);
      const made: unknown[] = [];
      curves.push(
        await learningRuns(name, runs, (seed) => {
          const agent = create(seed);
          made.push(agent);
          return { world, goal, agent };
        }),
      );
      const told = made.find((agent) => agent instanceof Adapt && agent.change);
      if (told instanceof Adapt && told.change) change = `step ${told.change.step}: ${told.change.sentence}`;
    }
    const rows = curves.map(({ name, solved, unsolved }) => [name, medianOfList(solved), `${unsolved} of ${solved.length} unsolved`]);
    const about = {
      title: `Adapting to a change of ${options.env}`,
      subtitle: `model: ${folder}`,
      command: context.commandLine,
      seed: options.seed,
      sentence: change,
    };
    if (options.out !== undefined) {
      const page = await curvesReport(curves, about);
      await writeOutputFolder(options.out, options.force === true, (into) => writeFile(join(into, "report.html"), page));
    }
    return { json: { folder, environment: options.env, change, seeds, curves }, text: `${change}\n${alignColumns(rows)}` };
  });
}

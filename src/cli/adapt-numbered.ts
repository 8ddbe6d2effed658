import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { alignColumns } from "./columns.ts";
import { UsageError } from "./errors.ts";
import { loadGoalTask, stateOf } from "./goal-task.ts";
import { curvesReport, learningRuns, medianOfList, type RunOptions, type RunsOptions } from "./learning-runs.ts";
import { writeOutputFolder } from "./output-folder.ts";
import type { Answer, Context } from "./run.ts";

export interface NumberedAdaptOptions extends RunOptions {
  readonly goal: string;
  readonly block?: string;
  readonly turn?: string;
}

/** Change a deterministic world of numbered states under an inferred model, beside Q-learning that goes on and Dyna-Q+. */
export async function adaptNumbered(context: Context, folder: string, options: NumberedAdaptOptions): Promise<Answer> {
  const { runs: count = 30, steps = 1000 } = options;
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
  const seeds = Array.from({ length: count }, (_, i) => options.seed + i);
  const runs: RunsOptions = { seeds, steps, every: Math.max(1, Math.round(steps / 100)) };
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
}

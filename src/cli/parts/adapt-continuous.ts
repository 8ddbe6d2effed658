import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ContinuousAdaptiveAgentOptions } from "../../agents/continuous/adapt-continuous.ts";
import type { BatchPolicy } from "../../environments/collect.ts";
import type { Environment, Physics } from "../../environments/environment.ts";
import type { GridOptions } from "../../planning/plan-on-grid.ts";
import type { ContinuousPolicy } from "../../planning/policy.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import { type AdaptationRun, adaptationReport, tellAdaptation } from "./adapt-report.ts";
import { alignColumns } from "./columns.ts";
import { checkSameWorld, makeEnvironment, optionsOf } from "./environments.ts";
import { UsageError } from "./errors.ts";
import { writeOutputFolder } from "./output-folder.ts";
import type { CommandAnswer, Context } from "./run.ts";

export interface ContinuousAdaptOptions {
  readonly env: string;
  /** name=number of options of the environment */
  readonly change: readonly string[];
  readonly runs?: number;
  readonly steps?: number;
  readonly seed: number;
  readonly out?: string;
  readonly force?: boolean;
}

const [RUNS, STEPS] = [5, 300];
/** Episodes of each judgement of a plan. */
const EPISODES = 20;
/** Pairs at which the inferred model is asked, and at which two worlds are compared. */
const [ASKED, COMPARED] = [2000, 200];

/** Change the laws of a continuous world under an inferred model: what is noticed, and what plans are worth after each lesson. */
export async function adaptContinuous(
  context: Context,
  folder: string,
  model: ContinuousWorldModel,
  options: ContinuousAdaptOptions,
): Promise<CommandAnswer> {
  if (options.change.length === 0)
    throw new UsageError("give the change: --change name=number, an option of the environment, e.g. --change mass=2");
  const change = optionsOf(options.change);
  const world = await makeEnvironment(options.env);
  const changed = await makeEnvironment(options.env, change);
  const physics = await checked(world, changed, folder, model, options);
  const [
    { ownTask },
    { planOnGrid },
    { simulatorOfPhysics },
    { createContinuousAdaptiveAgent },
    { distil },
    { adaptIn, returnOf, stepsBefore },
  ] = await Promise.all([
    import("../../planning/own-task.ts"),
    import("../../planning/plan-on-grid.ts"),
    import("../../planning/simulator.ts"),
    import("../../agents/continuous/adapt-continuous.ts"),
    import("../../world-model/linear-model.ts"),
    import("../../agents/continuous/adaptation-run.ts"),
  ]);
  const { runs: count = RUNS, steps = STEPS } = options;
  const { task: oldTask, grid } = ownTask(world);
  const { task, grid: changedGrid } = ownTask(changed);
  context.onProgress(0, count + 1, "planning in the true new laws");
  const trueLaws = await returnOf(await planOnGrid(simulatorOfPhysics(changed.physics!), task, changedGrid), changed, EPISODES);
  const runs: AdaptationRun[] = [];
  for (let seed = options.seed; seed < options.seed + count; seed++) {
    context.onProgress(1 + seed - options.seed, count + 1, `seed ${seed}`);
    const at = await drawnIn(grid, ASKED, seed);
    const { model: distilled } = await distil(model, physics.actionSpace, at);
    const first = await planOnGrid(distilled, oldTask, grid);
    const agent = await createContinuousAdaptiveAgent({
      seen: physics,
      model,
      at,
      before: await stepsBefore(world, inBatch(first, physics, grid.actionSize), seed),
      task,
      start: (random, out, offset) => void physics.initialState(random, out, offset),
      grid,
      seed,
    } satisfies ContinuousAdaptiveAgentOptions);
    const plan = await agent.policy();
    const [before, oldPlan] = [await returnOf(plan, world, EPISODES), await returnOf(plan, changed, EPISODES)];
    const lessons = await adaptIn(agent, {
      world: changed,
      judge: await makeEnvironment(options.env, change),
      seed,
      cap: steps,
      episodes: EPISODES,
    });
    const { change: found } = agent;
    await agent.release();
    runs.push({ seed, noticed: found?.alarm.step ?? null, sentence: found?.sentence ?? "nothing was noticed", before, oldPlan, lessons });
  }
  const named = options.change.join(", ");
  const about = { folder, env: options.env, named, steps, trueLaws, command: context.commandLine, seed: options.seed };
  const told = tellAdaptation(runs, about);
  if (options.out !== undefined) {
    const page = await adaptationReport(runs, about);
    await writeOutputFolder(options.out, options.force === true, (into) => writeFile(join(into, "report.html"), page));
  }
  return {
    json: { folder, environment: options.env, change, seed: options.seed, steps, ...told.figures, runs },
    text: [told.sentence, alignColumns(told.rows), ...(options.out ? [`Curves: ${options.out}/report.html`] : [])].join("\n"),
  };
}

/** @throws UsageError where the model is of another world, the change changes nothing, or there is no task to plan for */
async function checked(
  { id, physics }: Environment,
  changed: Environment,
  folder: string,
  model: ContinuousWorldModel,
  { change }: ContinuousAdaptOptions,
): Promise<Physics> {
  const [{ environmentsWithTask, ownTask }, { simulatorOfPhysics }] = await Promise.all([
    import("../../planning/own-task.ts"),
    import("../../planning/simulator.ts"),
  ]);
  if (!environmentsWithTask().includes(id) || !physics)
    throw new UsageError(`what ${id} pays is not known to planners; adapt takes continuous models of ${environmentsWithTask().join(", ")}`);
  checkSameWorld(model, { ...physics, id }, folder);
  const { states, actions } = await drawnIn(ownTask({ ...changed, id, physics }).grid, COMPARED, 0);
  const [one, other] = await Promise.all(
    [physics, changed.physics!].map(async (laws) => (await simulatorOfPhysics(laws).step(states, actions, COMPARED)).nextStates),
  );
  if (!other.every(Number.isFinite))
    throw new UsageError(`${id} with ${change.join(", ")} has no laws of motion: its next states are not numbers`);
  if (one.every((x, i) => x === other[i])) throw new UsageError(`${change.join(", ")} changes nothing in how ${id} moves`);
  return physics;
}

/** States and actions anywhere in the box that is planned in. */
async function drawnIn({ low, high, choices, actionSize: m }: GridOptions, n: number, seed: number) {
  const { createRandom } = await import("../../numbers/random.ts");
  const random = createRandom(seed);
  const d = low.length;
  const states = Float64Array.from({ length: n * d }, (_, i) => low[i % d] + (high[i % d] - low[i % d]) * random.uniform());
  const actions = new Float64Array(n * m);
  for (let b = 0; b < n; b++) {
    const choice = random.integer(choices.length / m);
    actions.set(choices.subarray(choice * m, (choice + 1) * m), b * m);
  }
  return { n, states, actions };
}

function inBatch(policy: ContinuousPolicy, { coordinates }: Physics, m: number): BatchPolicy {
  const d = coordinates.names.length;
  return async (observations, n) => {
    const states = coordinates.fromObservations(observations, n);
    const actions = new Float64Array(n * m);
    for (let b = 0; b < n; b++) actions.set(await policy.act(states.subarray(b * d, (b + 1) * d)), b * m);
    return actions;
  };
}

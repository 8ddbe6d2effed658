import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ContinuousPolicy } from "../../planning/policy.ts";
import type { Simulator } from "../../planning/simulator.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import { alignColumns } from "./columns.ts";
import { checkSameWorld, makeEnvironment } from "./environments.ts";
import { UsageError } from "./errors.ts";
import { writeOutputFolder } from "./output-folder.ts";
import { aimOf, coordinatesOf, rangesOf } from "./plan-aim.ts";
import { type Episodes, medianSteps, planReport } from "./plan-report.ts";
import type { CommandAnswer, Context } from "./run.ts";

export interface ContinuousPlanOptions {
  readonly env: string;
  readonly goal: string;
  readonly within?: number;
  readonly keep?: string;
  readonly start?: string;
  readonly starts?: number;
  readonly steps?: number;
  readonly discount?: number;
  readonly seed: number;
  readonly out?: string;
  readonly force?: boolean;
}

const MARGIN = 0.02;
const LONGEST = 200;
const EPISODES = 20;

/** Plan in a continuous inferred model, and follow the plans in the true world. */
export async function planContinuous(
  context: Context,
  folder: string,
  model: ContinuousWorldModel,
  options: ContinuousPlanOptions,
): Promise<CommandAnswer> {
  const environment = await makeEnvironment(options.env);
  const episodes = options.starts ?? EPISODES;
  const { physics } = environment;
  if (!physics) throw new UsageError(`${options.env} has no laws of motion to try a plan in; this needs one of the physical environments`);
  const { coordinates } = physics;
  const d = coordinates.names.length;
  checkSameWorld(model, { ...physics, id: options.env }, folder);
  const goal = coordinatesOf(options.goal, coordinates, "--goal");
  const keep = rangesOf(options.keep, coordinates);
  const aim = aimOf(coordinates, goal, options.within, keep);
  const [{ simulatorOfPhysics }, { choosePlanner, quickSimulator }, { stepsToGoal }, { createRandom }, { randomPolicy }] =
    await Promise.all([
      import("../../planning/simulator.ts"),
      import("../../planning/choose-planner.ts"),
      import("../../planning/steps-to-goal.ts"),
      import("../../numbers/random.ts"),
      import("../../environments/collect.ts"),
    ]);
  const exact = simulatorOfPhysics(physics);
  const longest = options.steps ?? Math.min(LONGEST, environment.horizon);
  const starts = new Float64Array(episodes * d);
  const random = createRandom(options.seed);
  const start = options.start === undefined ? undefined : coordinatesOf(options.start, coordinates, "--start");
  for (let b = 0; b < episodes; b++) {
    physics.initialState(random, starts, b * d);
    start?.forEach((x, j) => {
      if (!Number.isNaN(x)) starts[b * d + j] = x;
    });
  }
  const { seed, discount } = options;
  const chosen = (world: Simulator, keeping: typeof aim) => choosePlanner(world, keeping, { seen: physics, seed, discount });
  const followed = async (name: string, policy: ContinuousPolicy): Promise<Episodes> => ({
    name,
    steps: await stepsToGoal(policy, exact, aim, starts, longest),
  });
  context.onProgress(0, 3, "planning in the model");
  const careful = aimOf(coordinates, goal, options.within, keep.map(narrowed));
  const planned = await followed("inferred model", await chosen(await quickSimulator(model, physics, seed), careful));
  context.onProgress(1, 3, "planning in the true laws");
  const ceiling = await followed("true laws", await chosen(exact, aim));
  context.onProgress(2, 3, "acting at random");
  const draw = randomPolicy(physics.actionSpace, seed);
  const act = async () => Float64Array.from(await draw(new Float64Array(0), 1));
  const chance = await followed("random actions", { kind: "continuous", reset() {}, act });
  context.onProgress(3, 3, "done");
  const all = [planned, ceiling, chance];
  const reached = planned.steps.filter(Number.isFinite).length;
  const rows = all.map(({ name, steps }) => [
    name,
    `${steps.filter(Number.isFinite).length} of ${steps.length} reached`,
    `median ${medianSteps(steps, longest)} steps`,
  ]);
  const sentence = `Planned in ${folder} alone, ${reached} of ${episodes} episodes reach the goal within ${longest} steps, in ${medianSteps(planned.steps, longest)} at the median; planned in the true laws ${ceiling.steps.filter(Number.isFinite).length}, in ${medianSteps(ceiling.steps, longest)}.`;
  if (options.out !== undefined) {
    const page = await planReport(all, longest, {
      ...options,
      folder,
      sentence,
      command: context.commandLine,
      worse: reached < episodes,
    });
    await writeOutputFolder(options.out, options.force === true, (into) => writeFile(join(into, "report.html"), page));
  }
  const wanted = Object.fromEntries(coordinates.names.flatMap((name, j) => (Number.isNaN(goal[j]) ? [] : [[name, goal[j]]])));
  return {
    json: {
      folder,
      environment: options.env,
      goal: wanted,
      seed: options.seed,
      episodes,
      reached,
      medianSteps: medianSteps(planned.steps, longest),
      runs: all.map(({ name, steps }) => ({ name, steps: steps.map((x) => (Number.isFinite(x) ? x : null)) })),
    },
    text: [sentence, alignColumns(rows, "  "), ...(options.out ? [`Curves: ${options.out}/report.html`] : [])].join("\n"),
  };
}

/** Plans in a model keep off the limits by a share of what lies between them, for the model's errors. */
function narrowed([low, high]: readonly [number, number]): readonly [number, number] {
  const margin = Number.isFinite(high - low) ? MARGIN * (high - low) : 0;
  return [low + margin, high - margin];
}

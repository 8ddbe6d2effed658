import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ExplorationRun, ExplorerKind } from "../../agents/continuous/exploration-run.ts";
import type { ExplorationAim } from "../../agents/continuous/explore-continuous.ts";
import { median } from "../../numbers/statistics.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import { alignColumns } from "./columns.ts";
import { checkSameWorld, makeEnvironment } from "./environments.ts";
import { UsageError } from "./errors.ts";
import { writeOutputFolder } from "./output-folder.ts";
import { aimOf, coordinatesOf } from "./plan-aim.ts";
import type { CommandAnswer, Context } from "./run.ts";

export interface ContinuousExploreOptions {
  readonly env: string;
  readonly goal?: string;
  readonly within?: number;
  readonly seek?: ExplorationAim;
  readonly runs: number;
  readonly steps: number;
  readonly seed: number;
  readonly out?: string;
  readonly force?: boolean;
}

/** Pairs that the model is asked at, and others that its error is measured on. */
const [ASKED, SCORED] = [2000, 4000];
const explorers: Readonly<Record<string, ExplorerKind>> = {
  "inferred model": "inferred model",
  "true laws": "true laws",
  "nothing known": "nothing known",
  "random actions": { held: 1 },
  "random, held 20 steps": { held: 20 },
};

/** Explore a continuous world in an inferred model: places visited, steps to a goal that is not told, and what the steps do for the model. */
export async function exploreContinuous(
  context: Context,
  folder: string,
  model: ContinuousWorldModel,
  options: ContinuousExploreOptions,
): Promise<CommandAnswer> {
  const [{ explorationRun, physicsOf, trueSteps }, { drawAnywhere }, { changeError }, { meanOf }] = await Promise.all([
    import("../../agents/continuous/exploration-run.ts"),
    import("../../environments/collect.ts"),
    import("../../world-model/linear-model.ts"),
    import("../../numbers/statistics.ts"),
  ]);
  if (options.within !== undefined && options.goal === undefined) throw new UsageError("--within says how near a goal is: give --goal too");
  const environment = await makeEnvironment(options.env);
  if (!environment.physics) throw new UsageError(`${options.env} has no continuous states to explore`);
  const physics = physicsOf(environment);
  const { coordinates } = physics;
  checkSameWorld(model, { ...physics, id: options.env }, folder);
  const aim =
    options.goal === undefined ? undefined : aimOf(coordinates, coordinatesOf(options.goal, coordinates, "--goal"), options.within, []);
  const away = new Float64Array(1);
  const goal = (state: Float64Array): boolean => {
    aim?.distance(state, 1, away);
    return away[0] < 0;
  };
  const { seed, runs, steps, seek } = options;
  const at = drawAnywhere(physics, ASKED, seed);
  const truth = await trueSteps(physics, drawAnywhere(physics, SCORED, seed + 1));
  const errorBefore = changeError(coordinates, (await model.predict(truth.states, truth.actions)).nextStates, truth);
  const { make } = await import("../../environments/make.ts");
  const study = { make: () => make(options.env), model, at, steps, ...(seek ? { seek } : {}), ...(aim ? { goal } : {}) };
  const every = Math.max(1, Math.round(steps / 100));
  const x = Array.from({ length: Math.floor(steps / every) }, (_, i) => (i + 1) * every);
  const rows: { name: string; runs: ExplorationRun[]; error: number }[] = [];
  for (const [name, explorer] of Object.entries(explorers)) {
    const own: ExplorationRun[] = [];
    for (let i = 0; i < runs; i++) {
      context.onProgress(rows.length * runs + i, runs * Object.keys(explorers).length, name);
      own.push(await explorationRun(study, explorer, seed + i));
    }
    const errors = own.map(({ corrected }) => changeError(coordinates, corrected.nextStates(truth.states, truth.actions, truth.n), truth));
    rows.push({ name, runs: own, error: median(errors) });
  }
  const visitedOf = (own: readonly ExplorationRun[]) => median(own.map(({ visited }) => visited[steps - 1]));
  const foundOf = (own: readonly ExplorationRun[]) => ({
    median: median(own.map(({ found }) => found)),
    unsolved: own.filter(({ capped }) => capped).length,
  });
  const table = rows.map(({ name, runs: own, error }) => ({
    name,
    placesVisited: visitedOf(own),
    ...(aim ? { stepsToGoal: own.map(({ found }) => found), unsolved: foundOf(own).unsolved } : {}),
    errorAfter: error,
  }));
  const words = rows.map(({ name, runs: own, error }) => [
    name,
    `${visitedOf(own)} places`,
    ...(aim
      ? [
          `goal after ${2 * foundOf(own).unsolved > runs ? `more than ${steps}` : foundOf(own).median} steps`,
          `${foundOf(own).unsolved} of ${runs} did not find it`,
        ]
      : []),
    `error ${error.toPrecision(2)}`,
  ]);
  const [ours] = rows;
  const sentence = `In ${steps} steps of ${options.env} the agent that plans in ${folder} visits ${visitedOf(ours.runs)} places, random actions ${visitedOf(rows[3].runs)}; the model's error goes from ${errorBefore.toPrecision(2)} to ${ours.error.toPrecision(2)} (medians of ${runs} runs).`;
  if (options.out !== undefined) {
    const [{ learningCurve, renderReport }, { version }, { writeNpz }] = await Promise.all([
      import("../../report/index.ts"),
      import("./version.ts"),
      import("../../formats/write-npz.ts"),
    ]);
    const series = rows.map(({ name, runs: own }) => {
      const points = x.map((t) => meanOf(own.map(({ visited }) => visited[t - 1])));
      return {
        name,
        x,
        y: points.map(({ value }) => value),
        band: { low: points.map(({ low }) => low), high: points.map(({ high }) => high) },
      };
    });
    const page = renderReport({
      title: `Exploring ${options.env}`,
      subtitle: `model: ${folder}`,
      verdict: { level: visitedOf(ours.runs) > visitedOf(rows[3].runs) ? "good" : "limited", text: sentence },
      sections: [
        {
          title: "Places visited",
          text: "Cells of a grid over the states; means over seeds with 95 % bootstrap intervals.",
          svg: learningCurve({ title: "places visited", x: "steps in the environment", y: "places", series }),
          wide: true,
        },
        {
          title: "After the last step",
          table: { columns: ["agent", "places", ...(aim ? ["goal", "not found"] : []), "model"], rows: words },
        },
      ],
      command: context.commandLine,
      seed,
      version,
    });
    const { met } = ours.runs[0];
    const [d, m] = [met.states.length / met.n, met.actions.length / met.n];
    const transitions = writeNpz({
      states: { shape: [met.n, d], data: met.states },
      actions: { shape: [met.n, m], data: met.actions },
      next_states: { shape: [met.n, d], data: met.nextStates },
    });
    await writeOutputFolder(options.out, options.force === true, async (into) => {
      await writeFile(join(into, "report.html"), page);
      await writeFile(join(into, "transitions.npz"), transitions);
    });
  }
  const written = options.out
    ? [`Curves: ${options.out}/report.html; steps of the first run, for infer --transitions: ${options.out}/transitions.npz`]
    : [];
  return {
    json: { folder, environment: options.env, seed, runs, steps, seek: seek ?? "places", errorBefore, agents: table },
    text: [sentence, alignColumns(words, "  "), ...written].join("\n"),
  };
}

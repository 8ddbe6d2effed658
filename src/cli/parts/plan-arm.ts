import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Place } from "../../agents/arm/placing.ts";
import type { Simulation } from "../../environments/environment.ts";
import { median } from "../../numbers/statistics.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import { makeEnvironment } from "./environments.ts";
import { UsageError } from "./errors.ts";
import { toPrettyJson } from "./json.ts";
import { writeOutputFolder } from "./output-folder.ts";
import type { CommandAnswer, Context } from "./run.ts";
import { version } from "./version.ts";

export interface PlanArmOptions {
  readonly env: string;
  /** x,y,z in metres; drawn with the start where absent */
  readonly goal?: string;
  readonly starts?: number;
  readonly seed: number;
  readonly out?: string;
  readonly force?: boolean;
}

/** Bring the cube to a goal from starts of the environment, planning in the model alone. */
export async function planArm(
  { onProgress }: Context,
  folder: string,
  model: ContinuousWorldModel,
  options: PlanArmOptions,
): Promise<CommandAnswer> {
  const { out, force = false } = options;
  const environment = await makeEnvironment(options.env);
  const { simulation, coordinates } = environment;
  if (options.env !== "ArmPickAndPlace-v0" || !simulation || coordinates?.names.length !== model.coordinates.names.length)
    throw new UsageError(
      `${folder} holds a continuous model of ${model.coordinates.names.length} coordinates; plans in such models are for ArmPickAndPlace-v0`,
    );
  const { armStarts, placingTrial } = await import("../../agents/arm/trials.ts");
  const { starts: n = 1, seed } = options;
  const starts = armStarts(simulation, n, seed);
  const goals = options.goal === undefined ? starts.goals : starts.goals.map(() => placeOf(options.goal!));
  const trial = await placingTrial(model, simulation, { ...starts, goals }, seed, onProgress);
  const { lifted, reached, held, outcomes, episodes } = trial;
  const milliseconds = median(episodes.planning);
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const [first] = outcomes;
  const text =
    n === 1
      ? `${first.lifted ? "Lifted the cube" : "Did not lift the cube"}, ${first.reached ? "brought" : "did not bring"} it within 2 cm of ${goals[0].map((x) => x.toFixed(2)).join(", ")} and ${first.held ? "held" : "did not hold"} it there: ${(1000 * first.distance).toFixed(0)} mm away after ${episodes.steps} steps.`
      : `Of ${n} starts: lifted ${percent(lifted)}, brought within 2 cm of the goal ${percent(reached)}, held there ${percent(held)}.`;
  const json = { folder, environment: options.env, seed, starts: n, lifted, reached, held, milliseconds, goals, outcomes };
  if (out !== undefined) {
    const page = await replay(model, simulation, starts.states.slice(0, simulation.stateSize), goals[0], seed, text);
    await writeOutputFolder(out, force, async (into) => {
      await writeFile(join(into, "summary.json"), toPrettyJson({ vinverse: version, ...json }));
      await writeFile(join(into, "replay.html"), page);
    });
  }
  return {
    json,
    text: `${text}\nPlanned in ${folder} alone, every second step, ${milliseconds.toFixed(0)} ms a plan${n === 1 ? "" : ` of all ${n} together`}.${out === undefined ? "" : `\nThe first of them to look at: ${join(out, "replay.html")}`}`,
  };
}

/** The first start once more, with what each plan imagined. */
async function replay(
  model: ContinuousWorldModel,
  simulation: Simulation,
  start: Float64Array,
  goal: Place,
  seed: number,
  text: string,
): Promise<string> {
  const [{ placingTask }, { recordArm }, { armReplay }, { threeSource }] = await Promise.all([
    import("../../agents/arm/placing.ts"),
    import("../../agents/arm/recording.ts"),
    import("../../report/arm-replay.ts"),
    import("../../report/three-source.ts"),
  ]);
  const recorded = await recordArm(model, { simulation, start, task: placingTask(goal), seed });
  return armReplay({ title: "ArmPickAndPlace-v0", text, episodes: [{ title: `seed ${seed}`, goal, ...recorded }] }, threeSource());
}

function placeOf(text: string): Place {
  const numbers = text.split(",").map(Number);
  if (numbers.length !== 3 || !numbers.every(Number.isFinite)) throw new UsageError(`--goal of the arm is x,y,z in metres, got '${text}'`);
  return [numbers[0], numbers[1], numbers[2]];
}

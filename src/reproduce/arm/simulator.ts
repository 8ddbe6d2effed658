import { files } from "#files";
import { armControl } from "../../agents/arm/control.ts";
import { type PlacingOutcome, placingOutcomes, runArmEpisodes } from "../../agents/arm/episodes.ts";
import { placingTask } from "../../agents/arm/placing.ts";
import { trueSimulator } from "../../agents/arm/simulator.ts";
import type { ArmStarts } from "../../agents/arm/trials.ts";
import type { OnProgress } from "../../base/progress.ts";
import type { Simulation } from "../../environments/environment.ts";
import { createRandom } from "../../numbers/random.ts";
import { planWaypoints } from "../../planning/waypoints.ts";
import type { ArmPart } from "./part.ts";

/** MuJoCo takes some 30 times as long a step as a network: fewer plans an iteration than in models (192), and fewer starts unless all are asked for. */
const PLANNER = { population: 64, iterations: 3, elites: 6 };
const FEW = 6;

export interface SimulatorControl {
  /** Of the first starts, as many as were run. */
  readonly outcomes: readonly PlacingOutcome[];
  readonly planner: typeof PLANNER;
}

/**
 * The same task, costs and search with the true simulator for a model: what better dynamics could do. One start after the other; each is kept in a file, from which a later run goes on.
 * @param count starts that are wanted
 */
export async function planInSimulator(
  simulation: Simulation,
  { states, goals }: ArmStarts,
  count: number,
  { file, seed, onProgress }: { readonly file?: string; readonly seed: number; readonly onProgress?: OnProgress },
): Promise<SimulatorControl> {
  const size = simulation.stateSize;
  // what was found for other starts or by another search says nothing here
  const made = JSON.stringify({ planner: PLANNER, seed, first: Array.from(states.subarray(0, size)) });
  const outcomes: PlacingOutcome[] = file ? await readOutcomes(file, made) : [];
  const { model, view } = trueSimulator(simulation);
  for (let e = outcomes.length; e < Math.min(count, goals.length); e++) {
    const planner = planWaypoints(model, { random: createRandom(seed + e), control: armControl, ...PLANNER });
    const episodes = await runArmEpisodes(planner, {
      simulation,
      starts: states.slice(e * size, (e + 1) * size),
      tasks: [placingTask(goals[e])],
      view,
      onProgress: (done, total) => onProgress?.(e + done / total, count, `planning in the simulator, start ${e + 1} of ${count}`),
    });
    outcomes.push(...placingOutcomes(episodes, [goals[e]]));
    if (file) await files.write(file, new TextEncoder().encode(`${JSON.stringify({ made, outcomes })}\n`));
  }
  return { outcomes, planner: PLANNER };
}

async function readOutcomes(file: string, made: string): Promise<PlacingOutcome[]> {
  if ((await files.kind(file)) !== "file") return [];
  const held = JSON.parse(new TextDecoder().decode(await files.read(file))) as {
    readonly made?: string;
    readonly outcomes?: PlacingOutcome[];
  };
  return held.made === made ? (held.outcomes ?? []) : [];
}

const KINDS = ["lifted", "reached", "held"] as const;

/** Points by which the inferred model is behind on the starts that the simulator was given, in whichever share that is most. */
export const simulatorPart: ArmPart = async ({ environment, subject, starts, inferred, options, onProgress }) => {
  const file = `${options.cache ?? "runs/reproduce"}/arm/seed-${subject.seed}/simulator.json`;
  const count = options.full ? starts.goals.length : FEW;
  const { outcomes, planner } = await planInSimulator(environment.simulation!, starts, count, { file, seed: subject.seed, onProgress });
  const n = outcomes.length;
  const share = (all: readonly PlacingOutcome[], kind: (typeof KINDS)[number]) =>
    all.slice(0, n).filter((outcome) => outcome[kind]).length / n;
  const of = (all: readonly PlacingOutcome[]) => Object.fromEntries(KINDS.map((kind) => [kind, share(all, kind)]));
  return {
    figures: {
      behindSimulator: Math.max(...KINDS.map((kind) => share(outcomes, kind) - share(inferred.outcomes, kind))),
      simulatorStarts: n,
    },
    details: { planner, starts: n, simulator: of(outcomes), inferredOnTheSameStarts: of(inferred.outcomes) },
  };
};

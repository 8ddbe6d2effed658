import type { OnProgress } from "../../base/progress.ts";
import type { Simulation } from "../../environments/environment.ts";
import { createRandom } from "../../numbers/random.ts";
import type { Simulator } from "../../planning/simulator.ts";
import { planWaypoints } from "../../planning/waypoints.ts";
import { armControl } from "./control.ts";
import { type ArmEpisodes, type PlacingOutcome, placingOutcomes, runArmEpisodes, seeArm } from "./episodes.ts";
import { type Place, placingTask } from "./placing.ts";

/** Starts of episodes that nothing was tuned on, and their goals. */
export interface ArmStarts {
  /** [n, stateSize] */
  readonly states: Float64Array;
  readonly goals: readonly Place[];
}

export function armStarts(simulation: Simulation, n: number, seed: number): ArmStarts {
  const size = simulation.stateSize;
  const states = new Float64Array(n * size);
  for (let e = 0; e < n; e++) simulation.initialState(createRandom(seed + e), states, e * size);
  const goals = Array.from({ length: n }, (_, e): Place => {
    const [x, y, z] = states.subarray((e + 1) * size - 3, (e + 1) * size);
    return [x, y, z];
  });
  return { states, goals };
}

/** Shares of the episodes. */
export interface PlacingShares {
  readonly lifted: number;
  readonly reached: number;
  readonly held: number;
}

export interface PlacingTrial extends PlacingShares {
  readonly goals: readonly Place[];
  readonly outcomes: readonly PlacingOutcome[];
  readonly episodes: ArmEpisodes;
}

/** Bring the cube to each start's goal, planning in `model` and acting in the true world. */
export async function placingTrial(
  model: Simulator,
  simulation: Simulation,
  { states, goals }: ArmStarts,
  seed: number,
  onProgress?: OnProgress,
  view?: (states: Float64Array, n: number) => Float64Array,
): Promise<PlacingTrial> {
  const planner = planWaypoints(model, { random: createRandom(seed), control: armControl });
  const episodes = await runArmEpisodes(planner, { simulation, starts: states, tasks: goals.map(placingTask), view, onProgress });
  const outcomes = placingOutcomes(episodes, goals);
  const share = (key: "lifted" | "reached" | "held") => outcomes.filter((outcome) => outcome[key]).length / outcomes.length;
  return { lifted: share("lifted"), reached: share("reached"), held: share("held"), goals, outcomes, episodes };
}

/** Median time (ms) of a plan of one episode alone, as a robot would need it. */
export async function replanningTime(model: Simulator, simulation: Simulation, { states, goals }: ArmStarts, plans = 30): Promise<number> {
  const planner = planWaypoints(model, { random: createRandom(0), control: armControl });
  const size = simulation.stateSize;
  const times: number[] = [];
  let before: Float64Array | undefined;
  for (let k = 0; k < plans; k++) {
    const seen = seeArm(simulation, states.slice((k % goals.length) * size, ((k % goals.length) + 1) * size), 1);
    const begun = performance.now();
    before = (await planner.plan(seen, [placingTask(goals[k % goals.length])], before && planner.advance(before, 2))).plans;
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[Math.floor(plans / 2)];
}

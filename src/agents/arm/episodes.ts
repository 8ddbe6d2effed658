import type { OnProgress } from "../../base/progress.ts";
import { stride } from "../../environments/arm/engine.ts";
import type { Simulation } from "../../environments/environment.ts";
import type { WaypointPlanner, WaypointTask } from "../../planning/waypoints.ts";
import type { Place } from "./placing.ts";

export interface ArmEpisodesOptions {
  /** The world that is acted in: of ArmPickAndPlace-v0, made with whatever options. */
  readonly simulation: Simulation;
  /** [E, stateSize of the simulation] */
  readonly starts: Float64Array;
  /** One an episode. */
  readonly tasks: readonly WaypointTask[];
  /** 60 */
  readonly steps?: number;
  /** Steps from one plan to the next (2). */
  readonly every?: number;
  /** States [n, d] of the planner's model from the simulation's [n, stateSize]; the 15 coordinates of an observation where absent. */
  readonly view?: (states: Float64Array, n: number) => Float64Array;
  /** Whether a hand that presses on the cube from above lets go and rises (true). */
  readonly reflex?: boolean;
  readonly onProgress?: OnProgress;
}

/** What happened in E episodes, side by side. */
export interface ArmEpisodes {
  readonly episodes: number;
  readonly steps: number;
  /** [E, steps + 1, 15] coordinates */
  readonly paths: Float64Array;
  /** [E, steps, 4] */
  readonly actions: Float64Array;
  /** [E, steps + 1, stateSize] full states, for replays */
  readonly states: Float64Array;
  /** [E] how often the reflex raised the hand */
  readonly reflexes: Int32Array;
  /** ms of each plan of all episodes together */
  readonly planning: readonly number[];
}

export const armCoordinatesSize = 15;

/** Steps that the reflex raises the hand for. */
const RISE = 3;
/** m: a hand this near above the cube that falls short of its downward stride by so much is pressing on it. */
const PRESSING = { across: 0.035, above: 0.06, short: 0.008 };

/**
 * Plan, act, plan again: E episodes side by side, so that all their plans are one batch of the model. Fingers that closed too early jam on the cube's edges,
 * where no model has much to say: a hand that is told to go down and does not, right above the cube, opens and rises for three steps, and plans anew from there.
 */
export async function runArmEpisodes(planner: WaypointPlanner, options: ArmEpisodesOptions): Promise<ArmEpisodes> {
  const { simulation, starts, tasks, steps = 60, every = 2, reflex = true, onProgress } = options;
  const episodes = tasks.length;
  const size = simulation.stateSize;
  const d = armCoordinatesSize;
  const view = options.view ?? ((states, n) => seeArm(simulation, states, n));
  const paths = new Float64Array(episodes * (steps + 1) * d);
  const actions = new Float64Array(episodes * steps * 4);
  const states = new Float64Array(episodes * (steps + 1) * size);
  const now = starts.slice();
  const out = { nextStates: now, rewards: new Float64Array(episodes), terminated: new Uint8Array(episodes) };
  const planning: number[] = [];
  const reflexes = new Int32Array(episodes);
  const rising = new Int32Array(episodes);
  let plans: Float64Array | undefined;
  const keep = (t: number) => {
    const seen = seeArm(simulation, now, episodes);
    for (let e = 0; e < episodes; e++) {
      paths.set(seen.subarray(e * d, (e + 1) * d), (e * (steps + 1) + t) * d);
      states.set(now.subarray(e * size, (e + 1) * size), (e * (steps + 1) + t) * size);
    }
  };
  keep(0);
  for (let t = 0; t < steps; t++) {
    const seen = view(now, episodes);
    if (t % every === 0) {
      const begun = performance.now();
      plans = (await planner.plan(seen, tasks, plans && planner.advance(plans, every))).plans;
      planning.push(performance.now() - begun);
    }
    const chosen = planner.act(seen, plans!);
    for (let e = 0; e < episodes; e++) if (rising[e] > 0) chosen.set([0, 0, 1, 1], 4 * e);
    for (let e = 0; e < episodes; e++) actions.set(chosen.subarray(4 * e, 4 * e + 4), (e * steps + t) * 4);
    simulation.step(now, chosen, episodes, out);
    keep(t + 1);
    for (let e = 0; e < episodes; e++) {
      if (rising[e] > 0) rising[e]--;
      else if (reflex && presses(paths, (e * (steps + 1) + t) * d, chosen[4 * e + 2])) {
        rising[e] = RISE;
        reflexes[e]++;
      }
    }
    onProgress?.(t + 1, steps, `${episodes} episodes`);
  }
  return { episodes, steps, paths, actions, states, reflexes, planning };
}

/** @param at of the coordinates before the step; those after it follow */
function presses(paths: Float64Array, at: number, downward: number): boolean {
  const after = at + armCoordinatesSize;
  const across = Math.hypot(paths[at + 4] - paths[at], paths[at + 5] - paths[at + 1]);
  const above = paths[at + 2] - paths[at + 6];
  const short = paths[after + 2] - paths[at + 2] - stride * downward;
  return downward * stride < -PRESSING.short && across < PRESSING.across && above > 0 && above < PRESSING.above && short > PRESSING.short;
}

/** The 15 coordinates [n, 15] of the simulation's states [n, stateSize]. */
export function seeArm(simulation: Simulation, states: Float64Array, n: number): Float64Array {
  const width = simulation.observationSpace.low.length;
  const observations = new Float64Array(n * width);
  simulation.observations(states, n, observations);
  const out = new Float64Array(n * armCoordinatesSize);
  for (let b = 0; b < n; b++)
    for (let k = 0; k < armCoordinatesSize; k++) out[b * armCoordinatesSize + k] = observations[b * width + 6 + k];
  return out;
}

/** How one episode of bringing the cube to a goal went. */
export interface PlacingOutcome {
  /** The cube was ever above 6 cm. */
  readonly lifted: boolean;
  /** It was ever within 2 cm of the goal. */
  readonly reached: boolean;
  /** It was there in all of the last five steps. */
  readonly held: boolean;
  /** The first step after which it was, where it ever was. */
  readonly arrival?: number;
  /** m, at the end */
  readonly distance: number;
}

const LIFTED = 0.06;
const RADIUS = 0.02;
const LAST = 5;

/** Outcomes of every episode, each with its goal. */
export function placingOutcomes({ episodes, steps, paths }: ArmEpisodes, goals: readonly Place[]): PlacingOutcome[] {
  return Array.from({ length: episodes }, (_, e) => {
    const distances: number[] = [];
    let lifted = false;
    for (let t = 1; t <= steps; t++) {
      const at = (e * (steps + 1) + t) * armCoordinatesSize;
      if (paths[at + 6] > LIFTED) lifted = true;
      distances.push(Math.hypot(...[0, 1, 2].map((k) => paths[at + 4 + k] - goals[e][k])));
    }
    const near = distances.map((x) => x < RADIUS);
    const first = near.indexOf(true);
    return {
      lifted,
      reached: first >= 0,
      arrival: first < 0 ? undefined : first + 1,
      held: near.slice(-LAST).every(Boolean),
      distance: distances[steps - 1],
    };
  });
}

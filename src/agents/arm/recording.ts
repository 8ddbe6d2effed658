import type { Simulation } from "../../environments/environment.ts";
import { createRandom } from "../../numbers/random.ts";
import type { Simulator } from "../../planning/simulator.ts";
import { planWaypoints, type WaypointControl, type WaypointTask } from "../../planning/waypoints.ts";
import { armControl } from "./control.ts";
import { seeArm } from "./episodes.ts";

export interface RecordingOptions {
  /** The world that is acted in. */
  readonly simulation: Simulation;
  /** [stateSize] */
  readonly start: Float64Array;
  readonly task: WaypointTask;
  readonly seed: number;
  /** `armControl` when absent */
  readonly control?: WaypointControl;
  /** 60 */
  readonly steps?: number;
  /** Steps from one plan to the next (2). */
  readonly every?: number;
}

/** One episode as it was, and every plan as the model imagined it: what `armReplay` and `armPicture` show. */
export interface ArmRecording {
  /** [steps + 1] full states */
  readonly states: readonly Float64Array[];
  /** The step that each plan starts from, and the coordinates [15] that it was to lead through, the present ones first. */
  readonly imagined: readonly { readonly step: number; readonly states: readonly Float64Array[] }[];
}

/** Plan, imagine, act: one episode. */
export async function recordArm(model: Simulator, options: RecordingOptions): Promise<ArmRecording> {
  const { simulation, task, seed, control = armControl, steps = 60, every = 2 } = options;
  const planner = planWaypoints(model, { random: createRandom(seed), control });
  const d = planner.stateSize;
  const now = options.start.slice();
  const out = { nextStates: now, rewards: new Float64Array(1), terminated: new Uint8Array(1) };
  const states = [now.slice()];
  const imagined: { step: number; states: Float64Array[] }[] = [];
  let plans: Float64Array | undefined;
  for (let t = 0; t < steps; t++) {
    const seen = seeArm(simulation, now, 1);
    if (t % every === 0 || !plans) {
      plans = (await planner.plan(seen, [task], plans && planner.advance(plans, every))).plans;
      const path = await planner.imagine(seen, plans);
      imagined.push({ step: t, states: Array.from({ length: path.length / d }, (_, k) => path.slice(k * d, (k + 1) * d)) });
    }
    simulation.step(now, planner.act(seen, plans), 1, out);
    states.push(now.slice());
  }
  return { states, imagined };
}

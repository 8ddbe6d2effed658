import type { Aim } from "./choose-planner.ts";
import type { ContinuousPolicy } from "./policy.ts";
import type { Simulator } from "./simulator.ts";

/**
 * Follow a policy in a world from every start [n, d].
 * @returns [n] steps until the goal was reached; NaN where the episode was lost or ended before, or took more than `longest` steps
 */
export async function stepsToGoal(
  policy: ContinuousPolicy,
  world: Simulator,
  aim: Aim,
  starts: Float64Array,
  longest: number,
): Promise<number[]> {
  const d = world.stateSize;
  const [away, lost] = [new Float64Array(1), new Uint8Array(1)];
  const steps: number[] = [];
  for (let at = 0; at < starts.length; at += d) {
    policy.reset();
    let state: Float64Array = starts.slice(at, at + d);
    let arrived = Number.NaN;
    for (let t = 1; t <= longest; t++) {
      const { nextStates, ended } = await world.step(state, await policy.act(state), 1);
      state = nextStates;
      aim.lost?.(state, 1, lost);
      if (lost[0]) break;
      aim.distance(state, 1, away);
      if (away[0] < 0) arrived = t;
      if (away[0] < 0 || ended?.[0]) break;
    }
    steps.push(arrived);
  }
  return steps;
}

import { type BatchPolicy, collectTransitions, type VisitedTransitions } from "../../environments/collect.ts";
import type { Environment } from "../../environments/environment.ts";
import type { ContinuousPolicy } from "../../planning/policy.ts";
import type { ContinuousAdaptiveAgent } from "./adapt-continuous.ts";

/** The seed of the first episode by which policies are judged, for every policy the same, and how many they are. */
export const JUDGED_FROM = 5_000_000;
export const JUDGED_EPISODES = 100;
/** Where the seeds of steps before a change begin. */
const BEFORE = 6_000_000;
/** Real steps before the change that calibrate the detector. */
const BURN_IN = 3000;
/** Copies that take them: few, so that they live as long as episodes do and come to where those come. */
const COPIES = 6;

/** Mean return of the same episodes for every policy: episode i starts with JUDGED_FROM + i. */
export async function returnOf(policy: ContinuousPolicy, environment: Environment, episodes = JUDGED_EPISODES): Promise<number> {
  const { coordinates } = environment.physics!;
  let sum = 0;
  for (let i = 0; i < episodes; i++) {
    let { observation } = environment.reset({ seed: JUDGED_FROM + i });
    policy.reset();
    for (;;) {
      const action = await policy.act(coordinates.fromObservations(observation as Float64Array, 1));
      const step = environment.step(environment.actionSpace.kind === "discrete" ? action[0] : action);
      sum += step.reward;
      observation = step.observation;
      if (step.terminated || step.truncated) break;
    }
  }
  return sum / episodes;
}

/** Real steps of a world before it changes, as a policy meets them that explores a little. */
export function stepsBefore(environment: Environment, policy: BatchPolicy, seed: number): Promise<VisitedTransitions> {
  return collectTransitions(environment, policy, { n: BURN_IN, seed: BEFORE + seed, epsilon: 0.1, thinning: 1, copies: COPIES });
}

export interface AdaptationRunOptions {
  /** The changed world, and another copy of it to judge plans in. */
  readonly world: Environment;
  readonly judge: Environment;
  readonly seed: number;
  /** Steps, at most. */
  readonly cap: number;
  /** A return after which it need not go on. */
  readonly enough?: number;
  /** Episodes of each judgement. */
  readonly episodes?: number;
}

/** An agent in a changed world: after each lesson [steps so far, return of what it would do]. */
export async function adaptIn(
  agent: ContinuousAdaptiveAgent,
  { world, judge, seed, cap, enough = Infinity, episodes }: AdaptationRunOptions,
): Promise<(readonly [number, number])[]> {
  const { coordinates } = world.physics!;
  const seen = (observation: unknown) => coordinates.fromObservations(observation as Float64Array, 1);
  const curve: [number, number][] = [];
  let state = seen(world.reset({ seed }).observation);
  let told = 0;
  for (let t = 1; t <= cap; t++) {
    const action = await agent.act(state);
    const step = world.step(world.actionSpace.kind === "discrete" ? action[0] : action);
    const next = seen(step.observation);
    await agent.observe(state, action, next);
    state = next;
    if (step.terminated || step.truncated) {
      state = seen(world.reset().observation);
      agent.reset();
    }
    if (agent.lessons === told) continue;
    told = agent.lessons;
    const got = await returnOf(await agent.policy(), judge, episodes);
    curve.push([t, got]);
    if (got >= enough) break;
  }
  return curve;
}

import { collectTransitions, randomPolicy } from "../../environments/collect.ts";
import type { Environment, GoalTask } from "../../environments/environment.ts";
import { moments } from "../../numbers/statistics.ts";
import { box, type Space } from "../../spaces/space.ts";
import { LearningError } from "../errors.ts";
import type { Standard } from "../layers.ts";

/** Hindsight experience replay, "future" (Andrychowicz et al. 2017): a share of what is replayed is told as if a place reached later had been wanted. */
export interface Hindsight {
  readonly goals: GoalTask;
  /** Of all transitions drawn. */
  readonly share: number;
}

/** Relabelled transitions for one as it was. */
export const SAMPLED_GOALS = 4;
const WANDERERS = 20;
const WANDERED = 1000;

/** @param nSampledGoal transitions told anew for one as it was; 0 for none. Undefined where the goal is no part of the observation. */
export function hindsightOf({ id, simulation }: Environment, nSampledGoal: number = SAMPLED_GOALS): Hindsight | undefined {
  if (!(nSampledGoal >= 0)) throw new LearningError(`${id}: nSampledGoal is a number of transitions from 0 on, got ${nSampledGoal}`);
  return simulation?.goals && { goals: simulation.goals, share: nSampledGoal / (1 + nSampledGoal) };
}

/** The Dict that a goal environment's observation is, so that a critic of it can be asked about goals; other spaces as they are. */
export function observedSpace({ observationSpace, simulation }: Environment): Space {
  const goals = simulation?.goals;
  if (!goals || observationSpace.kind !== "box") return observationSpace;
  const { low, high } = observationSpace;
  const part = (from: number, to?: number) => box(Array.from(low.slice(from, to)), Array.from(high.slice(from, to)));
  const { size } = goals;
  return { kind: "dict", spaces: { achieved_goal: part(0, size), desired_goal: part(size, 2 * size), observation: part(2 * size) } };
}

/** Mean and deviation of what a random policy sees of a goal environment; undefined elsewhere, where observations are taken as they are. */
export async function standardOf(environment: Environment, seed: number): Promise<Standard | undefined> {
  const { simulation, actionSpace } = environment;
  if (!simulation?.goals) return undefined;
  const { n, states } = await collectTransitions(environment, randomPolicy(actionSpace, seed), {
    n: WANDERED,
    seed,
    epsilon: 0,
    copies: WANDERERS,
    thinning: 1,
  });
  const o = simulation.observationSpace.low.length;
  const seen = new Float64Array(n * o);
  simulation.observations(states, n, seen);
  return moments(seen, o);
}

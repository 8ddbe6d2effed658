import { MismatchError } from "../../base/mismatch-error.ts";
import { restoreCritic, type SavedCritic } from "../../critics/saved.ts";
import { compile, Graph } from "../../engine/index.ts";
import type { Environment, Physics } from "../../environments/environment.ts";
import { simulationEnvironment } from "../../environments/physics-environment.ts";
import type { Random } from "../../numbers/random.ts";
import { cemOver } from "../../planning/cem.ts";
import { type ContinuousTask, type Outcomes, settle, simulatorOfTask } from "../../planning/continuous-task.ts";
import type { ContinuousPolicy } from "../../planning/policy.ts";
import type { Simulator } from "../../planning/simulator.ts";
import type { LinearModel } from "../../world-model/linear-model.ts";

/** What is known of a world without its laws: what is measured, what can be done, how long an episode is. */
export type ObservedWorld = Pick<Physics, "coordinates" | "observations" | "observationSpace" | "actionSpace" | "horizon">;

/** A step of the model, paid and ended by the task. */
export function imagine(model: LinearModel, task: ContinuousTask, states: Float64Array, actions: Float64Array, n: number): Outcomes {
  return settle(task, states, actions, model.nextStates(states, actions, n), n);
}

/**
 * The world as the model has it now, for a learner to act in.
 * @param start writes a state to begin from into [d] at the offset
 */
export function imaginedEnvironment(
  id: string,
  seen: ObservedWorld,
  task: ContinuousTask,
  model: () => LinearModel,
  start: (random: Random, out: Float64Array, offset: number) => void,
  horizon: number,
): Environment {
  const d = seen.coordinates.names.length;
  return simulationEnvironment(id, {
    stateSize: d,
    observationSpace: seen.observationSpace,
    actionSpace: seen.actionSpace,
    horizon,
    observations: seen.observations,
    initialState(random, out = new Float64Array(d), offset = 0) {
      start(random, out, offset);
      return out;
    },
    step(states, actions, n, out) {
      const { nextStates, rewards, ended } = imagine(model(), task, states, actions, n);
      out.nextStates.set(nextStates);
      out.rewards.set(rewards);
      out.terminated.set(ended);
    },
  });
}

/** V of n states [n, d] under a critic, mean over its heads: [n]. */
export type StateValues = ((states: Float64Array) => Promise<Float64Array>) & { release(): Promise<void> };

export async function stateValuesOf(saved: SavedCritic, { coordinates }: ObservedWorld): Promise<StateValues> {
  const critic = restoreCritic(saved);
  if (critic.kind !== "network")
    throw new MismatchError(`${saved.name} has no values of observations: give a learner whose critic is a network, such as sac`);
  const k = critic.heads.length;
  const graph = new Graph();
  graph.output("values", critic.stateValueGraph(coordinates.observe(graph.input("x", ["N", coordinates.names.length]))));
  const session = await compile(graph, { threads: 1 });
  const values = async (states: Float64Array) => {
    const all = (await session.run({ x: states })).values.data as Float32Array;
    const out = new Float64Array(all.length / k);
    for (let i = 0; i < all.length; i++) out[Math.floor(i / k)] += all[i] / k;
    return out;
  };
  return Object.assign(values, { release: () => session.release() });
}

export interface PlannerOptions {
  readonly random: Random;
  readonly horizon: number;
  readonly population: number;
  readonly iterations: number;
}

/** Plans in the model to a horizon, and leaves what follows to a critic. */
export function plannerIn(
  model: Simulator,
  { actionSpace }: Pick<ObservedWorld, "actionSpace">,
  task: ContinuousTask,
  values: (states: Float64Array) => Promise<ArrayLike<number>>,
  options: PlannerOptions,
): ContinuousPolicy {
  return cemOver(
    actionSpace,
    {
      model: simulatorOfTask(model, task),
      async terminal(states, n, out) {
        const v = await values(states);
        for (let b = 0; b < n; b++) out[b] -= v[b];
      },
      discount: task.discount,
      horizon: options.horizon,
    },
    options,
  );
}

import { MismatchError } from "../../base/mismatch-error.ts";
import type { OnProgress } from "../../base/progress.ts";
import { randomPolicy } from "../../environments/collect.ts";
import type { Environment, Physics } from "../../environments/environment.ts";
import { createRandom } from "../../numbers/random.ts";
import { simulatorOfPhysics } from "../../planning/simulator.ts";
import { type LinearModel, offTheFaces, type RealSteps, type StateActions, taken } from "../../world-model/linear-model.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import { type ContinuousExplorerOptions, createContinuousExplorer, type ExplorationAim } from "./explore-continuous.ts";

export interface ExplorationStudy {
  /** A new one for every run. */
  readonly make: () => Environment;
  readonly model: ContinuousWorldModel;
  readonly at: StateActions;
  readonly seek?: ExplorationAim;
  /** Whether a state [d] is what is looked for; it is not told to the agents. */
  readonly goal?: (state: Float64Array) => boolean;
  /** Steps of a run. */
  readonly steps: number;
  readonly onProgress?: OnProgress;
}

/** One agent, one seed. */
export interface ExplorationRun {
  /** Steps to the goal; `steps` where it was not found, or where there is none. */
  readonly found: number;
  readonly capped: boolean;
  /** [steps] places visited after each */
  readonly visited: Int32Array;
  readonly met: RealSteps;
  /** Corrected by the run's steps; of random actions as of the agent that knew nothing. */
  readonly corrected: LinearModel;
}

/** Who explores: in the inferred model, knowing nothing but the class of models, in the true laws, and not at all: actions drawn at random and held for so many steps. */
export type ExplorerKind = "inferred model" | "nothing known" | "true laws" | { readonly held: number };

export async function explorationRun(study: ExplorationStudy, explorer: ExplorerKind, seed: number): Promise<ExplorationRun> {
  const { make, model, at, seek, goal, steps } = study;
  const environment = make();
  const physics = physicsOf(environment);
  const { coordinates, actionSpace } = physics;
  const options: ContinuousExplorerOptions = { seen: physics, model, at, seed, ...(seek ? { seek } : {}) };
  const held = typeof explorer === "object" ? explorer.held : 0;
  const agent = await createContinuousExplorer({
    ...options,
    informed: explorer === "inferred model" || explorer === "true laws",
    ...(explorer === "true laws" ? { laws: simulatorOfPhysics(physics) } : {}),
  });
  const draw = randomPolicy(actionSpace, seed);
  const visited = new Int32Array(steps);
  const log: { readonly state: Float64Array; readonly action: Float64Array; readonly next: Float64Array }[] = [];
  let found = 0;
  let { observation } = environment.reset({ seed: createRandom(seed).integer(2 ** 31) });
  let state = coordinates.fromObservations(observation as Float64Array, 1);
  let action = new Float64Array(0);
  for (let t = 1; t <= steps; t++) {
    if (held === 0) action = Float64Array.from(await agent.act(state));
    else if (t % held === 1 || held === 1) action = Float64Array.from(await draw(state, 1));
    const step = environment.step(actionSpace.kind === "discrete" ? action[0] : action);
    const next = coordinates.fromObservations(step.observation as Float64Array, 1);
    agent.observe(state, action, next);
    log.push({ state, action, next });
    visited[t - 1] = agent.visited;
    if (found === 0 && goal?.(next)) found = t;
    state = next;
    if (!step.terminated && !step.truncated) continue;
    observation = environment.reset().observation;
    state = coordinates.fromObservations(observation as Float64Array, 1);
    agent.reset();
  }
  const flat = (of: (entry: (typeof log)[number]) => Float64Array) => Float64Array.from(log.flatMap((entry) => Array.from(of(entry))));
  const met: RealSteps = {
    n: log.length,
    states: flat((entry) => entry.state),
    actions: flat((entry) => entry.action),
    nextStates: flat((entry) => entry.next),
  };
  return { found: found || steps, capped: found === 0, visited, met, corrected: agent.model };
}

export function physicsOf({ id, physics }: Environment): Physics {
  if (!physics)
    throw new MismatchError(`${id} has no continuous states to explore: give an environment with 'physics', such as Pendulum-v1`);
  return physics;
}

/** Where pairs really lead, less those that end on a wall: for scoring. */
export async function trueSteps(physics: Physics, pairs: StateActions): Promise<RealSteps> {
  const { nextStates } = await simulatorOfPhysics(physics).step(pairs.states, pairs.actions, pairs.n);
  const steps = { ...pairs, nextStates };
  const free = offTheFaces(physics.coordinates, steps, nextStates);
  const rows = Array.from({ length: pairs.n }, (_, b) => b).filter((b) => free[b]);
  return taken(steps, rows, physics.coordinates);
}

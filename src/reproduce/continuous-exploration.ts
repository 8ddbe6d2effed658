import { fileURLToPath } from "node:url";
import { ExploreContinuous, type ExploreContinuousOptions, type Seek } from "../agents/continuous/explore-continuous.ts";
import type { OnProgress } from "../base/progress.ts";
import { drawAnywhere, randomPolicy } from "../environments/collect.ts";
import type { Environment, Physics } from "../environments/environment.ts";
import { make } from "../environments/make.ts";
import { loadCritic } from "../formats/load-critic.ts";
import { inferDynamics } from "../inversion/infer.ts";
import { createRandom } from "../numbers/random.ts";
import { type Interval, medianOf, speedup, sum } from "../numbers/statistics.ts";
import { simulatorOfPhysics } from "../planning/simulator.ts";
import { type LinearModel, type Met, offTheFaces, type Steps, taken } from "../world-model/linear-model.ts";
import type { ContinuousWorldModel } from "../world-model/world-model.ts";

export interface ExplorationStudy {
  /** A new one for every run. */
  readonly make: () => Environment;
  readonly model: ContinuousWorldModel;
  readonly at: Met;
  readonly seek?: Seek;
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
  readonly met: Steps;
  /** Corrected by the run's steps; of random actions as of the agent that knew nothing. */
  readonly corrected: LinearModel;
}

/** Who explores: in the inferred model, knowing nothing but the class of models, in the true laws, and not at all: actions drawn at random and held for so many steps. */
export type Explorer = "inferred model" | "nothing known" | "true laws" | { readonly held: number };

export async function explorationRun(study: ExplorationStudy, explorer: Explorer, seed: number): Promise<ExplorationRun> {
  const { make, model, at, seek, goal, steps } = study;
  const environment = make();
  const physics = physicsOf(environment);
  const { coordinates, actionSpace } = physics;
  const options: ExploreContinuousOptions = { seen: physics, model, at, seed, ...(seek ? { seek } : {}) };
  const held = typeof explorer === "object" ? explorer.held : 0;
  const agent = await ExploreContinuous.create({
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
  const met: Steps = {
    n: log.length,
    states: flat((entry) => entry.state),
    actions: flat((entry) => entry.action),
    nextStates: flat((entry) => entry.next),
  };
  return { found: found || steps, capped: found === 0, visited, met, corrected: agent.model };
}

export function physicsOf({ id, physics }: Environment): Physics {
  if (!physics) throw new TypeError(`${id} has no continuous states to explore`);
  return physics;
}

/** Where pairs really lead, less those that end on a wall: for scoring. */
export async function trueSteps(physics: Physics, pairs: Met): Promise<Steps> {
  const { nextStates } = await simulatorOfPhysics(physics).step(pairs.states, pairs.actions, pairs.n);
  const steps = { ...pairs, nextStates };
  const free = offTheFaces(physics.coordinates, steps, nextStates);
  const rows = Array.from({ length: pairs.n }, (_, b) => b).filter((b) => free[b]);
  return taken(steps, rows, physics.coordinates);
}

/** Worlds with a hidden place, and the shipped critics that models are inferred from. */
const hidden: readonly { readonly id: string; readonly goal: (state: Float64Array) => boolean; readonly steps: number }[] = [
  { id: "MountainCarContinuous-v0", goal: ([position]) => position >= 0.45, steps: 3000 },
  { id: "Pendulum-v1", goal: ([angle, rate]) => Math.hypot(angle / 0.3, rate / 0.8) < 1, steps: 3000 },
];
const [RUNS, TUNED_ON, ASKED] = [10, 5, 2000];
const TUNING = 900_000;
const HELD = [1, 5, 10, 20, 40, 80];

/**
 * Steps until a hidden place is found in worlds of coordinates: in a model inferred from a shipped critic, against random actions held for as long as suits them (by a printed grid, on other
 * seeds), the same agent that knows nothing but the class of models, and the true laws. Geometric means over paired seeds; what is not found counts as all of its steps.
 */
export async function exploreContinuousWorlds(seed: number, onProgress: OnProgress) {
  const worlds: Record<string, unknown> = {};
  const over: { readonly held: Interval; readonly laws: Interval }[] = [];
  for (const [at, { id, goal, steps }] of hidden.entries()) {
    const environment = make(id);
    const critic = await loadCritic(fileURLToPath(new URL(`../../zoo/${id}`, import.meta.url)));
    const { model } = await inferDynamics(critic, { environment, seed });
    if (model.kind !== "continuous") throw new TypeError(`zoo/${id} is of a world of coordinates`);
    const study = { make: () => make(id), model, at: drawAnywhere(physicsOf(environment), ASKED, seed), goal, steps };
    let done = 0;
    const run = async (explorer: Explorer, from: number, count: number) => {
      const runs: ExplorationRun[] = [];
      onProgress(at + done++ / (HELD.length + 4), hidden.length, id);
      for (let i = 0; i < count; i++) runs.push(await explorationRun(study, explorer, from + i));
      return runs;
    };
    const grid: { readonly held: number; readonly found: readonly number[] }[] = [];
    for (const held of HELD) grid.push({ held, found: (await run({ held }, TUNING, TUNED_ON)).map(({ found }) => found) });
    const { held } = grid.reduce((best, entry) => (sum(entry.found) < sum(best.found) ? entry : best));
    const all = {
      "inferred model": await run("inferred model", seed, RUNS),
      "true laws": await run("true laws", seed, RUNS),
      "nothing known": await run("nothing known", seed, RUNS),
      "random actions, held": await run({ held }, seed, RUNS),
    };
    const found = (name: keyof typeof all) => all[name].map((own) => own.found);
    const ours = found("inferred model");
    over.push({ held: speedup(found("random actions, held"), ours), laws: speedup(ours, found("true laws")) });
    worlds[id] = {
      held,
      grid,
      ...Object.fromEntries(
        Object.entries(all).map(([name, runs]) => [
          name,
          {
            steps: medianOf(runs.map((own) => own.found)),
            notFound: runs.filter(({ capped }) => capped).length,
            timesOurs: speedup(
              runs.map((own) => own.found),
              ours,
            ),
          },
        ]),
      ),
    };
  }
  const least = (intervals: readonly Interval[]) => intervals.reduce((a, b) => (b.value < a.value ? b : a));
  const most = (intervals: readonly Interval[]) => intervals.reduce((a, b) => (b.value > a.value ? b : a));
  return { worlds, overHeldActions: least(over.map(({ held }) => held)), overTrueLaws: most(over.map(({ laws }) => laws)) };
}

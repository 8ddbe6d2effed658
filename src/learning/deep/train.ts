import { restoreCritic, type SavedCritic } from "../../critics/saved.ts";
import { compile, Graph } from "../../engine/index.ts";
import type { Environment } from "../../environments/environment.ts";
import { vectorize } from "../../environments/vector-environment.ts";
import { mean, quantile } from "../../numbers/statistics.ts";
import { type Identifiability, identifiabilityScalars } from "../invertible/identify-heads.ts";
import type { Learner } from "../learner.ts";
import type { LogKind } from "../training-log.ts";

export interface TrainOptions {
  /** Environment steps in all. */
  readonly steps: number;
  /** Seed of the evaluation episodes: not one that training uses. */
  readonly evaluationSeed: number;
  /** Steps between evaluations, and episodes of each. */
  readonly evaluateEvery: number;
  readonly episodes: number;
  /** Stop at an evaluation that reaches this. */
  readonly enough?: number;
  /** After every step of the learner. */
  readonly onStep?: () => Promise<void>;
  readonly onProgress?: (entry: TrainingEntry, best: Best) => void | Promise<void>;
  /** Evaluations so far, when a training goes on. */
  readonly before?: Best;
}

/** A line of the log. */
export interface TrainingEntry {
  readonly steps: number;
  readonly updates: number;
  /** Mean return of the last episodes that ended in training; absent before one has. */
  readonly trainingReturn?: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly updatesPerSecond: number;
  /** Mean return of evaluation episodes, without exploration. */
  readonly evaluation: number;
  /** Their first and third quartiles. */
  readonly quartiles: readonly [number, number];
  /** The best so far is this one. */
  readonly best: boolean;
  /** Of the critic's auxiliary heads, where it has some. */
  readonly identifiability?: Identifiability;
}

export const trainingLog: LogKind<TrainingEntry> = {
  at: ({ steps }) => steps,
  scalars: ({ evaluation, quartiles, trainingReturn, updates, updatesPerSecond, losses, identifiability }) => ({
    "return/evaluation": evaluation,
    "return/evaluation first quartile": quartiles[0],
    "return/evaluation third quartile": quartiles[1],
    ...(trainingReturn === undefined ? {} : { "return/training": trainingReturn }),
    "speed/updates": updates,
    "speed/updates per second": updatesPerSecond,
    ...Object.fromEntries(Object.entries(losses).map(([name, value]) => [`loss/${name}`, value])),
    ...(identifiability ? identifiabilityScalars(identifiability) : {}),
  }),
};

export interface Best {
  readonly evaluation: number;
  readonly steps: number;
  readonly critic: SavedCritic;
}

/** Train to the end (or until it is good enough), evaluate on the way, and keep the critic that evaluated best. */
export async function trainLearner(learner: Learner, options: TrainOptions): Promise<Best> {
  let best = options.before;
  const held = { updates: learner.updates, time: performance.now() };
  while (learner.steps < options.steps) {
    const due = Math.floor(learner.steps / options.evaluateEvery);
    await learner.iterate();
    await options.onStep?.();
    if (Math.floor(learner.steps / options.evaluateEvery) === due && learner.steps < options.steps) continue;
    const seconds = (performance.now() - held.time) / 1000;
    const updatesPerSecond = (learner.updates - held.updates) / seconds;
    const returns = await evaluateLearner(learner, options.episodes, options.evaluationSeed);
    const evaluation = mean(returns);
    const better = best === undefined || evaluation >= best.evaluation;
    if (better || !best) best = { evaluation, steps: learner.steps, critic: learner.critic() };
    const entry: TrainingEntry = {
      steps: learner.steps,
      updates: learner.updates,
      ...(learner.returns.length > 0 ? { trainingReturn: mean(learner.returns) } : {}),
      losses: learner.losses,
      updatesPerSecond,
      evaluation,
      quartiles: [quantile(returns, 0.25), quantile(returns, 0.75)],
      best: better,
    };
    await options.onProgress?.(entry, best);
    held.updates = learner.updates;
    held.time = performance.now();
    if (options.enough !== undefined && evaluation >= options.enough) break;
  }
  if (!best) throw new RangeError("trainLearner: there was nothing left to do");
  return best;
}

/** Returns of episodes of the best actions, one a copy; episode i starts with seed + i. */
export function evaluateLearner(learner: Pick<Learner, "act" | "environment">, episodes: number, seed: number): Promise<number[]> {
  return evaluateIn(learner.environment, learner, episodes, seed);
}

/** The same in an environment that need not be the learner's own. */
export async function evaluateIn(
  environment: string | Environment,
  learner: Pick<Learner, "act">,
  episodes: number,
  seed: number,
): Promise<number[]> {
  const vector = vectorize(environment, episodes);
  vector.reset(seed);
  const returns = new Array<number>(episodes).fill(0);
  const running = new Uint8Array(episodes).fill(1);
  while (running.includes(1)) {
    vector.step(await learner.act(vector.observations, episodes));
    for (let i = 0; i < episodes; i++) {
      if (!running[i]) continue;
      returns[i] += vector.rewards[i];
      if (vector.terminated[i] || vector.truncated[i]) running[i] = 0;
    }
  }
  return returns;
}

/** Returns of fresh episodes of a critic's own policy; episode i starts with seed + i. */
export async function evaluateCritic(critic: SavedCritic, environment: string, episodes: number, seed: number): Promise<number[]> {
  const restored = restoreCritic(critic);
  if (restored.kind !== "network" || !restored.policyGraph) throw new TypeError(`${critic.name} has no policy`);
  const graph = new Graph();
  graph.output("action", restored.policyGraph(graph.input("observations", ["N", restored.observationSize])));
  const session = await compile(graph, { threads: 1 });
  const act = async (observations: Float64Array) => (await session.run({ observations })).action.data as Float32Array;
  const returns = await evaluateLearner({ environment, act }, episodes, seed);
  await session.release();
  return returns;
}

import { type FixedPolicy, generalValueFunctions } from "../critics/general-value-functions.ts";
import type { SavedCritic } from "../critics/saved.ts";
import { compile, createRandom, Graph, randomStateSize } from "../engine/index.ts";
import { collectTransitions } from "../environments/collect.ts";
import type { Environment } from "../environments/environment.ts";
import { checkpointFile } from "./checkpoint-file.ts";
import { LearningError } from "./errors.ts";
import {
  type GeneralValueSchedule,
  generalHeads,
  generalValueLearner,
  randomSignals,
  ratios,
  standardise,
} from "./general-value-learner.ts";
import { createTransitionMemory, type TransitionMemory } from "./transition-memory.ts";

export interface GeneralValueOptions extends Partial<GeneralValueSchedule> {
  readonly seed: number;
  /** C: random signals; heads are C a discount (24). */
  readonly cumulants?: number;
  /** 0.5, 0.8, 0.95 */
  readonly discounts?: readonly number[];
  /** Standard deviation of the signals' frequencies, per standard deviation of an observation (0.35). */
  readonly bandwidth?: number;
  /** What the values are of, and what data are gathered by, ε-random ("uniform"). */
  readonly policy?: FixedPolicy;
  readonly epsilon?: number;
  readonly hidden?: readonly number[];
  readonly activation?: string;
  readonly transitions?: number;
  /** Where a checkpoint is kept; the training in it, if it is this one, goes on. */
  readonly folder?: string;
  readonly threads?: number;
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

export interface TrainedGeneralValues {
  readonly critic: SavedCritic;
  /** RMS over held-out transitions of V(s') − V(s), a head at a time: what there is to see. */
  readonly signal: Float64Array;
  readonly updatesPerSecond: number;
}

export const GVF_DEFAULTS = {
  cumulants: 24,
  discounts: [0.5, 0.8, 0.95],
  bandwidth: 0.35,
  policy: { kind: "uniform" } as FixedPolicy,
  epsilon: 0.3,
  hidden: [96, 96],
  activation: "SiLU",
  transitions: 30_000,
  batch: 256,
  targetSteps: 3000,
  residualSteps: 12_000,
  rates: [2e-3, 2e-3] as readonly [number, number],
};
const HELD_OUT = 2000;
const CHECKPOINT_EVERY = 500;
const REPORT_EVERY = 100;

/**
 * General value functions of random signals, trained to be inverted: temporal differences towards a slow copy, then the residual gradient (Baird 1995),
 * which leaves a far smaller Bellman residual where the dynamics are deterministic. Episodes' ends are no ends for these signals.
 * With a `folder` it keeps a checkpoint there, from which the same training goes on to the same bytes.
 */
export async function trainGeneralValues(environment: Environment, options: GeneralValueOptions): Promise<TrainedGeneralValues> {
  const settings = { ...GVF_DEFAULTS, ...options };
  const { seed, cumulants, discounts, policy, folder, onProgress } = settings;
  const random = createRandom(seed);
  const data = await gather(environment, policy, settings.epsilon, settings.transitions, random.integer(2 ** 31));
  const held = await gather(environment, policy, settings.epsilon, HELD_OUT, random.integer(2 ** 31));
  const { observationSize: o, actionSize } = data;
  const signals = { ...standardise(data.observations, o), ...randomSignals(o, cumulants, settings.bandwidth, random) };
  const parts = { ...signals, actionSpace: environment.actionSpace, discounts, policy };
  const { hidden, activation, threads } = settings;
  const learner = await generalValueLearner({ parts, hidden, activation, actionSize, threads }, settings, random);
  const told = Object.fromEntries(
    Object.entries({ ...settings, policy: policy.kind }).filter(([key]) => !["onProgress", "folder", "threads"].includes(key)),
  );
  const checkpoint = folder === undefined ? undefined : checkpointFile(folder, { environment: environment.id, ...told, policy });
  const kept = await checkpoint?.read();
  if (kept) {
    await learner.restore(kept);
    random.restore(kept.generator.data as Float64Array, 0);
  }
  const [start, before] = [performance.now(), learner.done];
  while (learner.done < learner.total) {
    await learner.update(data, random);
    const { done, total, loss, phase } = learner;
    if (checkpoint && (done % CHECKPOINT_EVERY === 0 || done === total)) {
      const generator = new Float64Array(randomStateSize);
      random.save(generator, 0);
      await checkpoint.write({ ...learner.save(), generator: { shape: [generator.length], data: generator } });
    }
    if (done % REPORT_EVERY === 0 || done === total) onProgress?.(done, total, `${phase}, loss ${loss.toExponential(2)}`);
  }
  const seconds = (performance.now() - start) / 1000;
  const measured = await learner.measure(held);
  const values = learner.values();
  await learner.release();
  const name = `gvf ${environment.id}`;
  const critic: SavedCritic = {
    name,
    algorithm: "GVF",
    environment: environment.id,
    heads: generalHeads(name, cumulants, discounts, measured.residual),
    observationSpace: environment.observationSpace,
    actionSpace: environment.actionSpace,
    values,
    made: { settings: told, residualOverSignal: ratios(discounts, cumulants, measured) },
  };
  return { critic, signal: measured.signal, updatesPerSecond: (learner.total - before) / seconds };
}

async function gather(environment: Environment, policy: FixedPolicy, epsilon: number, n: number, seed: number): Promise<TransitionMemory> {
  const { simulation, actionSpace } = environment;
  if (!simulation) throw new LearningError(`general value functions need continuous observations; ${environment.id} has numbered states`);
  const o = simulation.observationSpace.low.length;
  const m = actionSpace.kind === "box" ? actionSpace.low.length : 1;
  const session = policy.kind === "uniform" ? undefined : await compile(policyGraph(policy, environment, o));
  const { states, actions, nextStates } = await collectTransitions(
    environment,
    async (observations, rows) =>
      session ? ((await session.run({ observations })).actions.data as Float32Array) : new Float64Array(rows * m),
    { n, seed, epsilon: session ? epsilon : 1 },
  );
  await session?.release();
  const observe = (of: Float64Array) => {
    const out = new Float64Array(n * o);
    simulation.observations(of, n, out);
    return out;
  };
  const memory = createTransitionMemory("gathered", n, o, m);
  const [here, there] = [observe(states), observe(nextStates)];
  for (let i = 0; i < n; i++) memory.add(here, actions, there, i);
  return memory;
}

function policyGraph(policy: FixedPolicy, { actionSpace }: Environment, o: number): Graph {
  const none = new Float32Array(o);
  const graph = new Graph();
  const act = generalValueFunctions({
    actionSpace,
    policy,
    centre: none,
    scale: new Float32Array(o).fill(1),
    weights: none,
    phases: new Float32Array(1),
    discounts: [0],
    continuation: (x) => x,
  }).policy!;
  graph.output("actions", act([graph.input("observations", ["N", o])]));
  return graph;
}

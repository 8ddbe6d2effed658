import type { OnProgress } from "../../base/progress.ts";
import { type FixedPolicy, generalValueFunctions } from "../../critics/general-value-functions.ts";
import type { SavedCritic } from "../../critics/saved.ts";
import { compile, Graph } from "../../engine/index.ts";
import { collectTransitions } from "../../environments/collect.ts";
import type { Environment } from "../../environments/environment.ts";
import { createRandom, randomStateSize } from "../../numbers/random.ts";
import { checkpointFile } from "../checkpoint-file.ts";
import { LearningError } from "../errors.ts";
import {
  type GeneralValueLearner,
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
  /** Where a checkpoint is kept, and whether to go on from the one there. */
  readonly folder?: string;
  readonly resume?: boolean;
  /** More that sets this training apart: first states, episodes. */
  readonly told?: Readonly<Record<string, unknown>>;
  readonly threads?: number;
  readonly onProgress?: OnProgress;
  /** Called with the updates made before training begins, or goes on. */
  readonly onStart?: (done: number) => Promise<void>;
  /** Called so often in all, the last time when training ends (20). */
  readonly evaluations?: number;
  readonly onEvaluation?: (evaluated: EvaluatedGeneralValues) => Promise<void>;
}

export interface EvaluatedGeneralValues {
  readonly updates: number;
  readonly phase: GeneralValueLearner["phase"];
  readonly loss: number;
  readonly updatesPerSecond: number;
  /** On transitions held out, a head at a time: RMS of V(s') − N(s, a), and of V(s') − V(s). */
  readonly measured: { readonly residual: Float64Array; readonly signal: Float64Array };
  readonly critic: SavedCritic;
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
  batchSize: 256,
  targetSteps: 3000,
  residualSteps: 12_000,
  learningRates: [2e-3, 2e-3] as readonly [number, number],
};
const HELD_OUT = 2000;
const CHECKPOINT_EVERY = 500;
const REPORT_EVERY = 100;
const EVALUATIONS = 20;
/** Updates between evaluations at least. */
const APART = 100;

/**
 * General value functions of random signals, trained to be inverted: temporal differences towards a slow copy, then the residual gradient (Baird 1995),
 * which leaves a far smaller Bellman residual where the dynamics are deterministic. Episodes' ends are no ends for these signals.
 * With a `folder` it keeps a checkpoint there, from which the same training goes on to the same bytes.
 * @throws FormatError where there is nothing to resume, or it is of another training
 */
export async function trainGeneralValues(environment: Environment, options: GeneralValueOptions): Promise<TrainedGeneralValues> {
  const settings = { ...GVF_DEFAULTS, ...options };
  const { seed, cumulants, discounts, policy, folder, resume, told, evaluations = EVALUATIONS } = settings;
  const { onProgress, onStart, onEvaluation } = settings;
  const random = createRandom(seed);
  const data = await gather(environment, policy, settings.epsilon, settings.transitions, random.integer(2 ** 31));
  const held = await gather(environment, policy, settings.epsilon, HELD_OUT, random.integer(2 ** 31));
  const { observationSize: o, actionSize } = data;
  const signals = { ...standardise(data.observations, o), ...randomSignals(o, cumulants, settings.bandwidth, random) };
  const parts = { ...signals, actionSpace: environment.actionSpace, discounts, policy };
  const { hidden, activation, threads } = settings;
  const learner = await generalValueLearner({ parts, hidden, activation, actionSize, threads }, settings, random);
  const made = {
    ...Object.fromEntries(Object.keys(GVF_DEFAULTS).map((key) => [key, settings[key as keyof typeof GVF_DEFAULTS]])),
    policy: policy.kind,
    ...told,
    seed,
  };
  const checkpoint = folder === undefined ? undefined : checkpointFile(folder, { environment: environment.id, ...made, policy });
  if (checkpoint && resume) {
    const kept = await checkpoint.existing();
    await learner.restore(kept);
    random.restore(kept.generator.data as Float64Array, 0);
  }
  await onStart?.(learner.done);
  const name = `gvf ${environment.id}`;
  const critic = (measured: { readonly residual: Float64Array; readonly signal: Float64Array }): SavedCritic => ({
    name,
    algorithm: "GVF",
    environment: environment.id,
    heads: generalHeads(name, cumulants, discounts, measured.residual),
    observationSpace: environment.observationSpace,
    actionSpace: environment.actionSpace,
    values: learner.values(),
    made: { settings: made, residualOverSignal: ratios(discounts, cumulants, measured) },
  });
  const before = learner.done;
  let spent = 0;
  const speed = () => (1000 * (learner.done - before)) / spent;
  const every = Math.max(APART, Math.ceil(learner.total / evaluations));
  while (learner.done < learner.total) {
    const start = performance.now();
    await learner.update(data, random);
    spent += performance.now() - start;
    const { done, total, loss, phase } = learner;
    const last = done === total;
    if (onEvaluation && (done % every === 0 || last)) {
      const measured = await learner.measure(held);
      await onEvaluation({ updates: done, phase, loss, updatesPerSecond: speed(), measured, critic: critic(measured) });
    }
    if (checkpoint && (done % CHECKPOINT_EVERY === 0 || last)) {
      const generator = new Float64Array(randomStateSize);
      random.save(generator, 0);
      await checkpoint.write({ ...learner.save(), generator: { shape: [generator.length], data: generator } });
    }
    if (done % REPORT_EVERY === 0 || last) onProgress?.(done, total, phase);
  }
  const measured = await learner.measure(held);
  const trained = { critic: critic(measured), signal: measured.signal, updatesPerSecond: speed() };
  await learner.release();
  return trained;
}

async function gather(environment: Environment, policy: FixedPolicy, epsilon: number, n: number, seed: number): Promise<TransitionMemory> {
  const { simulation, actionSpace } = environment;
  if (!simulation)
    throw new LearningError(
      `general value functions need continuous observations, but ${environment.id} is tabular: use q-learning, sarsa or value-iteration`,
    );
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

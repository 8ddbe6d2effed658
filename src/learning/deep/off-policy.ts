import type { SavedCritic } from "../../critics/saved.ts";
import type { Recurrence, RuntimeTensor, State } from "../../engine/index.ts";
import { createRandom, type Random, randomStateSize } from "../../numbers/random.ts";
import type { Checkpoint } from "../checkpoint-file.ts";
import { LearningError } from "../errors.ts";
import type { Learner, LearnerOptions } from "../learner.ts";
import type { Actors } from "./actors.ts";
import { hindsightOf, observedSpace } from "./hindsight.ts";
import { createReplay } from "./replay.ts";

/** What every learner with a replay memory takes. */
export interface OffPolicyOptions extends LearnerOptions {
  /** Part of the first learning rate that is left at the end of training. */
  readonly finalLearningRate?: number;
  /** Transitions kept. */
  readonly bufferSize?: number;
  /** Steps before the first update. */
  readonly learningStarts?: number;
  /** Updates for every step of an environment. */
  readonly updatesPerStep?: number;
  /** n of n-step returns. */
  readonly nSteps?: number;
  /** τ of the target networks' Polyak averaging. */
  readonly tau?: number;
  /** Between layers, by its class name in torch.nn. */
  readonly activation?: string;
  /** Normalise before every activation (Ba et al. 2016). */
  readonly layerNorm?: boolean;
}

/** Algorithms change and add to these. */
export const OFF_POLICY_DEFAULTS = {
  discount: 0.99,
  hidden: [128, 128],
  activation: "ReLU",
  layerNorm: false,
  batchSize: 128,
  learningRate: 1e-3,
  finalLearningRate: 0.3,
  numEnvs: 1,
  threads: 1,
  bufferSize: 100_000,
  learningStarts: 1000,
  updatesPerStep: 1,
  nSteps: 1,
  tau: 0.01,
};

/** Options with nothing left open. */
export type OffPolicySettings = OffPolicyOptions & Required<Pick<OffPolicyOptions, keyof typeof OFF_POLICY_DEFAULTS>>;

/** What an algorithm that learns from a replay memory brings to the common loop. */
export interface OffPolicy {
  readonly algorithm: string;
  readonly settings: OffPolicySettings;
  /** One update; takes a `ReplayBatch`, "rate" [1] and what `feeds` adds. Its outputs beside the state are losses of one element. */
  readonly recurrence: Recurrence;
  /** Actions for exploring, as the memory holds them: flat [n, m]. @param progress 0 … 1 of the training */
  explore(observations: Float64Array, n: number, random: Random, progress: number): Promise<Float64Array>;
  /** The best actions as the memory holds them. */
  exploit(observations: Float64Array, n: number): Promise<ArrayLike<number>>;
  /** From the memory's actions to the environment's. */
  readonly toEnvironment?: (actions: ArrayLike<number>) => ArrayLike<number>;
  /** What exploring remembers from step to step; checkpoints keep it. */
  readonly memory?: Float64Array;
  /** More inputs of an update, such as noise. */
  feeds?(random: Random, update: number): Readonly<Record<string, RuntimeTensor>>;
  critic(state: State, learner: Pick<Learner, "steps" | "updates" | "returns">): SavedCritic;
}

/** Act, remember, update: the loop that DQN, QR-DQN, SAC, TD3 and DDPG share. */
export function offPolicyLearner(actors: Actors, parts: OffPolicy): Learner {
  const { settings, recurrence, algorithm } = parts;
  const { seed, batchSize } = settings;
  const random = createRandom(seed);
  const hindsight = hindsightOf(actors.environment, settings.nSampledGoal);
  const replay = createReplay(settings.bufferSize, batchSize, actors, hindsight);
  const rate: RuntimeTensor = { dtype: "float32", dims: [1], data: new Float32Array(1) };
  const toEnvironment = parts.toEnvironment ?? ((actions) => actions);
  const memory = parts.memory ?? new Float64Array(0);
  let steps = 0;
  let updates = 0;
  let owed = 0;
  let losses: Record<string, number> = {};
  const learner: Learner = {
    algorithm,
    environment: actors.environment.id,
    actors,
    get steps() {
      return steps;
    },
    get updates() {
      return updates;
    },
    get returns() {
      return actors.returns;
    },
    get losses() {
      return losses;
    },
    async iterate() {
      const progress = Math.min(1, steps / settings.steps);
      const actions = await parts.explore(actors.observations, actors.n, random, steps < settings.learningStarts ? 0 : progress);
      actors.step(toEnvironment(actions));
      replay.add(actors, actions);
      steps += actors.n;
      if (steps < settings.learningStarts) return;
      rate.data[0] = settings.learningRate * (1 - (1 - settings.finalLearningRate) * progress);
      for (owed += actors.n * settings.updatesPerStep; owed >= 1; owed--) {
        const drawn = replay.sample(random, settings.nSteps, settings.discount);
        settings.onBatch?.(drawn);
        const out = await recurrence.run({ ...drawn, rate, ...parts.feeds?.(random, updates) });
        updates++;
        if (owed < 2) losses = Object.fromEntries(Object.entries(out).map(([name, [value]]) => [name, value]));
      }
    },
    act: async (observations, n) => toEnvironment(await parts.exploit(observations, n)),
    critic() {
      const critic = parts.critic(recurrence.state, learner);
      if (!hindsight) return critic;
      const made = { relabelledShare: hindsight.share, ...critic.made };
      return { ...critic, observationSpace: observedSpace(actors.environment), made };
    },
    save() {
      const generator = new Float64Array(randomStateSize);
      random.save(generator, 0);
      const tensors = Object.entries(recurrence.state).map(([name, { shape, data }]) => [`state ${name}`, { shape, data: data.slice() }]);
      return {
        ...Object.fromEntries(tensors),
        ...actors.save(),
        ...replay.save(),
        counters: { shape: [3], data: Float64Array.of(steps, updates, owed) },
        memory: { shape: [memory.length], data: memory.slice() },
        generator: { shape: [randomStateSize], data: generator },
      } as Checkpoint;
    },
    restore(checkpoint) {
      const names = Object.keys(recurrence.state);
      const missing = names.find((name) => checkpoint[`state ${name}`] === undefined);
      if (missing !== undefined) throw new LearningError(`the checkpoint has no '${missing}': it is of another algorithm or network`);
      recurrence.restore(
        Object.fromEntries(
          names.map((name) => {
            const { shape, data } = checkpoint[`state ${name}`];
            return [name, { shape, data: data as Float32Array }];
          }),
        ),
      );
      actors.restore(checkpoint);
      replay.restore(checkpoint);
      [steps, updates, owed] = checkpoint.counters.data;
      memory.set(checkpoint.memory.data);
      random.restore(checkpoint.generator.data, 0);
    },
    release: () => recurrence.release(),
  };
  return learner;
}

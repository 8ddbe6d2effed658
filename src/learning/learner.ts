import type { SavedCritic } from "../critics/saved.ts";
import type { Checkpoint } from "./checkpoint-file.ts";
import type { Actors } from "./deep/actors.ts";
import type { ReplayBatch } from "./deep/replay.ts";

/** A model-free learner at work in its environments. */
export interface Learner {
  readonly algorithm: string;
  readonly environment: string;
  /** Where it acts. */
  readonly actors: Actors;
  /** Steps taken in all copies of the environment together. */
  readonly steps: number;
  readonly updates: number;
  /** Returns of the last episodes that ended (at most 100). */
  readonly returns: readonly number[];
  /** Losses of the last update, by name. */
  readonly losses: Readonly<Record<string, number>>;
  /** Act once in every copy and make the updates that are due. */
  iterate(): Promise<void>;
  /** The best action as it is known now, without exploration: flat [n, m] in the environment's units. */
  act(observations: Float64Array, n: number): Promise<ArrayLike<number>>;
  critic(): SavedCritic;
  save(): Checkpoint;
  /** @throws LearningError where the checkpoint is of another configuration */
  restore(checkpoint: Checkpoint): void;
  release(): Promise<void>;
}

/** What every deep learner takes. */
export interface LearnerOptions {
  readonly seed: number;
  /** Environment steps of the whole training: schedules end there. */
  readonly steps: number;
  /** γ */
  readonly discount?: number;
  readonly hidden?: readonly number[];
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly numEnvs?: number;
  readonly threads?: number;
  /** Goal environments: replayed transitions that are told with a goal reached later, for one as it was (4); 0 for none. */
  readonly nSampledGoal?: number;
  /** Off-policy learners: called with every batch before its update, to write other transitions over some of its rows. */
  readonly onBatch?: (batch: ReplayBatch) => void;
}

import type { Checkpoint } from "../../learning/checkpoint-file.ts";
import type { EnvironmentSource } from "../../learning/deep/actors.ts";
import type { Learner, LearnerOptions } from "../../learning/learner.ts";

export type CreateLearner = (source: EnvironmentSource, options: LearnerOptions & Readonly<Record<string, unknown>>) => Promise<Learner>;

/** A learner as it was left: how it is made, and the checkpoint that it wrote. */
export interface TrainedLearner {
  readonly create: CreateLearner;
  /** Those of its training that shape it: networks, discount, batch. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly checkpoint: Checkpoint;
}

export interface ContinueOptions {
  readonly seed: number;
  /** Steps of the whole continuation. */
  readonly steps: number;
  /** Go on with the old transitions in memory beside the new ones; otherwise memory begins empty. */
  readonly memory?: boolean;
  /** In place of the training's own: rate, updates a step, exploration. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Networks, targets and the optimiser's moments as they were left, in another world: the same physics or others, real or imagined. */
export async function continueLearner(trained: TrainedLearner, source: EnvironmentSource, options: ContinueOptions): Promise<Learner> {
  const { seed, steps, memory = false, settings } = options;
  const learner = await trained.create(source, { ...trained.settings, ...settings, seed, steps });
  const kept = (name: string) => name.startsWith("state ") || (memory && name.startsWith("replay "));
  learner.restore({
    ...learner.save(),
    ...Object.fromEntries(Object.entries(trained.checkpoint).filter(([name]) => kept(name))),
  });
  return learner;
}

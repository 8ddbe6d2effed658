import type { SavedCritic } from "../../critics/saved.ts";
import { auxiliaryHeads } from "../invertible/auxiliary-heads.ts";
import type { EnvironmentSource } from "./actors.ts";
import { algorithms, presetOf } from "./algorithms.ts";
import { EPISODES, EVALUATION_SEED, evaluateEvery } from "./run.ts";
import { trainLearner } from "./train.ts";

export interface DeepCriticOptions {
  readonly seed: number;
  /** Environment steps (the environment's preset). */
  readonly steps?: number;
  /** Stop at an evaluation of this mean return. */
  readonly enough?: number;
  readonly identifiable?: boolean;
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

/** The critic that evaluated best, in memory alone. @param name of `algorithms` */
export async function trainDeepCritic(
  name: string,
  { source, environment }: { readonly source: EnvironmentSource; readonly environment: { readonly id: string } },
  { seed, enough, identifiable, onProgress, ...options }: DeepCriticOptions,
): Promise<SavedCritic> {
  const preset = presetOf(environment.id);
  const { steps = preset.steps, ...settings } = options;
  const learner = await algorithms[name].create(source, { ...preset.settings, ...settings, seed, steps });
  try {
    const heads = identifiable ? await auxiliaryHeads(learner, { seed, steps }) : undefined;
    try {
      const { critic } = await trainLearner(learner, {
        steps,
        evaluationSeed: EVALUATION_SEED + seed,
        evaluateEvery: evaluateEvery(steps),
        episodes: EPISODES,
        enough,
        onStep: heads && (() => heads.follow(learner.actors, learner.steps)),
        onProgress: ({ steps: done, evaluation }) => onProgress?.(done, steps, `return ${evaluation.toFixed(1)}`),
      });
      await heads?.finish((done, total) => onProgress?.(done, total, "heads of random signals"));
      return heads ? await heads.join(critic) : critic;
    } finally {
      await heads?.release();
    }
  } finally {
    await learner.release();
  }
}

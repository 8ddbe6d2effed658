import type { SavedCritic } from "../../critics/saved.ts";
import { prepare } from "../../environments/make.ts";
import { loadSavedCritic, saveCritic } from "../../formats/critic-folder.ts";
import { mean } from "../../numbers/statistics.ts";
import { checkpointFile } from "../checkpoint-file.ts";
import { type AuxiliaryOptions, auxiliaryHeads, withoutAuxiliary } from "../invertible/auxiliary-heads.ts";
import type { Identifiability } from "../invertible/identify-heads.ts";
import { openLog } from "../training-log.ts";
import { algorithms, presetOf } from "./algorithms.ts";
import { type Best, evaluateCritic, type TrainingEntry, trainingLog, trainLearner } from "./train.ts";

export interface RunOptions {
  readonly environment: string;
  readonly algorithm: string;
  readonly seed: number;
  /** Folder of the critic, log.jsonl and checkpoint.safetensors. */
  readonly out: string;
  /** Environment steps; the environment's preset where not given. */
  readonly steps?: number;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The critic keeps the command that makes it. */
  readonly command?: string;
  /** Stop at an evaluation of this mean return. */
  readonly enough?: number;
  /** Go on from the checkpoint in `out`. */
  readonly resume?: boolean;
  /** Heads of random signals beside the learner, so that the critic can be inverted by design. */
  readonly identifiable?: boolean | Omit<AuxiliaryOptions, "seed" | "steps">;
  /** Of the updates of those heads that are left when training ends. */
  readonly onFinish?: (done: number, total: number) => void;
  readonly onProgress?: (entry: TrainingEntry, steps: number) => void;
}

export interface RunResult {
  readonly critic: SavedCritic;
  /** Mean return of fresh episodes without exploration. */
  readonly meanReturn: number;
  readonly steps: number;
  readonly updates: number;
  readonly log: readonly TrainingEntry[];
  readonly identifiability?: Identifiability;
}

export const EVALUATIONS = 20;
/** Steps between evaluations at least. */
const APART = 100;
export const EPISODES = 20;
export const FRESH_EPISODES = 100;
/** Training uses seed + copy; evaluations start here, and the last one elsewhere. */
export const EVALUATION_SEED = 1_000_000;
export const FRESH_SEED = 2_000_000;

/** Steps between evaluations of a training of so many. */
export function evaluateEvery(steps: number): number {
  return Math.max(APART, Math.ceil(steps / EVALUATIONS));
}

/** What is said of a critic when its training has ended. */
const ENDING = ["command", "algorithm", "seed", "meanReturn", "episodes", "evaluation", "identifiability"];

/**
 * Train a critic into a folder. Every evaluation writes log and checkpoint, so that a run that was stopped goes on and ends with the same bytes as one that was not.
 * @throws FormatError where there is nothing to resume, or it is of another configuration
 */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const { environment, seed, out, identifiable } = options;
  const preset = presetOf(environment);
  const { steps = preset.steps } = options;
  const settings = { ...preset.settings, ...options.settings };
  const configuration = { environment, algorithm: options.algorithm, seed, steps, settings, ...(identifiable ? { identifiable } : {}) };
  await prepare(environment);
  const learner = await algorithms[options.algorithm].create(environment, { ...settings, seed, steps });
  const heads = identifiable ? await auxiliaryHeads(learner, { ...(identifiable === true ? {} : identifiable), seed, steps }) : undefined;
  const join = async (critic: SavedCritic) => (heads ? heads.join(critic) : critic);
  const checkpoint = checkpointFile(out, configuration);
  let best: Best | undefined;
  if (options.resume) {
    const kept = await checkpoint.existing();
    learner.restore(kept);
    await heads?.restore(kept);
    const [evaluation, at] = kept.best.data;
    best = { evaluation, steps: at, critic: withoutAuxiliary(await loadSavedCritic(out)) };
  }
  const log = await openLog(out, options.resume ? learner.steps : undefined, trainingLog);
  const finished = best !== undefined && (learner.steps >= steps || (options.enough !== undefined && best.evaluation >= options.enough));
  if (!finished)
    best = await trainLearner(learner, {
      steps,
      evaluationSeed: EVALUATION_SEED + seed,
      evaluateEvery: evaluateEvery(steps),
      episodes: EPISODES,
      enough: options.enough,
      before: best,
      onStep: heads && (() => heads.follow(learner.actors, learner.steps)),
      async onProgress(evaluated, so) {
        const joined = await join(so.critic);
        const identifiability = await heads?.identify(joined);
        const entry = identifiability ? { ...evaluated, identifiability } : evaluated;
        if (entry.best) await saveCritic(out, joined);
        await log.add(entry);
        await checkpoint.write({
          ...learner.save(),
          ...heads?.save(),
          best: { shape: [2], data: Float64Array.of(so.evaluation, so.steps) },
        });
        options.onProgress?.(entry, steps);
      },
    });
  await heads?.finish(options.onFinish);
  const critic = await join(best!.critic);
  const { evaluation } = best!;
  const identifiability = await heads?.identify(critic);
  const returns = await evaluateCritic(critic, environment, FRESH_EPISODES, FRESH_SEED + seed);
  const meanReturn = mean(returns);
  const { settings: full, ...rest } = Object.fromEntries(Object.entries(critic.made!).filter(([key]) => !ENDING.includes(key)));
  const made = {
    ...(options.command === undefined ? {} : { command: options.command }),
    ...rest,
    algorithm: options.algorithm,
    seed,
    meanReturn,
    episodes: returns.length,
    evaluation,
    ...(identifiability ? { identifiability } : {}),
    settings: full,
  };
  const whole = { ...critic, made };
  await saveCritic(out, whole);
  await learner.release();
  await heads?.release();
  return { critic: whole, meanReturn, steps: learner.steps, updates: learner.updates, log: log.entries, identifiability };
}

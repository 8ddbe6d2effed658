import type { Identifiability } from "../../learning/invertible/identify-heads.ts";
import type { CommandAnswer, Context } from "./run.ts";
import { writeTrainingReport } from "./train-report.ts";
import { commandOf, deepSettings, type TrainCommandOptions } from "./train-settings.ts";

/** A learner that acts, remembers and updates. */
export async function trainDeep(options: TrainCommandOptions, context: Context): Promise<CommandAnswer> {
  const start = performance.now();
  const { env, algorithm, out, seed, enough, resume, identifiable } = options;
  const [{ runTraining }, { presetOf }, { returnPage }] = await Promise.all([
    import("../../learning/deep/run.ts"),
    import("../../learning/deep/algorithms.ts"),
    import("../../report/index.ts"),
  ]);
  const asked = options.steps ?? presetOf(env).steps;
  const {
    meanReturn,
    steps,
    updates,
    identifiability: found,
    log,
    critic,
  } = await runTraining({
    environment: env,
    algorithm,
    out,
    seed,
    steps: asked,
    enough,
    settings: networkSettings(options),
    command: commandOf({ ...options, steps: asked }),
    resume,
    identifiable,
    onFinish: (done, total) => context.onProgress(done, total, "heads of random signals"),
    onProgress: (entry, total) =>
      context.onProgress(
        entry.steps,
        total,
        `return ${entry.evaluation.toFixed(1)}, ${entry.updatesPerSecond.toFixed(0)} updates/s, step ${entry.steps}${headsInWords(entry.identifiability)}`,
      ),
  });
  const finalVerdict = found && { usable: found.usable, sentence: found.verdict };
  const episodes = critic.made?.episodes as number;
  await writeTrainingReport(options, context, returnPage({ algorithm, environment: env, log, meanReturn, episodes, finalVerdict }));
  const seconds = (performance.now() - start) / 1000;
  const { learningStarts } = critic.made!.settings as { readonly learningStarts: number };
  const nothing = updates === 0 ? `\nNothing was learned: updates begin at step ${learningStarts}; give more --steps.` : "";
  const next =
    critic.observationSpace.kind === "dict"
      ? `ask it about goals, as in docs/how-to/goals.md; vinverse inspect ${out}`
      : `vinverse infer ${out} --env ${env}`;
  return {
    json: { environment: env, algorithm, seed, out, meanReturn, steps, updates, identifiability: found, seconds },
    text: `${algorithm} on ${env}: mean return ${meanReturn.toFixed(1)} over 100 fresh episodes after ${steps} steps and ${updates} updates.${nothing}${found ? `\n${found.verdict}` : ""}\nNext: ${next}`,
  };
}

/** What the algorithm is told beside its defaults; nothing where nothing was asked. */
function networkSettings(options: TrainCommandOptions): Readonly<Record<string, unknown>> {
  return Object.fromEntries(deepSettings.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])));
}

/** What heads of random signals see so far; nothing where there are none. */
export function headsInWords(found: Identifiability | undefined): string {
  if (!found) return "";
  const { residualOverSignal, visible, dimensions, usable } = found;
  return `; heads: residual ${(100 * residualOverSignal).toFixed(0)} % of signal, sees ${visible} of ${dimensions} directions${usable ? "" : ", not usable yet"}`;
}

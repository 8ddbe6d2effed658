import type { CommandAnswer, Context } from "./run.ts";
import { headsInWords } from "./train-deep.ts";
import { writeTrainingReport } from "./train-report.ts";
import { commandOf, type TrainCommandOptions } from "./train-settings.ts";

/** General value functions of random signals. */
export async function trainGeneral(options: TrainCommandOptions, context: Context): Promise<CommandAnswer> {
  const start = performance.now();
  const {
    env,
    out,
    seed,
    policy: followed,
    resume,
    starts,
    horizon,
    hidden,
    activation,
    transitions,
    targetSteps,
    residualSteps,
  } = options;
  const [{ make }, { withEpisodes }, { runGeneralValues }, { policyOf }, { loadSavedCritic }, { generalValuePage }] = await Promise.all([
    import("../../environments/make.ts"),
    import("../../environments/with-episodes.ts"),
    import("../../learning/invertible/run-general-values.ts"),
    import("../../learning/deep/policy-of.ts"),
    import("../../formats/critic-folder.ts"),
    import("../../report/index.ts"),
  ]);
  const own = make(env);
  const episodes = given({ starts, horizon });
  const environment = Object.keys(episodes).length > 0 ? withEpisodes(own, episodes) : own;
  const policy = followed === undefined ? undefined : policyOf(await loadSavedCritic(followed));
  let words = "";
  const { critic, log, updatesPerSecond, identifiability } = await runGeneralValues(environment, {
    ...given({ policy, hidden, activation, transitions, targetSteps, residualSteps }),
    told: episodes,
    seed,
    out,
    resume,
    command: commandOf(options),
    onProgress: (done, total, what) => context.onProgress(done, total, `${what}${words}`),
    onEntry: (entry, speed) => {
      words = `, ${speed.toFixed(0)} updates/s${headsInWords(entry.identifiability)}`;
    },
  });
  await writeTrainingReport(options, context, generalValuePage(env, log));
  const seconds = (performance.now() - start) / 1000;
  const { residualOverSignal, byDiscount } = log[log.length - 1];
  const ratios = byDiscount.map(({ discount, ratio }) => `${ratio.toFixed(3)} at γ ${discount}`).join(", ");
  return {
    json: {
      environment: env,
      algorithm: options.algorithm,
      seed,
      out,
      heads: critic.heads.length,
      residualOverSignal,
      byDiscount,
      identifiability,
      updatesPerSecond,
      seconds,
    },
    text: `${critic.heads.length} general value functions of ${env}; Bellman residual over signal on held-out transitions ${ratios}.${identifiability ? `\n${identifiability.verdict}` : ""}\nNext: vinverse infer ${out} --env ${env} --method pointwise`,
  };
}

/** Without what was not asked. */
function given<T extends object>(asked: T): { readonly [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };
}

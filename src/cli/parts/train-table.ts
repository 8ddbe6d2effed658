import { makeEnvironment } from "./environments.ts";
import type { CommandAnswer, Context } from "./run.ts";
import { writeTrainingReport } from "./train-report.ts";
import { commandOf, DISCOUNT, type TrainCommandOptions } from "./train-settings.ts";

/** Tables: exact, or learned step by step. */
export async function trainTable(options: TrainCommandOptions, context: Context): Promise<CommandAnswer> {
  const start = performance.now();
  const { env, algorithm, out, seed, steps, goals, identifiable, resume, discount = DISCOUNT } = options;
  const [{ runTable }, { tablePage }] = await Promise.all([import("../../learning/tabular/run-table.ts"), import("../../report/index.ts")]);
  const result = await runTable({
    environment: env,
    algorithm: algorithm as Parameters<typeof runTable>[0]["algorithm"],
    seed,
    out,
    discount,
    steps,
    goals,
    identifiable,
    resume,
    command: commandOf({ ...options, discount }),
    onProgress: context.onProgress,
  });
  const { critic, identifiability } = result;
  const { tables } = await makeEnvironment(env);
  const drawn = tables?.offsets.some((o, k) => k > 0 && o - tables.offsets[k - 1] > 1);
  await writeTrainingReport(options, context, tablePage(algorithm, env, result));
  const learned = result.kind === "learned" ? result.log[result.log.length - 1] : undefined;
  const seconds = (performance.now() - start) / 1000;
  const told = learned && { steps: learned.steps, discountedReturn: learned.evaluation, optimum: learned.optimum };
  const seen = learned && { residualOverSignal: learned.residualOverSignal, pairsTaken: learned.taken, pairs: learned.pairs };
  const score = learned ? `: discounted return ${learned.evaluation.toPrecision(4)} where ${learned.optimum.toPrecision(4)} is best` : "";
  const help =
    identifiability.usable || identifiable ? "" : "\nWith --identifiable it learns signals beside its task that tell states apart.";
  return {
    json: { environment: env, algorithm, seed, out, heads: critic.heads.length, ...told, ...seen, identifiability, seconds },
    text: `${critic.heads.length} table${critic.heads.length === 1 ? "" : "s"} of ${env} by ${algorithm}${score}.\n${identifiability.verdict}${help}\nNext: vinverse infer ${out} --env ${env}${drawn ? " --method projection" : ""}`,
  };
}

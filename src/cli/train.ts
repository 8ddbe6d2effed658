import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { activations } from "../critics/activations.ts";
import { algorithms } from "../learning/algorithms.ts";
import type { Identifiability } from "../learning/auxiliary-heads.ts";
import { alignColumns } from "./columns.ts";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { type CommonOptions, perform, positiveInteger, withCommonOptions, withExamples } from "./run.ts";
import { writeTrainingReport } from "./train-report.ts";

interface TrainOptions extends CommonOptions {
  readonly env: string;
  readonly algorithm: string;
  readonly out: string;
  readonly steps?: number;
  readonly enough?: number;
  readonly relabel?: number;
  readonly identifiable?: boolean;
  readonly hidden?: readonly number[];
  readonly activation?: string;
  readonly layerNorm?: boolean;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly discount: number;
  readonly policy?: string;
  readonly goals?: readonly (readonly number[])[];
}

const general = "gvf";
const tabular = ["value-iteration", "q-learning", "sarsa"] as const;
const described: readonly (readonly [string, string])[] = [
  ...Object.entries(algorithms).map(([name, { describe }]) => [name, describe] as const),
  [general, "general value functions of random signals, trained to be inverted"],
  ["q-learning", "tables of action values, all goals at once (Watkins 1989, Kaelbling 1993)"],
  ["sarsa", "a table of the behaviour's own action values (Rummery and Niranjan 1994)"],
  ["value-iteration", "exact tables of action values"],
];

export function trainCommand(io: Io): Command {
  const names = described.map(([name]) => name).sort();
  const command = withCommonOptions(
    new Command("train")
      .summary("train a critic by model-free reinforcement learning")
      .description(
        "Train a critic into a folder that every other command reads: critic.json and its tensors; log.jsonl, the same for TensorBoard, learning-curve.svg and report.html; and a checkpoint.",
      )
      .requiredOption("--env <id>", "environment, e.g. CartPole-v1")
      .addOption(new Option("--algorithm <name>", "how to learn").choices(names).makeOptionMandatory())
      .requiredOption("--out <folder>", "where the critic is written")
      .option("--steps <n>", "steps in the environment (default: the environment's own)", positiveInteger)
      .option("--enough <return>", "stop at an evaluation of this mean return", number)
      .option(
        "--relabel <k>",
        "in goal environments, transitions replayed with a goal reached later for one as it was (default: 4)",
        number,
      )
      .option("--hidden <sizes>", "widths of the hidden layers, e.g. 256,256 (default: 128,128)", widths)
      .addOption(new Option("--activation <name>", "between layers (default: ReLU)").choices(Object.keys(activations)))
      .option("--layer-norm", "normalise before every activation")
      .option("--identifiable", "add heads of random signals, so that the critic can be inverted by design, and tell how well as it trains")
      .option("--discount <number>", "γ of tabular algorithms", number, 0.95)
      .option("--policy <folder>", "critic whose behaviour gvf gathers by and values (default: uniformly random)")
      .option("--goals <list>", "goals of a grid world as row,column pairs, a head each: '2,1 2,10'", goals)
      .option("--force", "replace the critic that --out holds")
      .option("--resume", "go on from the checkpoint in --out; the end is the same as without the break"),
  );
  command.addHelpText("after", `\nAlgorithms:\n${alignColumns(described, "  ")}`);
  withExamples(command, [
    ["vinverse train --env CartPole-v1 --algorithm dqn --out runs/cartpole", "a DQN critic, its log and its mean return"],
    ["vinverse train --env Pendulum-v1 --algorithm gvf --out runs/pendulum", "a critic that can be inverted pair by pair"],
    [
      "vinverse train --env CartPole-v1 --algorithm gvf --policy runs/cartpole --out runs/heads",
      "the same of a trained critic's behaviour",
    ],
    ["vinverse train --env CartPole-v1 --algorithm dqn --out runs/cartpole --resume", "go on where it was stopped"],
  ]);
  return perform<[], TrainOptions>(command, io, async (context, options) => {
    const start = performance.now();
    const { env, algorithm, out, seed } = options;
    if (existsSync(join(out, "critic.json")) && !options.resume && !options.force)
      throw new UsageError(`${out} holds a critic; give --resume to go on with it, --force to replace it, or another --out`);
    if (algorithm === general) return trainGeneral(options, context, start);
    if (tabular.includes(algorithm as (typeof tabular)[number])) return trainTable(options, context, start);
    const { runTraining } = await import("../learning/run.ts");
    const { meanReturn, steps, updates, identifiability, log, critic } = await runTraining({
      environment: env,
      algorithm,
      out,
      seed,
      steps: options.steps,
      enough: options.enough,
      settings: networkSettings(options),
      words: settingsInWords(options),
      resume: options.resume,
      identifiable: options.identifiable,
      onFinish: (done, total) => context.onProgress(done, total, "heads of random signals"),
      onProgress: (entry, total) =>
        context.onProgress(
          entry.steps,
          total,
          `return ${entry.evaluation.toFixed(1)}, ${entry.updatesPerSecond.toFixed(0)} updates/s, step ${entry.steps}${identifiabilityInWords(entry.identifiability)}`,
        ),
    });
    await writeTrainingReport(
      out,
      {
        algorithm,
        environment: env,
        log,
        meanReturn,
        episodes: critic.made?.episodes as number,
        finalVerdict: identifiability && { usable: identifiability.usable, sentence: identifiability.verdict },
      },
      context.commandLine,
      seed,
    );
    const seconds = (performance.now() - start) / 1000;
    return {
      json: { environment: env, algorithm, seed, out, meanReturn, steps, updates, identifiability, seconds },
      text: `${algorithm} on ${env}: mean return ${meanReturn.toFixed(1)} over 100 fresh episodes after ${steps} steps and ${updates} updates.${identifiability ? `\n${identifiability.verdict}` : ""}\nNext: ${critic.observationSpace.kind === "dict" ? `ask it about goals, as in docs/how-to/goals.md; vinverse inspect ${out}` : `vinverse infer ${out} --env ${env}`}`,
    };
  });
}

function identifiabilityInWords(found: Identifiability | undefined): string {
  if (!found) return "";
  const { residualOverSignal, visible, dimensions, usable } = found;
  return `; heads: residual ${(100 * residualOverSignal).toFixed(0)} % of signal, sees ${visible} of ${dimensions} directions${usable ? "" : ", not usable yet"}`;
}

async function trainGeneral(
  { env, out, seed, policy: followed, resume }: TrainOptions,
  context: Parameters<Parameters<typeof perform<[], TrainOptions>>[2]>[0],
  start: number,
) {
  const [{ make }, { trainGeneralValues }, { policyOf }, { loadSavedCritic, saveCritic }] = await Promise.all([
    import("../environments/make.ts"),
    import("../learning/general-value-functions.ts"),
    import("../learning/policy-of.ts"),
    import("../formats/critic-folder.ts"),
  ]);
  const policy = followed === undefined ? undefined : policyOf(await loadSavedCritic(followed));
  // a checkpoint that is not to be gone on from would be
  if (!resume) rmSync(join(out, "checkpoint.safetensors"), { force: true });
  const { critic, updatesPerSecond } = await trainGeneralValues(make(env), {
    seed,
    ...(policy ? { policy } : {}),
    folder: out,
    onProgress: context.onProgress,
  });
  const command = `vinverse train --env ${env} --algorithm ${general} --seed ${seed}${followed === undefined ? "" : ` --policy ${followed}`}`;
  await saveCritic(out, { ...critic, made: { command, ...critic.made } });
  const seconds = (performance.now() - start) / 1000;
  const residuals = critic.made?.residualOverSignal as readonly { readonly discount: number; readonly ratio: number }[];
  return {
    json: {
      environment: env,
      algorithm: general,
      seed,
      out,
      heads: critic.heads.length,
      residualOverSignal: residuals,
      updatesPerSecond,
      seconds,
    },
    text: `${critic.heads.length} general value functions of ${env}; Bellman residual over signal on held-out transitions ${residuals
      .map(({ discount, ratio }) => `${ratio.toFixed(3)} at γ ${discount}`)
      .join(", ")}.\nNext: vinverse infer ${out} --env ${env} --method pointwise`,
  };
}

async function trainTable(
  { env, algorithm, out, seed, discount, goals: asked, identifiable, steps = 500_000 }: TrainOptions,
  context: Parameters<Parameters<typeof perform<[], TrainOptions>>[2]>[0],
  start: number,
) {
  const [{ make }, { exactCritic, qLearning, sarsa, signalTasks }, { saveCritic }, { restoreCritic }, { identifyTabular }] =
    await Promise.all([
      import("../environments/make.ts"),
      import("../learning/tabular.ts"),
      import("../formats/critic-folder.ts"),
      import("../critics/saved.ts"),
      import("../identifiability/tabular.ts"),
    ]);
  const environment = make(env);
  const tasks = (asked ?? [undefined]).map((goal) => {
    const { tables } = goal ? make(env, { goals: [goal] }) : environment;
    if (!tables) throw new UsageError(`${env} has no numbered states; ${algorithm} needs them`);
    return { goal, tables };
  });
  if (algorithm === "sarsa" && tasks.length > 1) throw new UsageError("sarsa learns one task; give one goal");
  const options = { seed, discount, steps, onProgress: (done: number, total: number) => context.onProgress(done, total, algorithm) };
  const exact = algorithm === "value-iteration";
  const signals = identifiable ? signalTasks(tasks[0].tables, seed, exact) : [];
  const all = [...tasks, ...signals];
  // behaviour is for the tasks, not for the signals
  const critic = exact
    ? exactCritic(environment, all, discount)
    : algorithm === "sarsa"
      ? sarsa(environment, all, options)
      : qLearning(environment, all, { ...options, pursued: tasks.length });
  const restored = restoreCritic(critic);
  if (restored.kind !== "tabular") throw new TypeError("a table gave a network");
  const { verdict, tiedStates, leastGap, errorBound } = identifyTabular(restored);
  const identifiability = { usable: verdict.usable, verdict: verdict.sentence, tiedStates, leastGap, errorBound };
  const words = asked ? ` --goals '${asked.map((goal) => goal.join()).join(" ")}'` : "";
  const command = `vinverse train --env ${env} --algorithm ${algorithm} --discount ${discount}${words}${identifiable ? " --identifiable" : ""} --seed ${seed}`;
  await saveCritic(out, { ...critic, made: { command, seed, ...critic.made, identifiability } });
  const seconds = (performance.now() - start) / 1000;
  return {
    json: { environment: env, algorithm, seed, out, heads: critic.heads.length, identifiability, seconds },
    text: `${critic.heads.length} table${critic.heads.length === 1 ? "" : "s"} of ${env} by ${algorithm}.\n${verdict.sentence}\nNext: vinverse infer ${out} --env ${env}`,
  };
}

/** What the algorithm is told beside its defaults; nothing where nothing was asked. */
function networkSettings({ relabel, hidden, activation, layerNorm }: TrainOptions): Readonly<Record<string, unknown>> | undefined {
  const given = Object.entries({ relabel, hidden, activation, normalised: layerNorm }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function settingsInWords({ enough, relabel, hidden, activation, layerNorm }: TrainOptions): string {
  const said = { enough, relabel, hidden: hidden?.join(), activation };
  const words = Object.entries(said).flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${value}`]));
  return `${words.join("")}${layerNorm ? " --layer-norm" : ""}`;
}

function widths(text: string): readonly number[] {
  const list = text.split(",").map(Number);
  if (!list.every((width) => Number.isInteger(width) && width > 0 && width <= 4096))
    throw new InvalidArgumentError("It must be whole numbers such as 256,256.");
  return list;
}

function goals(text: string): readonly (readonly number[])[] {
  const list = text
    .trim()
    .split(/[\s;]+/)
    .map((pair) => pair.split(",").map(Number));
  if (!list.every((goal) => goal.length === 2 && goal.every(Number.isInteger)))
    throw new InvalidArgumentError("It must be pairs such as '2,1 2,10'.");
  return list;
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

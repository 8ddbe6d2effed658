import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { flagOf } from "../../base/options.ts";
import { activations } from "../../critics/activations.ts";
import { algorithms } from "../../learning/deep/algorithms.ts";
import { alignColumns } from "../parts/columns.ts";
import { UsageError } from "../parts/errors.ts";
import type { Io } from "../parts/io.ts";
import { discount, nonNegativeInteger, perform, positiveInteger, withCommonOptions, withExamples } from "../parts/run.ts";
import {
  DISCOUNT,
  exact,
  fraction,
  general,
  goals,
  learnedTables,
  number,
  oldOptions,
  refuseForeign,
  starts,
  type TrainCommandOptions,
  widths,
} from "../parts/train-settings.ts";

const tables: readonly string[] = [exact, ...learnedTables];
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
      .requiredOption("--env <id>", "environment: an id, e.g. CartPole-v1, or a module ./mine.mjs")
      .addOption(new Option("--algorithm <name>", "how to learn").choices(names).makeOptionMandatory())
      .requiredOption("--out <folder>", "where the critic is written")
      .option("--steps <n>", "steps in the environment (default: the environment's own; tables: 1000000)", positiveInteger)
      .option("--enough <return>", "stop at an evaluation of this mean return", number)
      .option("--hidden <sizes>", "widths of the hidden layers, e.g. 256,256 (default: 128,128; gvf: 96,96)", widths)
      .addOption(new Option("--activation <name>", "between layers (default: ReLU; gvf: SiLU)").choices(Object.keys(activations)))
      .option("--layer-norm", "normalise before every activation")
      .option("--learning-rate <number>", "first rate of Adam, which falls as training goes on (default: 0.001)", fraction)
      .option("--n-steps <n>", "steps of a return before the critic's own value (default: 1; dqn, qr-dqn: 3)", positiveInteger)
      .option("--learning-starts <n>", "steps before the first update (default: 1000; sac: 500)", nonNegativeInteger)
      .option("--num-envs <n>", "environments that are stepped together (default: 1; dqn, qr-dqn: 4)", positiveInteger)
      .option("--tau <number>", "part of the way that target networks go at every update (default: 0.01; sac: 0.005)", fraction)
      .option("--buffer-size <n>", "transitions kept for replay (default: 100000; dqn, qr-dqn: 50000)", positiveInteger)
      .option("--exploration-final-eps <number>", "dqn, qr-dqn: share of random actions at the end (default: 0.04)", fraction)
      .option("--exploration-fraction <number>", "dqn, qr-dqn: part of the training after which it is reached (default: 0.15)", fraction)
      .option(
        "--n-sampled-goal <k>",
        "in goal environments, transitions replayed with a goal reached later for one as it was (default: 4)",
        nonNegativeInteger,
      )
      .option("--discount <number>", `γ (default: 0.99; tables: ${DISCOUNT})`, discount)
      .option("--identifiable", "add heads of random signals, so that the critic can be inverted by design, and tell how well as it trains")
      .option("--goals <list>", "tables: goals of a grid world as row,column pairs, a head each: '2,1 2,10'", goals)
      .option("--policy <folder>", "gvf: critic whose behaviour is followed and valued (default: uniformly random)")
      .option("--transitions <n>", "gvf: steps of that behaviour to learn from (default: 30000)", positiveInteger)
      .option(
        "--starts <where>",
        "gvf: first states, 'uniform' or ranges of the coordinates '-1.2:0.5 -0.07:0.07' (default: the environment's)",
        starts,
      )
      .option("--horizon <n>", "gvf: steps of an episode (default: the environment's)", positiveInteger)
      .option("--target-steps <n>", "gvf: updates towards a slow copy (default: 3000)", nonNegativeInteger)
      .option("--residual-steps <n>", "gvf: updates of the residual gradient after them (default: 12000)", nonNegativeInteger)
      .option("--force", "replace the critic that --out holds")
      .option("--resume", "go on from the checkpoint in --out; the end is the same as without the break"),
  );
  for (const name of oldOptions) command.addOption(new Option(`${flagOf(name)} [value]`).hideHelp());
  command.addHelpText("after", `\nAlgorithms:\n${alignColumns(described, "  ")}`);
  withExamples(command, [
    ["vinverse train --env CartPole-v1 --algorithm dqn --out runs/cartpole", "a DQN critic, its log and its mean return"],
    ["vinverse train --env Pendulum-v1 --algorithm gvf --out runs/pendulum", "a critic that --method pointwise can invert"],
    [
      "vinverse train --env CartPole-v1 --algorithm gvf --policy runs/cartpole --out runs/heads",
      "the same of a trained critic's behaviour",
    ],
    ["vinverse train --env Taxi-v3 --algorithm q-learning --identifiable --out runs/taxi", "tables, and how many next states they settle"],
    ["vinverse train --env CartPole-v1 --algorithm dqn --out runs/cartpole --resume", "go on where it was stopped"],
  ]);
  return perform<[], TrainCommandOptions>(command, io, async (context, options) => {
    refuseForeign(options);
    checkOut(options);
    const { algorithm } = options;
    if (algorithm === general) return (await import("../parts/train-general.ts")).trainGeneral(options, context);
    if (tables.includes(algorithm)) return (await import("../parts/train-table.ts")).trainTable(options, context);
    return (await import("../parts/train-deep.ts")).trainDeep(options, context);
  });
}

/** Refuse early what would lose a critic, or could not be written at the end. */
function checkOut({ out, resume, force }: TrainCommandOptions): void {
  const kind = statSync(out, { throwIfNoEntry: false });
  if (kind && !kind.isDirectory()) throw new UsageError(`${out} is a file; give --out a folder`);
  if (resume || force) return;
  if (existsSync(join(out, "critic.json")) || existsSync(join(out, "checkpoint.safetensors")))
    throw new UsageError(`${out} holds a critic; give --resume to go on with it, --force to replace it, or another --out`);
  if (kind && readdirSync(out).length > 0)
    throw new UsageError(`${out} holds other files; give another --out, or --force to write beside them`);
}

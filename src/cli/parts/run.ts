import { type Command, InvalidArgumentError } from "commander";
import type { OnProgress } from "../../base/progress.ts";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { toJson } from "./json.ts";
import { createProgress } from "./progress.ts";

export interface CommonOptions {
  readonly json?: boolean;
  readonly seed: number;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export interface Context {
  readonly onProgress: OnProgress;
  /** A line for people, on stderr; nothing with --quiet. */
  note(text: string): void;
  /** The command as it was typed, for reports. */
  readonly commandLine: string;
}

/** A command's answer in both tongues: `json` is one object, `text` ends without a line break. */
export interface CommandAnswer {
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Exit 1 although there is an answer: it was a no. */
  readonly failed?: boolean;
}

/** What every command takes. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--json", "print one JSON object on stdout, and nothing else")
    .option("--seed <n>", "seed of every random choice; the same seed gives the same bytes", nonNegativeInteger, 0)
    .option("--quiet", "no progress and no notes on stderr")
    .option("--verbose", "show the stack of an unexpected error");
}

/** Examples under the help: what to type, and what it does. */
export function withExamples(command: Command, examples: readonly (readonly [line: string, does: string])[]): Command {
  const lines = examples.map(([line, does]) => `  ${line}\n      ${does}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

export class FailedAnswer extends Error {
  override readonly name = "FailedAnswer";
}

/** Tie a command to its work. Its answer goes to stdout; what it throws is told by `main`. */
export function perform<A extends readonly unknown[], O extends CommonOptions>(
  command: Command,
  io: Io,
  work: (context: Context, options: O, ...parameters: A) => Promise<CommandAnswer>,
): Command {
  return command.action(async (...all: unknown[]) => {
    await openEnvironment(command);
    const options = command.opts<O>();
    const quiet = options.quiet === true;
    const progress = createProgress(io, quiet);
    const context: Context = {
      onProgress: progress.report,
      note: (text) => {
        if (!quiet) io.err(`${text}\n`);
      },
      commandLine: commandLine(command),
    };
    let answer: CommandAnswer;
    try {
      // Commander adds the options and the command after the parameters.
      answer = await work(context, options, ...(all.slice(0, -2) as readonly unknown[] as A));
    } finally {
      progress.stop();
    }
    io.out(`${options.json ? toJson(answer.json) : answer.text}\n`);
    if (answer.failed) throw new FailedAnswer();
  });
}

/** --env of a program is loaded before the command begins, and is an id like any other from then on. */
async function openEnvironment(command: Command): Promise<void> {
  const { env } = command.opts<{ readonly env?: string }>();
  if (env === undefined) return;
  const { addressKind } = await import("../../experience/address.ts");
  if (addressKind(env) === "id") return;
  const [{ loadEnvironmentModule }, { EnvironmentError }] = await Promise.all([
    import("../../experience/load-module.ts"),
    import("../../environments/errors.ts"),
  ]);
  try {
    command.setOptionValue("env", await loadEnvironmentModule(env));
  } catch (error) {
    if (error instanceof EnvironmentError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

export function nonNegativeInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError("It must be a whole number from 0 on.");
  return value;
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value === 0)
    throw new InvalidArgumentError("It must be a whole number from 1 on.");
  return value;
}

export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}

/** γ */
export function discount(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("It must be a number above 0 and up to 1.");
  return value;
}

function commandLine(command: Command): string {
  const root = command.parent ?? command;
  const words = (root as Command & { readonly rawArgs?: readonly string[] }).rawArgs ?? [];
  return ["vinverse", ...words.map(quote)].join(" ");
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

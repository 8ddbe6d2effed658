import { Command, CommanderError } from "commander";
import { describeFailure, exitCodes, type Failure } from "./parts/errors.ts";
import type { Io } from "./parts/io.ts";
import { toJson } from "./parts/json.ts";
import { FailedAnswer, withExamples } from "./parts/run.ts";
import { version } from "./parts/version.ts";

/** Each loads its own code when it is asked for: the program starts in the time that one of them takes. */
const commands: Readonly<Record<string, () => Promise<(io: Io) => Command>>> = {
  start: async () => (await import("./commands/start.ts")).startCommand,
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand,
  inspect: async () => (await import("./commands/inspect.ts")).inspectCommand,
  infer: async () => (await import("./commands/infer.ts")).inferCommand,
  evaluate: async () => (await import("./commands/evaluate.ts")).evaluateCommand,
  plan: async () => (await import("./commands/plan.ts")).planCommand,
  explore: async () => (await import("./commands/explore.ts")).exploreCommand,
  adapt: async () => (await import("./commands/adapt.ts")).adaptCommand,
  convert: async () => (await import("./commands/convert.ts")).convertCommand,
  train: async () => (await import("./commands/train.ts")).trainCommand,
  reproduce: async () => (await import("./commands/reproduce.ts")).reproduceCommand,
};

/** @param only name of the one command that is needed; all of them where it is no command */
export async function createProgram(io: Io, helpWidth?: number, only?: string): Promise<Command> {
  const program = new Command("vinverse")
    .description("Turn a trained value function into a world model: dynamics inferred from a critic, with errors that are known.")
    .version(version, "--version", "print the version")
    .helpCommand("help [command]", "show the help of a command")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      // main tells of errors, in one sentence and in JSON where that was asked for.
      outputError: () => {},
      ...(helpWidth === undefined ? {} : { getOutHelpWidth: () => helpWidth, getErrHelpWidth: () => helpWidth }),
    })
    .configureHelp({ showGlobalOptions: false });
  withExamples(program, [
    ["vinverse start", "see the whole path at work, offline, in seconds"],
    ["vinverse inspect agent.zip", "say what a critic file holds"],
    ["vinverse infer agent.zip --env CartPole-v1 --out runs/cartpole", "infer dynamics from it, with a report"],
    ["vinverse reproduce wvf --critics critics", "run a published result again"],
  ]);
  const needed = only !== undefined && Object.hasOwn(commands, only) ? [commands[only]] : Object.values(commands);
  for (const create of await Promise.all(needed.map((load) => load()))) program.addCommand(create(io).copyInheritedSettings(program));
  return program;
}

/** Run the command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage. Called with nothing it shows its help on stderr: nothing was asked for. */
export async function main(words: readonly string[], io: Io): Promise<number> {
  const program = await createProgram(io, undefined, words[0]);
  const flags = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  try {
    await program.parseAsync(words as string[], { from: "user" });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof FailedAnswer) return exitCodes.failed;
    const shown = error instanceof CommanderError && (error.code.startsWith("commander.help") || error.code === "commander.version");
    if (shown) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const failure =
      error instanceof CommanderError
        ? usageFailure(
            error,
            program.commands.find((command) => command.name() === words[0]),
          )
        : describeFailure(error);
    tell(failure, error, io, flags.includes("--json"), flags.includes("--verbose"));
    return failure.exitCode;
  }
}

function usageFailure(error: CommanderError, command: Command | undefined): Failure {
  const message = error.message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .replace(/ is invalid\. It /, " is invalid: it ");
  return {
    name: "UsageError",
    message: `${message.replace(/\.$/, "")}; see vinverse ${command ? `${command.name()} ` : ""}--help`,
    exitCode: exitCodes.usage,
    expected: true,
  };
}

function tell(failure: Failure, error: unknown, io: Io, json: boolean, verbose: boolean): void {
  const { expected, ...told } = failure;
  if (json) io.out(`${toJson({ error: told })}\n`);
  io.err(`vinverse: ${failure.message}.\n`);
  if (verbose) for (let cause = error; cause instanceof Error; cause = cause.cause) io.err(`${cause.stack}\n`);
  else if (!expected) io.err("This was not foreseen: run it again with --verbose for the stack.\n");
}

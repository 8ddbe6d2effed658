import { Command, InvalidArgumentError } from "commander";
import { methods } from "../../inversion/options.ts";
import { type CriticFileOptions, criticOptions, withCriticOptions } from "../parts/critic-options.ts";
import type { Io } from "../parts/io.ts";
import { checkOutputFolder } from "../parts/output-folder.ts";
import { type CommonOptions, perform, positiveInteger, withCommonOptions, withExamples } from "../parts/run.ts";
import { version } from "../parts/version.ts";

interface InferOptions extends CommonOptions, CriticFileOptions {
  readonly env?: string;
  readonly out?: string;
  readonly method?: string;
  readonly states?: number;
  readonly data?: string;
  readonly coordinates?: string;
  readonly fit?: boolean;
  readonly calibrate?: boolean;
  readonly transitions?: string;
  readonly calibration?: string;
  readonly timeStep?: number;
  readonly noise?: string;
  readonly reward?: string;
  readonly force?: boolean;
}

export function inferCommand(io: Io): Command {
  const command = withCommonOptions(
    withCriticOptions(
      new Command("infer")
        .summary("infer a dynamics model from critics")
        .description(
          "Infer a dynamics model from one critic or several of the same environment, say how far it can be trusted, and hold it against the true environment. No transition is used for inference unless --data comes with --fit.",
        )
        .argument("<critic...>", "Stable-Baselines3 zips, RL Zoo folders, or .npy or .npz tables")
        .option("--env <id>", "environment: an id, e.g. Pendulum-v1, or a module ./mine.mjs (default: what the critic says)")
        .option("--out <folder>", "write the model, summary.json and report.html there")
        .option(
          "--method <name>",
          `how to solve for the next state: ${methods.join(", ")} (default: matching for tables, amortised for networks)`,
        )
        .option("--states <n>", "states to ask a network about (default: 2000, or 30000 for sparse goals)", positiveInteger)
        .option(
          "--reward <what>",
          "where it is not the environment's: a number for every step, a module FILE.mjs, a table FILE.npy, or unknown (heads that share it are compared)",
        )
        .option(
          "--time-step <seconds>",
          "time between two steps, in the unit of the rates, where it is known (default: the critics tell)",
          positiveNumber,
        )
        .option(
          "--noise <kind>",
          "next states scatter: infer a covariance too, constant or with a factor linear in state and action (pointwise: one a pair)",
        )
        .option(
          "--data <file>",
          "recorded experience (.npz, .jsonl, or a replay buffer .pkl): states and actions to ask about and, without --env, the rewards; next states only measure",
        )
        .option(
          "--coordinates <file>",
          "with --data, where the environment is not known: a .json that says what the observations are (names, bounds, angles, whose rate)",
        )
        .option("--fit", "with --data: fit its transitions as well; cross-validation weighs them against the critics")
        .option("--calibrate", "with --data: its held-out episodes measure the bounds, which then hold as often as they say")
        .option("--transitions <file>", "old name of --data with --fit: an .npz of real transitions to fit as well")
        .option("--calibration <file>", "old name of --data with --calibrate: an .npz of real transitions that measure the bounds")
        .option("--force", "write into a folder that holds other files; those of the same names are replaced"),
    ),
  );
  withExamples(command, [
    ["vinverse infer sac/Pendulum-v1_1 --out runs/pendulum", "model, summary and report of an RL Zoo agent"],
    ["vinverse infer dqn/CartPole-v1.zip qrdqn/CartPole-v1.zip --env CartPole-v1", "two critics of one environment together"],
    ["vinverse infer dqn/MountainCar-v0.zip --env MountainCar-v0 --time-step 1", "positions change by exactly their rate"],
    [
      "vinverse infer agent.zip --data replay_buffer.pkl --out runs/mine",
      "an environment that is not known here, by what was recorded in it",
    ],
    ["vinverse infer WVF.npy --json", "a table of action values, one JSON object"],
  ]);
  return perform<[string[]], InferOptions>(command, io, async (context, options, files) => {
    const start = performance.now();
    const { out, seed, force = false } = options;
    if (out !== undefined) checkOutputFolder(out, force, "model");
    const [{ loadCritic }, { inferCritics }, { summarise, summariseInWords }, { writeInference }] = await Promise.all([
      import("../../formats/index.ts"),
      import("../parts/infer-critics.ts"),
      import("../parts/infer-summary.ts"),
      import("../parts/infer-output.ts"),
    ]);
    if (options.transitions !== undefined) context.note("--transitions FILE is called --data FILE --fit now; the old name works until 1.0");
    if (options.calibration !== undefined)
      context.note("--calibration FILE is called --data FILE --calibrate now; the old name works until 1.0");
    const critics = await Promise.all(files.map((file) => loadCritic(file, criticOptions(options))));
    const inferred = await inferCritics(critics, {
      environment: options.env,
      method: options.method,
      seed,
      states: options.states,
      data: options.data,
      coordinates: options.coordinates,
      fit: options.fit,
      calibrate: options.calibrate,
      transitions: options.transitions,
      calibration: options.calibration,
      timeStep: options.timeStep,
      noise: options.noise,
      reward: options.reward,
      note: (text) => context.note(text),
      onProgress: context.onProgress,
    });
    const summary = summarise(inferred, { version, files, seed });
    if (out !== undefined) {
      context.onProgress(0, 1, "writing the report");
      await writeInference(inferred, summary, { out, force, files, seed, commandLine: context.commandLine });
    }
    const seconds = (performance.now() - start) / 1000;
    return { json: { ...summary, out: out ?? null, seconds }, text: summariseInWords(inferred, out) };
  });
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}

import { Command } from "commander";
import { type CriticFileOptions, criticOptions, withCriticOptions } from "../parts/critic-options.ts";
import type { Io } from "../parts/io.ts";
import { type CommonOptions, perform, withCommonOptions, withExamples } from "../parts/run.ts";

interface InspectOptions extends CommonOptions, CriticFileOptions {}

export function inspectCommand(io: Io): Command {
  const command = withCommonOptions(
    withCriticOptions(
      new Command("inspect")
        .summary("say what a critic file holds")
        .description(
          "Say what a critic file holds: its algorithm, heads, discount, spaces, networks and normalisation, and what that means for inference.",
        )
        .argument(
          "<critic>",
          "a Stable-Baselines3 zip, an RL Zoo folder, a PyTorch state dict, safetensors, ONNX, or an .npy or .npz table",
        ),
    ),
  );
  withExamples(command, [
    ["vinverse inspect sac/Pendulum-v1_1", "an RL Zoo folder, in words"],
    ["vinverse inspect agent.zip --json", "one JSON object"],
  ]);
  return perform<[string], InspectOptions>(command, io, async (_context, options, file) => {
    const [{ loadCritic }, { describeCritic, describeInWords }] = await Promise.all([
      import("../../formats/index.ts"),
      import("../parts/describe-critic.ts"),
    ]);
    const found = describeCritic(file, await loadCritic(file, criticOptions(options)));
    return { json: { ...found }, text: describeInWords(found) };
  });
}

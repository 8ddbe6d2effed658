import { Command } from "commander";
import type { Io } from "./io.ts";
import { type CommonOptions, perform, withCommonOptions, withExamples } from "./run.ts";

export function inspectCommand(io: Io): Command {
  const command = withCommonOptions(
    new Command("inspect")
      .summary("say what a critic file holds")
      .description(
        "Say what a critic file holds: its algorithm, heads, discount, spaces, networks and normalisation, and what that means for inference.",
      )
      .argument("<critic>", "a Stable-Baselines3 zip, an RL Zoo folder, or an .npy or .npz table"),
  );
  withExamples(command, [
    ["vinverse inspect sac/Pendulum-v1_1", "an RL Zoo folder, in words"],
    ["vinverse inspect agent.zip --json", "one JSON object"],
  ]);
  return perform<[string], CommonOptions>(command, io, async (_context, _options, file) => {
    const [{ loadCritic }, { describeCritic, describeInWords }] = await Promise.all([
      import("../formats/index.ts"),
      import("./describe-critic.ts"),
    ]);
    const found = describeCritic(file, await loadCritic(file));
    return { json: { ...found }, text: describeInWords(found) };
  });
}

import type { Command } from "commander";
import type { LoadCriticOptions } from "../../formats/index.ts";
import { discount } from "./run.ts";

/** What a file of a critic may leave open. */
export interface CriticFileOptions {
  readonly gamma?: number;
  readonly normalization?: string;
  readonly onnxOutput?: string;
}

/** Options of every command that reads critics. */
export function withCriticOptions(command: Command): Command {
  return command
    .option("--gamma <number>", "discount of the critic, where its file does not say it", discount)
    .option(
      "--normalization <file>",
      "the vecnormalize.pkl of the agent, or none where it saw observations as they are (default: found beside it)",
    )
    .option("--onnx-output <name>", "the output of an ONNX model that holds the action values, where it has several");
}

export function criticOptions({ gamma, normalization, onnxOutput }: CriticFileOptions): LoadCriticOptions {
  return { gamma, normalization, output: onnxOutput };
}

import { Command } from "commander";
import { alignColumns } from "../parts/columns.ts";
import type { Part } from "../parts/doctor-checks.ts";
import type { Io } from "../parts/io.ts";
import { type CommonOptions, perform, withCommonOptions, withExamples } from "../parts/run.ts";
import { version } from "../parts/version.ts";

/** What works on this machine, and what each missing part would give. Nothing that is missing makes it fail. */
export function doctorCommand(io: Io): Command {
  const command = withCommonOptions(
    new Command("doctor")
      .summary("say what works on this machine")
      .description(
        "Say what works on this machine: versions, the build of ONNX Runtime in use and its speed, MuJoCo, Python and Gymnasium, Redis, a browser; and what each part that is missing would give.",
      ),
  );
  withExamples(command, [
    ["vinverse doctor", "a line for each part"],
    ["vinverse doctor --json", "the same as one JSON object, to go with a report of a fault"],
  ]);
  return perform<[], CommonOptions>(command, io, async () => {
    const [{ examine }, { machine }] = await Promise.all([import("../parts/doctor-checks.ts"), import("../parts/doctor-probes.ts")]);
    const diagnosis = await examine(machine, version);
    const { node, platform, cores, memoryGigabytes, parts } = diagnosis;
    const head = `vinverse ${version} on Node ${node}, ${platform}, ${cores} threads, ${memoryGigabytes.toFixed(1)} GB of memory`;
    return { json: { ...diagnosis }, text: [head, alignColumns(parts.map(line), "  "), ...fixes(parts)].join("\n\n") };
  });
}

function line({ name, state, found, gives }: Part): string[] {
  return [name, state, found, state === "absent" ? `would give: ${gives}` : gives];
}

function fixes(parts: readonly Part[]): string[] {
  const lines = parts.filter(({ fix }) => fix !== undefined).map(({ name, fix }) => [`${name}:`, fix!]);
  return lines.length === 0 ? [] : [`To have more:\n${alignColumns(lines, "  ")}`];
}

import { Command, Option } from "commander";
import type { Critic } from "../../critics/critic.ts";
import type { ContinuousDefinition } from "../../world-model/definition.ts";
import type { WorldModel } from "../../world-model/world-model.ts";
import { type CriticFileOptions, criticOptions, withCriticOptions } from "../parts/critic-options.ts";
import { RefusalError, UsageError } from "../parts/errors.ts";
import type { Io } from "../parts/io.ts";
import { toPrettyJson } from "../parts/json.ts";
import { writeOutputFolder } from "../parts/output-folder.ts";
import { type CommonOptions, perform, withCommonOptions, withExamples } from "../parts/run.ts";

const targets = ["onnx", "safetensors", "npz", "folder"] as const;
type Target = (typeof targets)[number];

interface ConvertOptions extends CommonOptions, CriticFileOptions {
  readonly to: Target;
  readonly out: string;
  readonly jacobian?: boolean;
  readonly force?: boolean;
}

/** What is written where, or a folder that writes itself. */
type Written = Readonly<Record<string, Uint8Array>> | ((folder: string) => Promise<void>);

export function convertCommand(io: Io): Command {
  const command = withCommonOptions(
    withCriticOptions(
      new Command("convert")
        .summary("write a critic or an inferred model in another format")
        .description(
          "Write a critic or an inferred model as ONNX, safetensors with a JSON beside it, npz (tables), or a folder of ours. See docs/reference/formats.md.",
        )
        .argument("<input>", "any critic that inspect reads, or a folder that infer wrote")
        .addOption(new Option("--to <format>", "what to write").choices(targets).makeOptionMandatory())
        .requiredOption("--out <path>", "file (or folder) to write")
        .option("--jacobian", "with onnx: the derivative of the values by the observation, or of the step by the state, besides")
        .option("--force", "replace what is there"),
    ),
  );
  withExamples(command, [
    ["vinverse convert agent.zip --to onnx --jacobian --out critic.onnx", "values and their Jacobian, for any ONNX runtime"],
    ["vinverse convert runs/pendulum --to onnx --out step.onnx", "the inferred dynamics as one function"],
    ["vinverse convert WVF.npy --to npz --out tables.npz", "tables for numpy.load"],
    ["vinverse convert agent.zip --to folder --out critic", "the project's own format"],
  ]);
  return perform<[string], ConvertOptions>(command, io, async (_context, options, input) => {
    const { to, out, jacobian = false, force = false } = options;
    if (jacobian && to !== "onnx") throw new UsageError("--jacobian is for --to onnx");
    const { files } = await import("#files");
    const model = (await files.kind(`${input}/model.json`)) === "file" ? await loadModel(input) : undefined;
    const written = model
      ? await ofModel(model, input, to, out, jacobian)
      : await ofCritic(await loadCritic(input, options), to, out, jacobian);
    if (typeof written === "function") await writeOutputFolder(out, force, written);
    else {
      for (const path of Object.keys(written))
        if (!force && (await files.kind(path)) !== "none")
          throw new UsageError(`${path} exists; give another --out, or --force to replace it`);
      for (const [path, bytes] of Object.entries(written)) await files.write(path, bytes);
    }
    const paths = typeof written === "function" ? [out] : Object.keys(written);
    return { json: { input, to, written: paths }, text: `wrote ${paths.join(" and ")}` };
  });
}

async function loadModel(input: string): Promise<WorldModel> {
  return (await import("../../world-model/load.ts")).loadWorldModel(input);
}

async function loadCritic(input: string, options: CriticFileOptions): Promise<Critic> {
  return (await import("../../formats/index.ts")).loadCritic(input, criticOptions(options));
}

async function ofCritic(critic: Critic, to: Target, out: string, jacobian: boolean): Promise<Written> {
  const [{ criticNpz, criticOnnx, savedForm }, { saveCritic }] = await Promise.all([
    import("../../formats/write-critic.ts"),
    import("../../formats/critic-folder.ts"),
  ]);
  switch (to) {
    case "folder":
      return (folder) => saveCritic(folder, savedForm(critic));
    case "onnx":
      if (critic.kind === "tabular") throw new RefusalError(`${critic.name} is a table: --to npz writes it`);
      return { [out]: criticOnnx(critic, { jacobian }) };
    case "npz":
      if (critic.kind !== "tabular") throw new RefusalError(`${critic.name} is no table: --to onnx or safetensors writes it`);
      return { [out]: criticNpz(critic) };
    case "safetensors": {
      const file = (await import("../../formats/write-tensors.ts")).criticTensors(critic);
      if (!file) throw new RefusalError(`${critic.name} has no named tensors: --to onnx or folder writes it`);
      return withJson(out, file.bytes, file.json);
    }
  }
}

async function ofModel(model: WorldModel, input: string, to: Target, out: string, jacobian: boolean): Promise<Written> {
  if (to === "folder") return (folder) => model.save(folder);
  if (model.kind === "tabular") {
    if (to !== "npz") throw new RefusalError("the model is a table: --to npz writes it");
    const [{ writeNpz }, { readSafetensors }, { files }] = await Promise.all([
      import("../../formats/write-npz.ts"),
      import("../../formats/safetensors.ts"),
      import("#files"),
    ]);
    const file = `${input}/tensors.safetensors`;
    const shape = { shape: [2], data: Int32Array.of(model.states, model.actions) };
    return { [out]: writeNpz({ shape, ...readSafetensors(await files.read(file), file) }) };
  }
  const { definition } = model as WorldModel & { readonly definition: ContinuousDefinition };
  const { solver, system, sigma } = definition;
  if (to === "npz") throw new RefusalError("the model is no table: --to onnx or safetensors writes it");
  if (solver.method !== "amortised")
    throw new RefusalError(
      "a pointwise model solves an equation at every question, so there is no step to write: infer it with --method amortised, or convert --to folder",
    );
  if (to === "onnx") {
    const [{ stepGraph }, { toOnnx }] = await Promise.all([import("../../world-model/step-graph.ts"), import("../../engine/to-onnx.ts")]);
    return { [out]: toOnnx(stepGraph(definition, { jacobian })) };
  }
  const [{ writeSafetensors }, { savedSettings }] = await Promise.all([
    import("../../formats/safetensors.ts"),
    import("../../world-model/dynamics.ts"),
  ]);
  const { dynamics } = solver;
  return withJson(out, writeSafetensors({ sigma: { shape: [sigma.length], data: sigma }, ...dynamics.tensors }), {
    format: "vinverse model tensors",
    version: 1,
    kind: dynamics.kind,
    settings: savedSettings(dynamics),
    coordinates: system.coordinates.names,
    environment: definition.environment,
    heads: system.heads,
    describes: dynamics.describe(),
  });
}

function withJson(out: string, bytes: Uint8Array, json: Readonly<Record<string, unknown>>): Written {
  const beside = out.endsWith(".safetensors") ? out.replace(/\.safetensors$/, ".json") : `${out}.json`;
  return { [out]: bytes, [beside]: new TextEncoder().encode(toPrettyJson(json)) };
}

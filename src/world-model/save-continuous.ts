import { files } from "#files";
import { toOnnx } from "../engine/index.ts";
import { flatBox } from "../environments/identity-coordinates.ts";
import { registrationOf } from "../environments/registry.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import type { Space } from "../spaces/space.ts";
import type { ContinuousDefinition } from "./definition.ts";
import { savedSettings } from "./dynamics.ts";
import type { Tensors } from "./dynamics-of.ts";
import { format, layout, type ModelFile, type SpaceFile } from "./model-file.ts";

/** Write model.json, tensors.safetensors and the critic's graphs into a folder. */
export async function saveContinuous(folder: string, definition: ContinuousDefinition): Promise<void> {
  const { system, solver, environment, reward, provenance, sigma, bounds } = definition;
  const module = environment === undefined ? undefined : registrationOf(environment)?.module;
  const tensors: Record<string, Tensors[string]> = { sigma: { shape: [sigma.length], data: sigma } };
  if (solver.method === "amortised") {
    for (const [name, tensor] of Object.entries(solver.dynamics.tensors)) tensors[`dynamics/${name}`] = tensor;
  }
  if (bounds) {
    const d = bounds.typical.length;
    tensors["bounds/typical"] = { shape: [d], data: bounds.typical };
    tensors["bounds/scores"] = { shape: [bounds.scores.length / d, d], data: bounds.scores };
  }
  const model: ModelFile = {
    format,
    version: layout,
    method: solver.method,
    environment,
    ...(module ? { module: module.sha256 } : {}),
    ...(system.coordinates.declared ? { coordinates: system.coordinates.declared } : {}),
    reward,
    observationSpace: writeSpace(definition.observationSpace),
    actionSpace: writeSpace(definition.actionSpace),
    heads: system.heads,
    ...(solver.method === "amortised"
      ? { dynamics: { kind: solver.dynamics.kind, settings: savedSettings(solver.dynamics) } }
      : { pointwise: solver.settings }),
    ...(bounds ? { bounds: { basis: bounds.basis, refused: bounds.refused } } : {}),
    provenance,
  };
  await files.write(`${folder}/tensors.safetensors`, writeSafetensors(tensors));
  await files.write(`${folder}/values.onnx`, toOnnx(system.graphs.values));
  const { actionValues, distribution } = system.graphs;
  if (actionValues) await files.write(`${folder}/action-values.onnx`, toOnnx(actionValues));
  if (distribution) await files.write(`${folder}/distribution.onnx`, toOnnx(distribution));
  if (system.graphs.policy) await files.write(`${folder}/policy.onnx`, toOnnx(system.graphs.policy));
  await files.write(`${folder}/model.json`, new TextEncoder().encode(`${JSON.stringify(model, null, 2)}\n`));
}

function writeSpace(space: Space): SpaceFile {
  const number = (x: number) => (Number.isFinite(x) ? x : String(x));
  if (space.kind === "discrete") return space;
  const flat = flatBox(space);
  return { kind: "box", shape: flat.shape, low: Array.from(flat.low, number), high: Array.from(flat.high, number) };
}

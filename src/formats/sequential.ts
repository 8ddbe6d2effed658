import type { Module, Network } from "../critics/network.ts";
import { FormatError } from "./format-error.ts";
import type { CheckpointTensor, StateDict } from "./tensor.ts";

export interface SequentialOptions {
  /** torch.nn class between the layers. */
  readonly activation: string;
  /** torch.nn class after the last layer, which a state dict does not show. */
  readonly last?: string;
}

/**
 * A torch.nn.Sequential from its parameters `prefix.INDEX.weight|bias`: a matrix is a Linear, a vector a LayerNorm, an index without
 * parameters between two of them an activation. `prefix.weight` alone is one Linear.
 * @returns undefined where the prefix has no parameters
 * @throws FormatError on shapes that do not fit together, on other modules and on numbers that are not finite
 */
export function readSequential(tensors: StateDict, prefix: string, options: SequentialOptions, file: string): Network | undefined {
  const indices = new Set<number>();
  for (const key of tensors.keys()) {
    const match = key.startsWith(`${prefix}.`) ? /^(\d+)\.(\w+)$/.exec(key.slice(prefix.length + 1)) : null;
    if (!match) continue;
    if (match[2] !== "weight" && match[2] !== "bias")
      throw new FormatError(file, `'${key}'`, "belongs to a layer that is not read", "export the critic as ONNX");
    indices.add(Number(match[1]));
  }
  const order = [...indices].sort((a, b) => a - b);
  const network: Module[] = [];
  if (order.length === 0) {
    if (!tensors.has(`${prefix}.weight`)) return undefined;
    network.push(layer(tensors, prefix, file));
  }
  let expected = 0;
  for (const index of order) {
    if (index > expected && network.length > 0) network.push({ kind: "activation", name: options.activation });
    network.push(layer(tensors, `${prefix}.${index}`, file));
    expected = index + 1;
  }
  if (options.last) network.push({ kind: "activation", name: options.last });
  let width: number | undefined;
  for (const module of network) {
    if (module.kind === "activation") continue;
    const enters = module.kind === "linear" ? module.inputs : module.size;
    if (width !== undefined && enters !== width)
      throw new FormatError(file, `'${prefix}'`, `has a layer for ${enters} numbers after one that gives ${width}`, "save the agent again");
    width = module.kind === "linear" ? module.outputs : module.size;
  }
  return network;
}

function layer(tensors: StateDict, name: string, file: string): Module {
  const weight = tensors.get(`${name}.weight`);
  if (!weight) throw new FormatError(file, `'${name}.weight'`, "is missing", "save the agent again");
  const bias = tensors.get(`${name}.bias`);
  expectFinite(weight, `${name}.weight`, file);
  if (bias) expectFinite(bias, `${name}.bias`, file);
  const outputs = weight.shape[0] ?? 0;
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outputs))
    throw new FormatError(file, `'${name}.bias'`, `does not have ${outputs} numbers`, "save the agent again");
  if (weight.shape.length === 2 && outputs > 0 && weight.shape[1] > 0)
    return { kind: "linear", inputs: weight.shape[1], outputs, weight: weight.data, bias: bias?.data };
  if (weight.shape.length === 1 && outputs > 0)
    return { kind: "layer-norm", size: outputs, scale: weight.data, bias: bias?.data, epsilon: 1e-5 };
  throw new FormatError(
    file,
    `'${name}.weight'`,
    `has the shape [${weight.shape.join(", ")}], not that of a linear layer`,
    "export the critic as ONNX",
  );
}

export function expectFinite(tensor: CheckpointTensor, name: string, file: string): void {
  if (!tensor.data.every(Number.isFinite))
    throw new FormatError(file, `'${name}'`, "holds numbers that are not finite", "use a checkpoint from before training diverged");
}

import type { Module } from "../critics/network.ts";
import { FormatError } from "./format-error.ts";
import { printable } from "./pickle.ts";
import { harmless, reasonOf } from "./roles.ts";
import { expectFinite } from "./sequential.ts";
import type { CheckpointTensor, StateDict } from "./tensor.ts";

/** One layer of a state dict, by the name that its parameters share. */
export type Layer = LinearLayer | NormLayer;

export interface LinearLayer {
  readonly kind: "linear";
  readonly path: string;
  readonly module: Extract<Module, { kind: "linear" }>;
}

/** scale · x̂ + bias, x̂ by the vector's own mean and variance (layer) or by running ones (batch, in evaluation mode: `module` is absent). */
export interface NormLayer {
  readonly kind: "norm";
  readonly path: string;
  readonly size: number;
  readonly layer?: Extract<Module, { kind: "layer-norm" }>;
  /** Evaluation mode: x · scale + shift. */
  readonly affine?: { readonly scale: Float64Array; readonly shift: Float64Array };
}

const epsilon = 1e-5;
const parameters = new Set(["weight", "bias", "running_mean", "running_var"]);
export const explain = 'say {"roles": {"PREFIX": "ignored"}} in a .json of the same name if it plays no part, or export the critic as ONNX';

/**
 * The layers of a state dict in its order, and the tensors that belong to none.
 * @throws FormatError on shapes that are no layer's and on numbers that are not finite
 */
export function layersOf(tensors: StateDict, file: string): { readonly layers: readonly Layer[]; readonly rest: readonly string[] } {
  const groups = new Map<string, Map<string, CheckpointTensor>>();
  const rest: string[] = [];
  for (const [name, tensor] of tensors) {
    if (reasonOf(harmless, name) !== undefined) continue;
    const dot = name.lastIndexOf(".");
    const part = name.slice(dot + 1);
    if (!parameters.has(part)) {
      if (!tensor.integer) rest.push(name);
      continue;
    }
    const path = dot < 0 ? "" : name.slice(0, dot);
    const group = groups.get(path) ?? new Map<string, CheckpointTensor>();
    group.set(part, tensor);
    groups.set(path, group);
  }
  return { layers: [...groups].map(([path, group]) => layerOf(path, group, file)), rest };
}

function layerOf(path: string, group: ReadonlyMap<string, CheckpointTensor>, file: string): Layer {
  const named = (part: string) => (path === "" ? part : `${path}.${part}`);
  for (const [part, tensor] of group) expectFinite(tensor, printable(named(part)), file);
  const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) => group.get(part));
  const of = (part: string) => `'${printable(named(part))}'`;
  if (mean || variance) {
    const size = mean?.data.length ?? 0;
    const fits = (tensor: CheckpointTensor | undefined) =>
      tensor === undefined || (tensor.shape.length === 1 && tensor.data.length === size);
    if (!mean || !variance || size === 0 || ![mean, variance, weight, bias].every(fits) || variance.data.some((x) => x < 0))
      throw new FormatError(file, of("running_mean"), "does not belong to a batch normalisation of vectors", "export the critic as ONNX");
    const scale = Float64Array.from(variance.data, (v, i) => (weight ? weight.data[i] : 1) / Math.sqrt(v + epsilon));
    return { kind: "norm", path, size, affine: { scale, shift: scale.map((s, i) => (bias ? bias.data[i] : 0) - s * mean.data[i]) } };
  }
  if (!weight) throw new FormatError(file, of("weight"), "is missing, though its bias is there", "save the agent again");
  const outputs = weight.shape[0] ?? 0;
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outputs))
    throw new FormatError(file, of("bias"), `does not have ${outputs} numbers`, "save the agent again");
  if (weight.shape.length === 2 && outputs > 0 && weight.shape[1] > 0)
    return { kind: "linear", path, module: { kind: "linear", inputs: weight.shape[1], outputs, weight: weight.data, bias: bias?.data } };
  if (weight.shape.length === 1 && outputs > 0) {
    if (!bias && !/(^|[._])(ln|layer_?norm)\d*$/i.test(path))
      throw new FormatError(
        file,
        of("weight"),
        "is a vector without a bias: a PReLU, an RMSNorm or a LayerNorm could have it",
        "export the critic as ONNX",
      );
    return {
      kind: "norm",
      path,
      size: outputs,
      layer: { kind: "layer-norm", size: outputs, scale: weight.data, bias: bias?.data, epsilon },
    };
  }
  const what = weight.shape.length === 4 ? "images by convolution" : "something else than vectors";
  throw new FormatError(
    file,
    of("weight"),
    `has the shape [${weight.shape.join(", ")}]: it reads ${what}`,
    "use a critic of vectors, or export the critic as ONNX",
  );
}

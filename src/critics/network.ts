import { add, type Graph, layerNormalization, matmul, type Value } from "../engine/index.ts";
import { activations } from "./activations.ts";
import { remember } from "./remember.ts";

/** One module of a feed-forward network, parameters as PyTorch lays them out. */
export type Module =
  | {
      readonly kind: "linear";
      readonly inputs: number;
      readonly outputs: number;
      /** [outputs, inputs] */
      readonly weight: Float32Array | Float64Array;
      /** [outputs] */
      readonly bias?: Float32Array | Float64Array;
    }
  | {
      readonly kind: "layer-norm";
      readonly size: number;
      readonly scale: Float32Array | Float64Array;
      readonly bias?: Float32Array | Float64Array;
      readonly epsilon: number;
    }
  | { readonly kind: "activation"; readonly name: string };

/** torch.nn.Sequential. */
export type Network = readonly Module[];

/** Length of the vectors that enter. */
export function inputSize(network: Network): number {
  const first = network.find((module) => module.kind !== "activation");
  return first?.kind === "linear" ? first.inputs : (first?.size ?? 0);
}

/** Length of the vectors that leave. */
export function outputSize(network: Network): number {
  const last = network.findLast((module) => module.kind !== "activation");
  return last?.kind === "linear" ? last.outputs : (last?.size ?? 0);
}

/**
 * Append the network to the graph of its input.
 * The input may come in pieces along its last axis whose leading axes broadcast: W [x; y] = W_x x + W_y y, so that an observation
 * and many actions (or goals) meet in the first hidden layer without being copied.
 * @param input [..., inputs], or pieces [..., inputs_i] with Σ inputs_i = inputs
 * @returns [..., outputs]
 */
export function applyNetwork(network: Network, input: Value | readonly Value[]): Value {
  const pieces = Array.isArray(input) ? (input as readonly Value[]) : [input as Value];
  let [x] = pieces;
  network.forEach((module, i) => {
    if (module.kind === "linear") x = i === 0 ? linearOf(module, pieces) : linearOf(module, [x]);
    else if (i === 0 && pieces.length > 1) throw new Error("a network fed in pieces must begin with a linear layer");
    else if (module.kind === "layer-norm") {
      const scale = parameter(x.graph, module.scale, [module.size]);
      x = layerNormalization(x, scale, parameter(x.graph, module.bias ?? new Float32Array(module.size), [module.size]), module.epsilon);
    } else {
      const activation = activations[module.name];
      if (!activation) throw new Error(`activation '${module.name}' is not one of ${Object.keys(activations).join(", ")}`);
      x = activation(x);
    }
  });
  return x;
}

function linearOf(module: Extract<Module, { kind: "linear" }>, pieces: readonly Value[]): Value {
  const { graph } = pieces[0];
  let at = 0;
  let sum: Value | undefined;
  for (const piece of pieces) {
    const width = piece.shape[piece.shape.length - 1] as number;
    const part = matmul(piece, columns(graph, module, at, width));
    sum = sum ? add(sum, part) : part;
    at += width;
  }
  if (at !== module.inputs) throw new Error(`the network takes vectors of ${module.inputs}, got ${at}`);
  return module.bias ? add(sum!, parameter(graph, module.bias, [module.outputs])) : sum!;
}

/** Numbers of a network, as they were read. */
export type Weights = Float32Array | Float64Array;

const held = new WeakMap<Graph, Map<Weights, Map<string, Value>>>();

/** The same data is one constant of a graph, however often a network is applied. */
function once(graph: Graph, data: Weights, key: string, make: () => Value): Value {
  const ofData = remember(
    remember(held, graph, () => new Map<Weights, Map<string, Value>>()),
    data,
    () => new Map<string, Value>(),
  );
  return remember(ofData, key, make);
}

export function parameter(graph: Graph, data: Weights, shape: readonly number[]): Value {
  return once(graph, data, shape.join(), () => graph.constant(data, shape));
}

/** Columns [from, from + width) of the weight, transposed to [width, outputs]. */
function columns(graph: Graph, module: Extract<Module, { kind: "linear" }>, from: number, width: number): Value {
  const { weight, inputs, outputs } = module;
  return once(graph, weight, `columns ${from} ${width}`, () => {
    const block = weight instanceof Float32Array ? new Float32Array(width * outputs) : new Float64Array(width * outputs);
    for (let o = 0; o < outputs; o++) for (let i = 0; i < width; i++) block[i * outputs + o] = weight[o * inputs + from + i];
    return graph.constant(block, [width, outputs]);
  });
}

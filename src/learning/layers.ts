import { activations } from "../critics/activations.ts";
import type { Module, Network } from "../critics/network.ts";
import { layerNormalization, linear, mul, type State, sub, type Value } from "../engine/index.ts";
import type { Random } from "../numbers/random.ts";

/** A feed-forward network whose parameters are inputs of a graph. */
export interface Layers {
  /** Begins the names of its parameters. */
  readonly name: string;
  /** Lengths of the input, the hidden layers and the output. */
  readonly sizes: readonly number[];
  /** As in `activations`; between layers, not after the last. */
  readonly activation: string;
  /** Normalise before every activation (Ba et al. 2016). */
  readonly layerNorm?: boolean;
  /** Of the first inputs; the rest are taken as they are. */
  readonly standard?: Standard;
}

/** Inputs enter as (x − centre)/scale. A network that is done has this in its first layer. */
export interface Standard {
  readonly centre: Float64Array;
  readonly scale: Float64Array;
}

const EPSILON = 1e-5;

/** Weights and biases uniform within ±1/√inputs, as torch.nn.Linear; the last layer's times `last`. */
export function initialise({ name, sizes, layerNorm }: Layers, random: Random, last = 1): State {
  const state: Record<string, State[string]> = {};
  for (let i = 0; i + 1 < sizes.length; i++) {
    const [from, to] = [sizes[i], sizes[i + 1]];
    const final = i + 2 === sizes.length;
    const reach = (final ? last : 1) / Math.sqrt(from);
    const draw = (n: number) => Float32Array.from({ length: n }, () => reach * (2 * random.uniform() - 1));
    state[`${name} weight ${i}`] = { shape: [to, from], data: draw(to * from) };
    state[`${name} bias ${i}`] = { shape: [to], data: draw(to) };
    if (layerNorm && !final) {
      state[`${name} scale ${i}`] = { shape: [to], data: new Float32Array(to).fill(1) };
      state[`${name} shift ${i}`] = { shape: [to], data: new Float32Array(to) };
    }
  }
  return state;
}

/** @param x [N, inputs] @returns [N, outputs] */
export function apply(layers: Layers, parameters: Readonly<Record<string, Value>>, x: Value): Value {
  const { name, sizes, activation, layerNorm, standard } = layers;
  if (standard) {
    const { centre, scale } = padded(standard, sizes[0]);
    const factor = x.graph.constant(
      scale.map((s) => 1 / s),
      [1, sizes[0]],
    );
    x = mul(sub(x, x.graph.constant(centre, [1, sizes[0]])), factor);
  }
  for (let i = 0; i + 1 < sizes.length; i++) {
    x = linear(x, parameters[`${name} weight ${i}`], parameters[`${name} bias ${i}`]);
    if (i + 2 === sizes.length) break;
    if (layerNorm) x = layerNormalization(x, parameters[`${name} scale ${i}`], parameters[`${name} shift ${i}`], EPSILON);
    x = activations[activation](x);
  }
  return x;
}

/** The network as a critic holds it. */
export function toNetwork({ name, sizes, activation, layerNorm, standard }: Layers, state: State): Network {
  const modules: Module[] = [];
  for (let i = 0; i + 1 < sizes.length; i++) {
    const data = (what: string) => state[`${name} ${what} ${i}`].data.slice();
    const layer = { kind: "linear" as const, inputs: sizes[i], outputs: sizes[i + 1], weight: data("weight"), bias: data("bias") };
    modules.push(i === 0 && standard ? { ...layer, ...absorbed(layer, padded(standard, sizes[0])) } : layer);
    if (i + 2 === sizes.length) break;
    if (layerNorm) modules.push({ kind: "layer-norm", size: sizes[i + 1], scale: data("scale"), bias: data("shift"), epsilon: EPSILON });
    modules.push({ kind: "activation", name: activation });
  }
  return modules;
}

function padded({ centre, scale }: Standard, size: number): Standard {
  const whole = { centre: new Float64Array(size), scale: new Float64Array(size).fill(1) };
  whole.centre.set(centre);
  whole.scale.set(scale);
  return whole;
}

/** W (x − c)/s + b = (W/s) x + (b − W c/s) */
function absorbed({ inputs, weight, bias }: { inputs: number; weight: Float32Array; bias: Float32Array }, { centre, scale }: Standard) {
  return {
    weight: weight.map((w, i) => w / scale[i % inputs]),
    bias: bias.map((b, j) => centre.reduce((sum, c, i) => sum - (weight[j * inputs + i] * c) / scale[i], b)),
  };
}

/** The same tensors under another network's name. */
export function renamed(state: State, from: string, to: string): State {
  return Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => name.startsWith(`${from} `))
      .map(([name, { shape, data }]) => [`${to}${name.slice(from.length)}`, { shape, data: data.slice() }]),
  );
}

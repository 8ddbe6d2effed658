import { activations } from "../critics/activations.ts";
import type { Module, Network } from "../critics/network.ts";
import { layerNormalization, linear, type Random, type State, type Value } from "../engine/index.ts";

/** A feed-forward network whose parameters are inputs of a graph. */
export interface Layers {
  /** Begins the names of its parameters. */
  readonly name: string;
  /** Lengths of the input, the hidden layers and the output. */
  readonly sizes: readonly number[];
  /** As in `activations`; between layers, not after the last. */
  readonly activation: string;
  /** Normalise before every activation (Ba et al. 2016). */
  readonly normalised?: boolean;
}

const EPSILON = 1e-5;

/** Weights and biases uniform within ±1/√inputs, as torch.nn.Linear; the last layer's times `last`. */
export function initialise({ name, sizes, normalised }: Layers, random: Random, last = 1): State {
  const state: Record<string, State[string]> = {};
  for (let i = 0; i + 1 < sizes.length; i++) {
    const [from, to] = [sizes[i], sizes[i + 1]];
    const final = i + 2 === sizes.length;
    const reach = (final ? last : 1) / Math.sqrt(from);
    const draw = (n: number) => Float32Array.from({ length: n }, () => reach * (2 * random.uniform() - 1));
    state[`${name} weight ${i}`] = { shape: [to, from], data: draw(to * from) };
    state[`${name} bias ${i}`] = { shape: [to], data: draw(to) };
    if (normalised && !final) {
      state[`${name} scale ${i}`] = { shape: [to], data: new Float32Array(to).fill(1) };
      state[`${name} shift ${i}`] = { shape: [to], data: new Float32Array(to) };
    }
  }
  return state;
}

/** @param x [N, inputs] @returns [N, outputs] */
export function apply({ name, sizes, activation, normalised }: Layers, parameters: Readonly<Record<string, Value>>, x: Value): Value {
  for (let i = 0; i + 1 < sizes.length; i++) {
    x = linear(x, parameters[`${name} weight ${i}`], parameters[`${name} bias ${i}`]);
    if (i + 2 === sizes.length) break;
    if (normalised) x = layerNormalization(x, parameters[`${name} scale ${i}`], parameters[`${name} shift ${i}`], EPSILON);
    x = activations[activation](x);
  }
  return x;
}

/** The network as a critic holds it. */
export function toNetwork({ name, sizes, activation, normalised }: Layers, state: State): Network {
  const modules: Module[] = [];
  for (let i = 0; i + 1 < sizes.length; i++) {
    const data = (what: string) => state[`${name} ${what} ${i}`].data.slice();
    modules.push({ kind: "linear", inputs: sizes[i], outputs: sizes[i + 1], weight: data("weight"), bias: data("bias") });
    if (i + 2 === sizes.length) break;
    if (normalised) modules.push({ kind: "layer-norm", size: sizes[i + 1], scale: data("scale"), bias: data("shift"), epsilon: EPSILON });
    modules.push({ kind: "activation", name: activation });
  }
  return modules;
}

/** The same tensors under another network's name. */
export function renamed(state: State, from: string, to: string): State {
  return Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => name.startsWith(`${from} `))
      .map(([name, { shape, data }]) => [`${to}${name.slice(from.length)}`, { shape, data: data.slice() }]),
  );
}

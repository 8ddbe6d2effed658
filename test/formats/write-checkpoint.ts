import { type Zippable, zipSync } from "fflate";
import { createRandom } from "../../src/numbers/random.ts";

/** Small checkpoints written from the formats' own descriptions, so that readers meet bytes they did not make. */
export interface Tensors {
  readonly [name: string]: {
    readonly shape: readonly number[];
    readonly data: readonly number[];
    readonly strides?: readonly number[];
    readonly offset?: number;
  };
}

const utf8 = new TextEncoder();

/** Pickle opcodes of protocol 2. */
export class PickleWriter {
  private readonly bytes: number[] = [0x80, 2];
  op(...codes: number[]): this {
    for (const code of codes) this.bytes.push(code);
    return this;
  }
  global(module: string, name: string): this {
    return this.op(0x63, ...utf8.encode(`${module}\n${name}\n`));
  }
  text(value: string): this {
    const encoded = utf8.encode(value);
    return this.op(0x58, ...int32(encoded.length), ...encoded);
  }
  int(value: number): this {
    return this.op(0x4a, ...int32(value));
  }
  ints(values: readonly number[]): this {
    this.op(0x28);
    for (const value of values) this.int(value);
    return this.op(0x74);
  }
  end(): Uint8Array {
    return Uint8Array.from([...this.bytes, 0x2e]);
  }
}

function int32(value: number): number[] {
  return [...new Uint8Array(Int32Array.of(value).buffer)];
}

export function writeTorch(
  tensors: Tensors,
  storage = "FloatStorage",
  encode: (data: readonly number[]) => Uint8Array = float32,
): Uint8Array {
  const members: Zippable = {};
  const pickle = new PickleWriter().global("collections", "OrderedDict").op(0x29, 0x52, 0x28);
  Object.entries(tensors).forEach(([name, { shape, data, strides, offset = 0 }], i) => {
    pickle.text(name).global("torch._utils", "_rebuild_tensor_v2").op(0x28);
    pickle.op(0x28).text("storage").global("torch", storage).text(`${i}`).text("cpu").int(data.length).op(0x74, 0x51);
    pickle
      .int(offset)
      .ints(shape)
      .ints(strides ?? rowMajor(shape))
      .op(0x89);
    pickle.global("collections", "OrderedDict").op(0x29, 0x52, 0x74, 0x52);
    members[`archive/data/${i}`] = [encode(data), { level: 0 }];
  });
  members["archive/data.pkl"] = [pickle.op(0x75).end(), { level: 0 }];
  return zipSync(members);
}

export function float32(data: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(data).buffer);
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, k) => shape.slice(k + 1).reduce((a, b) => a * b, 1));
}

export function writeAgent(data: Record<string, unknown>, tensors: Tensors, variables?: Tensors): Uint8Array {
  return zipSync({
    data: utf8.encode(JSON.stringify(data)),
    "policy.pth": writeTorch(tensors),
    ...(variables ? { "pytorch_variables.pth": writeTorch(variables) } : {}),
  });
}

export function boxSpace(low: readonly number[], high: readonly number[]): Record<string, unknown> {
  return {
    ":type:": "<class 'gymnasium.spaces.box.Box'>",
    dtype: "float32",
    _shape: [low.length],
    low: `[${low.join(" ")}]`,
    high: `[${high.join(" ")}]`,
  };
}

export function discreteSpace(n: number): Record<string, unknown> {
  return { ":type:": "<class 'gymnasium.spaces.discrete.Discrete'>", n: `${n}`, start: "0", dtype: "int64" };
}

/** Linear layers prefix.0, prefix.2, … of the given widths with seeded weights. */
export function mlpTensors(prefix: string, widths: readonly number[], seed: number, size = 0.7): Tensors {
  const random = createRandom(seed);
  const out: Record<string, Tensors[string]> = {};
  for (let l = 0; l + 1 < widths.length; l++) {
    const [inputs, outputs] = [widths[l], widths[l + 1]];
    out[`${prefix}.${2 * l}.weight`] = {
      shape: [outputs, inputs],
      data: Array.from({ length: inputs * outputs }, () => Math.fround(size * random.normal())),
    };
    out[`${prefix}.${2 * l}.bias`] = { shape: [outputs], data: Array.from({ length: outputs }, () => Math.fround(0.3 * random.normal())) };
  }
  return out;
}

/** A plain forward pass in double precision. */
export function forward(
  tensors: Tensors,
  prefix: string,
  x: readonly number[],
  activation: (x: number) => number,
  after = false,
): number[] {
  const layers = Object.keys(tensors).filter((key) => key.startsWith(`${prefix}.`) && key.endsWith("weight")).length;
  let h = [...x];
  for (let l = 0; l < layers; l++) {
    const { shape, data } = tensors[`${prefix}.${2 * l}.weight`];
    const bias = tensors[`${prefix}.${2 * l}.bias`].data;
    const next = Array.from({ length: shape[0] }, (_, o) => bias[o] + h.reduce((sum, value, i) => sum + data[o * shape[1] + i] * value, 0));
    h = l < layers - 1 || after ? next.map(activation) : next;
  }
  return h;
}

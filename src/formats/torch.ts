import { decodeNumbers, type NumberType, numberSize } from "./decode-numbers.ts";
import { FormatError } from "./format-error.ts";
import { spaceGlobals } from "./gym-space.ts";
import { limits } from "./limits.ts";
import { numpyGlobals } from "./numpy-object.ts";
import { PERSISTENT, type Pickled, PickleGlobal, PickleInstance, readPickle } from "./pickle.ts";
import { type CheckpointTensor, countNumbers, type StateDict } from "./tensor.ts";
import { isZip, openZip } from "./zip.ts";

const storages: Readonly<Record<string, NumberType>> = {
  "torch.FloatStorage": "float32",
  "torch.DoubleStorage": "float64",
  "torch.HalfStorage": "float16",
  "torch.BFloat16Storage": "bfloat16",
  "torch.LongStorage": "int64",
  "torch.IntStorage": "int32",
  "torch.ShortStorage": "int16",
  "torch.CharStorage": "int8",
  "torch.ByteStorage": "uint8",
  "torch.BoolStorage": "bool",
};

const floating: ReadonlySet<NumberType> = new Set<NumberType>(["float16", "bfloat16", "float32", "float64"]);

/** What a training loop stores beside the weights: scores, best returns, arguments. None of it is a tensor, and none of it is looked into. */
const beside = [
  "collections.OrderedDict",
  "collections.deque",
  "collections.defaultdict",
  "argparse.Namespace",
  "builtins.list",
  "builtins.dict",
  "builtins.set",
  "builtins.float",
  "builtins.int",
  "pathlib.PosixPath",
  "torch.float32",
  "torch.float64",
  "torch.int64",
];

const allowed = new Set([
  ...Object.keys(storages),
  ...numpyGlobals,
  ...spaceGlobals,
  ...beside,
  "torch._utils._rebuild_tensor_v2",
  "torch._utils._rebuild_parameter",
  "torch.Size",
  "torch.device",
]);
const allow = (name: string) => allowed.has(name);

const again = "save it with torch.save(model.state_dict(), …)";
/** A pickled module names its own class: what to write in its place. */
const instead = "save torch.save(model.state_dict(), …) in place of the whole model, or with Stable-Baselines3 model.save";
/** First byte string of the stream that torch.save wrote before 1.6: protocol 2, LONG1 of ten bytes. */
const streamMagic = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

interface Storage {
  readonly type: NumberType;
  readonly key: string;
  readonly length: number;
}

export function isTorchStream(bytes: Uint8Array): boolean {
  return streamMagic.every((byte, i) => bytes[i] === byte);
}

/**
 * Tensors of a file written by torch.save: the zip container (1.6 and later) or the older stream.
 * Dictionaries, lists and tuples nest into dotted names; a lone tensor is named ""; entries that are no tensors are left out.
 * @throws FormatError
 */
export function readTorch(bytes: Uint8Array, file: string): StateDict {
  if (isZip(bytes)) return fromArchive(bytes, file);
  if (isTorchStream(bytes)) return fromStream(bytes, file);
  throw new FormatError(file, "its first bytes", "are not those of a file written by torch.save", again);
}

function fromArchive(bytes: Uint8Array, file: string): StateDict {
  const archive = openZip(bytes, file, false);
  const pickle = archive.names.find((name) => name === "data.pkl" || /^[^/]+\/data\.pkl$/.test(name));
  if (!pickle) throw new FormatError(file, "member 'data.pkl'", "is missing", again);
  const root = pickle.slice(0, -"data.pkl".length);
  if (archive.has(`${root}byteorder`) && new TextDecoder().decode(archive.read(`${root}byteorder`)).trim() !== "little") {
    throw new FormatError(file, "member 'byteorder'", "is not little", "save it on a little-endian machine");
  }
  const tree = readPickle(archive.read(pickle), file, { allow, instead }).value;
  return collect(tree, file, (key) => archive.read(`${root}data/${key}`));
}

function fromStream(bytes: Uint8Array, file: string): StateDict {
  let start = streamMagic.length;
  const next = (): Pickled => {
    const { value, end } = readPickle(bytes, file, { allow, start, instead });
    start = end;
    return value;
  };
  if (next() !== 1001) throw new FormatError(file, "the protocol version", "is not 1001", again);
  const system = next();
  if (system instanceof Map && system.get("little_endian") === false)
    throw new FormatError(file, "the byte order", "is not little", "save it on a little-endian machine");
  const tree = next();
  const keys = next();
  if (!Array.isArray(keys)) throw new FormatError(file, "the list of storages", "is missing", again);
  const sizes = storageSizes(tree);
  const found = new Map<string, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys) {
    const storage = typeof key === "string" ? sizes.get(key) : undefined;
    if (!storage) throw new FormatError(file, "the list of storages", "names one that no tensor uses", again);
    if (start + 8 > bytes.length) throw new FormatError(file, `storage ${storage.key}`, "is cut off", "save or download the file again");
    const length = Number(view.getBigInt64(start, true));
    start += 8;
    if (length !== storage.length || start + length * numberSize[storage.type] > bytes.length) {
      throw new FormatError(file, `storage ${storage.key}`, "is cut off", "save or download the file again");
    }
    found.set(storage.key, bytes.subarray(start, start + length * numberSize[storage.type]));
    start += length * numberSize[storage.type];
  }
  return collect(tree, file, (key) => {
    const data = found.get(key);
    if (!data) throw new FormatError(file, `storage ${key}`, "is missing", again);
    return data;
  });
}

/** Every storage that a persistent id names. Each value is visited once, so shared and cyclic trees end. */
function storageSizes(tree: Pickled): Map<string, Storage> {
  const sizes = new Map<string, Storage>();
  const seen = new Set<Pickled>();
  const pending: Pickled[] = [tree];
  while (pending.length > 0) {
    const value = pending.pop() as Pickled;
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (Array.isArray(value)) for (const item of value) pending.push(item);
    else if (value instanceof Map) for (const item of value.values()) pending.push(item);
    else if (value instanceof PickleInstance) {
      const storage = storageOf(value);
      if (storage) sizes.set(storage.key, storage);
      else for (const item of value.args) pending.push(item);
    }
  }
  return sizes;
}

function storageOf(value: Pickled): Storage | undefined {
  if (!(value instanceof PickleInstance) || value.name !== PERSISTENT || !Array.isArray(value.args[0])) return undefined;
  const [kind, type, key, , length, part] = value.args[0];
  if (kind !== "storage" || !(type instanceof PickleGlobal) || !(type.name in storages) || typeof length !== "number") return undefined;
  if ((typeof key !== "string" && typeof key !== "number") || (part !== undefined && part !== null)) return undefined;
  return { type: storages[type.name], key: String(key), length };
}

function collect(tree: Pickled, file: string, data: (key: string) => Uint8Array): StateDict {
  const out = new Map<string, CheckpointTensor>();
  const budget = { left: limits.numbers };
  const raw = new Map<string, Uint8Array>();
  const bytesOf = (key: string) => {
    const held = raw.get(key) ?? data(key);
    raw.set(key, held);
    return held;
  };
  const visit = (value: Pickled, name: string, depth: number) => {
    if (depth > 8) throw new FormatError(file, `entry '${name}'`, "is nested too deeply", again);
    const tensor = asTensor(value);
    if (tensor) {
      if (out.size > 65_536) throw new FormatError(file, "the state dict", "has more than 65536 tensors", again);
      if (out.has(name)) throw new FormatError(file, `entry '${name}'`, "appears twice", again);
      out.set(name, rebuild(tensor, name, file, bytesOf, budget));
    } else if (value instanceof Map || Array.isArray(value)) {
      for (const [key, item] of value.entries()) {
        if (++visits > 1_000_000) throw new FormatError(file, "the state dict", "has more than a million entries", again);
        if (typeof key === "string" || typeof key === "number") visit(item, name ? `${name}.${key}` : `${key}`, depth + 1);
      }
    }
  };
  let visits = 0;
  visit(tree, "", 0);
  return out;
}

function asTensor(value: Pickled): PickleInstance | undefined {
  if (!(value instanceof PickleInstance)) return undefined;
  if (value.name === "torch._utils._rebuild_tensor_v2") return value;
  if (value.name === "torch._utils._rebuild_parameter") {
    const inner = value.args[0];
    return inner instanceof PickleInstance && inner.name === "torch._utils._rebuild_tensor_v2" ? inner : undefined;
  }
  return undefined;
}

/** x[i₀, i₁, …] = storage[offset + Σ iₖ · strideₖ], copied to row-major order. */
function rebuild(
  instance: PickleInstance,
  name: string,
  file: string,
  bytesOf: (key: string) => Uint8Array,
  budget: { left: number },
): CheckpointTensor {
  const field = `tensor '${name}'`;
  const [source, offset, size, strides] = instance.args;
  const storage = storageOf(source);
  if (!storage) throw new FormatError(file, field, "has a storage of a kind that is not read", "convert it to float32 first");
  const dims = size instanceof PickleInstance && size.name === "torch.Size" ? size.args[0] : size;
  if (!Array.isArray(dims) || !Array.isArray(strides) || strides.length !== dims.length || typeof offset !== "number") {
    throw new FormatError(file, field, "has a shape that is none", again);
  }
  const count = countNumbers(dims, file, field);
  budget.left -= count;
  if (budget.left < 0)
    throw new FormatError(file, "the tensors", `have more than ${limits.numbers} numbers together`, "give the critic's networks alone");
  const shape = dims as number[];
  let last = offset;
  for (let k = 0; k < shape.length; k++) {
    const stride = strides[k];
    if (typeof stride !== "number" || !Number.isSafeInteger(stride) || stride < 0)
      throw new FormatError(file, field, "has a stride that is none", again);
    if (count > 0) last += (shape[k] - 1) * stride;
  }
  const integer = !floating.has(storage.type);
  const bytes = bytesOf(storage.key);
  const length = Math.floor(bytes.length / numberSize[storage.type]);
  if (!Number.isSafeInteger(offset) || offset < 0 || (count > 0 && last >= length)) {
    throw new FormatError(file, field, "reaches beyond its storage", "save or download the file again");
  }
  if (contiguous(shape, strides as number[]))
    return { shape, data: decodeNumbers(bytes, offset * numberSize[storage.type], count, storage.type), integer };
  const span = count === 0 ? 0 : last - offset + 1;
  budget.left -= span;
  if (budget.left < 0)
    throw new FormatError(file, "the tensors", `reach over more than ${limits.numbers} numbers together`, "save contiguous copies");
  const whole = decodeNumbers(bytes, offset * numberSize[storage.type], span, storage.type);
  const data = whole instanceof Float32Array ? new Float32Array(count) : new Float64Array(count);
  const index = new Int32Array(shape.length);
  let from = 0;
  for (let i = 0; i < count; i++) {
    data[i] = whole[from];
    for (let k = shape.length - 1; k >= 0; k--) {
      from += strides[k] as number;
      if (++index[k] < shape[k]) break;
      from -= shape[k] * (strides[k] as number);
      index[k] = 0;
    }
  }
  return { shape, data, integer };
}

function contiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let k = shape.length - 1; k >= 0; k--) {
    if (shape[k] !== 1 && strides[k] !== expected) return false;
    expected *= shape[k];
  }
  return true;
}

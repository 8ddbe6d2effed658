import { decodeNumbers, type NumberType, numberSize } from "./decode-numbers.ts";
import { FormatError } from "./format-error.ts";
import { type Pickled, PickleGlobal, PickleInstance } from "./pickle.ts";
import { countNumbers } from "./tensor.ts";

/** A NumPy array found in a pickle or an .npy file: numbers, or plain objects. */
export type NumpyArray =
  | { readonly kind: "numbers"; readonly shape: readonly number[]; readonly data: Float32Array | Float64Array }
  | { readonly kind: "objects"; readonly shape: readonly number[]; readonly data: readonly Pickled[] };

/** Globals that pickles of NumPy arrays and scalars need, of NumPy 1 and 2. */
export const numpyGlobals: ReadonlySet<string> = new Set(
  ["numpy.core", "numpy._core"]
    .flatMap((core) => [`${core}.multiarray._reconstruct`, `${core}.multiarray.scalar`, `${core}.numeric._frombuffer`])
    .concat(["numpy.ndarray", "numpy.dtype", "numpy.bool_", "_codecs.encode"])
    .concat(
      ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"].map(
        (name) => `numpy.${name}`,
      ),
    ),
);

const types: Readonly<Record<string, NumberType>> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  b1: "bool",
};

export interface NumpyType {
  /** undefined: Python objects */
  readonly numbers?: NumberType;
  readonly littleEndian: boolean;
}

/** NumPy's type string: byte order, kind, size, e.g. "<f4", "|O". */
export function parseType(text: string): NumpyType | undefined {
  const match = /^([<>|=]?)(O8?|[fiub]\d)$/.exec(text);
  if (!match) return undefined;
  if (match[2].startsWith("O")) return { littleEndian: true };
  return match[2] in types ? { numbers: types[match[2]], littleEndian: match[1] !== ">" } : undefined;
}

/** Bytes as the format says them, in C order whatever the order in the file. */
export function decodeArray(
  bytes: Uint8Array,
  type: NumpyType,
  shape: readonly number[],
  fortran: boolean,
  file: string,
  field: string,
): NumpyArray {
  const count = countNumbers(shape, file, field);
  if (!type.numbers || bytes.length < count * numberSize[type.numbers]) {
    throw new FormatError(file, field, "holds fewer bytes than its shape needs", "save or download the file again");
  }
  const data = decodeNumbers(bytes, 0, count, type.numbers, type.littleEndian);
  return { kind: "numbers", shape, data: fortran && shape.length > 1 ? reorder(data, shape) : data };
}

function reorder<T extends Float32Array | Float64Array>(data: T, shape: readonly number[]): T {
  const out = data.slice() as T;
  const index = new Int32Array(shape.length);
  for (let from = 0; from < data.length; from++) {
    let to = 0;
    for (let k = 0; k < shape.length; k++) to = to * shape[k] + index[k];
    out[to] = data[from];
    for (let k = 0; k < shape.length; k++) {
      if (++index[k] < shape[k]) break;
      index[k] = 0;
    }
  }
  return out;
}

/** The array (or scalar, of shape []) that a pickled value stands for, or undefined where it is none. */
export function asArray(value: Pickled, file: string, field: string): NumpyArray | undefined {
  if (typeof value === "number") return { kind: "numbers", shape: [], data: Float64Array.of(value) };
  if (!(value instanceof PickleInstance)) return undefined;
  const name = value.name.replace("numpy._core.", "numpy.core.");
  if (name === "numpy.core.multiarray.scalar") {
    const bytes = asBytes(value.args[1]);
    return bytes && decodeArray(bytes, typeOf(value.args[0], file, field), [], false, file, field);
  }
  if (name === "numpy.core.numeric._frombuffer") {
    const [content, dtype, shape, order] = value.args;
    const bytes = asBytes(content);
    return bytes && Array.isArray(shape)
      ? decodeArray(bytes, typeOf(dtype, file, field), shape as number[], order === "F", file, field)
      : undefined;
  }
  if (name !== "numpy.core.multiarray._reconstruct" || !Array.isArray(value.state)) return undefined;
  const [, shape, dtype, fortran, content] = value.state;
  if (!Array.isArray(shape)) return undefined;
  const type = typeOf(dtype, file, field);
  if (type.numbers) {
    const bytes = asBytes(content);
    return bytes && decodeArray(bytes, type, shape as number[], fortran === true, file, field);
  }
  const count = countNumbers(shape, file, field);
  if (!Array.isArray(content) || content.length !== count || (fortran === true && shape.length > 1)) {
    throw new FormatError(file, field, "does not hold the objects its shape needs", "save it again in C order");
  }
  return { kind: "objects", shape: shape as number[], data: content };
}

/** A dtype is pickled once and recalled by every array that has it. */
const parsed = new WeakMap<PickleInstance, NumpyType>();

function typeOf(dtype: Pickled, file: string, field: string): NumpyType {
  const known = dtype instanceof PickleInstance ? parsed.get(dtype) : undefined;
  if (known) return known;
  const name =
    dtype instanceof PickleInstance && dtype.name === "numpy.dtype"
      ? dtype.args[0]
      : dtype instanceof PickleGlobal
        ? dtype.name
        : undefined;
  const order = dtype instanceof PickleInstance && Array.isArray(dtype.state) && dtype.state[1] === ">" ? ">" : "<";
  const type = typeof name === "string" ? parseType(order + name) : undefined;
  if (!type) throw new FormatError(file, field, "has a dtype that is not read", "convert it to float64 first");
  if (dtype instanceof PickleInstance) parsed.set(dtype, type);
  return type;
}

/** bytes, or what protocols below 3 wrote instead: _codecs.encode(text, "latin1"). */
function asBytes(value: Pickled): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  const text = value instanceof PickleInstance && value.name === "_codecs.encode" ? value.args[0] : value;
  return typeof text === "string" ? Uint8Array.from(text, (c) => c.charCodeAt(0)) : undefined;
}

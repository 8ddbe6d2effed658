import { decodeNumbers, type NumberType, numberSize, toHalf } from "./decode-numbers.ts";
import { duplicateKey } from "./duplicate-keys.ts";
import { FormatError } from "./format-error.ts";
import { limits } from "./limits.ts";
import { printable } from "./pickle.ts";
import { countNumbers } from "./tensor.ts";

export type SafetensorsData = Float64Array | Float32Array | Int32Array | Uint8Array;

export interface SafetensorsArray {
  readonly shape: readonly number[];
  /** F64, F32, I32 or U8, by its type */
  readonly data: SafetensorsData;
  /** Written as F16, each number rounded to the nearest of them. */
  readonly half?: boolean;
  /** Whole numbers in the file, though they are handed over as floats. */
  readonly integer?: boolean;
}

const types = [
  { name: "F64", array: Float64Array, bytes: 8 },
  { name: "F32", array: Float32Array, bytes: 4 },
  { name: "I32", array: Int32Array, bytes: 4 },
  { name: "U8", array: Uint8Array, bytes: 1 },
] as const;

const halfType = { name: "F16", bytes: 2 } as const;

/** @throws RangeError where a number has no half that is near */
function toHalves(name: string, data: SafetensorsData): Uint16Array {
  return Uint16Array.from(data, (x) => {
    const bits = toHalf(x);
    if (Number.isFinite(x) && (bits & 0x7c00) === 0x7c00) throw new RangeError(`safetensors: ${name} holds ${x}, more than a half can`);
    return bits;
  });
}

/**
 * A safetensors file: length of the header (8 bytes, little endian), header (JSON), tensors end to end.
 * Widest types first, then by name, and the header padded to 8 bytes, so that every tensor is aligned and the same tensors give the same bytes.
 */
export function writeSafetensors(tensors: Readonly<Record<string, SafetensorsArray>>): Uint8Array {
  const entries = Object.entries(tensors).map(([name, { shape, data: given, half }]) => {
    const data = half ? toHalves(name, given) : given;
    const type = half ? halfType : types.find(({ array }) => data instanceof array)!;
    if (shape.reduce((product, n) => product * n, 1) !== data.length)
      throw new RangeError(`safetensors: ${name} has ${data.length} numbers, not a shape of [${shape.join(", ")}]`);
    return { name, shape, data, type };
  });
  entries.sort((a, b) => b.type.bytes - a.type.bytes || (a.name < b.name ? -1 : 1));
  const header: Record<string, { dtype: string; shape: readonly number[]; data_offsets: [number, number] }> = {};
  let end = 0;
  for (const { name, shape, data, type } of entries) {
    header[name] = { dtype: type.name, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = 8 * Math.ceil(json.length / 8);
  const out = new Uint8Array(8 + padded + end).fill(0x20, 8, 8 + padded);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.set(json, 8);
  let at = 8 + padded;
  for (const { data } of entries) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return out;
}

/** Types that are read as the floats that hold them. */
const widened: Readonly<Record<string, NumberType>> = {
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I16: "int16",
  I8: "int8",
  BOOL: "bool",
};
const headerLimit = 2 ** 24;

/**
 * F64, F32, I32 and U8 in their own type; F16 and BF16 as Float32Array, other integers as Float64Array.
 * @throws FormatError where the header is not one, a type is another, or tensors do not fit, overlap or exceed the bounds
 */
export function readSafetensors(bytes: Uint8Array, file: string): Record<string, SafetensorsArray> {
  const refuse = (field: string, problem: string) => new FormatError(file, field, problem, "save or download the file again");
  if (bytes.length < 8) throw refuse("the header", "is cut off");
  const size = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (size > BigInt(bytes.length - 8)) throw refuse("the header", "is cut off");
  if (size > BigInt(headerLimit)) throw refuse("the header", `has more than ${headerLimit} bytes`);
  const start = 8 + Number(size);
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start));
    header = JSON.parse(text);
  } catch {
    throw refuse("the header", "is not JSON");
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw refuse("the header", `names ${printable(twice)} twice`);
  if (!isRecord(header)) throw refuse("the header", "is not a JSON object");
  const out: Record<string, SafetensorsArray> = Object.create(null);
  const places: { readonly field: string; readonly from: number; readonly to: number }[] = [];
  let numbers = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const field = `tensor ${JSON.stringify(name)}`;
    if (!isRecord(entry) || !isCounts(entry.shape) || !isCounts(entry.data_offsets) || entry.data_offsets.length !== 2)
      throw refuse(field, "has no shape or place");
    const type = types.find((known) => known.name === entry.dtype);
    const wide = typeof entry.dtype === "string" ? widened[entry.dtype] : undefined;
    if (!type && !wide) throw new FormatError(file, field, `is of type ${String(entry.dtype)}`, "store it as F64, F32, I32 or U8");
    const [from, to] = entry.data_offsets;
    const count = countNumbers(entry.shape, file, field);
    numbers += count;
    if (numbers > limits.numbers) throw refuse("the tensors", `have more than ${limits.numbers} numbers together`);
    if (to - from !== count * (type ? type.bytes : numberSize[wide!]) || start + to > bytes.length)
      throw refuse(field, "does not fit its place");
    places.push({ field, from, to });
    if (type)
      out[name] = { shape: entry.shape, data: new type.array(Uint8Array.from(bytes.subarray(start + from, start + to)).buffer, 0, count) };
    else out[name] = { shape: entry.shape, data: decodeNumbers(bytes, start + from, count, wide!), integer: !wide!.includes("float") };
  }
  places.sort((a, b) => a.from - b.from || a.to - b.to);
  for (let i = 1; i < places.length; i++) if (places[i].from < places[i - 1].to) throw refuse(places[i].field, "overlaps another");
  return out;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

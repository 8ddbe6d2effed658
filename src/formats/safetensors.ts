import { FormatError } from "./format-error.ts";

export type SafetensorsData = Float64Array | Float32Array | Int32Array | Uint8Array;

export interface SafetensorsArray {
  readonly shape: readonly number[];
  /** F64, F32, I32 or U8, by its type */
  readonly data: SafetensorsData;
}

const types = [
  { name: "F64", array: Float64Array, bytes: 8 },
  { name: "F32", array: Float32Array, bytes: 4 },
  { name: "I32", array: Int32Array, bytes: 4 },
  { name: "U8", array: Uint8Array, bytes: 1 },
] as const;

/**
 * A safetensors file: length of the header (8 bytes, little endian), header (JSON), tensors end to end.
 * Widest types first, then by name, and the header padded to 8 bytes, so that every tensor is aligned and the same tensors give the same bytes.
 */
export function writeSafetensors(tensors: Readonly<Record<string, SafetensorsArray>>): Uint8Array {
  const entries = Object.entries(tensors).map(([name, { shape, data }]) => {
    const type = types.find(({ array }) => data instanceof array)!;
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

/** @throws FormatError where the header is not one, a type is not F64, F32, I32 or U8, or a tensor does not fit */
export function readSafetensors(bytes: Uint8Array, file: string): Record<string, SafetensorsArray> {
  const refuse = (field: string, problem: string) => new FormatError(file, field, problem, "save or download the file again");
  if (bytes.length < 8) throw refuse("the header", "is cut off");
  const size = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (size > BigInt(bytes.length - 8)) throw refuse("the header", "is cut off");
  const start = 8 + Number(size);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch {
    throw refuse("the header", "is not JSON");
  }
  if (!isRecord(header)) throw refuse("the header", "is not a JSON object");
  const out: Record<string, SafetensorsArray> = Object.create(null);
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const field = `tensor ${JSON.stringify(name)}`;
    if (!isRecord(entry) || !isCounts(entry.shape) || !isCounts(entry.data_offsets) || entry.data_offsets.length !== 2)
      throw refuse(field, "has no shape or place");
    const type = types.find((known) => known.name === entry.dtype);
    if (!type) throw new FormatError(file, field, `is of type ${String(entry.dtype)}`, "store it as F64, F32, I32 or U8");
    const [from, to] = entry.data_offsets;
    const count = entry.shape.reduce((product, n) => product * n, 1);
    if (to - from !== count * type.bytes || start + to > bytes.length) throw refuse(field, "does not fit its place");
    const copy = bytes.slice(start + from, start + to);
    out[name] = { shape: entry.shape, data: new type.array(copy.buffer, 0, count) };
  }
  return out;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

import { zipSync } from "fflate";

export type NpyData = Float64Array | Float32Array | Int32Array | Uint8Array;

export interface WritableArray {
  readonly shape: readonly number[];
  readonly data: NpyData;
}

const utf8 = new TextEncoder();

/** An .npy file, version 1.0 of NumPy's format: the header padded so that numbers begin at a multiple of 64. */
export function writeNpy({ shape, data }: WritableArray): Uint8Array {
  if (shape.reduce((product, n) => product * n, 1) !== data.length)
    throw new RangeError(`npy: ${data.length} numbers are not of the shape [${shape.join(", ")}]`);
  const descr = data instanceof Float64Array ? "<f8" : data instanceof Float32Array ? "<f4" : data instanceof Int32Array ? "<i4" : "|u1";
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = 64 * Math.ceil((10 + text.length + 1) / 64) - 10;
  const out = new Uint8Array(10 + length + data.byteLength);
  out.set([0x93, ...utf8.encode("NUMPY"), 1, 0, length & 255, length >> 8]);
  out.set(utf8.encode(`${text.padEnd(length - 1)}\n`), 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length);
  return out;
}

/** Arrays by name as numpy.load reads them. The same arrays give the same bytes. */
export function writeNpz(arrays: Readonly<Record<string, WritableArray>>): Uint8Array {
  const members = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)]));
  return zipSync(members, { mtime: new Date(1980, 0, 2), level: 6 });
}

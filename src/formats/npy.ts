import { FormatError } from "./format-error.ts";
import { asArray, decodeArray, type NumpyArray, numpyGlobals, parseType } from "./numpy-object.ts";
import { readPickle } from "./pickle.ts";
import { countNumbers } from "./tensor.ts";
import { openZip } from "./zip.ts";

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

export function isNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/**
 * One array of an .npy file (NumPy's format, versions 1 to 3). Object arrays may hold numbers, text, lists, tuples, dictionaries and arrays.
 * @throws FormatError
 */
export function readNpy(bytes: Uint8Array, file: string): NumpyArray {
  if (!isNpy(bytes)) throw new FormatError(file, "its first bytes", "are not those of an .npy file", "save it with numpy.save");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cut = () => new FormatError(file, "the header", "is cut off", "save or download the file again");
  if (bytes.length < 12) throw cut();
  const wide = bytes[6] >= 2;
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (end > bytes.length || end > 65_536) throw cut();
  const header = new TextDecoder().decode(bytes.subarray(start, end));
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const dims = /'shape':\s*\(([\d,\sL]*)\)/.exec(header)?.[1];
  if (descr === undefined || fortran === undefined || dims === undefined) {
    throw new FormatError(file, "the header", "does not say dtype, order and shape plainly", "save a plain array with numpy.save");
  }
  const type = parseType(descr);
  if (!type) throw new FormatError(file, "the dtype", `'${descr.slice(0, 20)}' is not read`, "convert it to float64 first");
  const shape = dims
    .split(",")
    .map((text) => text.trim().replace("L", ""))
    .filter((text) => text !== "")
    .map(Number);
  const count = countNumbers(shape, file, "the array");
  if (type.numbers) return decodeArray(bytes.subarray(end), type, shape, fortran === "True", file, "the array");
  const { value } = readPickle(bytes, file, { allow: (name) => numpyGlobals.has(name), start: end });
  const array = asArray(value, file, "the array");
  if (array?.kind !== "objects" || array.data.length !== count)
    throw new FormatError(file, "the array", "does not hold the objects its shape needs", "save it again with numpy.save");
  return { kind: "objects", shape, data: array.data };
}

/** Arrays of an .npz file by name. */
export function readNpz(bytes: Uint8Array, file: string): ReadonlyMap<string, NumpyArray> {
  const archive = openZip(bytes, file);
  const arrays = new Map<string, NumpyArray>();
  for (const name of archive.names) {
    if (name.endsWith(".npy")) arrays.set(name.slice(0, -4), readNpy(archive.read(name), `${file}/${name}`));
  }
  return arrays;
}

import { FormatError } from "./format-error.ts";
import { limits } from "./limits.ts";
import { asArray, type NumpyArray, numpyGlobals } from "./numpy-object.ts";
import { type Pickled, PickleInstance, readPickle } from "./pickle.ts";

const allowed = new Set([...numpyGlobals, "collections.defaultdict", "collections.OrderedDict", "builtins.list"]);
const fix = "save the array [S, A] with numpy.save";

/** A table that Python pickled: an array, or a dictionary from the states 0 to S − 1 to rows of action values. @throws FormatError */
export function readPickledTable(bytes: Uint8Array, file: string): NumpyArray {
  const { value } = readPickle(bytes, file, { allow: (name) => allowed.has(name), instead: fix });
  return asArray(value, file, "the array") ?? rowsOf(value, file);
}

/** An array of one object is what numpy.save makes of a dictionary. */
export function unwrapped(array: NumpyArray, file: string): NumpyArray {
  return array.kind === "objects" && array.shape.length === 0 ? rowsOf(array.data[0], file) : array;
}

const others = new Set(["v", "rewards", "gamma", "terminal_value"]);

/** The only array of an .npz is its action values, whatever its name, unless the name says something else. */
export function withActionValues(arrays: ReadonlyMap<string, NumpyArray>): ReadonlyMap<string, NumpyArray> {
  const [[name, array] = ["v", undefined]] = arrays;
  return arrays.size === 1 && array && array.shape.length > 1 && !others.has(name) ? new Map([["q", array]]) : arrays;
}

/** Rows of numbers with commas between them, as numpy.savetxt writes with delimiter=",". @throws FormatError */
export function readCsvTable(bytes: Uint8Array, file: string): NumpyArray {
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  const rows = lines
    .filter((line) => line.trim() !== "")
    .map((line) => line.split(",").map((cell) => (cell.trim() === "" ? Number.NaN : Number(cell))));
  return table(rows, file);
}

function rowsOf(value: Pickled | undefined, file: string): NumpyArray {
  const map = value instanceof Map ? value : value instanceof PickleInstance ? value.entries : undefined;
  if (!map) throw new FormatError(file, "the pickle", "is neither an array nor a dictionary of rows of action values", fix);
  const byState = new Map<number, number[]>();
  for (const [key, row] of map) {
    const state = asArray(key, file, "a state")?.data[0];
    if (typeof state !== "number" || !Number.isSafeInteger(state) || state < 0 || state >= map.size || byState.has(state))
      throw new FormatError(file, "the dictionary", `does not have the states 0 to ${map.size - 1} as its keys`, fix);
    byState.set(state, Array.isArray(row) ? row.map(Number) : Array.from(asArray(row, file, `row ${state}`)?.data ?? [], Number));
  }
  return table(
    Array.from({ length: map.size }, (_, s) => byState.get(s)!),
    file,
  );
}

function table(rows: readonly (readonly number[])[], file: string): NumpyArray {
  const width = rows[0]?.length ?? 0;
  const odd = rows.findIndex((row) => row.length !== width || row.length === 0 || !row.every(Number.isFinite));
  if (rows.length === 0 || odd >= 0 || rows.length * width > limits.numbers)
    throw new FormatError(file, `row ${Math.max(0, odd)}`, "is not a row of action values as long as the others", fix);
  return { kind: "numbers", shape: [rows.length, width], data: Float64Array.from(rows.flat()) };
}

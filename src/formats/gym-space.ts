import type { Dict, Space } from "../spaces/space.ts";
import { FormatError } from "./format-error.ts";
import { asArray, numpyGlobals } from "./numpy-object.ts";
import { type Pickled, PickleInstance, printable, readPickle } from "./pickle.ts";

/** Globals in pickles of Gym and Gymnasium spaces; random generators ride along and are never looked into. */
export const spaceGlobals: ReadonlySet<string> = new Set([
  ...numpyGlobals,
  "collections.OrderedDict",
  ...["gym", "gymnasium"].flatMap((gym) => [
    `${gym}.spaces.box.Box`,
    `${gym}.spaces.discrete.Discrete`,
    `${gym}.spaces.dict.Dict`,
    `${gym}.spaces.multi_discrete.MultiDiscrete`,
    `${gym}.spaces.multi_binary.MultiBinary`,
    `${gym}.spaces.tuple.Tuple`,
    `${gym}.utils.seeding.RandomNumberGenerator`,
  ]),
  "numpy.random._pickle.__randomstate_ctor",
  "numpy.random._pickle.__generator_ctor",
  "numpy.random._pickle.__bit_generator_ctor",
  "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
  "numpy.random._mt19937.MT19937",
  "numpy.random._pcg64.PCG64",
]);

const fix = "flatten it with a wrapper before training";

/** A space as Stable-Baselines3 writes it in `data`: printed attributes beside a pickle in base64. */
export function readSpace(json: unknown, file: string, field: string): Space {
  if (typeof json !== "object" || json === null) throw new FormatError(file, field, "is missing", "save the agent with model.save");
  const record = json as Readonly<Record<string, unknown>>;
  const type = String(record[":type:"] ?? "");
  const kind = /\.(\w+)'>$/.exec(type)?.[1] ?? printable(type);
  if (kind === "Box") {
    const shape = record.shape ?? record._shape;
    const [low, high] = [record.low, record.high].map((text) => (typeof text === "string" ? printedNumbers(text) : undefined));
    const size = Array.isArray(shape) ? shape.reduce((a: number, b) => a * Number(b), 1) : -1;
    if (low && high && low.length === size && high.length === size)
      return boxOf(shape as number[], low, high, record.dtype === "float32", file, field);
  } else if (kind === "Discrete") {
    const n = Number(record.n);
    const start = Number(record.start ?? 0);
    if (Number.isSafeInteger(n) && n > 0 && Number.isSafeInteger(start)) return { kind: "discrete", n, start };
  } else if (kind !== "Dict") {
    throw new FormatError(file, field, `is a ${kind || "space without a type"}, which is not read`, fixOf(kind));
  }
  const code = record[":serialized:"];
  if (typeof code !== "string")
    throw new FormatError(file, field, "has neither printed bounds nor a pickle", "save the agent with model.save");
  const bytes = Uint8Array.from(atob(base64(code, file, field)), (c) => c.charCodeAt(0));
  return asSpace(readPickle(bytes, file, { allow: (name) => spaceGlobals.has(name) }).value, file, field);
}

function base64(text: string, file: string, field: string): string {
  const clean = text.replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(clean) || clean.length % 4 !== 0)
    throw new FormatError(file, field, "is not base64", "save the agent again");
  return clean;
}

/** Numbers of a printed NumPy array, or undefined where NumPy left some out ("...") */
function printedNumbers(text: string): number[] | undefined {
  if (text.includes("...") || !/^[\s[\],.\deE+-]|inf|nan/.test(text)) return undefined;
  const numbers = text
    .replace(/[[\],]/g, " ")
    .trim()
    .split(/\s+/)
    .map((word) => (word === "inf" ? Infinity : word === "-inf" ? -Infinity : word === "" ? Number.NaN : Number(word)));
  return numbers.some(Number.isNaN) ? undefined : numbers;
}

function boxOf(
  shape: readonly number[],
  low: ArrayLike<number>,
  high: ArrayLike<number>,
  single: boolean,
  file: string,
  field: string,
): Space {
  if (shape.length >= 2) {
    throw new FormatError(
      file,
      field,
      `is an image or a matrix of shape [${shape.join(", ")}], which is not read`,
      "use a critic trained on vectors",
    );
  }
  const exact = single ? Math.fround : (x: number) => x;
  return { kind: "box", shape: shape.length === 0 ? [1] : shape, low: Float64Array.from(low, exact), high: Float64Array.from(high, exact) };
}

/** The space that a pickled Gym or Gymnasium object stands for. */
export function asSpace(value: Pickled, file: string, field: string, depth = 0): Space {
  const state = value instanceof PickleInstance ? value.state : null;
  if (!(value instanceof PickleInstance) || !(state instanceof Map) || depth > 4)
    throw new FormatError(file, field, "is not a space", "save the agent again");
  const kind = value.name.slice(value.name.lastIndexOf(".") + 1);
  const numbers = (key: string) => {
    const array = asArray(state.get(key) ?? null, file, field);
    return array?.kind === "numbers" ? array.data : undefined;
  };
  if (kind === "Box") {
    const shape = state.get("shape") ?? state.get("_shape");
    const [low, high] = [numbers("low"), numbers("high")];
    if (Array.isArray(shape) && low && high && low.length === high.length) return boxOf(shape as number[], low, high, false, file, field);
  } else if (kind === "Discrete") {
    const n = numbers("n")?.[0];
    if (n !== undefined && Number.isSafeInteger(n) && n > 0) return { kind: "discrete", n, start: numbers("start")?.[0] ?? 0 };
  } else if (kind === "Dict") {
    const inner = state.get("spaces");
    if (inner instanceof Map && inner.size > 0 && inner.size <= 64) {
      const spaces: [string, Space][] = [...inner].map(([key, item]) => [
        String(key),
        asSpace(item, file, `${field}['${printable(String(key))}']`, depth + 1),
      ]);
      const order = spaces.map(([key]) => key);
      const sorted = [...order].sort().every((key, i) => key === order[i]);
      const dict: Dict = { kind: "dict", spaces: Object.fromEntries(spaces), ...(sorted ? {} : { order }) };
      return dict;
    }
  }
  throw new FormatError(file, field, `is a ${printable(kind)} that is not read`, fixOf(kind));
}

function fixOf(kind: string): string {
  return kind.startsWith("Multi") ? "use a critic with one Discrete or Box action" : fix;
}

import { files } from "#files";
import { FormatError } from "./format-error.ts";
import { readNpz } from "./npy.ts";

/** Transitions out of a file, as it holds them. */
export interface TransitionFile {
  readonly n: number;
  /** What `current` and `next` are: states in the environment's coordinates, or what the agent observed. */
  readonly kind: "states" | "observations";
  /** [n, width] */
  readonly width: number;
  readonly current: Float64Array;
  readonly next: Float64Array;
  /** [n, actionWidth] */
  readonly actionWidth: number;
  readonly actions: Float64Array;
  /** [n] 0 or 1; zeros where the file does not say */
  readonly terminated: Uint8Array;
}

const fix = "save numpy.savez(file, observations=…, actions=…, next_observations=…, terminated=…), or states and next_states";

/**
 * Real transitions: an .npz with `observations`, `actions`, `next_observations` (or `states`, `actions`, `next_states`) and optionally `terminated`.
 * @throws FormatError
 */
export async function readTransitions(path: string): Promise<TransitionFile> {
  const arrays = readNpz(await files.read(path), path);
  const kind = arrays.has("observations") ? "observations" : "states";
  const numbers = (name: string) => {
    const array = arrays.get(name);
    if (array?.kind !== "numbers") throw new FormatError(path, `array '${name}'`, array ? "holds objects" : "is missing", fix);
    const data = Float64Array.from(array.data);
    const [n = 0] = array.shape;
    const bad = data.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0) throw new FormatError(path, `array '${name}'`, `is not finite at entry ${bad}`, fix);
    return { data, n, width: n === 0 ? 0 : data.length / n };
  };
  const current = numbers(kind);
  const next = numbers(`next_${kind}`);
  const actions = numbers("actions");
  const { n } = current;
  if (n === 0) throw new FormatError(path, `array '${kind}'`, "is empty", fix);
  if (next.data.length !== current.data.length)
    throw new FormatError(path, `array 'next_${kind}'`, `has ${next.n} rows of ${next.width}, not ${n} of ${current.width}`, fix);
  if (actions.n !== n) throw new FormatError(path, "array 'actions'", `has ${actions.n} rows, not ${n}`, fix);
  const terminated = arrays.has("terminated") ? numbers("terminated").data : new Float64Array(n);
  if (terminated.length !== n) throw new FormatError(path, "array 'terminated'", `has ${terminated.length} entries, not ${n}`, fix);
  return {
    n,
    kind,
    width: current.width,
    current: current.data,
    next: next.data,
    actionWidth: actions.width,
    actions: actions.data,
    terminated: Uint8Array.from(terminated, (x) => (x === 0 ? 0 : 1)),
  };
}

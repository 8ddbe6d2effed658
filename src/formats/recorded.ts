import { files } from "#files";
import type { DataColumn } from "./data-column.ts";
import { FormatError } from "./format-error.ts";
import { readJsonLines } from "./json-lines.ts";
import { readNpz } from "./npy.ts";
import { replayBufferColumns } from "./replay-buffer.ts";

/** Recorded experience: what was seen, done and paid. Rows of an episode follow each other in time. */
export interface Recorded {
  readonly file: string;
  readonly n: number;
  /** States in the environment's coordinates, or what the agent observed. */
  readonly kind: "states" | "observations";
  /** [n, width] */
  readonly width: number;
  readonly current: Float64Array;
  /** [n, actionWidth] */
  readonly actionWidth: number;
  readonly actions: Float64Array;
  /** [n]; absent where the file holds none */
  readonly rewards?: Float64Array;
  /** [n, width]; rows that are not `followed` hold zeros */
  readonly next: Float64Array;
  /** [n] 1 where the next state is known */
  readonly followed: Uint8Array;
  /** [n] 0 or 1; zeros where the file does not say */
  readonly terminated: Uint8Array;
  /** [n] number of the episode of each row */
  readonly episodes: Int32Array;
  /** What the file lacks, in sentences. */
  readonly lacks: readonly string[];
}

const fix = "save numpy.savez(file, observations=…, actions=…, rewards=…, next_observations=…, terminated=…, truncated=…), rows first";

/**
 * Recorded experience out of a file: .npz with arrays [n, d] or [n, envs, d], JSON lines (.jsonl) with one step a line, or a replay buffer of
 * Stable-Baselines3 (.pkl). Names: observations (or states), actions, rewards, next_observations, terminated, truncated.
 * @throws FormatError
 */
export async function readRecorded(path: string): Promise<Recorded> {
  if (/\.(hdf5|h5)$/.test(path))
    throw new FormatError(
      path,
      "the file",
      "is HDF5, which is not read",
      "save its episodes as .npz: numpy.savez(file, observations=…, actions=…, …)",
    );
  if (!/\.(npz|jsonl|ndjson|pkl)$/.test(path))
    throw new FormatError(path, "the name", "ends in none of .npz, .jsonl, .pkl", "give recorded data in one of these");
  const bytes = await files.read(path);
  if (path.endsWith(".pkl")) return recordedOf(replayBufferColumns(bytes, path), path);
  if (!path.endsWith(".npz")) return recordedOf(readJsonLines(bytes, path), path);
  const columns = new Map<string, DataColumn>();
  for (const [name, array] of readNpz(bytes, path)) {
    if (array.kind !== "numbers") throw new FormatError(path, `array '${name}'`, "holds objects", fix);
    columns.set(name, array);
  }
  return recordedOf(columns, path);
}

/** @param columns [n, …] or, of several environments stepped together, [n, envs, …] */
export function recordedOf(columns: ReadonlyMap<string, DataColumn>, path: string): Recorded {
  const kind = columns.has("observations") ? "observations" : "states";
  const shown = (name: string) => `array '${name}'`;
  const first = columns.get(kind);
  if (!first) throw new FormatError(path, shown("observations"), "is missing", fix);
  const [steps = 0] = first.shape;
  const envs = envsOf(columns, first);
  const n = steps * envs;
  if (n === 0) throw new FormatError(path, shown(kind), "is empty", fix);
  /** Rows of one environment after those of another: [steps, envs, w] → [envs · steps, w]. */
  const rows = (name: string, column: DataColumn): { readonly data: Float64Array; readonly width: number } => {
    if (column.shape[0] !== steps || column.data.length % n !== 0)
      throw new FormatError(path, shown(name), `has ${column.shape[0] ?? 0} rows, not ${steps}`, fix);
    const width = column.data.length / n;
    const data = new Float64Array(n * width);
    for (let t = 0; t < steps; t++)
      for (let e = 0; e < envs; e++)
        for (let k = 0; k < width; k++) {
          const x = column.data[(t * envs + e) * width + k];
          if (!Number.isFinite(x)) throw new FormatError(path, shown(name), `is not finite at row ${t}`, fix);
          data[(e * steps + t) * width + k] = x;
        }
    return { data, width };
  };
  const optional = (name: string, width?: number) => {
    const column = columns.get(name);
    if (!column) return undefined;
    const found = rows(name, column);
    if (width !== undefined && found.width !== width)
      throw new FormatError(path, shown(name), `has ${found.width} columns, not ${width}`, fix);
    return found.data;
  };
  const current = rows(kind, first);
  const actionColumn = columns.get("actions");
  if (!actionColumn) throw new FormatError(path, shown("actions"), "is missing", fix);
  const actions = rows("actions", actionColumn);
  const rewards = optional("rewards", 1);
  const given = optional(`next_${kind}`, current.width);
  const flags = (name: string) => optional(name, 1)?.map((x) => (x === 0 ? 0 : 1));
  const terminated = flags("terminated") ?? flags("terminals");
  const truncated = flags("truncated") ?? flags("timeouts");
  const episodes = new Int32Array(n);
  for (let i = 1; i < n; i++) episodes[i] = episodes[i - 1] + (i % steps === 0 || terminated?.[i - 1] || truncated?.[i - 1] ? 1 : 0);
  const next = given ?? new Float64Array(n * current.width);
  const followed = new Uint8Array(n).fill(given ? 1 : 0);
  const told = terminated !== undefined || truncated !== undefined;
  // the next row is where a step led, within an episode whose end is known
  if (!given && told)
    for (let i = 0; i + 1 < n; i++) {
      if (episodes[i] !== episodes[i + 1]) continue;
      followed[i] = 1;
      next.set(current.data.subarray((i + 1) * current.width, (i + 2) * current.width), i * current.width);
    }
  const lacks = [
    ...(rewards ? [] : ["it holds no rewards"]),
    ...(given || followed.includes(1) ? [] : ["it holds no next states, so nothing is measured"]),
    ...(told ? [] : ["it does not say where episodes end, so each environment's rows count as one episode"]),
  ];
  return {
    file: path,
    n,
    kind,
    width: current.width,
    current: current.data,
    actionWidth: actions.width,
    actions: actions.data,
    rewards,
    next,
    followed,
    terminated: Uint8Array.from(terminated ?? new Float64Array(n)),
    episodes,
    lacks,
  };
}

/** Environments that were stepped together: rewards and ends then have two axes, or observations and actions three. */
function envsOf(columns: ReadonlyMap<string, DataColumn>, first: DataColumn): number {
  const flat = ["rewards", "terminated", "truncated", "terminals", "timeouts"].map((name) => columns.get(name)).find((one) => one);
  if (flat) return flat.shape.length >= 2 ? flat.shape[1] : 1;
  return first.shape.length === 3 && columns.get("actions")?.shape.length === 3 ? first.shape[1] : 1;
}

import type { DataColumn } from "./data-column.ts";
import { FormatError } from "./format-error.ts";
import { spaceGlobals } from "./gym-space.ts";
import { asArray, type NumpyArray } from "./numpy-object.ts";
import { type Pickled, PickleInstance, readPickle } from "./pickle.ts";

const classes = ["ReplayBuffer", "DictReplayBuffer"].map((name) => `stable_baselines3.common.buffers.${name}`);
const allowed = new Set([...spaceGlobals, ...classes, "torch.device", "builtins.dict", "builtins.set"]);
const fix = "save it again with model.save_replay_buffer";

type Numbers = Extract<NumpyArray, { kind: "numbers" }>;

/**
 * Columns [steps, envs, …] out of a replay buffer that Stable-Baselines3 saved, oldest step first. The parts of a Dict stand in sorted order.
 * `dones` are told apart into ends and time-outs; with `optimize_memory_usage` the next observation is the next row's.
 * @throws FormatError
 */
export function replayBufferColumns(bytes: Uint8Array, path: string): ReadonlyMap<string, DataColumn> {
  const { value } = readPickle(bytes, path, { allow: (name) => allowed.has(name), instead: fix });
  if (!(value instanceof PickleInstance) || !classes.includes(value.name) || !(value.state instanceof Map))
    throw new FormatError(path, "the pickle", "is no replay buffer of Stable-Baselines3", fix);
  const { state } = value;
  const arrayOf = (name: string, given: Pickled | undefined): Numbers => {
    const array = given === undefined || given === null ? undefined : asArray(given, path, name);
    if (array?.kind !== "numbers" || array.shape.length < 2) throw new FormatError(path, name, "is no array [steps, envs, …]", fix);
    return array;
  };
  const parts = (name: string): readonly Numbers[] => {
    const found = state.get(name);
    if (!(found instanceof Map)) return [arrayOf(name, found)];
    return [...found].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)).map(([key, part]) => arrayOf(`${name}['${String(key)}']`, part));
  };
  const observations = parts("observations");
  const [size, envs] = observations[0].shape;
  const pos = state.get("pos");
  const full = state.get("full") === true;
  if (typeof pos !== "number" || !Number.isInteger(pos) || pos < 0 || pos > size)
    throw new FormatError(path, "pos", "is no place in the buffer", fix);
  const shared = state.get("optimize_memory_usage") === true;
  // where memory is shared, the newest step's next observation has overwritten the oldest step's own
  const order = full
    ? Array.from({ length: shared ? size - 1 : size }, (_, t) => (pos + t + (shared ? 1 : 0)) % size)
    : Array.from({ length: pos }, (_, t) => t);
  const take = (sources: readonly Numbers[], name: string, shift = 0): DataColumn => {
    const widths = sources.map((source) => {
      if (source.shape[0] !== size || source.shape[1] !== envs)
        throw new FormatError(path, name, `is [${source.shape.join(", ")}], not [${size}, ${envs}, …]`, fix);
      return source.data.length / (size * envs);
    });
    const width = widths.reduce((sum, w) => sum + w, 0);
    const data = new Float32Array(order.length * envs * width);
    let at = 0;
    for (const row of order)
      for (let e = 0; e < envs; e++)
        sources.forEach((source, p) => {
          const from = (((row + shift) % size) * envs + e) * widths[p];
          for (let k = 0; k < widths[p]; k++) data[at++] = source.data[from + k];
        });
    return { shape: [order.length, envs, width], data };
  };
  const dones = take([arrayOf("dones", state.get("dones"))], "dones");
  const timeouts = state.has("timeouts") ? take([arrayOf("timeouts", state.get("timeouts"))], "timeouts").data : undefined;
  const flags = (of: (done: number, timeout: number) => boolean): DataColumn => ({
    shape: [order.length, envs],
    data: Float32Array.from(dones.data, (done, i) => Number(of(done, timeouts?.[i] ?? 0))),
  });
  const rewards = take([arrayOf("rewards", state.get("rewards"))], "rewards");
  return new Map<string, DataColumn>([
    ["observations", take(observations, "observations")],
    ["actions", take([arrayOf("actions", state.get("actions"))], "actions")],
    ["rewards", { shape: [order.length, envs], data: rewards.data }],
    ["next_observations", shared ? take(observations, "observations", 1) : take(parts("next_observations"), "next_observations")],
    ["terminated", flags((done, timeout) => done !== 0 && timeout === 0)],
    ["truncated", flags((_done, timeout) => timeout !== 0)],
  ]);
}

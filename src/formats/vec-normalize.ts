import type { ObservationNormalization } from "../critics/observation-normalization.ts";
import { flatDimension, type Space, sortedKeys } from "../spaces/space.ts";
import { FormatError } from "./format-error.ts";
import { asSpace, spaceGlobals } from "./gym-space.ts";
import { asArray } from "./numpy-object.ts";
import { type Pickled, PickleInstance, readPickle } from "./pickle.ts";

/** Statistics of Stable-Baselines3's VecNormalize. */
export interface VecNormalize {
  /** Mean and variance by key of the Dict, or under "" for a plain observation; undefined where observations were not normalised. */
  readonly observations?: ReadonlyMap<string, { readonly mean: ArrayLike<number>; readonly variance: ArrayLike<number> }>;
  readonly clip: number;
  readonly epsilon: number;
  /** 1/√(variance of the discounted return + ε), or 1 where rewards were not normalised. */
  readonly rewardScale: number;
  readonly observationSpace?: Space;
  /** What people should know: the file that was taken, and statistics that it switches off. */
  readonly notes?: readonly string[];
}

const allowed = new Set([
  ...spaceGlobals,
  "builtins.set",
  "builtins.dict",
  "builtins.list",
  "stable_baselines3.common.vec_env.vec_normalize.VecNormalize",
  "stable_baselines3.common.running_mean_std.RunningMeanStd",
]);

const fix = "save it again with VecNormalize.save";

/** Read `vecnormalize.pkl` by allow-list. @throws FormatError */
export function readVecNormalize(bytes: Uint8Array, file: string): VecNormalize {
  const { value } = readPickle(bytes, file, { allow: (name) => allowed.has(name) });
  if (!(value instanceof PickleInstance) || !value.name.endsWith(".VecNormalize") || !(value.state instanceof Map)) {
    throw new FormatError(file, "the pickle", "is not a VecNormalize", fix);
  }
  const { state } = value;
  const number = (key: string, otherwise: number) => {
    const found = numbersOf(state.get(key) ?? otherwise, file, key)?.[0];
    if (found === undefined || !Number.isFinite(found)) throw new FormatError(file, key, "is not a number", fix);
    return found;
  };
  const epsilon = number("epsilon", 1e-8);
  const returns = state.get("norm_reward") === false ? undefined : running(state.get("ret_rms"), file, "ret_rms");
  const space = state.get("observation_space");
  const notes = [`normalisation is taken from ${file}`];
  const collected = state.get("norm_reward") === false && state.get("ret_rms") ? running(state.get("ret_rms"), file, "ret_rms") : undefined;
  if (collected && collected.variance[0] !== 1 && collected.variance[0] > 0)
    notes.push(
      `norm_reward is off there, but return statistics were collected: if training normalised rewards, their scale was ${Number((1 / Math.sqrt(collected.variance[0] + epsilon)).toPrecision(4))}`,
    );
  return {
    observations: state.get("norm_obs") === false ? undefined : statistics(state.get("obs_rms"), state.get("norm_obs_keys"), file),
    clip: number("clip_obs", 10),
    epsilon,
    rewardScale: returns ? 1 / Math.sqrt(returns.variance[0] + epsilon) : 1,
    observationSpace: space instanceof PickleInstance ? asSpace(space, file, "observation_space") : undefined,
    notes,
  };
}

function statistics(value: Pickled | undefined, keys: Pickled | undefined, file: string): VecNormalize["observations"] {
  if (value === undefined || value === null) return undefined;
  if (!(value instanceof Map)) return new Map([["", running(value, file, "obs_rms")]]);
  const only = Array.isArray(keys) ? new Set(keys) : undefined;
  return new Map(
    [...value]
      .filter(([key]) => !only || only.has(key))
      .map(([key, item]) => [String(key), running(item, file, `obs_rms['${String(key)}']`)]),
  );
}

function running(value: Pickled | undefined, file: string, field: string) {
  const state = value instanceof PickleInstance ? value.state : null;
  const mean = state instanceof Map ? numbersOf(state.get("mean") ?? null, file, field) : undefined;
  const variance = state instanceof Map ? numbersOf(state.get("var") ?? null, file, field) : undefined;
  if (!mean || !variance || mean.length !== variance.length) throw new FormatError(file, field, "has no mean and variance", fix);
  if (!mean.every(Number.isFinite) || !variance.every((x) => Number.isFinite(x) && x >= 0))
    throw new FormatError(file, field, "holds numbers that are not finite", fix);
  return { mean, variance };
}

function numbersOf(value: Pickled, file: string, field: string): Float32Array | Float64Array | undefined {
  const array = asArray(value, file, field);
  return array?.kind === "numbers" ? array.data : undefined;
}

/** The statistics laid along the flat observation of a space; dimensions without any pass unchanged. */
export function normalizationFor(stats: VecNormalize, space: Space, file: string): ObservationNormalization | undefined {
  if (!stats.observations) return undefined;
  const size = flatDimension(space);
  const mean = new Float64Array(size);
  const scale = new Float64Array(size).fill(1);
  const bound = new Float64Array(size).fill(Infinity);
  let at = 0;
  for (const key of space.kind === "dict" ? sortedKeys(space) : [""]) {
    const width = space.kind === "dict" ? flatDimension(space.spaces[key]) : size;
    const found = stats.observations.get(key);
    if (found && found.mean.length !== width) {
      throw new FormatError(
        file,
        `obs_rms${key && `['${key}']`}`,
        `has ${found.mean.length} numbers for an observation of ${width}`,
        "use the vecnormalize.pkl of this checkpoint",
      );
    }
    for (let i = 0; found && i < width; i++) {
      mean[at + i] = found.mean[i];
      scale[at + i] = 1 / Math.sqrt(found.variance[i] + stats.epsilon);
      bound[at + i] = stats.clip;
    }
    at += width;
  }
  return { mean, scale, bound };
}

import type { Critic } from "../critics/critic.ts";
import { type SafetensorsArray, writeSafetensors } from "./safetensors.ts";
import type { CheckpointDetails } from "./stable-baselines3-critic.ts";

/** `format` of the JSON beside a safetensors file that was written of a critic. */
export const TENSORS_FORMAT = "vinverse tensors";

export interface TensorFile {
  readonly bytes: Uint8Array;
  /** What the tensors do not say of themselves; goes into a .json of the same name. */
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * The named tensors of a critic: a checkpoint's as they lay in its file, with the statistics it normalises observations by; a table's
 * q, v, rewards, terminal_value.
 * @returns undefined where the critic has no named tensors (ONNX, a stack)
 */
export function criticTensors(critic: Critic): TensorFile | undefined {
  const { name, algorithm, environment, heads, observationSpace, actionSpace } = critic;
  const [head] = heads;
  const identity = {
    format: TENSORS_FORMAT,
    version: 1,
    name,
    algorithm,
    environment,
    gamma: head.discount,
    rewardScale: head.rewardScale,
    heads,
    observationSpace,
    actionSpace,
  };
  if (critic.kind === "tabular") {
    const { states, actions, q, v, rewards, terminalValue } = critic;
    const tensors: Record<string, SafetensorsArray> = {
      q: { shape: [heads.length, states, actions], data: q },
      v: { shape: [heads.length, states], data: v },
      ...(rewards ? { rewards: { shape: [heads.length, states, actions], data: rewards } } : {}),
      ...(terminalValue ? { terminal_value: { shape: [heads.length, states], data: terminalValue } } : {}),
    };
    return { bytes: writeSafetensors(tensors), json: identity };
  }
  const checkpoint = "checkpoint" in critic ? (critic.checkpoint as CheckpointDetails) : undefined;
  if (!checkpoint) return undefined;
  const { tensors, activation, quantiles, temperature, normalization, layerOrder, roles } = checkpoint;
  const normalized = normalization && {
    "normalization.mean": { shape: [normalization.mean.length], data: normalization.mean },
    "normalization.scale": { shape: [normalization.scale.length], data: normalization.scale },
    "normalization.bound": { shape: [normalization.bound.length], data: normalization.bound },
  };
  return {
    bytes: writeSafetensors({ ...Object.fromEntries(tensors), ...normalized }),
    json: {
      ...identity,
      activation,
      order: [...tensors.keys()],
      ...(layerOrder ? { layerOrder } : {}),
      ...(roles ? { roles } : {}),
      ...(quantiles > 1 ? { quantileCount: quantiles } : {}),
      ...(temperature > 0 ? { temperature } : {}),
      ...(normalization ? { normalization: "clip((observation - mean) * scale, -bound, bound)" } : {}),
    },
  };
}

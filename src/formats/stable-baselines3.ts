import { activations } from "../critics/activations.ts";
import type { Space } from "../spaces/space.ts";
import { duplicateKey } from "./duplicate-keys.ts";
import { FormatError } from "./format-error.ts";
import { readSpace } from "./gym-space.ts";
import { printable } from "./pickle.ts";
import { harmlessMembers, reasonOf } from "./roles.ts";
import { expectFinite } from "./sequential.ts";
import type { StateDict } from "./tensor.ts";
import { readTorch } from "./torch.ts";
import type { Archive } from "./zip.ts";

export type StableBaselines3Algorithm = "DQN" | "QR-DQN" | "DDPG" | "TD3" | "SAC" | "TQC" | OnPolicyAlgorithm;

/** Those that learn the values of states under their own policy. */
export type OnPolicyAlgorithm = "PPO" | "A2C" | "TRPO";

export function isOnPolicy(algorithm: StableBaselines3Algorithm): algorithm is OnPolicyAlgorithm {
  return algorithm === "PPO" || algorithm === "A2C" || algorithm === "TRPO";
}

/** A checkpoint of Stable-Baselines3 or sb3-contrib, as it lies in its zip. */
export interface StableBaselines3Checkpoint {
  readonly algorithm: StableBaselines3Algorithm;
  readonly gamma: number;
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  readonly tensors: StateDict;
  /** torch.nn class of the hidden activations. */
  readonly activation: string;
  /** QR-DQN, TQC: quantiles of one critic. */
  readonly quantiles: number;
  readonly dropPerCritic: number;
  /** SAC, TQC: α of the entropy term. */
  readonly temperature: number;
  readonly useExpln: boolean;
  /** On-policy: exploration noise depends on the state (gSDE). */
  readonly useSde: boolean;
  readonly clipMean: number;
}

type Json = Readonly<Record<string, unknown>>;

const required: ReadonlySet<string> = new Set(["data", "policy.pth"]);
const save = "save the agent with model.save";

/** @throws FormatError naming the member or the field that is wrong */
export function readStableBaselines3(archive: Archive, file: string, gamma?: number): StableBaselines3Checkpoint {
  for (const name of ["data", "policy.pth"]) {
    if (!archive.has(name))
      throw new FormatError(
        file,
        `member '${name}'`,
        "is missing, so this is not a Stable-Baselines3 agent",
        "give the zip that model.save wrote",
      );
  }
  const unread = archive.names.find((name) => !required.has(name) && reasonOf(harmlessMembers, name) === undefined);
  if (unread !== undefined)
    throw new FormatError(
      file,
      `member '${printable(unread)}'`,
      "is none that Stable-Baselines3 writes, and was not read",
      "take it out of the zip",
    );
  const data = parseData(archive.read("data"), file);
  const tensors = readTorch(archive.read("policy.pth"), `${file}/policy.pth`);
  const variables = archive.names.find((name) => name === "pytorch_variables.pth" || name === "tensors.pth");
  const kwargs = (typeof data.policy_kwargs === "object" && data.policy_kwargs !== null ? data.policy_kwargs : {}) as Json;
  const algorithm = algorithmOf(tensors, data, file);
  const stochastic = algorithm === "SAC" || algorithm === "TQC";
  return {
    algorithm,
    gamma: discountOf(gamma ?? data.gamma, file),
    observationSpace: readSpace(data.observation_space, `${file}/data`, "observation_space"),
    actionSpace: readSpace(data.action_space, `${file}/data`, "action_space"),
    tensors,
    activation: activationOf(kwargs.activation_fn, isOnPolicy(algorithm) ? "Tanh" : "ReLU", file),
    quantiles: quantilesOf(algorithm, tensors, data, kwargs, file),
    dropPerCritic: integerOf(
      data.top_quantiles_to_drop_per_net ?? kwargs.top_quantiles_to_drop_per_net ?? (algorithm === "TQC" ? 2 : 0),
      "top_quantiles_to_drop_per_net",
      file,
    ),
    temperature: stochastic
      ? temperatureOf(data.ent_coef, variables ? readTorch(archive.read(variables), `${file}/${variables}`) : new Map(), file)
      : 0,
    useExpln: kwargs.use_expln === true,
    useSde: data.use_sde === true || kwargs.use_sde === true,
    clipMean: typeof kwargs.clip_mean === "number" ? kwargs.clip_mean : 2,
  };
}

function parseData(bytes: Uint8Array, file: string): Json {
  const text = new TextDecoder().decode(bytes);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new FormatError(file, "member 'data'", "is not JSON", save);
  }
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw new FormatError(file, "member 'data'", "is not a JSON object", save);
  const twice = duplicateKey(text, 1);
  if (twice !== undefined) throw new FormatError(file, "member 'data'", `names ${printable(twice)} twice`, save);
  return data as Json;
}

/** By the names of its networks: the class that wrote the file is only pickled. */
function algorithmOf(tensors: StateDict, data: Json, file: string): StableBaselines3Algorithm {
  const has = (prefix: string) => [...tensors.keys()].some((key) => key.startsWith(prefix));
  if (has("features_extractor.cnn") || [...tensors.keys()].some((key) => key.includes("features_extractor."))) {
    throw new FormatError(
      file,
      "policy.pth",
      "has a features extractor with weights, which is not read",
      has("q_net") || has("quantile_net")
        ? "export Q(s, ·) as ONNX"
        : has("critic.qf0.")
          ? "export a module of (observation, action) with the outputs action_values and state_values as ONNX"
          : "train it with the plain extractor of MlpPolicy",
    );
  }
  if (has("quantile_net.quantile_net.")) return "QR-DQN";
  if (has("q_net.q_net.")) return "DQN";
  if (has("critic.qf0.") && has("actor.latent_pi."))
    return "top_quantiles_to_drop_per_net" in data || outputsOf(tensors, "critic.qf0") > 1 ? "TQC" : "SAC";
  if (has("critic.qf0.") && has("actor.mu.")) return has("critic.qf1.") ? "TD3" : "DDPG";
  if (has("value_net.") && has("action_net.")) {
    if (has("lstm_actor."))
      throw new FormatError(file, "policy.pth", "has recurrent layers, which are not read", "use a critic without memory");
    if ((data.policy_kwargs as Json | null | undefined)?.squash_output === true)
      throw new FormatError(file, "policy_kwargs.squash_output", "is true, which is not read", "use a policy whose actions are clipped");
    return "cg_max_steps" in data ? "TRPO" : "clip_range" in data || "n_epochs" in data ? "PPO" : "A2C";
  }
  if (has("action_net.") && ![...tensors.keys()].some((key) => !key.startsWith("action_net.")))
    throw new FormatError(
      file,
      "policy.pth",
      "holds a policy alone (ARS), which has no critic",
      "use an agent of an algorithm that learns values",
    );
  const first = [...tensors.keys()][0];
  const seen = first === undefined ? "holds no tensors" : `begins with '${printable(first)}'`;
  throw new FormatError(
    file,
    "policy.pth",
    `${seen}, so its algorithm is unknown`,
    "use DQN, QR-DQN, SAC, TQC, TD3, DDPG, PPO, A2C or TRPO",
  );
}

/** Length of the last bias under a prefix. */
export function outputsOf(tensors: StateDict, prefix: string): number {
  let last = -1;
  let outputs = 0;
  for (const [key, tensor] of tensors) {
    const index = key.startsWith(`${prefix}.`) ? /^(\d+)\.weight$/.exec(key.slice(prefix.length + 1))?.[1] : undefined;
    if (index === undefined || Number(index) < last) continue;
    last = Number(index);
    outputs = tensor.shape[0] ?? 0;
  }
  return outputs;
}

export function discountOf(gamma: unknown, file: string): number {
  if (typeof gamma === "number" && gamma > 0 && gamma <= 1) return gamma;
  const said = gamma === undefined ? "is missing" : `is ${printable(JSON.stringify(gamma))}, not a number in (0, 1]`;
  throw new FormatError(file, "gamma", said, "pass the discount the critic was trained with");
}

function activationOf(printed: unknown, otherwise: string, file: string): string {
  if (printed === undefined || printed === null) return otherwise;
  const name = /(\w+)'>$/.exec(String(printed))?.[1] ?? String(printed);
  if (!(name in activations))
    throw new FormatError(
      file,
      "policy_kwargs.activation_fn",
      `is ${printable(name)}, which is not read`,
      `use one of ${Object.keys(activations).join(", ")}`,
    );
  return name;
}

function quantilesOf(algorithm: StableBaselines3Algorithm, tensors: StateDict, data: Json, kwargs: Json, file: string): number {
  if (algorithm === "TQC") return outputsOf(tensors, "critic.qf0");
  if (algorithm !== "QR-DQN") return 1;
  const said = data.n_quantiles ?? kwargs.n_quantiles;
  const outputs = outputsOf(tensors, "quantile_net.quantile_net");
  const n = integerOf(said ?? 200, "n_quantiles", file);
  if (n < 1 || outputs % n !== 0)
    throw new FormatError(file, "n_quantiles", `is ${n}, which does not divide the ${outputs} outputs of quantile_net`, save);
  return n;
}

function integerOf(value: unknown, field: string, file: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new FormatError(file, field, "is not a whole number", save);
}

/** α: exp(log_ent_coef) where it was learnt, a tensor or the number in `data` where it was given. */
function temperatureOf(said: unknown, variables: StateDict, file: string): number {
  for (const [key, tensor] of variables) {
    if (tensor.data.length !== 1 || !(key === "" || key.includes("ent_coef"))) continue;
    expectFinite(tensor, key, file);
    const logarithm = key === "" ? typeof said === "string" : key.includes("log");
    return logarithm ? Math.exp(tensor.data[0]) : tensor.data[0];
  }
  if (typeof said === "number" && Number.isFinite(said) && said >= 0) return said;
  throw new FormatError(file, "ent_coef", "is learnt, but its value is not in the zip", save);
}

import { files } from "#files";
import { MismatchError } from "../base/mismatch-error.ts";
import type { Critic } from "../critics/critic.ts";
import { stack } from "../critics/stack.ts";
import { loadCriticFolder } from "./critic-folder.ts";
import { FormatError } from "./format-error.ts";
import { isNpy, readNpy, readNpz } from "./npy.ts";
import { onnxCritic } from "./onnx-critic.ts";
import { printable } from "./pickle.ts";
import { ensembleOf, findZooFolder } from "./rl-zoo.ts";
import { type Role, roles } from "./roles.ts";
import { readSafetensors } from "./safetensors.ts";
import { readCsvTable, readPickledTable, unwrapped, withActionValues } from "./saved-tables.ts";
import { isOnPolicy, readStableBaselines3 } from "./stable-baselines3.ts";
import { stableBaselines3Critic } from "./stable-baselines3-critic.ts";
import { onPolicyCritic } from "./stable-baselines3-on-policy.ts";
import { type StateDictOptions, stateDictCritic } from "./state-dict-critic.ts";
import { tableCritic } from "./tables.ts";
import type { CheckpointTensor } from "./tensor.ts";
import { isTorchStream, readTorch } from "./torch.ts";
import { readVecNormalize } from "./vec-normalize.ts";
import { TENSORS_FORMAT } from "./write-tensors.ts";
import { type Archive, isZip, openZip } from "./zip.ts";

export interface LoadCriticOptions extends StateDictOptions {
  /** VecNormalize statistics: a file, or "none" where observations were not normalised. Found beside the file by its usual names when left out. */
  readonly normalization?: string;
  /** ONNX of several outputs: the one that holds the action values. */
  readonly output?: string;
}

/**
 * Read a critic, told by its content: a Stable-Baselines3 zip (or its RL Zoo folder, with VecNormalize statistics, environment and
 * time feature found beside it); a PyTorch state dict (CleanRL's too), .safetensors or .onnx with γ given or in NAME.json beside it; an
 * .npy table or world value function; an .npz with `q` and optional `v`, `rewards`, `gamma`.
 * A folder that holds critic.json is one of our own.
 * A folder of several such files without a Zoo folder among them is an ensemble: one critic with the heads of all, in the order of their names.
 * Critics from checkpoints carry `checkpoint` as well.
 * @throws FormatError naming file, field and fix
 */
export async function loadCritic(path: string, options: LoadCriticOptions = {}): Promise<Critic> {
  const kind = await files.kind(path);
  if (kind === "none") throw new FormatError(path, "the file", "does not exist", "check the path");
  if (kind === "folder" && (await files.kind(`${path}/critic.json`)) === "file") return loadCriticFolder(path.replace(/\/+$/, ""));
  const members = kind === "folder" ? await ensembleOf(path.replace(/\/+$/, "")) : [];
  if (members.length > 0) return ensemble(path, members, options);
  const unpacked = await unpackedAgent(path.replace(/\/+$/, ""));
  const { zip: file, environment, vecNormalize, timeFeature } = await findZooFolder(unpacked ?? path, options.normalization);
  const statistics = vecNormalize === undefined ? undefined : { file: vecNormalize, bytes: await files.read(vecNormalize) };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  if (unpacked !== undefined)
    return agentCritic(await folderArchive(unpacked), { file: unpacked, environment, statistics, timeFeature }, given);
  const bytes = await files.read(file);
  const sidecar = await sidecarOf(file);
  return readCritic(bytes, { file, environment, statistics, timeFeature }, { ...sidecar, ...given });
}

/** The folder that a Stable-Baselines3 zip unpacks to: itself, or around its policy.pth. */
async function unpackedAgent(path: string): Promise<string | undefined> {
  const folder = path.endsWith("/policy.pth") ? path.slice(0, -"/policy.pth".length) : path;
  const [data, policy] = [await files.kind(`${folder}/data`), await files.kind(`${folder}/policy.pth`)];
  return data === "file" && policy === "file" ? folder : undefined;
}

async function folderArchive(folder: string): Promise<Archive> {
  const members = new Map<string, Uint8Array>();
  for (const name of await files.list(folder))
    if (name === "data" || name.endsWith(".pth")) members.set(name, await files.read(`${folder}/${name}`));
  return {
    names: [...members.keys()],
    has: (name) => members.has(name),
    read(name) {
      const bytes = members.get(name);
      if (!bytes) throw new FormatError(folder, `'${printable(name)}'`, "is missing", "unpack the zip again");
      return bytes;
    },
  };
}

function agentCritic(archive: Archive, source: CriticSource, options: LoadCriticOptions): Critic {
  const { file, environment, statistics, timeFeature } = source;
  const checkpoint = readStableBaselines3(archive, file, options.gamma);
  const vecNormalize = statistics && readVecNormalize(statistics.bytes, statistics.file);
  const read = isOnPolicy(checkpoint.algorithm) ? onPolicyCritic : stableBaselines3Critic;
  return read(checkpoint, { file, environment, vecNormalize, timeFeature }, options);
}

/** Several checkpoints of a folder as one critic. A table and a network, or other spaces, do not stack. */
async function ensemble(folder: string, members: readonly string[], options: LoadCriticOptions): Promise<Critic> {
  const most = 64;
  if (members.length > most)
    throw new FormatError(folder, "the folder", `holds ${members.length} checkpoints, more than ${most}`, "give a folder of fewer");
  const critics: Critic[] = [];
  for (const member of members) critics.push(await loadCritic(member, options));
  try {
    return stack(critics);
  } catch (error) {
    if (!(error instanceof MismatchError)) throw error;
    throw new FormatError(folder, "the folder", `holds checkpoints that are no ensemble (${error.message})`, "give the one you mean");
  }
}

/** What a reader knows besides the bytes. */
export interface CriticSource {
  /** Its name; the ending tells .safetensors and .onnx, all else is told by content. */
  readonly file: string;
  readonly environment?: string;
  readonly statistics?: { readonly file: string; readonly bytes: Uint8Array };
  readonly timeFeature?: boolean;
}

/** `loadCritic` of bytes that are already in memory. */
export function readCritic(bytes: Uint8Array, source: CriticSource, options: LoadCriticOptions = {}): Critic {
  const { file, environment } = source;
  const known = { ...options, environment: options.environment ?? environment };
  if (isNpy(bytes)) return tableCritic(new Map([["q", unwrapped(readNpy(bytes, file), file)]]), file, known);
  if (file.endsWith(".csv")) return tableCritic(new Map([["q", readCsvTable(bytes, file)]]), file, known);
  if (/\.(pkl|pickle)$/.test(file) && !isTorchStream(bytes) && !isZip(bytes))
    return tableCritic(new Map([["q", readPickledTable(bytes, file)]]), file, known);
  if (file.endsWith(".safetensors")) return safetensorsCritic(bytes, file, known);
  if (file.endsWith(".onnx")) return onnxCritic(bytes, file, known);
  if (isTorchStream(bytes)) return stateDictCritic(readTorch(bytes, file), file, known);
  if (!isZip(bytes)) {
    throw new FormatError(
      file,
      "the file",
      "is not a critic in a format that is read",
      "give a Stable-Baselines3 zip, a PyTorch state dict, safetensors, ONNX, or .npy or .npz action values",
    );
  }
  const { names } = openZip(bytes, file, false);
  if (names.some((name) => name === "data.pkl" || name.endsWith("/data.pkl"))) return stateDictCritic(readTorch(bytes, file), file, known);
  if (names.length > 0 && names.every((name) => name.endsWith(".npy"))) {
    return tableCritic(withActionValues(readNpz(bytes, file)), file, known);
  }
  return agentCritic(openZip(bytes, file), source, options);
}

/** The format sorts tensors by name; `order` is that in which the layers were made. */
function safetensorsCritic(bytes: Uint8Array, file: string, options: LoadCriticOptions): Critic {
  const tensors = fromSafetensors(bytes, file);
  const { order } = options;
  if (order === undefined) return stateDictCritic(tensors, file, { ...options, ordered: false });
  const missing = [...tensors.keys()].find((name) => !order.includes(name)) ?? order.find((name) => !tensors.has(name));
  if (missing !== undefined)
    throw new FormatError(file, `'${printable(missing)}'`, "stands in the file or in order, but not in both", "list every tensor once");
  return stateDictCritic(new Map(order.map((name) => [name, tensors.get(name)!])), file, { ...options, ordered: true });
}

function fromSafetensors(bytes: Uint8Array, file: string): Map<string, CheckpointTensor> {
  const tensors = Object.entries(readSafetensors(bytes, file));
  return new Map(
    tensors.map(([name, { shape, data, integer }]) => [
      name,
      { shape, integer: integer ?? !isFloats(data), data: isFloats(data) ? data : Float64Array.from(data) },
    ]),
  );
}

function isFloats(data: ArrayLike<number>): data is Float32Array | Float64Array {
  return data instanceof Float32Array || data instanceof Float64Array;
}

const sidecarKinds = {
  gamma: "number",
  environment: "string",
  activation: "string",
  layerOrder: "string",
  quantileCount: "number",
  rewardScale: "number",
} as const;

/** What NAME.json beside NAME.* says that bare tensors cannot. */
async function sidecarOf(file: string): Promise<LoadCriticOptions> {
  const path = file.replace(/\.(?:cleanrl_model|pth?|safetensors|onnx|npy)$/, ".json");
  if (path === file || (await files.kind(path)) !== "file") return {};
  const fix = 'write an object such as {"gamma": 0.99}';
  let said: unknown;
  try {
    said = JSON.parse(new TextDecoder().decode(await files.read(path)));
  } catch {
    throw new FormatError(path, "the file", "is not JSON", fix);
  }
  if (typeof said !== "object" || said === null) throw new FormatError(path, "the file", "is not a JSON object", fix);
  const { format, algorithm, normalization } = said as Record<string, unknown>;
  if (format === TENSORS_FORMAT && (normalization || (algorithm !== "DQN" && algorithm !== "QR-DQN")))
    throw new FormatError(
      path,
      "algorithm",
      `is ${printable(String(algorithm))}${normalization ? " with normalised observations" : ""}, for which tensors alone are not enough`,
      "convert the original with --to folder",
    );
  const options: Record<string, unknown> = {};
  for (const [key, kind] of Object.entries(sidecarKinds)) {
    const value = (said as Record<string, unknown>)[key];
    if (value !== undefined && typeof value !== kind) throw new FormatError(path, key, `is not a ${kind}`, "correct it or leave it out");
    if (value !== undefined) options[key] = value;
  }
  const { layerOrder } = options;
  if (layerOrder !== undefined && layerOrder !== "norm-activation" && layerOrder !== "activation-norm")
    throw new FormatError(path, "layerOrder", `is ${printable(String(layerOrder))}`, 'say "norm-activation" or "activation-norm"');
  const { order, roles: parts } = said as Record<string, unknown>;
  if (order !== undefined) {
    if (!Array.isArray(order) || !order.every((entry): entry is string => typeof entry === "string"))
      throw new FormatError(path, "order", "is not a list of names of tensors", "correct it or leave it out");
    options.order = order;
  }
  if (parts !== undefined) options.roles = rolesOf(parts, path);
  return options;
}

function rolesOf(said: unknown, path: string): Readonly<Record<string, Role>> {
  const known: readonly string[] = roles;
  if (typeof said !== "object" || said === null || Array.isArray(said))
    throw new FormatError(path, "roles", "is not an object", 'write {"roles": {"PREFIX": "online"}}');
  for (const [prefix, role] of Object.entries(said))
    if (!known.includes(role))
      throw new FormatError(path, `roles['${printable(prefix)}']`, "is not a role", `use one of ${known.join(", ")}`);
  return said as Readonly<Record<string, Role>>;
}

import { files } from "#files";
import type { Critic } from "../critics/critic.ts";
import { restoreCritic, type SavedCritic } from "../critics/saved.ts";
import { Graph } from "../engine/graph.ts";
import { checkSavedCritic } from "./check-saved-critic.ts";
import { duplicateKey } from "./duplicate-keys.ts";
import { FormatError } from "./format-error.ts";
import { printable } from "./pickle.ts";
import { readSafetensors, type SafetensorsArray, type SafetensorsData, writeSafetensors } from "./safetensors.ts";
import { savedForm } from "./write-critic.ts";

/** What critic.json begins with, and the version of the folder's layout. */
const format = "vinverse critic";
const version = 1;
/** Levels of a critic.json. */
const deepest = 32;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface SaveCriticOptions {
  /** Write networks and tables as float16. What is read back is rounded to 11 significant bits. */
  readonly half?: boolean;
}

/**
 * A folder of critic.json and tensors.safetensors. In the JSON every array of numbers stands as {"tensor": NAME}, and numbers that
 * JSON has no word for as {"number": "Infinity"}. The same critic gives the same bytes.
 */
export async function saveCritic(folder: string, critic: Critic | SavedCritic, { half = false }: SaveCriticOptions = {}): Promise<void> {
  const tensors: Record<string, SafetensorsArray> = {};
  const json = encode("values" in critic ? critic : savedForm(critic), "", tensors);
  const written = half
    ? Object.fromEntries(
        Object.entries(tensors).map(([name, one]) => [
          name,
          { ...one, half: one.data instanceof Float32Array || one.data instanceof Float64Array },
        ]),
      )
    : tensors;
  await files.write(`${folder}/tensors.safetensors`, writeSafetensors(written));
  const text = JSON.stringify({ format, version, ...(json as { readonly [key: string]: Json }) }, null, 1);
  await files.write(`${folder}/critic.json`, new TextEncoder().encode(`${text}\n`));
}

/** @throws FormatError where the folder is not one that `saveCritic` wrote */
export async function loadCriticFolder(folder: string): Promise<Critic> {
  return restoreCriticFrom(await loadSavedCritic(folder), `${folder}/critic.json`);
}

export async function loadSavedCritic(folder: string): Promise<SavedCritic> {
  const where = `${folder}/critic.json`;
  const refuse = (field: string, problem: string) => new FormatError(where, field, problem, "train or copy the critic again");
  let json: Json;
  try {
    const text = new TextDecoder().decode(await files.read(where));
    json = JSON.parse(text);
    const twice = duplicateKey(text);
    if (twice !== undefined) throw refuse("the file", `names ${printable(twice)} twice`);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw refuse("the file", "is not JSON");
  }
  if (!isRecord(json) || json.format !== format) throw refuse("format", `is not '${format}'`);
  if (json.version !== version) throw refuse("version", `is ${String(json.version)}, not ${version}`);
  const tensorsFile = `${folder}/tensors.safetensors`;
  const tensors = readSafetensors(await files.read(tensorsFile), tensorsFile);
  const tensorOf = (name: string) => {
    const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (!found) throw new FormatError(tensorsFile, `tensor '${printable(name)}'`, "is missing", "train or copy the critic again");
    return found.data;
  };
  let saved: SavedCritic;
  try {
    saved = decode(json, tensorOf) as SavedCritic;
  } catch (error) {
    throw error instanceof RangeError ? refuse("the file", "is nested too deeply") : error;
  }
  checkSavedCritic(saved, refuse);
  return saved;
}

function restoreCriticFrom(saved: SavedCritic, where: string): Critic {
  try {
    const critic = restoreCritic(saved);
    if (critic.kind !== "tabular") {
      // networks that do not fit show when the values are built
      const graph = new Graph();
      const observations = graph.input("observations", ["N", critic.observationSize]);
      const values = [critic.stateValueGraph(observations)];
      if (critic.kind === "state-values") critic.policyDistribution(observations);
      else values.push(critic.actionValueGraph(observations, graph.input("actions", ["N", critic.actionSize])));
      for (const { shape } of values) {
        if (shape.length !== 2 || shape[1] !== critic.heads.length)
          throw new Error(`they are of shape [${shape.join(", ")}], not [N, ${critic.heads.length}]`);
      }
    }
    return critic;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new FormatError(where, "values", `do not make a critic (${error.message})`, "train or copy the critic again");
  }
}

function encode(value: unknown, path: string, tensors: Record<string, SafetensorsArray>): Json {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : { number: String(value) };
  if (ArrayBuffer.isView(value)) {
    const data = value as SafetensorsData;
    tensors[path] = { shape: [data.length], data };
    return { tensor: path };
  }
  const below = (key: string | number) => (path === "" ? `${key}` : `${path}.${key}`);
  if (Array.isArray(value)) return value.map((entry, i) => encode(entry, below(i), tensors));
  if (typeof value !== "object") throw new TypeError(`critic: '${path}' is a ${typeof value}, which no file can hold`);
  const out: Record<string, Json> = {};
  for (const [key, entry] of Object.entries(value as object)) if (entry !== undefined) out[key] = encode(entry, below(key), tensors);
  return out;
}

function decode(json: Json, tensor: (name: string) => SafetensorsData, depth = 0): unknown {
  if (depth > deepest) throw new RangeError("nested too deeply");
  if (Array.isArray(json)) return json.map((entry) => decode(entry, tensor, depth + 1));
  if (!isRecord(json)) return json;
  const keys = Object.keys(json);
  if (keys.length === 1 && typeof json.tensor === "string") return tensor(json.tensor);
  if (keys.length === 1 && typeof json.number === "string") return Number(json.number);
  return Object.fromEntries(Object.entries(json).map(([key, entry]) => [key, decode(entry, tensor, depth + 1)]));
}

function isRecord(json: unknown): json is { readonly [key: string]: Json } {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

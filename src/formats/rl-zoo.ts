import { files } from "#files";
import { FormatError } from "./format-error.ts";

/** What lies around a zip by the conventions of RL Baselines3 Zoo: X/ENV.zip with X/ENV/{vecnormalize.pkl, config.yml, args.yml}. */
export interface ZooFolder {
  readonly zip: string;
  readonly environment?: string;
  readonly vecNormalize?: string;
  /** sb3_contrib's TimeFeatureWrapper: the share of the episode that remains is the last entry of the observation. */
  readonly timeFeature: boolean;
}

const join = (folder: string, name: string) => (folder === "" ? name : `${folder.replace(/\/+$/, "")}/${name}`);
const parent = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** The zip of a path (itself, inside the folder, or beside it) and the files that belong to it. @throws FormatError where several zips could be meant */
export async function findZooFolder(path: string): Promise<ZooFolder> {
  const clean = path.replace(/\/+$/, "");
  const zip = (await files.kind(clean)) === "folder" ? await zipOf(clean) : clean;
  const folder = await statisticsOf(zip);
  const read = async (name: string) =>
    folder !== undefined && (await files.kind(join(folder, name))) === "file"
      ? new TextDecoder().decode(await files.read(join(folder, name)))
      : "";
  const [args, config] = [await read("args.yml"), await read("config.yml")];
  const statistics = folder === undefined ? undefined : join(folder, "vecnormalize.pkl");
  return {
    zip,
    environment: yamlEntry(args, "env") ?? environmentIn(nameOf(zip)) ?? (folder === undefined ? undefined : environmentIn(nameOf(folder))),
    vecNormalize: statistics && (await files.kind(statistics)) === "file" ? statistics : undefined,
    timeFeature: /env_wrapper[\s\S]*TimeFeatureWrapper/.test(config),
  };
}

const endings = /\.(?:pt|pth|cleanrl_model|safetensors|onnx|npy|npz)$/;

/** Checkpoints of a folder that is no Zoo folder of one agent: its zips where there are several, else its other critic files. */
export async function ensembleOf(folder: string): Promise<string[]> {
  const names = await files.list(folder);
  if (names.includes("model.json"))
    throw new FormatError(folder, "the folder", "holds an inferred model, not a critic", "give it to vinverse evaluate or convert");
  const zips = names.filter((name) => name.endsWith(".zip"));
  if (zips.length === 1 || (zips.length === 0 && (await files.kind(`${folder}.zip`)) === "file")) return [];
  for (const name of zips) if ((await files.kind(join(folder, name.slice(0, -4)))) === "folder") return [];
  return (zips.length > 0 ? zips : names.filter((name) => endings.test(name))).map((name) => join(folder, name));
}

async function zipOf(folder: string): Promise<string> {
  const zips = (await files.list(folder)).filter((name) => name.endsWith(".zip"));
  if (zips.length === 1) return join(folder, zips[0]);
  if (zips.length === 0) {
    if ((await files.kind(`${folder}.zip`)) === "file") return `${folder}.zip`;
    throw new FormatError(folder, "the folder", "holds no zip of a Stable-Baselines3 agent and has none beside it", "give the zip itself");
  }
  for (const name of zips) if ((await files.kind(join(folder, name.slice(0, -4)))) === "folder") return join(folder, name);
  throw new FormatError(folder, "the folder", `holds ${zips.length} zips`, "give the one you mean");
}

/** X/ENV for X/ENV.zip; for other names the folder itself or the one folder in it that holds args.yml. */
async function statisticsOf(zip: string): Promise<string | undefined> {
  const own = zip.replace(/\.zip$/, "");
  if (own !== zip && (await files.kind(own)) === "folder") return own;
  const folder = parent(zip) || ".";
  const known = ["vecnormalize.pkl", "args.yml"];
  const names = await files.list(folder).catch(() => []);
  if (names.some((name) => known.includes(name))) return folder;
  const inner: string[] = [];
  for (const name of names) if ((await files.kind(join(folder, `${name}/args.yml`))) === "file") inner.push(join(folder, name));
  return inner.length === 1 ? inner[0] : undefined;
}

/** A scalar entry of the Zoo's YAML: "- - KEY" with "- VALUE" on the next line, or "KEY: VALUE". */
export function yamlEntry(yaml: string, key: string): string | undefined {
  const match = new RegExp(`(?:^|\\n)\\s*(?:- )*- ${key}\\n\\s*- (\\S+)[ ]*(?:\\n|$)|(?:^|\\n)${key}: *(\\S+)`).exec(yaml);
  return (match?.[1] ?? match?.[2])?.replace(/^['"]|['"]$/g, "");
}

function environmentIn(name: string): string | undefined {
  return /[A-Z]\w*-v\d+/.exec(name)?.[0];
}

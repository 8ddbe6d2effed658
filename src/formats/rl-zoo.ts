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

/**
 * The zip of a path (itself, inside the folder, or beside it) and the files that belong to it.
 * @param normalization statistics file, "none", or undefined to look for it
 * @throws FormatError where several zips or statistics could be meant, or statistics lie beside the zip that belong to nothing
 */
export async function findZooFolder(path: string, normalization?: string): Promise<ZooFolder> {
  const clean = path.replace(/\/+$/, "");
  const folderItself = (await files.kind(clean)) === "folder";
  const unpacked =
    folderItself && (await files.kind(join(clean, "policy.pth"))) === "file" && (await files.kind(join(clean, "data"))) === "file";
  const zip = folderItself && !unpacked ? await zipOf(clean) : clean;
  const folder = await statisticsOf(zip);
  const read = async (name: string) =>
    folder !== undefined && (await files.kind(join(folder, name))) === "file"
      ? new TextDecoder().decode(await files.read(join(folder, name)))
      : "";
  const [args, config] = [await read("args.yml"), await read("config.yml")];
  const agent = unpacked || zip.endsWith(".zip");
  const found = !agent || normalization !== undefined ? undefined : await normalizationOf(zip, folder, unpacked);
  const vecNormalize = normalization === undefined ? found : normalization === "none" ? undefined : normalization;
  if (vecNormalize === undefined && normalization === undefined && /(?:^|\n)- - normalize\n {2}- (?!false)/i.test(config))
    throw new FormatError(
      join(folder ?? "", "config.yml"),
      "normalize",
      "is set, but no vecnormalize.pkl lies beside the agent",
      "give --normalization FILE, or --normalization none if the critic saw observations as they are",
    );
  return {
    zip,
    environment: yamlEntry(args, "env") ?? environmentIn(nameOf(zip)) ?? (folder === undefined ? undefined : environmentIn(nameOf(folder))),
    vecNormalize,
    timeFeature: /env_wrapper[\s\S]*TimeFeatureWrapper/.test(config),
  };
}

const plainNames: readonly string[] = ["vecnormalize.pkl", "vec_normalize.pkl"];
const statisticsName = /vec_?norm(?:alize)?[^/]*\.pkl$/i;

/**
 * Statistics of an agent: PREFIX_vecnormalize_N_steps.pkl of PREFIX_N_steps.zip, NAME_vecnormalize.pkl of NAME.zip, else vecnormalize.pkl or
 * vec_normalize.pkl, in the folder of its name, beside it, or (an unpacked agent) one folder up.
 */
async function normalizationOf(zip: string, folder: string | undefined, unpacked: boolean): Promise<string | undefined> {
  const name = nameOf(zip).replace(/\.zip$/, "");
  const steps = /^(.*)_(\d+)_steps$/.exec(name);
  const own = [
    ...(steps ? [`${steps[1]}_vecnormalize_${steps[2]}_steps.pkl`, `${steps[1]}_vec_normalize_${steps[2]}_steps.pkl`] : []),
    `${name}_vecnormalize.pkl`,
    `${name}_vec_normalize.pkl`,
  ];
  const places = [...new Set([...(folder === undefined ? [] : [folder]), ...(unpacked ? [zip] : []), parent(zip) || "."])];
  for (const place of places) {
    const names: readonly string[] = await files.list(place).catch(() => []);
    const here = names.filter((entry) => statisticsName.test(entry));
    const ofOthers = (entry: string) => names.some((other) => other.endsWith(".zip") && other !== nameOf(zip) && belongs(entry, other));
    const mine = own.filter((entry) => here.includes(entry));
    // An unpacked agent's parent may hold many agents; statistics beside it are its own only with its zip or alone.
    if (
      unpacked &&
      place !== zip &&
      place !== folder &&
      names.some((other) => other.endsWith(".zip") && other !== `${name}.zip`) &&
      mine.length === 0
    )
      continue;
    const chosen = mine.length > 0 ? mine : here.filter((entry) => plainNames.includes(entry));
    const different = chosen.length > 1 && !(await same(chosen.map((entry) => join(place, entry))));
    if (different)
      throw new FormatError(
        place,
        "the folder",
        `holds ${chosen.join(" and ")}, which differ`,
        "give the right one with --normalization FILE",
      );
    if (chosen.length > 0) return join(place, chosen[0]);
    const loose = here.filter((entry) => !ofOthers(entry));
    if (loose.length > 0)
      throw new FormatError(
        join(place, loose[0]),
        "the statistics",
        `lie beside ${nameOf(zip)}, and their name does not say whose they are`,
        "give --normalization FILE, or --normalization none",
      );
  }
  return undefined;
}

/** Whether the name of a statistics file says that it belongs to this zip. */
function belongs(statistics: string, zip: string): boolean {
  const name = zip.replace(/\.zip$/, "");
  const steps = /^(.*)_(\d+)_steps$/.exec(name);
  return (
    statistics.startsWith(`${name}_`) ||
    (steps !== null && statistics.startsWith(`${steps[1]}_`) && statistics.endsWith(`_${steps[2]}_steps.pkl`))
  );
}

async function same(paths: readonly string[]): Promise<boolean> {
  const [first, ...others] = await Promise.all(paths.map((path) => files.read(path)));
  return others.every((bytes) => bytes.length === first.length && bytes.every((byte, i) => byte === first[i]));
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
  const names: readonly string[] = await files.list(folder).catch(() => []);
  if (names.some((name) => plainNames.includes(name) || name === "args.yml")) return folder;
  const inner: string[] = [];
  for (const name of names) if ((await files.kind(join(folder, `${name}/args.yml`))) === "file") inner.push(name);
  // The folder of a neighbour holds a zip of its own, or its zip is not beside this one.
  if (inner.length !== 1 || !names.includes(`${inner[0]}.zip`)) return undefined;
  const held = await files.list(join(folder, inner[0]));
  return held.some((name) => name.endsWith(".zip")) ? undefined : join(folder, inner[0]);
}

/** A scalar entry of the Zoo's YAML: "- - KEY" with "- VALUE" on the next line, or "KEY: VALUE". */
export function yamlEntry(yaml: string, key: string): string | undefined {
  const match = new RegExp(`(?:^|\\n)\\s*(?:- )*- ${key}\\n\\s*- (\\S+)[ ]*(?:\\n|$)|(?:^|\\n)${key}: *(\\S+)`).exec(yaml);
  return (match?.[1] ?? match?.[2])?.replace(/^['"]|['"]$/g, "");
}

function environmentIn(name: string): string | undefined {
  return /[A-Z]\w*-v\d+/.exec(name)?.[0];
}

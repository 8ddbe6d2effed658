import { files } from "#files";
import type { Critic } from "../critics/critic.ts";
import { FormatError } from "./format-error.ts";
import { isNpy, readNpy, readNpz } from "./npy.ts";
import { findZooFolder } from "./rl-zoo.ts";
import { readStableBaselines3 } from "./stable-baselines3.ts";
import { type CriticOptions, stableBaselines3Critic } from "./stable-baselines3-critic.ts";
import { tableCritic } from "./tables.ts";
import { readVecNormalize } from "./vec-normalize.ts";
import { isZip, openZip } from "./zip.ts";

export type LoadCriticOptions = CriticOptions;

/**
 * Read a critic, told by its content: a Stable-Baselines3 zip (or its RL Zoo folder, with VecNormalize statistics, environment and
 * time feature found beside it), an .npy table or world value function, an .npz with `q` and optional `v`, `rewards`, `gamma`.
 * Critics from checkpoints carry `checkpoint` as well.
 * @throws FormatError naming file, field and fix
 */
export async function loadCritic(path: string, options: LoadCriticOptions = {}): Promise<Critic> {
  const kind = await files.kind(path);
  if (kind === "none") throw new FormatError(path, "the file", "does not exist", "check the path");
  const zoo = await findZooFolder(path);
  const bytes = await files.read(zoo.zip);
  if (isNpy(bytes)) return tableCritic(new Map([["q", readNpy(bytes, zoo.zip)]]), zoo.zip, options);
  if (!isZip(bytes))
    throw new FormatError(
      zoo.zip,
      "the file",
      "is not a critic in a format that is read",
      "give a Stable-Baselines3 zip, or .npy or .npz action values",
    );
  const { names } = openZip(bytes, zoo.zip);
  if (names.length > 0 && names.every((name) => name.endsWith(".npy"))) return tableCritic(readNpz(bytes, zoo.zip), zoo.zip, options);
  const checkpoint = readStableBaselines3(bytes, zoo.zip);
  const vecNormalize = zoo.vecNormalize === undefined ? undefined : readVecNormalize(await files.read(zoo.vecNormalize), zoo.vecNormalize);
  return stableBaselines3Critic(
    checkpoint,
    { file: zoo.zip, environment: zoo.environment, vecNormalize, timeFeature: zoo.timeFeature },
    options,
  );
}

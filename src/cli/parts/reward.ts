import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Rewards } from "../../bellman/rewards.ts";
import type { TabularCritic } from "../../critics/critic.ts";
import type { AmortisedInferOptions } from "../../inversion/options.ts";
import { UsageError } from "./errors.ts";

const kinds = "give a number, unknown, a module FILE.mjs or a table FILE.npy";

/**
 * --reward for networks. A module is the user's own program and is run: its default export is r(state, action), arrays in, a number out.
 * @throws UsageError
 */
export async function givenReward(what: string): Promise<Pick<AmortisedInferOptions, "reward" | "rewards">> {
  if (what === "unknown") return { rewards: "unknown" };
  if (what.trim() !== "" && Number.isFinite(Number(what))) return { reward: Number(what) };
  if (!/\.m?js$/.test(what)) throw new UsageError(`--reward '${what}' is not for networks: ${kinds}`);
  const of = await importReward(what);
  const rewards: Rewards = (states, actions, n, out) => {
    const d = states.length / n;
    const m = actions.length / n;
    for (let b = 0; b < n; b++) {
      out[b] = of(states.subarray(b * d, (b + 1) * d), actions.subarray(b * m, (b + 1) * m));
      if (!Number.isFinite(out[b])) throw new UsageError(`${what}: its reward of state ${b} is ${out[b]}, not a number`);
    }
  };
  return { rewards };
}

type RewardOf = (state: Float64Array, action: Float64Array) => number;

async function importReward(path: string): Promise<RewardOf> {
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  } catch (error) {
    throw new UsageError(`${path} cannot be loaded as a module: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  if (typeof loaded.default !== "function") throw new UsageError(`${path} has no default export that is a function of (state, action)`);
  return loaded.default as RewardOf;
}

/**
 * --reward for tables: [heads, states, actions], or undefined where it is unknown.
 * @throws UsageError
 */
export async function tableReward(what: string, critic: TabularCritic): Promise<{ readonly table: Float64Array | undefined }> {
  const { states, actions } = critic;
  const heads = critic.heads.length;
  const size = heads * states * actions;
  if (what === "unknown") return { table: undefined };
  if (what.trim() !== "" && Number.isFinite(Number(what))) return { table: new Float64Array(size).fill(Number(what)) };
  if (!what.endsWith(".npy")) throw new UsageError(`--reward '${what}' is not for tables: ${kinds}`);
  const [{ files }, { readNpy }] = await Promise.all([import("#files"), import("../../formats/npy.ts")]);
  const array = readNpy(await files.read(what), what);
  const shared = states * actions;
  if (array.kind !== "numbers" || (array.data.length !== size && array.data.length !== shared))
    throw new UsageError(`${what} must hold rewards [${states}, ${actions}] or [${heads}, ${states}, ${actions}]`);
  const { data } = array;
  return { table: Float64Array.from({ length: size }, (_, at) => data[data.length === size ? at : at % shared]) };
}

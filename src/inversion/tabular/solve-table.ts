import type { OnProgress } from "../../base/progress.ts";
import type { TabularCritic } from "../../critics/critic.ts";
import type { TabularWorldModel } from "../../world-model/world-model.ts";
import { inferFew, isPlain } from "./infer-few.ts";
import { type InferTabularOptions, inferTabular } from "./infer-tabular.ts";

export interface TableSettings extends Omit<InferTabularOptions, "method"> {
  readonly onProgress?: OnProgress;
}

/** Beyond this many states every pair is projected on the columns near its target. */
const LARGE = 400;

/** How a table is solved by a method: at once, or a chunk of pairs at a time where it is large and its answers are few. */
export function solveTable(method: "matching" | "projection") {
  return async (critic: TabularCritic, { onProgress, ...options }: TableSettings): Promise<TabularWorldModel> => {
    const { rewards = critic.rewards, weights } = options;
    const large = critic.states > LARGE && method === "projection" && options.undetermined === "fewest";
    const whole = !options.candidates && !options.mask && options.noneAbove === undefined;
    if (!large || !whole || !isPlain(critic, rewards)) return inferTabular(critic, { ...options, method });
    return inferFew(critic, { rewards, weights, onProgress: (done, total) => onProgress?.(done, total, "projecting") });
  };
}

const CHUNK = 65_536;

/** Distance between Q and the answer's column of every pair, [states, actions]. */
export async function distancesOf(model: TabularWorldModel): Promise<Float64Array> {
  const { states, actions } = model;
  const distances = new Float64Array(states * actions);
  for (let from = 0; from < distances.length; from += CHUNK) {
    const n = Math.min(CHUNK, distances.length - from);
    const at = Int32Array.from({ length: n }, (_, k) => Math.floor((from + k) / actions));
    const taken = Int32Array.from({ length: n }, (_, k) => (from + k) % actions);
    distances.set((await model.predict(at, taken)).residual, from);
  }
  return distances;
}

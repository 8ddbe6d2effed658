import { bellmanColumns } from "../../bellman/tabular.ts";
import type { TabularCritic } from "../../critics/critic.ts";
import { createTabularWorldModel } from "../../world-model/tabular.ts";
import type { TabularWorldModel } from "../../world-model/world-model.ts";
import { type ChunkedProjectionProblem, projectInChunks } from "./project-in-chunks.ts";

export interface InferFewOptions extends Pick<ChunkedProjectionProblem, "weights" | "tolerance" | "chunk" | "threads" | "onProgress"> {
  /** [heads, states, actions], instead of the critic's own. */
  readonly rewards?: Float64Array;
}

/** Whether every head speaks of every pair, and none ends in a state: what `inferFew` needs. */
export function isPlain({ q, terminalValue }: TabularCritic, rewards: Float64Array | undefined): boolean {
  return rewards !== undefined && !terminalValue?.some(Number.isFinite) && rewards.every(Number.isFinite) && q.every(Number.isFinite);
}

/**
 * P̂(·|s,a) of every pair of 10³ to 10⁶ states whose moves lead to few, as a sparse model that planners take. Beside the critic's own tables it holds its columns twice,
 * a chunk of targets a thread, and the answers.
 * @throws RangeError where heads end in states, are silent, or have no rewards: `inferTabular` takes those
 */
export async function inferFew(critic: TabularCritic, options: InferFewOptions = {}): Promise<TabularWorldModel> {
  const { states, actions, q } = critic;
  const heads = critic.heads.length;
  const pairs = states * actions;
  const rewards = options.rewards ?? critic.rewards;
  if (rewards && rewards.length !== heads * pairs)
    throw new RangeError(`rewards have ${rewards.length} entries, expected ${heads * pairs}`);
  if (!rewards || !isPlain(critic, rewards))
    throw new RangeError(`critic ${critic.name}: heads that end in states, are silent or have no rewards are for inferTabular`);
  const offsets = new Int32Array(pairs + 1);
  const ambiguous = new Uint8Array(pairs);
  const residual = new Float64Array(pairs);
  const parts: { readonly from: number; readonly states: Int32Array; readonly probabilities: Float64Array }[] = [];
  const width = heads + 1;
  await projectInChunks(
    {
      ...options,
      heads,
      columns: bellmanColumns(critic),
      count: pairs,
      actions,
      targets(from, to, into) {
        for (let i = 0; i < heads; i++)
          for (let k = from; k < to; k++) into[(k - from) * heads + i] = q[i * pairs + k] - rewards[i * pairs + k];
      },
    },
    ({ from, to, counts, distance, sure, ...found }) => {
      let total = 0;
      for (let k = 0; k < to - from; k++) total += counts[k];
      const part = { from, states: new Int32Array(total), probabilities: new Float64Array(total) };
      for (let k = 0, at = 0; k < to - from; at += counts[k++]) {
        part.states.set(found.states.subarray(k * width, k * width + counts[k]), at);
        part.probabilities.set(found.probabilities.subarray(k * width, k * width + counts[k]), at);
        offsets[from + k + 1] = counts[k];
        ambiguous[from + k] = 1 - sure[k];
        residual[from + k] = distance[k];
      }
      parts.push(part);
    },
  );
  for (let k = 0; k < pairs; k++) offsets[k + 1] += offsets[k];
  const nextStates = new Int32Array(offsets[pairs]);
  const probabilities = new Float64Array(offsets[pairs]);
  for (const part of parts) {
    nextStates.set(part.states, offsets[part.from]);
    probabilities.set(part.probabilities, offsets[part.from]);
  }
  const critics = [...new Set(critic.heads.map((head) => head.critic))];
  // no other distribution was held against the answers: nothing is known of how far one would be
  const margin = new Float64Array(pairs).fill(Number.NaN);
  return createTabularWorldModel({
    method: "projection",
    states,
    actions,
    critics,
    offsets,
    nextStates,
    probabilities,
    ambiguous,
    residual,
    margin,
  });
}

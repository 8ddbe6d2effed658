import type { Tables } from "../../environments/environment.ts";
import { createRandom } from "../../numbers/random.ts";

/** One task of a finite world: its goal, if it has one, and its tables. */
export interface TabularLearningTask {
  readonly goal?: readonly number[];
  /** The random signal that it accumulates in place of the reward. */
  readonly signal?: string;
  readonly tables: Tables;
}

/** Signals are multiples of this, which files of any precision hold. */
const GRAIN = 1 / 64;

/**
 * Tasks of random signals r_c(s), normal, whose values tell states apart: one a bit of the state's number, and one more.
 * @param endless ends of episodes are no ends for them; what is learned from steps in the environment has to end where it does
 */
export function signalTasks(tables: Tables, seed: number, endless: boolean): TabularLearningTask[] {
  const random = createRandom(seed);
  const count = Math.ceil(Math.log2(Math.max(2, tables.states))) + 1;
  return Array.from({ length: count }, (_, c) => {
    const signal = Float64Array.from({ length: tables.states }, () => GRAIN * Math.round(random.normal() / GRAIN));
    const rewards = new Float64Array(tables.nextStates.length);
    for (let pair = 0; pair + 1 < tables.offsets.length; pair++)
      rewards.fill(signal[Math.floor(pair / tables.actions)], tables.offsets[pair], tables.offsets[pair + 1]);
    const terminated = endless ? new Uint8Array(tables.terminated.length) : tables.terminated;
    return { signal: `signal ${c}`, tables: { ...tables, rewards, terminated } };
  });
}

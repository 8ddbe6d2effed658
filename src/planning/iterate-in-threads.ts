import { threads as machine } from "#threads";
import type { Tables } from "../environments/environment.ts";
import { allocateIntegers, allocateReals, foldedSizes, foldTables } from "./fold.ts";
import { type BlockRun, type IterationOptions, type Solution, settingsOf } from "./iterate-block.ts";
import type { PolicyIterationJob } from "./policy-iteration-worker.ts";
import type { FoldedTables } from "./sweeps.ts";
import { createArena } from "./sweeps-wasm.ts";

/** Policy iteration by several threads at once; see `policyIteration`. */
export async function iterateInThreads(tables: Tables, options: IterationOptions, threads: number): Promise<Solution> {
  const { states, actions } = tables;
  const own = Array.from({ length: threads }, () => 8 * states);
  const arena = createArena([...foldedSizes(tables), ...own, 4 * states], true);
  const apart = (bytes: number) => ({ buffer: new SharedArrayBuffer(bytes), byteOffset: 0 });
  const allocate = arena?.allocate ?? apart;
  const folded = foldTables(tables, options.rewards ?? tables.rewards, options.discount, options.terminalValue, allocate);
  const job: PolicyIterationJob = {
    folded,
    settings: settingsOf(options),
    blocks: equalWork(folded, threads),
    ...(arena ? { compiled: { memory: arena.memory, module: arena.module } } : {}),
    own: own.map(() => allocateReals(allocate, states)),
    v: [allocateReals(apart, states), allocateReals(apart, states)],
    choice: allocateIntegers(allocate, states),
    q: allocateReals(apart, states * actions),
    changes: allocateReals(apart, 2 * threads),
    control: allocateIntegers(apart, 2),
  };
  const started = job.own.map((_, block) => machine.start(new URL("./policy-iteration-worker.ts", import.meta.url), { ...job, block }));
  try {
    const [{ last, ...run }] = await Promise.all(started.map((thread) => thread.ask<BlockRun>("iterate")));
    return { q: Float64Array.from(job.q), v: Float64Array.from(job.v[last]), choice: Int32Array.from(job.choice), ...run };
  } finally {
    await Promise.all(started.map((thread) => thread.stop()));
  }
}

/** Blocks of states with about the same number of outcomes. */
function equalWork({ states, actions, offsets }: FoldedTables, threads: number): number[] {
  const total = offsets[states * actions];
  const starts = [0];
  for (let s = 0; s < states && starts.length < threads; s++)
    if (offsets[s * actions] >= (total * starts.length) / threads) starts.push(Math.max(s, starts[starts.length - 1] + 1));
  while (starts.length < threads) starts.push(states);
  return [...starts, states];
}

import { parentPort, workerData } from "node:worker_threads";
import { type BlockRun, type IterationSettings, iterateBlock } from "./iterate-block.ts";
import { type CompiledSweeps, createSweeps, type FoldedTables } from "./sweeps.ts";

/** What all threads are given; its arrays are shared. */
export interface PolicyIterationJob {
  readonly folded: FoldedTables;
  readonly settings: IterationSettings;
  readonly blocks: readonly number[];
  readonly compiled?: CompiledSweeps;
  /** [threads] values that each sweeps over, [states] */
  readonly own: readonly Float64Array[];
  /** Two shared copies in turn, so that one barrier a sweep is enough. */
  readonly v: readonly [Float64Array, Float64Array];
  readonly choice: Int32Array;
  readonly q: Float64Array;
  /** [2, threads] */
  readonly changes: Float64Array;
  /** Threads that wait, and how often they have been let go. */
  readonly control: Int32Array;
}

function iterateOwn(job: PolicyIterationJob & { readonly block: number }): BlockRun {
  const { blocks, block, control, changes, choice, q } = job;
  const threads = blocks.length - 1;
  const own = job.own[block];
  let turn = 0;
  const exchange = (change: number): number => {
    const side = turn++ % 2;
    const everyone = job.v[side];
    everyone.set(own.subarray(blocks[block], blocks[block + 1]), blocks[block]);
    changes[side * threads + block] = change;
    const generation = Atomics.load(control, 1);
    if (Atomics.add(control, 0, 1) === threads - 1) {
      Atomics.store(control, 0, 0);
      Atomics.add(control, 1, 1);
      Atomics.notify(control, 1);
    } else while (Atomics.load(control, 1) === generation) Atomics.wait(control, 1, generation);
    let most = 0;
    for (let t = 0; t < threads; t++) {
      most = Math.max(most, changes[side * threads + t]);
      if (t !== block) own.set(everyone.subarray(blocks[t], blocks[t + 1]), blocks[t]);
    }
    return most;
  };
  return iterateBlock(createSweeps(job.folded, job.compiled), job.settings, { v: own, choice, q, blocks, block, exchange });
}

parentPort!.once("message", () => parentPort!.postMessage(iterateOwn(workerData)));

import { threads as machine } from "#threads";
import { share } from "../../base/threads/share.ts";
import { indexData, openIndex } from "../../identifiability/column-index.ts";
import { createRowMatcher } from "./match-rows.ts";
import type { MatchSetup } from "./match-worker.ts";
import { defaultTolerance } from "./matching.ts";
import type { MatchRows } from "./row-matches.ts";

export interface ChunkedMatchProblem {
  readonly heads: number;
  /** c_i(s'), [states, heads] */
  readonly columns: Float64Array;
  /** How many queries there are. */
  readonly count: number;
  /** Writes Q_i(s,a) − r_i(s,a) of the queries from … to − 1, [to − from, heads]. Chunks are asked for once each, in order. */
  readonly targets: (from: number, to: number, into: Float64Array) => void;
  /** Writes, likewise, 1 where head i speaks of the query and 0 where it says nothing. */
  readonly mask?: (from: number, to: number, into: Uint8Array) => void;
  /** [heads]; equal when absent */
  readonly weights?: ArrayLike<number>;
  readonly tolerance?: number;
  readonly nearestOnly?: boolean;
  /** Queries held at once by each thread; 2^17 when absent. */
  readonly chunk?: number;
  /** 1 (this thread, nothing started) to as many as there are cores; all of them when absent. */
  readonly threads?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Answers to the queries from … to − 1. Its arrays are written over once the callback returns. */
export interface MatchChunk extends MatchRows {
  readonly from: number;
  readonly to: number;
  /** [to − from, heads] */
  readonly targets: Float64Array;
  readonly tolerance: number;
  /** Every state in the tie of row k of this chunk, in rising order. */
  tied(k: number): Int32Array;
}

const defaultChunk = 1 << 17;

/**
 * `matchColumns` in bounded memory and on all cores: what is held is the index of the columns and a chunk of queries a thread.
 * Answers do not depend on the number of threads; chunks may arrive in any order.
 */
export async function matchInChunks(problem: ChunkedMatchProblem, onChunk: (chunk: MatchChunk) => void): Promise<void> {
  const { heads, columns, count, targets: fillTargets, mask: fillMask, nearestOnly, onProgress } = problem;
  if (columns.length % heads) throw new RangeError(`matching: columns must be whole rows of ${heads} heads`);
  const size = Math.min(count, problem.chunk ?? defaultChunk);
  if (count === 0) return;
  if (!(size >= 1)) throw new RangeError(`matching: chunk must be at least 1, got ${problem.chunk}`);
  const workers = Math.min(problem.threads ?? machine.available, Math.ceil(count / size));
  if (!(workers >= 1)) throw new RangeError(`matching: threads must be at least 1, got ${problem.threads}`);
  const settings = { tolerance: problem.tolerance ?? defaultTolerance(columns), nearestOnly };
  const built = indexData(columns, heads, problem.weights);
  const index = workers > 1 ? share(built) : built;
  const matcher = createRowMatcher(openIndex(index), settings);
  let next = 0;
  let done = 0;

  const run = async (setup: MatchSetup, match: (n: number) => void | Promise<void>): Promise<void> => {
    while (next < count) {
      const from = next;
      const to = Math.min(count, from + size);
      next = to;
      const targets = setup.targets.subarray(0, (to - from) * heads);
      const mask = setup.mask?.subarray(0, (to - from) * heads);
      fillTargets(from, to, targets);
      if (mask) fillMask!(from, to, mask);
      await match(to - from);
      onChunk({
        ...firstRows(setup.rows, to - from),
        from,
        to,
        targets,
        tolerance: settings.tolerance,
        tied: (k) => matcher.tied(targets, mask, k).sort(),
      });
      done += to - from;
      onProgress?.(done, count);
    }
  };
  const setupOf = (): MatchSetup => ({ index, settings, ...buffers(size, heads, fillMask !== undefined, workers > 1) });
  if (workers === 1) {
    const setup = setupOf();
    return run(setup, (n) => {
      matcher.match(setup.targets.subarray(0, n * heads), setup.mask?.subarray(0, n * heads), firstRows(setup.rows, n));
    });
  }
  const started = Array.from({ length: workers }, () => {
    const setup = setupOf();
    return { setup, thread: machine.start(new URL("./match-worker.ts", import.meta.url), setup) };
  });
  try {
    await Promise.all(started.map(({ setup, thread }) => run(setup, (n) => thread.ask(n))));
  } finally {
    await Promise.all(started.map(({ thread }) => thread.stop()));
  }
}

function firstRows(rows: MatchRows, n: number): MatchRows {
  return {
    nearest: rows.nearest.subarray(0, n),
    distance: rows.distance.subarray(0, n),
    runnerUp: rows.runnerUp.subarray(0, n),
    ties: rows.ties.subarray(0, n),
  };
}

function buffers(size: number, heads: number, masked: boolean, isShared: boolean): Pick<MatchSetup, "targets" | "mask" | "rows"> {
  const bytes = (length: number) => (isShared ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
  return {
    targets: new Float64Array(bytes(8 * size * heads)),
    mask: masked ? new Uint8Array(bytes(size * heads)) : undefined,
    rows: {
      nearest: new Int32Array(bytes(4 * size)),
      distance: new Float64Array(bytes(8 * size)),
      runnerUp: new Float64Array(bytes(8 * size)),
      ties: new Int32Array(bytes(4 * size)),
    },
  };
}

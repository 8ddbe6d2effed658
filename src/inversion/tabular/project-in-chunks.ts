import { threads as machine } from "#threads";
import { share } from "../../base/threads/share.ts";
import { defaultTolerance } from "./matching.ts";
import { createRowProjector, firstProjections, type ProjectionRows, projectionIndex, type RowProjectionSettings } from "./project-rows.ts";
import type { ProjectSetup } from "./project-worker.ts";

export interface ChunkedProjectionProblem {
  readonly heads: number;
  /** M, [states, heads] */
  readonly columns: Float64Array;
  /** How many targets there are. */
  readonly count: number;
  /** Writes Q_i(s,a) − r_i(s,a) of the targets from … to − 1, [to − from, heads]. Chunks are asked for once each, in order. */
  readonly targets: (from: number, to: number, into: Float64Array) => void;
  /** [heads]; equal when absent */
  readonly weights?: ArrayLike<number>;
  /** "few" when absent. */
  readonly support?: RowProjectionSettings["support"];
  /** A distance up to this meets a target; 1e-9 of the largest column entry when absent. */
  readonly tolerance?: number;
  /** Targets that follow each other and are of one state (4 moves: 4): where one of its actions surely leads, others are looked for as well. 1 when absent. */
  readonly actions?: number;
  /** Targets held at once by each thread (2^16): neighbours tell of each other within a chunk. */
  readonly chunk?: number;
  /** 1 (this thread, nothing started) to as many as there are cores; all of them when absent. */
  readonly threads?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Distributions of the targets from … to − 1. Its arrays are written over once the callback returns. */
export interface ProjectionChunk extends ProjectionRows {
  readonly from: number;
  readonly to: number;
}

/** Answers spread among neighbours within a chunk: larger ones leave fewer edges. */
const defaultChunk = 1 << 16;

/**
 * Distributions over next states of 10⁴ to 10⁶ states in bounded memory and on all cores: what is held is the index of the columns and a chunk of targets a thread.
 * Answers do not depend on the number of threads; chunks may arrive in any order.
 */
export async function projectInChunks(problem: ChunkedProjectionProblem, onChunk: (chunk: ProjectionChunk) => void): Promise<void> {
  const { heads, columns, count, support = "few", actions = 1, onProgress } = problem;
  if (columns.length === 0 || columns.length % heads) throw new RangeError(`projection: columns must be whole rows of ${heads} heads`);
  const size = Math.min(count, Math.ceil((problem.chunk ?? defaultChunk) / actions) * actions);
  if (count === 0) return;
  if (!(size >= 1)) throw new RangeError(`projection: chunk must be at least 1, got ${problem.chunk}`);
  const workers = Math.min(problem.threads ?? machine.available, Math.ceil(count / size));
  if (!(workers >= 1)) throw new RangeError(`projection: threads must be at least 1, got ${problem.threads}`);
  const settings: RowProjectionSettings = { support, tolerance: problem.tolerance ?? defaultTolerance(columns), actions };
  const built = projectionIndex(columns, heads, problem.weights);
  const index = workers > 1 ? share(built) : built;
  let next = 0;
  let done = 0;

  const run = async (setup: ProjectSetup, project: (n: number, first: number) => void | Promise<void>): Promise<void> => {
    while (next < count) {
      const from = next;
      const to = Math.min(count, from + size);
      next = to;
      problem.targets(from, to, setup.targets.subarray(0, (to - from) * heads));
      await project(to - from, from);
      onChunk({ ...firstProjections(setup.rows, to - from), from, to });
      done += to - from;
      onProgress?.(done, count);
    }
  };
  const setupOf = (): ProjectSetup => ({ index, settings, ...buffers(size, heads, workers > 1) });
  if (workers === 1) {
    const setup = setupOf();
    const projector = createRowProjector(index, settings);
    return run(setup, (n, first) => projector.project(setup.targets.subarray(0, n * heads), firstProjections(setup.rows, n), first));
  }
  const started = Array.from({ length: workers }, () => {
    const setup = setupOf();
    return { setup, thread: machine.start(new URL("./project-worker.ts", import.meta.url), setup) };
  });
  try {
    await Promise.all(started.map(({ setup, thread }) => run(setup, (n, first) => thread.ask({ n, first }))));
  } finally {
    await Promise.all(started.map(({ thread }) => thread.stop()));
  }
}

function buffers(size: number, heads: number, isShared: boolean): Pick<ProjectSetup, "targets" | "rows"> {
  const bytes = (length: number) => (isShared ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
  const width = heads + 1;
  return {
    targets: new Float64Array(bytes(8 * size * heads)),
    rows: {
      states: new Int32Array(bytes(4 * size * width)),
      probabilities: new Float64Array(bytes(8 * size * width)),
      counts: new Int32Array(bytes(4 * size)),
      distance: new Float64Array(bytes(8 * size)),
      sure: new Uint8Array(bytes(size)),
    },
  };
}

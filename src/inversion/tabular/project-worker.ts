import { parentPort, workerData } from "node:worker_threads";
import {
  createRowProjector,
  firstProjections,
  type ProjectionIndexData,
  type ProjectionRows,
  type RowProjectionSettings,
} from "./project-rows.ts";

/** What a thread is given once; all of it shared. */
export interface ProjectSetup {
  readonly index: ProjectionIndexData;
  readonly settings: RowProjectionSettings;
  /** [chunk, heads] */
  readonly targets: Float64Array;
  readonly rows: ProjectionRows;
}

const { index, settings, targets, rows } = workerData as ProjectSetup;
const projector = createRowProjector(index, settings);

parentPort!.on("message", ({ n, first }: { readonly n: number; readonly first: number }) => {
  projector.project(targets.subarray(0, n * index.heads), firstProjections(rows, n), first);
  parentPort!.postMessage(n);
});

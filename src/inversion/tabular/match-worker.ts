import { parentPort, workerData } from "node:worker_threads";
import { type ColumnIndexData, openIndex } from "../../identifiability/column-index.ts";
import { createRowMatcher, type MatchSettings } from "./match-rows.ts";
import type { MatchRows } from "./row-matches.ts";

/** What a thread is given once; all of it shared. */
export interface MatchSetup {
  readonly index: ColumnIndexData;
  readonly settings: MatchSettings;
  /** [chunk, heads] */
  readonly targets: Float64Array;
  readonly mask?: Uint8Array;
  readonly rows: MatchRows;
}

const { index, settings, targets, mask, rows } = workerData as MatchSetup;
const { heads } = index;
const matcher = createRowMatcher(openIndex(index), settings);

parentPort!.on("message", (n: number) => {
  const out: MatchRows = {
    nearest: rows.nearest.subarray(0, n),
    distance: rows.distance.subarray(0, n),
    runnerUp: rows.runnerUp.subarray(0, n),
    ties: rows.ties.subarray(0, n),
  };
  matcher.match(targets.subarray(0, n * heads), mask?.subarray(0, n * heads), out);
  parentPort!.postMessage(n);
});

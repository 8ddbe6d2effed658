import { median } from "../src/numbers/statistics.ts";
/** What a benchmark prints: medians over the seeds, their ranges, and whatever explains them. */
export interface BenchResult {
  readonly name: string;
  /** Keyed as promised; a peer that is not installed leaves its key out. */
  readonly figures: Readonly<Record<string, number>>;
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
  readonly seeds: readonly number[];
  readonly seconds: number;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface BenchOptions {
  readonly seeds: readonly number[];
  /** One line of progress. */
  readonly log: (line: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

/** Medians and ranges of the figures of several seeds. */
export function summarise(runs: readonly Readonly<Record<string, number>>[]): Pick<BenchResult, "figures" | "ranges"> {
  const figures: Record<string, number> = {};
  const ranges: Record<string, readonly [number, number]> = {};
  for (const key of Object.keys(runs[0] ?? {})) {
    const values = runs.map((run) => run[key]);
    figures[key] = median(values);
    ranges[key] = [Math.min(...values), Math.max(...values)];
  }
  return { figures, ranges };
}

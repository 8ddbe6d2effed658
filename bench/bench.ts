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

export function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function quantile(list: ArrayLike<number>, q: number): number {
  return Array.from(list).sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))];
}

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

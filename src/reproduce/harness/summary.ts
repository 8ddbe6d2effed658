import { median } from "../../numbers/statistics.ts";

/** Medians and ranges over seeds of records with the same keys. */
export function summariseSeeds(runs: readonly Readonly<Record<string, number>>[]): {
  readonly figures: Record<string, number>;
  readonly ranges: Record<string, readonly [number, number]>;
} {
  const figures: Record<string, number> = {};
  const ranges: Record<string, readonly [number, number]> = {};
  for (const key of Object.keys(runs[0])) {
    const values = runs.map((run) => run[key]);
    figures[key] = median(values);
    ranges[key] = [Math.min(...values), Math.max(...values)];
  }
  return { figures, ranges };
}

import type { OnProgress } from "../../base/progress.ts";

export interface ReproduceOptions {
  /** Folder of trained critics, where the result needs any. */
  readonly critics?: string;
  /** Folder for critics that the result trains, and their checkpoints (runs/reproduce). */
  readonly cache?: string;
  /** Train critics even where some ship with the program. */
  readonly retrain?: boolean;
  /** All the seeds of a result that runs one unless asked for more. */
  readonly full?: boolean;
  /** First seed; the result says which seeds it used. */
  readonly seed: number;
  readonly onProgress?: OnProgress;
}

/** Lines for a report: ours, and what was published beside them. */
export interface ReproductionChart {
  readonly title: string;
  /** What is to be seen. */
  readonly text: string;
  readonly x: string;
  readonly y: string;
  readonly logarithmic?: boolean;
  readonly series: readonly { readonly name: string; readonly x: readonly number[]; readonly y: readonly number[] }[];
}

/** A published or promised result, run again. */
export interface Reproduction {
  /** Medians over the seeds. */
  readonly figures: Readonly<Record<string, number>>;
  /** Least and greatest over the seeds. */
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
  readonly seeds: readonly number[];
  /** Wall time of the whole run. */
  readonly seconds: number;
  /** Whatever else is worth reading: published figures, settings, tables. */
  readonly details?: unknown;
  readonly charts?: readonly ReproductionChart[];
  /** Pages of HTML to look at, by their file names. */
  readonly pages?: Readonly<Record<string, string>>;
  /** What was published or promised, and whether this run bears it out. */
  readonly claim?: { readonly holds: boolean; readonly text: string };
}

export type Reproduce = (options: ReproduceOptions) => Promise<Reproduction>;

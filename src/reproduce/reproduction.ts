/** Called with work done so far, as in 3 of 20 seeds. */
export type OnProgress = (done: number, total: number, what: string) => void;

export interface ReproduceOptions {
  /** Folder of trained critics, where the result needs any. */
  readonly critics?: string;
  /** Folder for critics that the result trains, and their checkpoints (runs/reproduce). */
  readonly cache?: string;
  /** Train critics even where some ship with the program. */
  readonly retrain?: boolean;
  /** First seed; the result says which seeds it used. */
  readonly seed: number;
  readonly onProgress?: OnProgress;
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
}

export type Reproduce = (options: ReproduceOptions) => Promise<Reproduction>;

import type { Reproduce } from "./reproduction.ts";

export type { OnProgress, Reproduce, ReproduceOptions, Reproduction } from "./reproduction.ts";

export interface RegisteredReproduction {
  /** One line: what is run again, and from whom. */
  readonly describe: string;
  /** True where `--critics` must name a folder of checkpoints. */
  readonly needsCritics: boolean;
  load(): Promise<Reproduce>;
}

/** Everything `vinverse reproduce NAME` knows; each is loaded only when it is run. */
export const reproductions: Readonly<Record<string, RegisteredReproduction>> = {};

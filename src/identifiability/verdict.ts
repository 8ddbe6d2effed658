/** Can this critic answer, in words. */
export interface Verdict {
  readonly usable: boolean;
  /** One sentence, plain words. */
  readonly sentence: string;
  /** What would help, the cheapest first; empty when nothing is missing. */
  readonly help: readonly string[];
}

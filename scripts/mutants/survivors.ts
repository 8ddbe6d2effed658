/** A break that no test noticed. */
export interface Survivor {
  /** Under src. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line as it stands. */
  readonly source: string;
  readonly mutator: string;
  readonly replacement: string;
  /** False where no test runs the line. */
  readonly reached: boolean;
}

export interface MutantFigures {
  readonly sample: number;
  readonly of: number;
  readonly seed: number;
  readonly killed: number;
  readonly survived: number;
  readonly share: number;
}

const UNKNOWN = "not looked at yet";

/** The page docs/mutants.md: figures, and every survivor with its reason, which is kept from the page before. */
export function survivorsPage(figures: MutantFigures, survivors: readonly Survivor[], before: string): string {
  const known = reasonsOf(before);
  const rows = survivors.map((survivor) => {
    const key = keyOf(survivor);
    const what = survivor.reached ? "" : " (no test runs it)";
    return `| ${key} | ${known.get(key) ?? UNKNOWN}${what} |`;
  });
  return [
    "# Mutants",
    "",
    "`npm run mutants` breaks one expression at a time in the files that hold targets, returns, thresholds and residuals",
    "(scripts/mutants/files.ts), runs the tests that reach it, and counts the breaks that no test noticed. Texts of messages are left out:",
    "tests of exact sentences hold them. The sample is drawn by a seed: the same seed breaks the same expressions again.",
    "",
    `Of ${figures.of} possible breaks, ${figures.sample} were drawn with seed ${figures.seed}: **${figures.killed} noticed, ${figures.survived} not (${(100 * figures.share).toFixed(1)} %)**.`,
    "",
    "The second column of the table is written by people and kept when the command runs again.",
    "",
    "| not noticed | reason |",
    "|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** A break by file, line's text and replacement: lines may move. */
function keyOf({ file, source, replacement }: Survivor): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("`", "'");
  return `${file}: \`${cell(source)}\` → \`${cell(replacement)}\``;
}

function reasonsOf(page: string): Map<string, string> {
  const found = [...page.matchAll(/^\| (.+`) \| (.+?)(?: \(no test runs it\))? \|$/gm)];
  return new Map(found.map(([, key, reason]) => [key, reason]));
}

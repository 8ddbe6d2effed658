import type { Finding } from "./infer-critics.ts";
import { describeScore, headline } from "./score-words.ts";

export interface InferenceContext {
  readonly version: string;
  readonly files: readonly string[];
  readonly seed: number;
}

/** What summary.json holds and `--json` prints. */
export function summarise(found: Finding, { version, files, seed }: InferenceContext): Record<string, unknown> {
  const { verdict, ...identifiability } = found.identifiability;
  return {
    vinverse: version,
    critics: files,
    environment: found.environment?.id ?? null,
    kind: found.kind,
    method: found.model.method,
    seed,
    verdict,
    error: found.score === undefined ? null : headline(found.score),
    score: found.score ?? null,
    identifiability: withoutTables(identifiability),
    // A model knows its states by number; their names tell which of an environment's they are.
    ...(found.kind === "tabular" && found.critic.stateNames ? { stateNames: found.critic.stateNames } : {}),
  };
}

/** Per-state arrays belong to the model, not into a summary. */
function withoutTables(found: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(found).filter(([key]) => key !== "gaps" && key !== "kind"));
}

export function summariseInWords(found: Finding, out: string | undefined): string {
  const { verdict } = found.identifiability;
  const parts = [verdict.sentence];
  if (verdict.help.length > 0) parts.push(`What would help:\n${verdict.help.map((item) => `  - ${item}`).join("\n")}`);
  parts.push(
    found.score && found.environment
      ? describeScore(found.score, found.environment.id)
      : "There is no environment to hold the next states against; give --env.",
  );
  if (out !== undefined) parts.push(`Written to ${out}: the model, summary.json and report.html.`);
  return parts.join("\n\n");
}

import { formatNumber } from "../../report/number.ts";
import type { Coverage } from "../../world-model/coverage.ts";
import type { Score } from "../../world-model/score.ts";
import { alignColumns } from "./columns.ts";

/** The one number to look at, 0 the best: error over true change, or the share of next states that are not right. */
export function headline(score: Score): number {
  return score.kind === "continuous" ? score.error : 1 - score.correct / score.pairs;
}

/** Of the answered coordinates; of all, in brackets, where none was answered. */
function coverageWords({ answered, all, abstained }: Coverage): [string, string] {
  const percent = (x: number) => `${Math.round(100 * x)} %`;
  if (!Number.isFinite(all)) return ["", ""];
  return [Number.isFinite(answered) ? percent(answered) : `(${percent(all)})`, percent(abstained)];
}

export function describeScore(score: Score, environment: string): string {
  if (score.kind === "continuous") {
    const rows = [
      ["", "error / change", "MSE / variance", "of nothing moves", "in 90 % bound", "abstained"],
      ...score.dimensions.map(({ name, error, nmse, nmseOfNothing, coverage }) => [
        name,
        formatNumber(error),
        formatNumber(nmse),
        formatNumber(nmseOfNothing),
        ...coverageWords(coverage),
      ]),
      ["mean", formatNumber(score.error), formatNumber(score.nmse), formatNumber(score.nmseOfNothing), ...coverageWords(score.coverage)],
      ["nothing moves", "1"],
    ];
    const left = score.terminals > 0 ? `; ${score.terminals} that ended an episode are left out` : "";
    return `On ${score.transitions} transitions of ${environment} that inference did not see${left}:\n${alignColumns(rows, "  ")}`;
  }
  const rows = [
    ["right", score.correct, `of ${score.pairs}; nothing moves: ${score.correctOfNothing}`],
    ["ambiguous", score.ambiguous, "several states answer equally well"],
    ["none", score.none, "no state fits"],
    ["missed", score.misses, "the true one is not among the answers"],
    ["MSE of P", formatNumber(score.mse), `nothing moves: ${formatNumber(score.mseOfNothing)}`],
  ];
  return `Next states of ${score.pairs} pairs, held against ${environment}:\n${alignColumns(rows, "  ")}`;
}

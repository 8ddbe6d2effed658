import { dimensionErrors } from "./dimension-errors.ts";
import { formatNumber } from "./number.ts";
import type { ReportSection, ReportVerdict } from "./report.ts";
import { type ResidualAgainstSignal, residualAgainstSignal } from "./residual-signal.ts";
import { type SingularValues, singularValues } from "./singular-values.ts";

/** An error of one dimension in the two measures that are printed, each beside "nothing moves". */
export interface DimensionFinding {
  readonly name: string;
  /** RMSE(ŝ' − s') / RMS(s' − s); 1 is "nothing moves" */
  readonly error: number;
  /** MSE(ŝ') / var(s'), and the same of "nothing moves" */
  readonly nmse: number;
  readonly nmseOfNothing: number;
}

export interface ErrorFinding {
  readonly dimensions: readonly DimensionFinding[];
  /** Mean over dimensions. */
  readonly error: number;
  readonly transitions: number;
  readonly terminals: number;
}

/** Above this share of the true change a model is to be used with care. */
const careful = 0.3;

/** How loud the report's first line is: refused where the critic cannot answer or the model does no better than standing still. */
export function verdictOf(
  verdict: { readonly usable: boolean; readonly sentence: string; readonly help: readonly string[] },
  error?: number,
): ReportVerdict {
  const worthless = error !== undefined && !(error < 1);
  const level = !verdict.usable || worthless ? "refused" : error !== undefined && error > careful ? "limited" : "good";
  return { level, text: verdict.sentence, help: verdict.help };
}

export function errorSection(found: ErrorFinding): ReportSection {
  return {
    title: "Error of each dimension",
    text:
      `On ${found.transitions} true transitions that inference did not see` +
      `${found.terminals > 0 ? `, ${found.terminals} that ended an episode left out` : ""}: ${formatNumber(found.error)} of the true change on average.`,
    svg: dimensionErrors({ title: "Error of each dimension", dimensions: found.dimensions }),
    table: {
      columns: ["dimension", "error / change", "nothing moves", "MSE / variance", "nothing moves"],
      rows: found.dimensions.map((dimension) => [dimension.name, dimension.error, 1, dimension.nmse, dimension.nmseOfNothing]),
    },
  };
}

export function rankSection(found: Omit<SingularValues, "title">): ReportSection {
  return {
    title: "What the heads can see",
    text: "Each direction of the next state with the strength by which the values answer to it. Hollow dots are directions that the values cannot tell.",
    svg: singularValues({ title: "Whitened singular values", ...found }),
  };
}

export function headSection(heads: ResidualAgainstSignal["heads"]): ReportSection {
  return {
    title: "How well the heads obey their equation",
    text: "Bellman residual over signal, the root mean square of V(s') − V(s). Below 0.3 a head is useful, above 0.7 it is hopeless and left out.",
    svg: residualAgainstSignal({ title: "Residual against signal", heads }),
  };
}

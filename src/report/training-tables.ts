import type { SweepEntry, TableRunResult } from "../learning/tabular/run-table.ts";
import type { TabularEntry } from "../learning/tabular/tabular-progress.ts";
import { learningCurve } from "./learning-curve.ts";
import type { TrainingPage } from "./training.ts";

/** How tables were made: swept to their exact values, or learned step by step. */
export function tablePage(algorithm: string, environment: string, result: TableRunResult): TrainingPage {
  const { usable, verdict } = result.identifiability;
  const title = `${algorithm} on ${environment}`;
  const parts = result.kind === "exact" ? sweepParts(title, result.log) : learnedParts(title, result.log);
  return { ...parts, verdict: { level: usable ? "good" : "limited", text: verdict } };
}

function sweepParts(title: string, log: readonly SweepEntry[]): Omit<TrainingPage, "verdict"> {
  const x = log.map(({ sweep }) => sweep);
  const curve = learningCurve({
    title,
    x: "sweeps",
    y: "units of value",
    logarithmic: true,
    series: [
      { name: "proven error", x, y: log.map(({ errorBound }) => errorBound) },
      { name: "largest change", x, y: log.map(({ change }) => change) },
    ],
  });
  return {
    curve,
    sections: [
      {
        title: "Convergence",
        text: "The largest change of a value in a sweep over all states, and the most that any value can be off after it, over all heads.",
        svg: curve,
      },
    ],
  };
}

function learnedParts(title: string, log: readonly TabularEntry[]): Omit<TrainingPage, "verdict"> {
  const x = log.map(({ steps }) => steps);
  const steps = "steps in the environment";
  const curve = learningCurve({
    title,
    x: steps,
    y: "discounted return",
    series: [
      { name: "of what the tables think best", x, y: log.map(({ evaluation }) => evaluation) },
      { name: "optimum", x, y: log.map(({ optimum }) => optimum) },
    ],
  });
  return {
    curve,
    sections: [
      {
        title: "Return",
        text: "Exact discounted return of the policy that is greedy in the tables, from where episodes begin, beside the largest there is.",
        svg: curve,
      },
      {
        title: "Bellman residual",
        text: "Of all heads over the pairs of state and action that were taken: RMS of what the equation leaves, over RMS of V(s') − V(s). What was never taken has no value, and is not asked about when the critic is inverted.",
        svg: [
          learningCurve({
            title: "residual over signal",
            x: steps,
            y: "residual over signal",
            logarithmic: true,
            series: [{ name: "all heads", x, y: log.map(({ residualOverSignal = Number.NaN }) => residualOverSignal) }],
          }),
          learningCurve({
            title: "pairs taken",
            x: steps,
            y: "pairs",
            series: [
              { name: "taken", x, y: log.map(({ taken }) => taken) },
              { name: "all", x, y: log.map(({ pairs }) => pairs) },
            ],
          }),
        ],
      },
      {
        title: "Evaluations",
        table: {
          columns: ["steps", "return", "optimum", "return of training episodes", "residual over signal", "pairs taken"],
          rows: log.map(({ steps: at, evaluation, optimum, trainingReturn, residualOverSignal, taken }) => [
            `${at}`,
            evaluation,
            optimum,
            trainingReturn ?? "",
            residualOverSignal ?? "",
            taken,
          ]),
        },
        wide: true,
      },
    ],
  };
}

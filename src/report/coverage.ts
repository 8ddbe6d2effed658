import type { Coverage } from "../world-model/coverage.ts";
import { learningCurve } from "./learning-curve.ts";
import type { ReportSection } from "./report.ts";

/** Nominal against measured coverage of the bounds, on transitions that nothing was fitted to. @param curve one entry a level, rising */
export function coverageSection(curve: readonly Coverage[], basis: "critics" | "transitions"): ReportSection {
  const percent = (x: number) => `${Math.round(100 * x)} %`;
  const levels = curve.map(({ level }) => level);
  const at = curve.find(({ level }) => level === 0.9) ?? curve[curve.length - 1];
  const rests = basis === "transitions" ? "Real transitions set their widths." : "No next state was used to set their widths.";
  const answered = Number.isFinite(at.answered)
    ? `The ${percent(at.level)} bounds hold ${percent(at.answered)} of the true coordinates that the model answers; it abstains from ${percent(at.abstained)}.`
    : `The model abstains from all; its ${percent(at.level)} bounds hold ${percent(at.all)}.`;
  const series = (name: string, y: readonly number[]) => ({ name, x: levels, y });
  return {
    title: "Coverage of the bounds",
    text: `${answered} ${rests}`,
    svg: learningCurve({
      title: "Coverage of the bounds",
      x: "nominal",
      y: "measured",
      series: [
        series("as promised", levels),
        ...(Number.isFinite(at.answered)
          ? [
              series(
                "answered",
                curve.map((entry) => entry.answered),
              ),
            ]
          : []),
        series(
          "all",
          curve.map((entry) => entry.all),
        ),
      ],
    }),
  };
}

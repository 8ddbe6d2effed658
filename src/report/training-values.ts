import type { GeneralValueEntry } from "../learning/invertible/run-general-values.ts";
import { learningCurve } from "./learning-curve.ts";
import { formatNumber } from "./number.ts";
import type { ReportVerdict } from "./report.ts";
import { identifiabilityCurves, type TrainingPage } from "./training.ts";

/** How general value functions of random signals were trained. */
export function generalValuePage(environment: string, log: readonly GeneralValueEntry[]): TrainingPage {
  const x = log.map(({ updates }) => updates);
  const last = log[log.length - 1];
  const curve = (title: string, y: string, series: Parameters<typeof learningCurve>[0]["series"]) =>
    learningCurve({ title, x: "updates", y, series, logarithmic: true });
  const residual = curve(`gvf on ${environment}`, "residual over signal", [
    { name: "all heads", x, y: log.map(({ residualOverSignal }) => residualOverSignal) },
    ...last.byDiscount.map(({ discount }, d) => ({ name: `γ ${discount}`, x, y: log.map(({ byDiscount }) => byDiscount[d].ratio) })),
  ]);
  const told = log.flatMap(({ updates, identifiability }) => (identifiability ? [{ at: updates, ...identifiability }] : []));
  return {
    curve: residual,
    verdict: verdictOf(last),
    sections: [
      {
        title: "Bellman residual",
        text: `RMS of V(s') − N(s, a) over RMS of V(s') − V(s), on transitions that training did not see: ${formatNumber(last.residualOverSignal)} at the end. First updates go towards a slow copy of the network, then the gradient goes through both sides.`,
        svg: residual,
      },
      ...(told.length > 0
        ? [
            {
              title: "Identifiability",
              text: "What the critic would leave of the next state unsaid, asked for it pair by pair: how many directions of a typical step stand out of its error, and the most that the answer can be off.",
              svg: identifiabilityCurves(told, "updates"),
            },
          ]
        : []),
      {
        title: "Loss",
        text: "Of the last update before each evaluation.",
        svg: curve("loss", "loss", [{ name: "loss", x, y: log.map(({ loss }) => loss) }]),
      },
      {
        title: "Evaluations",
        table: {
          columns: ["updates", "by", "loss", "residual over signal", ...(told.length > 0 ? ["seen", "bound"] : [])],
          rows: log.map(({ updates, phase, loss, residualOverSignal, identifiability: found }) => [
            `${updates}`,
            phase,
            loss,
            residualOverSignal,
            ...(found ? [`${found.visible} of ${found.dimensions}`, found.bound] : []),
          ]),
        },
        wide: true,
      },
    ],
  };
}

function verdictOf({ identifiability, residualOverSignal }: GeneralValueEntry): ReportVerdict {
  if (identifiability) return { level: identifiability.usable ? "good" : "refused", text: identifiability.verdict };
  return {
    level: "limited",
    text: `Bellman residual is ${formatNumber(residualOverSignal)} of signal; what can be inferred was not looked at while it trained.`,
    help: ["vinverse infer"],
  };
}

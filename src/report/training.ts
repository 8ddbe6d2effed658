import type { TrainingEntry } from "../learning/deep/train.ts";
import type { Identifiability } from "../learning/invertible/identify-heads.ts";
import { learningCurve } from "./learning-curve.ts";
import { formatNumber } from "./number.ts";
import type { ReportSection, ReportVerdict } from "./report.ts";

/** A training told on a page. */
export interface TrainingPage {
  /** The picture of the page. */
  readonly curve: string;
  readonly verdict: ReportVerdict;
  readonly sections: readonly ReportSection[];
}

export interface Training {
  /** e.g. "dqn" */
  readonly algorithm: string;
  readonly environment: string;
  /** An entry an evaluation. */
  readonly log: readonly TrainingEntry[];
  /** Over `episodes` fresh episodes of the critic that was kept. */
  readonly meanReturn: number;
  readonly episodes: number;
  readonly finalVerdict?: { readonly usable: boolean; readonly sentence: string };
}

/** Return against steps: evaluations with their quartiles, and the episodes of training itself. */
function returnCurve({ algorithm, environment, log }: Training): string {
  const x = log.map(({ steps }) => steps);
  const evaluated = {
    name: "evaluation",
    x,
    y: log.map(({ evaluation }) => evaluation),
    band: { low: log.map(({ quartiles }) => quartiles[0]), high: log.map(({ quartiles }) => quartiles[1]) },
  };
  const known = log.filter(({ trainingReturn }) => trainingReturn !== undefined);
  const training = { name: "training episodes", x: known.map(({ steps }) => steps), y: known.map((entry) => entry.trainingReturn!) };
  return learningCurve({
    title: `${algorithm} on ${environment}`,
    x: "steps in the environment",
    y: "return",
    series: known.length > 0 ? [evaluated, training] : [evaluated],
  });
}

export function returnPage(training: Training): TrainingPage {
  return { curve: returnCurve(training), verdict: trainingVerdict(training), sections: trainingSections(training) };
}

/** Directions seen at a single state, and the most that the next state can be off, over training. */
export function identifiabilityCurves(told: readonly (Identifiability & { readonly at: number })[], x: string): readonly string[] {
  const at = told.map((one) => one.at);
  const directions = [
    { name: `visible, of ${told[0].dimensions}`, x: at, y: told.map(({ visible }) => visible) },
    { name: "effective rank", x: at, y: told.map(({ effectiveRank }) => effectiveRank) },
  ];
  const bound = [{ name: "bound", x: at, y: told.map((one) => one.bound) }];
  return [
    learningCurve({ title: "directions seen", x, y: "directions", series: directions }),
    learningCurve({ title: "bound on the next state", x, y: "bound, in typical changes", series: bound, logarithmic: true }),
  ];
}

function trainingSections(training: Training): readonly ReportSection[] {
  const { log } = training;
  const x = log.map(({ steps }) => steps);
  const curve = (title: string, y: string, series: Parameters<typeof learningCurve>[0]["series"]) =>
    learningCurve({ title, x: "steps in the environment", y, series });
  const told = log.flatMap(({ steps, identifiability }) => (identifiability ? [{ at: steps, ...identifiability }] : []));
  const losses = Object.keys(log[log.length - 1]?.losses ?? {});
  return [
    {
      title: "Return",
      text: `Evaluations without exploration: the mean and, as a band, the quartiles of their episodes. The critic that was kept has a mean return of ${formatNumber(training.meanReturn)} over ${training.episodes} fresh episodes.`,
      svg: returnCurve(training),
    },
    ...(told.length > 0
      ? [
          {
            title: "Identifiability",
            text: "What the heads of random signals would leave of the next state unsaid: their Bellman residual over their signal on transitions held out, and how many directions of a typical step stand out of the error at a single state.",
            svg: [
              learningCurve({
                title: "residual over signal",
                x: "steps in the environment",
                y: "residual over signal",
                series: [{ name: "heads", x: told.map(({ at }) => at), y: told.map((one) => one.residualOverSignal) }],
                logarithmic: true,
              }),
              ...identifiabilityCurves(told, "steps in the environment"),
            ],
          },
        ]
      : []),
    {
      title: "Speed",
      svg: curve("updates a second", "updates a second", [{ name: "updates", x, y: log.map(({ updatesPerSecond }) => updatesPerSecond) }]),
    },
    {
      title: "Losses",
      text: "Of the last update before each evaluation.",
      svg: losses.map((name) => curve(name, name, [{ name, x, y: log.map((entry) => entry.losses[name] ?? Number.NaN) }])),
    },
    {
      title: "Evaluations",
      table: {
        columns: [
          "steps",
          "return",
          "quartiles",
          "updates",
          "updates a second",
          ...(told.length > 0 ? ["residual over signal", "seen"] : []),
        ],
        rows: log.map(({ steps, evaluation, quartiles, updates, updatesPerSecond, identifiability }) => [
          `${steps}`,
          evaluation,
          quartiles.map((q) => formatNumber(q)).join(" to "),
          updates,
          updatesPerSecond,
          ...(told.length > 0
            ? identifiability
              ? [identifiability.residualOverSignal, `${identifiability.visible} of ${identifiability.dimensions}`]
              : ["", ""]
            : []),
        ]),
      },
      wide: true,
    },
  ];
}

function trainingVerdict({ meanReturn, episodes, finalVerdict }: Training): ReportVerdict {
  const text = `Mean return ${formatNumber(meanReturn)} over ${episodes} fresh episodes.`;
  if (!finalVerdict)
    return {
      level: "limited",
      text: `${text} What can be inferred from this critic was not looked at while it trained.`,
      help: ["vinverse infer, or --identifiable while training"],
    };
  return { level: finalVerdict.usable ? "good" : "refused", text: `${text} ${finalVerdict.sentence}` };
}

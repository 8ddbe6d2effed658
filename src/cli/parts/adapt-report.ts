import type { Interval } from "../../numbers/statistics.ts";
import { median } from "../../numbers/statistics.ts";

/** One life in a changed continuous world. */
export interface AdaptationRun {
  readonly seed: number;
  /** Step of the alarm; null where nothing was noticed. */
  readonly noticed: number | null;
  readonly sentence: string;
  /** Returns of the plan that the agent came with: in the old world, and in the changed one. */
  readonly before: number;
  readonly oldPlan: number;
  /** [steps so far, return] after each lesson */
  readonly lessons: readonly (readonly [number, number])[];
}

export interface AdaptationStudy {
  readonly folder: string;
  readonly env: string;
  /** The change, in words. */
  readonly named: string;
  readonly steps: number;
  /** Return of the plan in the exact new laws. */
  readonly trueLaws: number;
  readonly command: string;
  readonly seed: number;
}

/** Returns this near those of the true laws are as good. */
const NEAR = 0.05;

/** What a run would get after so many steps: the old plan's return until the first lesson. */
const returnAt = ({ oldPlan, lessons }: AdaptationRun, t: number) => lessons.findLast(([step]) => step <= t)?.[1] ?? oldPlan;

/** The answer in a sentence, in rows, and in figures. */
export function tellAdaptation(runs: readonly AdaptationRun[], { env, named, steps, trueLaws }: AdaptationStudy) {
  const middle = (of: (run: AdaptationRun) => number) => median(runs.map(of));
  const enough = trueLaws - NEAR * Math.abs(trueLaws);
  const solved = runs.map(({ lessons }) => lessons.find(([, got]) => got >= enough)?.[0] ?? null);
  const found = runs.filter(({ noticed }) => noticed !== null);
  const returns = {
    before: middle(({ before }) => before),
    oldPlan: middle(({ oldPlan }) => oldPlan),
    adapted: middle((run) => returnAt(run, steps)),
    trueLaws,
  };
  const unsolved = solved.filter((step) => step === null).length;
  const noticed =
    found.length === 0
      ? `nothing was noticed in ${steps} steps`
      : `noticed after ${median(found.map((run) => run.noticed!))} steps${found.length < runs.length ? ` in ${found.length} of ${runs.length} runs` : ""}: ${found[0].sentence}`;
  const near =
    unsolved === runs.length
      ? `within ${100 * NEAR} % of the true laws' in none of ${runs.length} runs`
      : `within ${100 * NEAR} % of the true laws' after ${median(solved.map((step) => step ?? steps))} steps${unsolved > 0 ? ` (${unsolved} of ${runs.length} runs never)` : ""}`;
  const sentence = `${env} with ${named}: ${noticed}. The return, ${short(returns.before)} before the change and ${short(returns.oldPlan)} with the old plan, is ${short(returns.adapted)} after the last lesson and ${near}.`;
  const marks = [...new Set(runs.flatMap(({ lessons }) => lessons.map(([step]) => step)))].sort((a, b) => a - b);
  const rows = [
    ["before the change", short(returns.before), ""],
    ["the old plan kept", short(returns.oldPlan), ""],
    ...marks.map((t) => {
      const learned = runs.filter(({ lessons }) => lessons.some(([step]) => step === t)).length;
      return [
        `after ${t} steps`,
        short(middle((run) => returnAt(run, t))),
        learned < runs.length ? `a lesson in ${learned} of ${runs.length} runs` : "",
      ];
    }),
    ["planned in the true new laws", short(trueLaws), ""],
  ];
  return { sentence, rows, figures: { returns, noticed: runs.map((run) => run.noticed), solved, unsolved } };
}

/** A page with returns against steps. */
export async function adaptationReport(runs: readonly AdaptationRun[], study: AdaptationStudy): Promise<string> {
  const [{ learningCurve, renderReport }, { version }, { meanOf }] = await Promise.all([
    import("../../report/index.ts"),
    import("./version.ts"),
    import("../../numbers/statistics.ts"),
  ]);
  const { sentence, rows, figures } = tellAdaptation(runs, study);
  const every = Math.max(1, Math.round(study.steps / 100));
  const x = Array.from({ length: Math.floor(study.steps / every) + 1 }, (_, i) => i * every);
  const line = (name: string, of: (t: number) => Interval) => {
    const points = x.map(of);
    return {
      name,
      x,
      y: points.map(({ value }) => value),
      band: { low: points.map(({ low }) => low), high: points.map(({ high }) => high) },
    };
  };
  const kept = meanOf(runs.map(({ oldPlan }) => oldPlan));
  const svg = learningCurve({
    title: "return after the change",
    x: "steps in the changed world",
    y: "return",
    series: [
      line("inferred model, repaired", (t) => meanOf(runs.map((run) => returnAt(run, t)))),
      line("the old plan kept", () => kept),
      { name: "planned in the true new laws", x, y: x.map(() => study.trueLaws) },
    ],
  });
  return renderReport({
    title: `Adapting to a change of ${study.env}`,
    subtitle: `model: ${study.folder}, change: ${study.named}`,
    verdict: { level: figures.unsolved === 0 ? "good" : "limited", text: sentence },
    sections: [
      { title: "Returns", text: "Means over seeds with 95 % bootstrap intervals; evaluations take no step.", svg, wide: true },
      { title: "Median returns", table: { columns: ["", "return", ""], rows } },
      {
        title: "What was noticed",
        table: {
          columns: ["seed", "step", "what"],
          rows: runs.map(({ seed, noticed, sentence: what }) => [seed, noticed ?? "never", what]),
        },
      },
    ],
    command: study.command,
    seed: study.seed,
    version,
  });
}

function short(x: number): string {
  return String(Number(x.toPrecision(4)));
}

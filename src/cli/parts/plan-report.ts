import { median } from "../../numbers/statistics.ts";
export interface Episodes {
  readonly name: string;
  /** [episodes] steps to the goal; NaN where it was not reached */
  readonly steps: readonly number[];
}

export function medianSteps(steps: readonly number[], longest: number): number {
  return median(steps.map((x) => (Number.isFinite(x) ? x : longest)));
}

/** A page with the share of episodes at the goal against steps. */
export async function planReport(
  all: readonly Episodes[],
  longest: number,
  about: { folder: string; sentence: string; command: string; env: string; goal: string; seed: number; worse: boolean },
): Promise<string> {
  const [{ learningCurve, renderReport }, { version }, { meanOf }] = await Promise.all([
    import("../../report/index.ts"),
    import("./version.ts"),
    import("../../numbers/statistics.ts"),
  ]);
  const every = Math.max(1, Math.round(longest / 50));
  const x = Array.from({ length: Math.floor(longest / every) }, (_, i) => (i + 1) * every);
  const series = all.map(({ name, steps }) => {
    const points = x.map((t) => meanOf(steps.map((step) => (step <= t ? 1 : 0))));
    return {
      name,
      x,
      y: points.map(({ value }) => value),
      band: { low: points.map(({ low }) => low), high: points.map(({ high }) => high) },
    };
  });
  return renderReport({
    title: `Planning in ${about.env}`,
    subtitle: `model: ${about.folder}, goal ${about.goal}`,
    verdict: { level: about.worse ? "limited" : "good", text: about.sentence },
    sections: [
      {
        title: "Episodes at the goal",
        text: "Share of episodes that have reached the goal after so many steps of the true world, with 95 % bootstrap intervals.",
        svg: learningCurve({ title: "share of episodes at the goal", x: "steps in the environment", y: "share of episodes", series }),
        wide: true,
      },
      {
        title: "Steps to the goal",
        table: {
          columns: ["planned in", "median steps", "reached"],
          rows: all.map(({ name, steps }) => [
            name,
            medianSteps(steps, longest),
            `${steps.filter(Number.isFinite).length} of ${steps.length}`,
          ]),
        },
      },
    ],
    command: about.command,
    seed: about.seed,
    version,
  });
}

import { files } from "#files";
import { mean, median } from "../numbers/statistics.ts";
import { PRIOR } from "../world-model/bounds.ts";
import { type Coverage, LEVELS } from "../world-model/coverage.ts";
import { studentQuantile } from "../world-model/student.ts";
import type { Reproduce, ReproductionChart } from "./harness/reproduction.ts";
import { agreement, criticPaths, MEASURING, publishedFolder, runCase, type UncertaintyRun, uncertaintyCases } from "./uncertainty-cases.ts";

const LEVEL = 0.9;
const WITHIN = 0.05;
/** The scale of bounds without transitions was fitted on these. */
const DEVELOPMENT = 2;
const HELD_OUT = 5;
/** Held-out seeds begin so much later. */
const LATER = 100;

/** One case over its held-out seeds. */
interface CaseFigures {
  readonly key: string;
  readonly id: string;
  readonly critics: readonly string[];
  readonly seeds: number;
  readonly refused: number;
  readonly coverage: number;
  readonly coverageRange: readonly [number, number];
  readonly leftOut: number;
  readonly measured: number;
  readonly measuredRange: readonly [number, number];
  readonly abstained: number;
  readonly abstainedMeasured: number;
  readonly widthOverError: number;
  readonly errorAnswered: number;
  readonly errorAbstained: number;
}

/**
 * Do 90 % bounds hold 90 % of true errors? Every case on held-out seeds: as inference leaves them, with the scale fitted to other environments only, and with
 * 300 real transitions that measured them. What is abstained from beside what is answered, and two critics that agree and are wrong.
 */
export const reproduceUncertainty: Reproduce = async ({ critics: given, cache, seed, onProgress }) => {
  const start = performance.now();
  const folder = await publishedFolder(given);
  const present = uncertaintyCases.filter((entry) => criticPaths(entry, folder, 0));
  const skipped = uncertaintyCases.filter((entry) => !present.includes(entry)).map(({ key }) => key);
  const total = present.length * (DEVELOPMENT + HELD_OUT) + 1;
  let done = 0;
  const checkpoint = await readCheckpoint(`${cache ?? "runs/reproduce"}/uncertainty.json`, { seed, present });
  const runsOf = async (first: number, count: number, held: boolean) => {
    const runs: UncertaintyRun[] = [];
    for (const entry of present) {
      for (let i = 0; i < count; i++) {
        onProgress?.(done++, total, `${entry.key}, ${held ? "held-out" : "development"} seed ${first + i}`);
        // the first critic is development's; the others, where there are any, are held out
        const others = (entry.shipped?.length ?? 1) - 1;
        const paths = criticPaths(entry, folder, held && others > 0 ? 1 + (i % others) : 0)!;
        runs.push(await checkpoint.resume(`${entry.key} ${first + i}`, () => runCase(entry, paths, first + i)));
      }
    }
    return runs;
  };
  const development = (await runsOf(seed, DEVELOPMENT, false)).filter(({ usesTransitions }) => !usesTransitions);
  const heldOut = await runsOf(seed + LATER, HELD_OUT, true);
  const cases = present.map(({ key }) =>
    figuresOf(
      heldOut.filter((run) => run.key === key),
      development,
    ),
  );
  onProgress?.(done++, total, "two critics that agree");
  const agreed = await agreement(
    "MountainCarGoal-v0",
    ["zoo/MountainCarGoal-v0-seed-1", "zoo/MountainCarGoal-v0-seed-2"],
    { samples: 8000 },
    seed + LATER,
  );
  onProgress?.(total, total, "done");
  await checkpoint.finish();

  const answering = cases.filter(({ coverage }) => Number.isFinite(coverage));
  const distance = (x: number) => Math.abs(x - LEVEL);
  const within = (x: number) => distance(x) <= WITHIN + 1e-12;
  const alone = answering.filter(({ key }) => !heldOut.some((run) => run.key === key && run.usesTransitions));
  const finite = (values: readonly number[]) => values.filter(Number.isFinite);
  const figures = {
    cases: cases.length,
    measuredWithin: cases.filter(({ measured }) => within(measured)).length,
    measuredCoverage: mean(cases.map(({ measured }) => measured)),
    measuredWorstDistance: Math.max(...cases.map(({ measured }) => distance(measured))),
    answeringCases: answering.length,
    within: answering.filter(({ coverage }) => within(coverage)).length,
    coverage: mean(answering.map(({ coverage }) => coverage)),
    worstDistance: Math.max(...answering.map(({ coverage }) => distance(coverage))),
    leastCoverage: Math.min(...answering.map(({ coverage }) => coverage)),
    leftOutCoverage: mean(alone.map(({ leftOut }) => leftOut)),
    leftOutWorstDistance: Math.max(...alone.map(({ leftOut }) => distance(leftOut))),
    abstained: mean(cases.map(({ abstained }) => abstained)),
    abstainedMeasured: mean(cases.map(({ abstainedMeasured }) => abstainedMeasured)),
    errorAnswered: median(finite(cases.map(({ errorAnswered }) => errorAnswered))),
    errorAbstained: median(finite(cases.map(({ errorAbstained }) => errorAbstained))),
    widthOverError: median(finite(cases.map(({ widthOverError }) => widthOverError))),
    twoCriticsApart: agreed.disagreement,
    twoCriticsError: agreed.error,
    twoCriticsErrorOfMean: agreed.errorOfMean,
    twoCriticsErrorOverDisagreement: agreed.errorOfMean / agreed.disagreement,
    twoCriticsEnsembleCoverage: agreed.ensembleCoverage,
    twoCriticsBoundCoverage: agreed.boundCoverage,
    ...Object.fromEntries(answering.map(({ key, coverage }) => [key, coverage])),
    ...Object.fromEntries(cases.map(({ key, measured }) => [`${key}Measured`, measured])),
  };
  const ranges = Object.fromEntries([
    ...answering.map(({ key, coverageRange }) => [key, coverageRange] as const),
    ...cases.map(({ key, measuredRange }) => [`${key}Measured`, measuredRange] as const),
  ]);
  const outside = answering.filter(({ coverage }) => !within(coverage)).map(({ key, coverage }) => `${key} ${coverage.toFixed(2)}`);
  const absent = skipped.length > 0 ? ` Skipped, since their critics are absent: ${skipped.join(", ")}.` : "";
  return {
    figures,
    ranges,
    seeds: Array.from({ length: HELD_OUT }, (_, i) => seed + LATER + i),
    seconds: (performance.now() - start) / 1000,
    charts: chartsOf(heldOut, cases),
    claim: {
      holds: figures.measuredWithin === cases.length && outside.length === 0,
      text: `With ${MEASURING} transitions that measure them, 90 % bounds hold 85 to 95 % in ${figures.measuredWithin} of ${cases.length} cases; without any in ${figures.within} of ${answering.length}${outside.length > 0 ? `, not in: ${outside.join(", ")}` : ""}.${absent}`,
    },
    details: {
      developmentSeeds: Array.from({ length: DEVELOPMENT }, (_, i) => seed + i),
      factor: PRIOR.scale * studentQuantile(LEVEL, PRIOR.degrees),
      factorOfDevelopment: factorOf(development),
      measuringTransitions: MEASURING,
      skipped,
      cases,
      twoCritics: agreed,
    },
  };
};

/** Runs of a reproduction that was broken off; what it was asked must be the same. */
async function readCheckpoint(path: string, asked: unknown) {
  const signature = JSON.stringify({ asked, PRIOR, DEVELOPMENT, HELD_OUT });
  const found =
    (await files.kind(path)) === "file"
      ? (JSON.parse(new TextDecoder().decode(await files.read(path)), revive) as {
          signature: string;
          runs: Record<string, UncertaintyRun>;
        })
      : undefined;
  const runs = found?.signature === signature ? found.runs : {};
  const write = (kept: typeof runs) => files.write(path, new TextEncoder().encode(JSON.stringify({ signature, runs: kept })));
  return {
    async resume(key: string, run: () => Promise<UncertaintyRun>): Promise<UncertaintyRun> {
      if (!runs[key]) {
        runs[key] = await run();
        await write(runs);
      }
      return runs[key];
    },
    finish: () => write({}),
  };
}

/** JSON has no NaN: shares of nothing come back as null. */
function revive(_key: string, value: unknown): unknown {
  return value === null ? Number.NaN : value;
}

/** Coverage of what is answered; of all where nothing is. */
function held({ answered, all }: Coverage): number {
  return Number.isFinite(answered) ? answered : all;
}

function figuresOf(runs: readonly UncertaintyRun[], development: readonly UncertaintyRun[]): CaseFigures {
  const [{ key, id }] = runs;
  const answered = runs.filter(({ bounds }) => bounds.abstained < 1);
  const coverages = answered.map(({ bounds }) => bounds.answered);
  const measured = runs.map((run) => held(run.measured));
  const factor = factorOf(development.filter((run) => run.id !== id));
  const rms = (values: readonly number[]) => {
    const finite = values.filter(Number.isFinite);
    return Math.sqrt(mean(finite.map((x) => x * x)));
  };
  return {
    key,
    id,
    critics: [...new Set(runs.flatMap(({ critics }) => critics))],
    seeds: runs.length,
    refused: runs.filter(({ refused }) => refused).length,
    coverage: mean(coverages),
    coverageRange: [Math.min(...coverages), Math.max(...coverages)],
    // fits with transitions have measured themselves
    leftOut: mean(answered.map(({ scores, usesTransitions }) => (usesTransitions ? Number.NaN : shareBelow(scores, factor)))),
    measured: mean(measured),
    measuredRange: [Math.min(...measured), Math.max(...measured)],
    abstained: mean(runs.map(({ bounds }) => bounds.abstained)),
    abstainedMeasured: mean(runs.map((run) => run.measured.abstained)),
    widthOverError: median(answered.map(({ bounds }) => bounds.widthOverError)),
    errorAnswered: rms(runs.map(({ bounds }) => bounds.errorAnswered)),
    errorAbstained: rms(runs.map(({ bounds }) => bounds.errorAbstained)),
  };
}

/** The multiple of deviations that holds 90 % of errors on average over cases. */
export function factorOf(runs: readonly Pick<UncertaintyRun, "key" | "scores">[]): number {
  const answering = runs.filter(({ scores }) => scores.length > 0);
  const keys = [...new Set(answering.map(({ key }) => key))];
  const coverage = (factor: number) =>
    mean(keys.map((key) => mean(answering.filter((run) => run.key === key).map(({ scores }) => shareBelow(scores, factor)))));
  let [low, high] = [0, 1000];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (coverage(middle) < LEVEL) low = middle;
    else high = middle;
  }
  return high;
}

function shareBelow(sorted: readonly number[], factor: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= factor) low = middle + 1;
    else high = middle;
  }
  return low / sorted.length;
}

function chartsOf(runs: readonly UncertaintyRun[], cases: readonly CaseFigures[]): ReproductionChart[] {
  const levels = [...LEVELS];
  const curve = (title: string, text: string, of: (run: UncertaintyRun) => readonly Coverage[]): ReproductionChart => {
    const ofCases = cases.flatMap(({ key }) => {
      const own = runs.filter((run) => run.key === key && of(run).some(({ abstained }) => abstained < 1));
      return own.length === 0 ? [] : [levels.map((_, l) => mean(own.map((run) => held(of(run)[l]))))];
    });
    const line = (name: string, pick: (values: number[]) => number) => ({
      name,
      x: levels,
      y: levels.map((_, l) => pick(ofCases.map((values) => values[l]))),
    });
    return {
      title,
      text,
      x: "nominal",
      y: "measured",
      series: [
        { name: "as promised", x: levels, y: levels },
        line("mean of the cases", mean),
        line("least", (values) => Math.min(...values)),
        line("greatest", (values) => Math.max(...values)),
      ],
    };
  };
  const places = cases.map((_, i) => i + 1);
  const level = (y: number) => ({ name: `${Math.round(100 * y)} %`, x: places, y: places.map(() => y) });
  return [
    curve("Coverage without transitions", "Bounds as inference leaves them, held-out seeds, of what was answered.", (run) => run.curve),
    curve("Coverage once measured", `Bounds that ${MEASURING} real transitions have measured, held-out seeds.`, (run) => run.measuredCurve),
    {
      title: "90 % bounds, case by case",
      text: cases.map(({ key }, i) => `${i + 1} ${key}`).join(", "),
      x: "case",
      y: "coverage",
      series: [
        level(0.85),
        level(0.95),
        { name: "without transitions", x: places, y: cases.map(({ coverage }) => coverage) },
        { name: "measured", x: places, y: cases.map(({ measured }) => measured) },
      ],
    },
  ];
}

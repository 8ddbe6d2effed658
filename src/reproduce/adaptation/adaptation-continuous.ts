import { returnOf } from "../../agents/continuous/adaptation-run.ts";
import type { OnProgress } from "../../base/progress.ts";
import { make } from "../../environments/make.ts";
import { gridOf, type Interval, mean, median, medianOf, speedup, sum } from "../../numbers/statistics.ts";
import type { ReproductionChart } from "../harness/reproduction.ts";
import { type ContinuousChangeStudy, continuousChanges, optimal } from "./continuous-changes.ts";
import { type AgentRun, type ContinuousRun, type Prepared, prepareRuns, quietAlarms, runAgent, runLearner } from "./continuous-runs.ts";

const TUNING = 900;
const EVERY = 50;

/** How much of it is run. */
export interface Extent {
  readonly studies: readonly ContinuousChangeStudy[];
  readonly seeds: number;
  readonly tunedOn: number;
  /** Steps of a learner that is tuned, and of one that counts. */
  readonly caps: { readonly tuning: number; readonly run: number };
  /** Steps without a change for every seed and world: five seeds and three worlds make 3 · 10⁶, so that 10⁻⁵ would be 30 alarms. */
  readonly quiet: number;
  /** Of each critic in imagination, after its world was repaired. */
  readonly updates: number;
}
const WHOLE: Extent = {
  studies: continuousChanges,
  seeds: 5,
  tunedOn: 2,
  caps: { tuning: 2000, run: 4000 },
  quiet: 200_000,
  updates: 6000,
};

/** Wide enough that no edge was best on other seeds: more updates slowed SAC, fewer DQN; rates beyond were worse. */
const grid = ({ algorithm }: ContinuousChangeStudy) =>
  gridOf({
    memory: [0, 1],
    ...(algorithm === "dqn"
      ? { updatesPerStep: [2, 8, 16], learningRate: [1e-3, 3e-4] }
      : { updatesPerStep: [1, 4], learningRate: [3e-3, 1e-3, 3e-4, 1e-4] }),
  });

export interface ContinuousAdaptation {
  /** The worst of the worlds. */
  readonly overContinuedLearner: Interval;
  readonly unsolved: number;
  readonly falseAlarmRate: number;
  readonly worlds: Readonly<Record<string, unknown>>;
  readonly charts: readonly ReproductionChart[];
}

/** Physics that change under a learner's critic: the agent's real steps until it is within 5 % of the new optimum, against those of the learner that goes on. */
export async function continuousAdaptation(
  seed: number,
  cache: string,
  onProgress: OnProgress,
  { studies, seeds, tunedOn, caps, quiet, updates }: Extent = WHOLE,
): Promise<ContinuousAdaptation> {
  const worlds: Record<string, unknown> = {};
  const charts: ReproductionChart[] = [];
  const ratios: Interval[] = [];
  let [unsolved, alarms] = [0, 0];
  const parts = studies.map((study) => grid(study).length + seeds + 1);
  const all = sum(parts);
  let done = 0;
  for (const study of studies) {
    const tell = (what: string) => onProgress(done++, all, `${study.name}: ${what}`);
    tell("optimum");
    const world = make(study.id, study.change);
    const optimum = await returnOf(await optimal(study, world), world);
    const tuning: Prepared[] = [];
    for (let i = 0; i < tunedOn; i++) tuning.push(await prepareRuns(study, TUNING + i, cache));
    const scored: { settings: Record<string, number>; score: number; steps: number[]; returns: number }[] = [];
    for (const settings of grid(study)) {
      tell("tuning the learner that goes on");
      const runs: ContinuousRun[] = [];
      for (const one of tuning) runs.push(await runLearner(one, optimum, settings, { cap: caps.tuning, every: EVERY }));
      const steps = runs.map(({ solved }) => solved);
      scored.push({ settings, steps, score: median(steps), returns: mean(runs.flatMap(({ curve }) => curve.map(([, got]) => got))) });
    }
    // of settings that are as fast, or as slow, the one with the higher returns on its way
    const better = (a: (typeof scored)[number], b: (typeof scored)[number]) => a.score - b.score || b.returns - a.returns;
    const { settings } = scored.toSorted(better)[0];
    const own: AgentRun[] = [];
    const rival: ContinuousRun[] = [];
    const prepared: Prepared[] = [];
    let worldAlarms = 0;
    for (let i = 0; i < seeds; i++) {
      tell(`seed ${seed + i}`);
      const one = await prepareRuns(study, seed + i, cache);
      prepared.push(one);
      own.push(await runAgent(one, optimum, caps.run, updates));
      rival.push(await runLearner(one, optimum, settings, { cap: caps.run, every: EVERY }));
      worldAlarms += await quietAlarms(one, quiet);
    }
    const steps = (runs: readonly ContinuousRun[]) => runs.map(({ solved }) => solved);
    const capped = (runs: readonly ContinuousRun[]) => runs.filter((run) => run.capped).length;
    const ratio = speedup(steps(rival), steps(own));
    ratios.push(ratio);
    alarms += worldAlarms;
    unsolved += capped(own);
    worlds[study.name] = {
      environment: study.id,
      change: study.change,
      optimum,
      returnBefore: medianOf(prepared.map(({ before }) => before)),
      oldPolicyAfter: medianOf(prepared.map(({ after }) => after)),
      oldPolicyAfterEach: prepared.map(({ after }) => after),
      timesFewer: ratio,
      inferred: {
        steps: medianOf(steps(own)),
        each: steps(own),
        unsolved: capped(own),
        detectionDelay: medianOf(own.map(({ alarm }) => alarm)),
        refitSteps: medianOf(own.map(({ refitSteps }) => refitSteps ?? 0)),
        returns: medianOf(own.map(({ curve }) => curve.at(-1)?.[1] ?? Number.NaN)),
        errorOfInferredModel: own[0].inferredError,
        words: own[0].sentence,
      },
      critic: catchingUp(own, rival),
      continuedLearner: {
        algorithm: study.algorithm,
        steps: medianOf(steps(rival)),
        each: steps(rival),
        unsolved: capped(rival),
        settings,
        grid: scored,
      },
      falseAlarms: worldAlarms,
      quietSteps: seeds * quiet,
    };
    charts.push({
      title: `${study.name} (${study.id})`,
      text: `Return against real steps since the change, first seed; optimum ${optimum.toFixed(1)}.`,
      x: "real steps",
      y: "return",
      series: [curveOf("inferred model", prepared[0], own[0]), curveOf("learner that goes on", prepared[0], rival[0])],
    });
  }
  return {
    overContinuedLearner: ratios.reduce((worst, ratio) => (ratio.value < worst.value ? ratio : worst)),
    unsolved,
    falseAlarmRate: alarms / (studies.length * seeds * quiet),
    worlds,
    charts,
  };
}

/** The critics after lessons in imagination, and the learner that went on alone for as many real steps, or for one evaluation's. */
function catchingUp(own: readonly AgentRun[], rival: readonly ContinuousRun[]) {
  const rows = own.flatMap(({ solved, caughtUp }, i) => {
    const alone = rival[i].curve.find(([t]) => t >= solved) ?? rival[i].curve.at(-1);
    return caughtUp ? [{ ...caughtUp, realSteps: solved, alone: { steps: alone?.[0], return: alone?.[1] } }] : [];
  });
  if (rows.length === 0) return undefined;
  const middle = (of: (row: (typeof rows)[number]) => number) => medianOf(rows.map(of));
  return {
    updates: rows[0].updates,
    residualBefore: middle(({ residual }) => residual.before),
    residualAfter: middle(({ residual }) => residual.after),
    returnBefore: middle(({ policy }) => policy.before),
    returnAfter: middle(({ policy }) => policy.after),
    returnOfLearnerAlone: middle(({ alone }) => alone.return ?? Number.NaN),
    each: rows,
  };
}

function curveOf(name: string, { after }: Prepared, { curve }: ContinuousRun) {
  return { name, x: [1, ...curve.map(([t]) => t)], y: [after, ...curve.map(([, got]) => got)] };
}

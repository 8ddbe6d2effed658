import type { OnProgress } from "../../base/progress.ts";
import type { TabularCritic } from "../../critics/critic.ts";
import { restoreCritic, type SavedCritic } from "../../critics/saved.ts";
import type { Environment } from "../../environments/environment.ts";
import { make } from "../../environments/make.ts";
import { saveCritic } from "../../formats/critic-folder.ts";
import { identifyTabular } from "../../identifiability/tabular.ts";
import { mean } from "../../numbers/statistics.ts";
import { checkpointFile } from "../checkpoint-file.ts";
import { type LogKind, openLog } from "../training-log.ts";
import { exactCritic, learnedCritic } from "./tabular.ts";
import { type TabularKind, type TabularLearner, tabularLearner } from "./tabular-learner.ts";
import { greedyReturn, optimalReturn, type TabularEntry, tabularLog, tabularResiduals } from "./tabular-progress.ts";
import { signalTasks, type TabularLearningTask } from "./tabular-tasks.ts";
import { TABLE_STEPS, tasksOf } from "./train-tables.ts";

export interface TableRunOptions {
  readonly environment: string;
  readonly algorithm: TabularKind | "value-iteration";
  readonly seed: number;
  /** Folder of the critic, log.jsonl and checkpoint.safetensors. */
  readonly out: string;
  /** γ */
  readonly discount: number;
  /** Steps in the environment (10⁶); none for value iteration. */
  readonly steps?: number;
  /** Goals of a grid world, a head each. */
  readonly goals?: readonly (readonly number[])[];
  /** Random signals of the states beside the tasks. */
  readonly identifiable?: boolean;
  /** Go on from the checkpoint in `out`. */
  readonly resume?: boolean;
  /** How the command line says all this: the critic keeps the command that makes it. */
  readonly command: string;
  readonly onProgress?: OnProgress;
}

/** A line of the log of value iteration: the largest change of a sweep, and the proven error of the values after it, over all tasks. */
export interface SweepEntry {
  readonly sweep: number;
  readonly change: number;
  readonly errorBound: number;
}

export interface TableIdentifiability {
  readonly usable: boolean;
  readonly verdict: string;
  readonly tiedStates: number;
  readonly leastGap: number;
  readonly errorBound: number;
  /** Of learned tables: pairs that were taken, those that one state follows, and those whose next state is certain. */
  readonly taken?: number;
  readonly told?: number;
  readonly certain?: number;
}

export type TableRunResult = { readonly critic: SavedCritic; readonly identifiability: TableIdentifiability } & (
  | { readonly kind: "exact"; readonly log: readonly SweepEntry[] }
  | { readonly kind: "learned"; readonly log: readonly TabularEntry[] }
);

const EVALUATIONS = 20;
/** Sweeps are logged so much farther apart the more there have been. */
const APART = 1.05;

/** Train tables into a folder; learned ones keep a checkpoint at every evaluation, from which the same training goes on to the same bytes. */
export async function runTable(options: TableRunOptions): Promise<TableRunResult> {
  const { algorithm, seed, identifiable, out, command } = options;
  const environment = make(options.environment);
  const tasks = tasksOf(environment, algorithm, options.goals);
  const exact = algorithm === "value-iteration";
  const all = identifiable ? [...tasks, ...signalTasks(tasks[0].tables, seed, exact)] : tasks;
  const made = exact ? await solve(environment, all, options) : await learn(algorithm, environment, all, tasks.length, options);
  const restored = restoreCritic(made.critic);
  if (restored.kind !== "tabular") throw new TypeError("a table gave a network");
  const identifiability = made.kind === "exact" ? verdictOfExact(restored) : verdictOfLearned(restored, all, made.learner);
  const critic = { ...made.critic, made: { command, seed, ...made.critic.made, identifiability } };
  await saveCritic(out, critic);
  return made.kind === "exact"
    ? { kind: made.kind, critic, identifiability, log: made.log }
    : { kind: made.kind, critic, identifiability, log: made.log };
}

function verdictOfExact(critic: TabularCritic): TableIdentifiability {
  const { verdict, tiedStates, leastGap, errorBound } = identifyTabular(critic);
  return { usable: verdict.usable, verdict: verdict.sentence, tiedStates, leastGap, errorBound };
}

/** Of what was never taken nothing is known: states that were never met share their values, and stand in nobody's way. */
function verdictOfLearned(critic: TabularCritic, tasks: readonly TabularLearningTask[], learner: TabularLearner): TableIdentifiability {
  const { tiedStates, leastGap, leastSeparateGap, errorBound, gaps } = identifyTabular(critic);
  const { taken, told, certain, residualOverSignal } = tabularResiduals(tasks, critic.heads[0].discount, learner, gaps);
  const usable = told > 0 && 2 * certain >= told;
  const heard =
    residualOverSignal === undefined ? "no values differ yet" : `their Bellman residual is ${percent(residualOverSignal)} of signal`;
  const learned = `${taken} of ${learner.visits.length} pairs of state and action were taken, ${heard}`;
  const least = Number.isFinite(leastSeparateGap) ? ` (${leastSeparateGap.toPrecision(2)} at least)` : "";
  const sentence =
    told === 0
      ? `${learned}; none leads to one state alone: infer probabilities, with --method projection.`
      : `${learned}; of ${told} that one state follows, it is certain for ${certain}: there the residual is below half the gap between values${least}.`;
  return { usable, verdict: sentence, tiedStates, leastGap, errorBound, taken, told, certain };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

const sweepLog: LogKind<SweepEntry> = {
  at: ({ sweep }) => sweep,
  scalars: ({ change, errorBound }) => ({ "values/change of a sweep": change, "values/error bound": errorBound }),
};

async function solve(environment: Environment, tasks: readonly TabularLearningTask[], { discount, out, onProgress }: TableRunOptions) {
  const sweeps: SweepEntry[] = [];
  let task = 0;
  const critic = exactCritic(environment, tasks, discount, (sweep, change, errorBound) => {
    if (sweep === 1) onProgress?.(task++, tasks.length, "value iteration");
    const before = sweeps[sweep - 1];
    sweeps[sweep - 1] = { sweep, change: Math.max(change, before?.change ?? 0), errorBound: Math.max(errorBound, before?.errorBound ?? 0) };
  });
  let next = 1;
  const told = sweeps.filter(({ sweep }) => {
    if (sweep < next && sweep < sweeps.length) return false;
    next = Math.max(sweep + 1, Math.ceil(APART * sweep));
    return true;
  });
  const log = await openLog(out, undefined, sweepLog);
  await log.add(...told);
  return { kind: "exact" as const, critic, log: log.entries };
}

async function learn(
  algorithm: TabularKind,
  environment: Environment,
  tasks: readonly TabularLearningTask[],
  pursued: number,
  { seed, discount, steps = TABLE_STEPS, goals, identifiable, out, resume, onProgress }: TableRunOptions,
) {
  const own = tasks.slice(0, pursued);
  const learner = tabularLearner(algorithm, tasks, { seed, discount, steps, pursued });
  const checkpoint = checkpointFile(out, { environment: environment.id, algorithm, seed, discount, steps, goals, identifiable });
  if (resume) learner.restore(await checkpoint.existing());
  const log = await openLog(out, resume ? learner.steps : undefined, tabularLog);
  const pairs = learner.visits.length;
  const optimum = optimalReturn(own, discount);
  const every = Math.ceil(steps / EVALUATIONS);
  const critic = () => learnedCritic(algorithm, environment, tasks, learner, { seed, discount });
  while (learner.steps < steps) {
    learner.advance(Math.min(every, steps - learner.steps));
    const { residualOverSignal, taken } = tabularResiduals(tasks, discount, learner);
    const { returns } = learner;
    const evaluation = greedyReturn(own, discount, learner.q);
    await saveCritic(out, critic());
    await log.add({
      steps: learner.steps,
      ...(returns.length > 0 ? { trainingReturn: mean(returns) } : {}),
      evaluation,
      optimum,
      ...(residualOverSignal === undefined ? {} : { residualOverSignal }),
      taken,
      pairs,
    });
    await checkpoint.write(learner.save());
    onProgress?.(
      learner.steps,
      steps,
      `return ${evaluation.toPrecision(4)} of ${optimum.toPrecision(4)}, ${residualOverSignal === undefined ? "no values yet" : `residual ${percent(residualOverSignal)} of signal`}, step ${learner.steps}`,
    );
  }
  return { kind: "learned" as const, critic: critic(), log: log.entries, learner };
}

import { armControl } from "../../agents/arm/control.ts";
import { EpisodeDetector } from "../../agents/arm/episode-detector.ts";
import { placingOutcomes, runArmEpisodes } from "../../agents/arm/episodes.ts";
import { type Place, placingTask } from "../../agents/arm/placing.ts";
import { type Repair, repairArm } from "../../agents/arm/repair.ts";
import { type ArmSteps, residualsOf, stepsOf } from "../../agents/arm/residuals.ts";
import { apartFromGrasp, type SelfTestFindings, selfTest, selfTestFindings } from "../../agents/arm/self-test.ts";
import { type ArmStarts, armStarts } from "../../agents/arm/trials.ts";
import type { OnProgress } from "../../base/progress.ts";
import type { ArmPickAndPlaceOptions } from "../../environments/arm/pick-and-place.ts";
import type { Simulation } from "../../environments/environment.ts";
import { make } from "../../environments/make.ts";
import { createRandom } from "../../numbers/random.ts";
import { median } from "../../numbers/statistics.ts";
import type { Simulator } from "../../planning/simulator.ts";
import { planWaypoints, type WaypointControl } from "../../planning/waypoints.ts";
import type { ArmPart } from "./part.ts";

/** A change of the world that nobody tells the agent of. */
interface ArmChange {
  readonly name: string;
  readonly options: ArmPickAndPlaceOptions;
}

const QUARTER = Math.PI / 2;
/** The first two are what was promised; they do the planner no harm. The last two do. */
export const armChanges: readonly ArmChange[] = [
  { name: "the cube four times as heavy", options: { cubeMass: 0.2 } },
  { name: "every joint at half its strength", options: { jointStrength: 0.5 } },
  { name: "the frame of actions a quarter turn round", options: { actionTurn: QUARTER } },
  { name: "the frame three eighths round, and a drift", options: { actionTurn: 1.5 * QUARTER, actionDrift: [0.3, 0, -0.2] } },
];

export interface ArmAdaptationOptions {
  readonly seed: number;
  /** Episodes before any change, which say what residuals are usual (60). */
  readonly reference?: number;
  /** Other episodes before any change, in which every alarm is a false one (60). */
  readonly unchanged?: number;
  /** Runs of each change, each with its own starts (6). */
  readonly runs?: number;
  /** Starts that success is measured from (40). */
  readonly starts?: number;
  readonly changes?: readonly ArmChange[];
  readonly onResult?: (result: ChangeResult) => void;
  readonly onProgress?: OnProgress;
}

export interface ChangeResult {
  readonly name: string;
  /** Episode of the alarm in each run; one more than were run where there was none. */
  readonly detected: readonly number[];
  /** Shares held: in the world as it was, changed with the model as it was, and repaired after so many episodes. */
  readonly before: number;
  readonly unrepaired: number;
  readonly repaired: readonly {
    readonly episodes: number;
    readonly held: number;
    readonly kind: Repair["kind"];
    readonly error: readonly [number, number];
  }[];
  /** Episodes after which success was back within five points; Infinity where it was not in 20. 0 where it had not gone. */
  readonly episodesToAdapt: number;
}

const FALSE_ALARMS = 1 / 200;
/** Episodes of a run in which the alarm is waited for, and those after which a repair is tried. */
const WAITED = 4;
const TRIED = [1, 2, 4, 8, 20];
const WITHIN = 0.05;
/** Apart from all others. */
const SEEDS = { reference: 810_000, unchanged: 820_000, changed: 830_000, test: 840_000 };

/** Episodes with a self-test before and after each, in one world. */
interface Watched {
  readonly steps: ArmSteps;
  /** Of each episode, open and holding. */
  readonly findings: readonly (readonly [SelfTestFindings, SelfTestFindings])[];
  readonly held: number;
}

/**
 * The world changes and nobody says so: how soon the residuals of the inferred model tell it, and after how many episodes of its own steps the model is repaired.
 * Every episode is shaken hands with: a self-test before and after it, of which residuals are compared with those in the world as it was.
 */
export async function adaptArm(model: Simulator, options: ArmAdaptationOptions) {
  const { seed, reference = 60, unchanged = 60, runs = 6, starts = 40, changes = armChanges, onProgress } = options;
  const usual = make("ArmPickAndPlace-v0").simulation!;
  const total = 2 + 2 * changes.length;
  const at =
    (done: number, what: string): OnProgress =>
    (part, of) =>
      onProgress?.(done + part / of, total, what);

  const watch = watcher(model, seed);
  const first = await watch(usual, armStarts(usual, reference, SEEDS.reference + 1000 * seed), at(0, "the world as it is"));
  const explained = apartFromGrasp(first.findings.map(([, holding]) => holding));
  const featuresOf = ({ findings }: Watched) =>
    findings.map(([open, holding]) => Float64Array.from([...open.features, ...explained(holding)]));
  const detector = () => new EpisodeDetector(featuresOf(first), { falseAlarmRate: FALSE_ALARMS });
  const second = await watch(usual, armStarts(usual, unchanged, SEEDS.unchanged + 1000 * seed), at(1, "false alarms"));
  const quiet = detector();
  const falseAlarms = featuresOf(second).filter((features) => quiet.observe(features)).length;

  const test = armStarts(usual, starts, SEEDS.test + 1000 * seed);
  const succeed = (simulation: Simulation, with_: Simulator, control: WaypointControl, progress: OnProgress) =>
    heldShare(with_, control, simulation, test, seed, progress);
  const before = await succeed(usual, model, armControl, at(1.5, "success before"));
  const results: ChangeResult[] = [];
  for (const [c, { name, options: changed }] of changes.entries()) {
    const simulation = make("ArmPickAndPlace-v0", changed).simulation!;
    // runs side by side: episode k of run r is number k · runs + r
    const watched = await watch(
      simulation,
      armStarts(usual, runs * WAITED, SEEDS.changed + 1000 * seed + 100_000 * c),
      at(2 + 2 * c, `${name}: watching`),
    );
    const features = featuresOf(watched);
    const detected = Array.from({ length: runs }, (_, r) => {
      const own = detector();
      for (let k = 0; k < WAITED; k++) if (own.observe(features[k * runs + r])) return k + 1;
      return WAITED + 1;
    });
    const unrepaired = await succeed(simulation, model, armControl, at(2.3 + 2 * c, `${name}: success as it is`));
    const repaired: ChangeResult["repaired"][number][] = [];
    let episodesToAdapt = unrepaired >= before - WITHIN ? 0 : Number.POSITIVE_INFINITY;
    const alarm = median(detected);
    // where success has not gone there is none to regain
    for (const count of episodesToAdapt === 0 ? [] : TRIED) {
      // nothing is repaired before the alarm, and all since the change is known by then
      if (count < Math.min(alarm, WAITED)) continue;
      const own = ofRun(watched.steps, runs, count);
      const repair = await repairArm(model, own);
      const held = await succeed(simulation, repair.model, repair.control, at(2.6 + 2 * c, `${name}: success after ${count} episodes`));
      repaired.push({ episodes: count, held, kind: repair.kind, error: [repair.before, repair.after] });
      if (held >= before - WITHIN) {
        episodesToAdapt = count;
        break;
      }
    }
    const result = { name, detected, before, unrepaired, repaired, episodesToAdapt };
    results.push(result);
    options.onResult?.(result);
  }
  return { results, falseAlarms, unchanged, before, reference: first.held };
}

/** Steps of the first run's episodes; where it has not that many, other runs' are taken as its later ones. */
function ofRun(steps: ArmSteps, runs: number, count: number): ArmSteps {
  const order = Array.from({ length: runs * WAITED }, (_, i) => (i % WAITED) * runs + Math.floor(i / WAITED)).slice(0, count);
  const rank = new Map(order.map((episode, i) => [episode, i]));
  const rows = Array.from(steps.episodes.keys()).filter((i) => rank.has(steps.episodes[i]));
  const pick = (from: Float64Array, width: number) =>
    Float64Array.from({ length: rows.length * width }, (_, i) => from[rows[Math.floor(i / width)] * width + (i % width)]);
  return {
    n: rows.length,
    states: pick(steps.states, 15),
    actions: pick(steps.actions, 4),
    nextStates: pick(steps.nextStates, 15),
    episodes: Int32Array.from(rows, (i) => rank.get(steps.episodes[i])!),
  };
}

function watcher(model: Simulator, seed: number) {
  return async (simulation: Simulation, { states, goals }: ArmStarts, onProgress: OnProgress): Promise<Watched> => {
    const n = goals.length;
    const size = simulation.stateSize;
    const open = selfTest(simulation, states.slice(), 1);
    const episodes = await place(model, armControl, simulation, { states, goals }, seed, onProgress);
    const last = new Float64Array(n * size);
    for (let e = 0; e < n; e++) last.set(episodes.states.subarray(((e + 1) * (episodes.steps + 1) - 1) * size).subarray(0, size), e * size);
    const holding = selfTest(simulation, last, -1);
    const found = async (steps: ArmSteps, held: boolean) => selfTestFindings(steps, await residualsOf(model, steps), held);
    const [opened, closed] = [await found(open, false), await found(holding, true)];
    const outcomes = placingOutcomes(episodes, goals);
    return {
      steps: joined([open, stepsOf(episodes), holding]),
      findings: opened.map((findings, e) => [findings, closed[e]] as const),
      held: outcomes.filter(({ held }) => held).length / n,
    };
  };
}

function joined(parts: readonly ArmSteps[]): ArmSteps {
  const together = (of: (part: ArmSteps) => Float64Array) => Float64Array.from(parts.flatMap((part) => Array.from(of(part))));
  return {
    n: parts.reduce((sum, { n }) => sum + n, 0),
    states: together(({ states }) => states),
    actions: together(({ actions }) => actions),
    nextStates: together(({ nextStates }) => nextStates),
    episodes: Int32Array.from(parts.flatMap(({ episodes }) => Array.from(episodes))),
  };
}

function place(
  model: Simulator,
  control: WaypointControl,
  simulation: Simulation,
  { states, goals }: ArmStarts,
  seed: number,
  onProgress: OnProgress,
) {
  const planner = planWaypoints(model, { random: createRandom(seed), control });
  return runArmEpisodes(planner, { simulation, starts: states, tasks: goals.map((goal: Place) => placingTask(goal)), onProgress });
}

async function heldShare(
  model: Simulator,
  control: WaypointControl,
  simulation: Simulation,
  starts: ArmStarts,
  seed: number,
  onProgress: OnProgress,
): Promise<number> {
  const outcomes = placingOutcomes(await place(model, control, simulation, starts, seed, onProgress), starts.goals);
  return outcomes.filter(({ held }) => held).length / starts.goals.length;
}

/** The same as a part of the study of the arm. */
export const adaptationPart: ArmPart = async ({ subject, onProgress }) => {
  const { results, falseAlarms, unchanged, before } = await adaptArm(subject.model, { seed: subject.seed, onProgress });
  return {
    figures: {
      episodesToAdapt: Math.max(...results.map(({ episodesToAdapt }) => episodesToAdapt)),
      episodesToDetect: Math.max(...results.map(({ detected }) => median(detected))),
    },
    details: { falseAlarms, episodesWithoutChange: unchanged, heldBefore: before, changes: results },
  };
};

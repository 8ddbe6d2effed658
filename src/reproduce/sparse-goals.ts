import { files } from "#files";
import type { OnProgress } from "../base/progress.ts";
import { type BellmanSystem, bellmanSystem } from "../bellman/system.ts";
import type { NetworkCritic } from "../critics/critic.ts";
import { applyNetwork } from "../critics/network.ts";
import { restoreCritic, type SavedCritic } from "../critics/saved.ts";
import { stepsAfter } from "../critics/steps-to-go.ts";
import { compile, Graph } from "../engine/index.ts";
import { wrapAngle } from "../environments/coordinates.ts";
import type { Physics } from "../environments/environment.ts";
import { loadSavedCritic, saveCritic } from "../formats/critic-folder.ts";
import { type Hybrid, type HybridInference, inferHybrid } from "../inversion/hybrid/infer-hybrid.ts";
import { residualOf, type ValueEquations } from "../inversion/hybrid/value-equations.ts";
import type { Samples } from "../inversion/samples.ts";
import { inGoal, type StepsToGoOptions, type StepsToGoTask, trainStepsToGo } from "../learning/invertible/steps-to-go.ts";
import { inTodaysNames } from "../learning/renamed-options.ts";
import { createRandom } from "../numbers/random.ts";
import { mean } from "../numbers/statistics.ts";
import { confine } from "../world-model/confine.ts";
import type { Dynamics } from "../world-model/dynamics.ts";
import type { ReproduceOptions, Reproduction } from "./harness/reproduction.ts";

export const SPARSE_DISCOUNT = 0.99;
const SEEDS = 3;
/** Training uses seed, inference seed + 100, the score seed + 200: no state is used twice. */
const APART = 100;
const SAMPLES = 40_000;
const SCORED = 20_000;
const STARTS = 200;
const SCORED_STARTS = 1000;
const HORIZON = 200;
/** Of the optimum: a critic that leads nowhere may still agree with itself. */
const LEAST_RETURN = 0.9;

/** Critics of sparse goals: shipped, or trained now. */
export interface GoalCritics {
  readonly task: StepsToGoTask;
  /** Begins the names of critics that ship with the program. */
  readonly shipped: string;
  readonly training: Omit<StepsToGoOptions, "seed">;
}

export interface GoalStudy extends GoalCritics {
  readonly inference?: HybridInference;
  /** The control interval, for a second model that is told it. */
  readonly timeStep: number;
  readonly seeds?: number;
  /** Discounted return of the optimal policy of each goal, or a bound above it, [n, goals]. */
  optimalReturns(starts: Float64Array, n: number): Promise<Float64Array>;
}

/** One seed: its critic, and the model that was inferred from it alone. */
export interface GoalRun {
  readonly figures: Readonly<Record<string, number>>;
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * Train (or load) a critic a seed, infer a model from each by itself, the class of models chosen by the residual under the next seed's critic,
 * and score it on states drawn anew. The critic's own greedy return against the optimum and its Bellman residual stand beside every score.
 */
export async function runGoalStudy(study: GoalStudy, options: ReproduceOptions): Promise<{ runs: GoalRun[]; seeds: number[] }> {
  const { task } = study;
  const { seed, onProgress } = options;
  const seeds = Array.from({ length: study.seeds ?? SEEDS }, (_, i) => seed + i);
  const parts = 2 * seeds.length;
  const critics: SavedCritic[] = [];
  const systems: BellmanSystem[] = [];
  for (const [i, own] of seeds.entries()) {
    const saved = await obtainSparseCritic(study, own, options, (done, total, what) => onProgress?.(i + done / total, parts, what));
    critics.push(saved);
    systems.push(await stepsSystem(saved, task));
  }
  const runs: GoalRun[] = [];
  for (const [i, own] of seeds.entries()) {
    const validators = [systems[(i + 1) % systems.length]];
    const samples = drawSamples(task.physics, SAMPLES, own + APART);
    const hybrid = await inferHybrid(systems[i], task.physics.actionSpace, samples, {
      validators,
      seed: own,
      ...study.inference,
      onProgress: (done, total, what) => onProgress?.(seeds.length + i + done / total, parts, `seed ${own}: ${what}`),
    });
    const truth = steps(task.physics, drawSamples(task.physics, SCORED, own + 2 * APART));
    const answer = await nextStates(systems[i], hybrid.dynamics, truth);
    const score = scoreAnswers(task.physics, truth, answer);
    const told = await inferHybrid(systems[i], task.physics.actionSpace, samples, {
      seed: own,
      ...study.inference,
      validators,
      features: hybrid.chosen.features,
      kinematic: true,
      timeStep: study.timeStep,
    });
    const toldScore = scoreAnswers(task.physics, truth, await nextStates(systems[i], told.dynamics, truth));
    const greedy = await greedyReturns(critics[i], task, own + 3 * APART, study.optimalReturns);
    const residual = mean(await residualOf(systems[i], truth.nextStates, await systems[i].targets(truth.states, truth.actions)));
    runs.push({
      figures: {
        goals: task.goals.length,
        nmse: score.nmse,
        changeError: score.changeError,
        criticReturnRatio: greedy.ratio,
        bellmanResidualSteps: residual,
        nmseTimeStepTold: toldScore.nmse,
        nmseOfNothing: scoreAnswers(task.physics, truth, truth.states).nmse,
      },
      detail: { seed: own, critic: critics[i].made, score, greedy, model: describeHybrid(hybrid) },
    });
  }
  await Promise.all(systems.map((system) => system.release()));
  return { runs, seeds };
}

export interface GoalCriticScore {
  /** Share of random starts and goals, of those that the optimum reaches, at which the critic's own greedy policy arrives. */
  readonly success: number;
  /** Discounted return over the optimal one. */
  readonly returnRatio: number;
  /** Mean of |V(s') − (Q(s, a) − r)| over random states and actions and all goals, in steps. */
  readonly residualSteps: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** How well a seed's critic leads where it was taught to go, without any model. */
export async function scoreGoalCritic(
  study: GoalStudy,
  seed: number,
  options: ReproduceOptions,
  onProgress: OnProgress,
): Promise<GoalCriticScore> {
  const { task } = study;
  const saved = await obtainSparseCritic(study, seed, options, onProgress);
  const { success, ratio, ...counts } = await greedyReturns(saved, task, seed + 3 * APART, study.optimalReturns, SCORED_STARTS);
  const system = await stepsSystem(saved, task);
  const truth = steps(task.physics, drawSamples(task.physics, SCORED, seed + 2 * APART));
  const targets = await system.targets(truth.states, truth.actions);
  const residualSteps = mean((await system.values(truth.nextStates)).map((value, at) => Math.abs(value - targets[at])));
  await system.release();
  return { success, returnRatio: ratio, residualSteps, detail: { ...counts, critic: saved.made } };
}

/** Our scores seed by seed beside the published one, and what they must be for the promise to hold. */
export function goalReport(
  seeds: readonly number[],
  runs: readonly GoalRun[],
  figures: Readonly<Record<string, number>>,
  published: number,
  promised: number,
): Pick<Reproduction, "charts" | "claim"> {
  const constant = (name: string, value: number) => ({ name, x: [...seeds], y: seeds.map(() => value) });
  const ours = (name: string, key: string) => ({ name, x: [...seeds], y: runs.map((run) => run.figures[key]) });
  return {
    charts: [
      {
        title: "Next states from four sparse goals",
        text: "Mean squared error of the next state over its variance, mean over actions and observed dimensions; each seed is a critic of its own.",
        x: "seed",
        y: "NMSE",
        logarithmic: true,
        series: [
          constant("nothing moves", figures.nmseOfNothing),
          constant("published", published),
          ours("ours", "nmse"),
          ours("ours, told the time step", "nmseTimeStepTold"),
        ],
      },
    ],
    claim: {
      holds: figures.nmse <= promised && figures.criticReturnRatio >= LEAST_RETURN,
      text: `The median NMSE is ${figures.nmse.toExponential(1)}, published ${published.toExponential(1)}; the critics' greedy policies have ${(100 * figures.criticReturnRatio).toFixed(0)} % of the optimal return.`,
    },
  };
}

/** The critic of a seed: one that ships, else one trained before, else trained now, with checkpoints on the way. */
export async function obtainSparseCritic(
  study: GoalCritics,
  seed: number,
  options: ReproduceOptions,
  onProgress: OnProgress,
): Promise<SavedCritic> {
  const { task, shipped, training } = study;
  const folder = `${options.cache ?? "runs/reproduce"}/${shipped}-${seed}`;
  const places = options.retrain ? [folder] : [`${options.critics ?? "zoo"}/${shipped}-${seed}`, folder];
  for (const place of places) {
    if ((await files.kind(`${place}/critic.json`)) !== "file") continue;
    const saved = await loadSavedCritic(place);
    if (place !== folder || sameTraining(saved, training)) return saved;
  }
  const saved = await trainStepsToGo(task, {
    ...training,
    seed,
    folder,
    onProgress: (done, total, what) => onProgress(done, total, `seed ${seed}, training its critic: ${what}`),
  });
  await saveCritic(folder, saved);
  return saved;
}

function sameTraining({ made }: SavedCritic, training: GoalStudy["training"]): boolean {
  return Object.entries(training).every(
    ([key, value]) => key === "threads" || JSON.stringify(inTodaysNames(made?.[key], true)) === JSON.stringify(value),
  );
}

export async function stepsSystem(saved: SavedCritic, { physics }: StepsToGoTask): Promise<BellmanSystem> {
  return bellmanSystem(restoreCritic(saved) as NetworkCritic, physics.coordinates, (_states, _actions, n, out) => void out.fill(0, 0, n));
}

export function drawSamples(physics: Physics, n: number, seed: number): Samples {
  const random = createRandom(seed);
  const d = physics.coordinates.names.length;
  const { actionSpace } = physics;
  if (actionSpace.kind !== "discrete") throw new TypeError("sparse goals are studied with Discrete actions");
  const states = new Float64Array(n * d);
  const actions = new Float64Array(n);
  for (let b = 0; b < n; b++) {
    physics.initialState(random, states, b * d);
    actions[b] = actionSpace.start + random.integer(actionSpace.n);
  }
  return { n, states, actions };
}

export interface Truth extends Samples {
  readonly nextStates: Float64Array;
}

export function steps(physics: Physics, { states, actions, n }: Samples): Truth {
  const nextStates = new Float64Array(states.length);
  physics.step(states, actions, n, { nextStates, rewards: new Float64Array(n), terminated: new Uint8Array(n) });
  return { states, actions, n, nextStates };
}

export async function nextStates(equations: Pick<ValueEquations, "coordinates">, dynamics: Dynamics, { states, actions, n }: Samples) {
  const change = await dynamics.change(states, actions, n);
  return confine(
    change.map((x, i) => x + states[i]),
    equations.coordinates,
  );
}

export interface AnswerScore {
  /** MSE of s' over var(s'), mean over actions and observed dimensions, as Letcher et al. score. */
  readonly nmse: number;
  /** RMSE(ŝ' − s') / RMS(s' − s), mean over the coordinates of the state. */
  readonly changeError: number;
  readonly nmseOfDimensions: readonly number[];
  readonly changeErrors: readonly number[];
}

export function scoreAnswers(physics: Physics, truth: Truth, answer: Float64Array): AnswerScore {
  const { angular } = physics.coordinates;
  const { n, actions, states } = truth;
  const d = angular.length;
  const o = physics.observationSpace.low.length;
  const observed = new Float64Array(n * o);
  const expected = new Float64Array(n * o);
  physics.observations(answer, n, observed);
  physics.observations(truth.nextStates, n, expected);
  const kinds = [...new Set(actions)].sort((a, b) => a - b);
  const nmseOfDimensions = Array.from({ length: o }, (_, j) => {
    const ofActions = kinds.map((kind) => {
      let [count, sum, squares, error] = [0, 0, 0, 0];
      for (let b = 0; b < n; b++) {
        if (actions[b] !== kind) continue;
        const difference = observed[b * o + j] - expected[b * o + j];
        error += (angular[j] ? wrapAngle(difference) : difference) ** 2;
        sum += expected[b * o + j];
        squares += expected[b * o + j] ** 2;
        count++;
      }
      return error / (squares - (sum * sum) / count);
    });
    return mean(ofActions);
  });
  const changeErrors = Array.from({ length: d }, (_, j) => {
    let [error, change] = [0, 0];
    const turn = (x: number) => (angular[j] ? wrapAngle(x) : x);
    for (let at = j; at < n * d; at += d) {
      error += turn(answer[at] - truth.nextStates[at]) ** 2;
      change += turn(truth.nextStates[at] - states[at]) ** 2;
    }
    return Math.sqrt(error / change);
  });
  return { nmse: mean(nmseOfDimensions), changeError: mean(changeErrors), nmseOfDimensions, changeErrors };
}

/** Greedy discounted return of the critic towards each goal from random starts, over the optimal one. */
export async function greedyReturns(
  saved: SavedCritic,
  task: StepsToGoTask,
  seed: number,
  optimalReturns: GoalStudy["optimalReturns"],
  count = STARTS,
) {
  const { values } = saved;
  if (values.kind !== "steps-to-go") throw new TypeError(`${saved.name} is no critic of steps to go`);
  const { physics } = task;
  const { start, n: actions } = physics.actionSpace as { readonly start: number; readonly n: number };
  const { encoding, goals, network } = values;
  const o = encoding.centre.length;
  const d = physics.coordinates.names.length;
  const g = goals.length;
  const graph = new Graph();
  graph.output(
    "k",
    stepsAfter({ encoding, goals, actions, network: (x) => applyNetwork(network, x) }, graph.input("observations", ["N", o])),
  );
  const session = await compile(graph, { chunk: 1024 });
  const { states: starts } = drawSamples(physics, count, seed);
  const returns = new Float64Array(count * g);
  let alive = Array.from({ length: count * g }, (_, row) => row);
  let states = Float64Array.from({ length: count * g * d }, (_, i) => starts[Math.floor(i / (g * d)) * d + (i % d)]);
  for (let t = 0; t < HORIZON && alive.length > 0; t++) {
    const n = alive.length;
    const observations = new Float64Array(n * o);
    physics.observations(states, n, observations);
    const k = (await session.run({ observations })).k.data as Float32Array;
    const moves = Float64Array.from(alive, (row, b) => {
      let best = 0;
      for (let a = 1; a < actions; a++) if (k[(b * actions + a) * g + (row % g)] < k[(b * actions + best) * g + (row % g)]) best = a;
      return start + best;
    });
    const next = steps(physics, { n, states, actions: moves }).nextStates;
    physics.observations(next, n, observations);
    const going: number[] = [];
    alive.forEach((row, b) => {
      if (inGoal(goals[row % g], observations, b * o)) returns[row] = SPARSE_DISCOUNT ** t;
      else going.push(b);
    });
    states = Float64Array.from({ length: going.length * d }, (_, i) => next[going[Math.floor(i / d)] * d + (i % d)]);
    alive = going.map((b) => alive[b]);
  }
  await session.release();
  const optimal = await optimalReturns(starts, count);
  const reachable = optimal.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0);
  return {
    ratio: mean(returns) / mean(optimal),
    greedy: mean(returns),
    optimal: mean(optimal),
    missed: alive.length,
    starts: count,
    /** Episodes that arrive over those that the optimum does, within as many steps. */
    success: (count * g - alive.length) / reachable,
  };
}

export function describeHybrid({ chosen, classes, contacts, rule, dynamics }: Hybrid) {
  return {
    rule,
    integrator: chosen.integrator,
    features: chosen.features,
    parameters: chosen.parameters,
    ...dynamics.describe(),
    faces: contacts,
    classes: classes.map(({ integrator, features, parameters, own, across }) => ({ integrator, features, parameters, own, across })),
  };
}

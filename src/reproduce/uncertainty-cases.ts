import { files } from "#files";
import type { Critic } from "../critics/critic.ts";
import type { Environment } from "../environments/environment.ts";
import { make } from "../environments/make.ts";
import { loadCritic } from "../formats/load-critic.ts";
import type { InferredContinuous } from "../inversion/assemble.ts";
import { inferDynamics } from "../inversion/infer.ts";
import type { ContinuousInferOptions } from "../inversion/options.ts";
import { withoutTerminals } from "../inversion/transitions.ts";
import { boundUnit } from "../world-model/bounds.ts";
import { type CalibrationTransitions, calibrateBounds } from "../world-model/calibrate.ts";
import { type Coverage, coverageCurve, coverageOf } from "../world-model/coverage.ts";
import { scoringTransitions } from "../world-model/score.ts";

type Id = "Pendulum-v1" | "CartPole-v1" | "MountainCar-v0" | "MountainCarContinuous-v0" | "MountainCarGoal-v0" | "Reacher-v0";

/** Critics of one environment, and how they are asked. */
export interface UncertaintyCase {
  readonly key: string;
  readonly id: Id;
  /** Critics that ship with the program, by seed: held-out seeds take critics that development did not see, where there are several. */
  readonly shipped?: readonly string[];
  /** Published ones, all of them together. */
  readonly published?: readonly string[];
  readonly options?: ContinuousInferOptions;
  /** Real transitions that the fit is given. */
  readonly transitions?: number;
}

export const uncertaintyCases: readonly UncertaintyCase[] = [
  { key: "pendulumPairByPair", id: "Pendulum-v1", shipped: ["Pendulum-v1"], options: { method: "pointwise", samples: 1000 } },
  { key: "cartPolePairByPair", id: "CartPole-v1", shipped: ["CartPole-v1"], options: { method: "pointwise", samples: 1000 } },
  { key: "pendulumTogether", id: "Pendulum-v1", shipped: ["Pendulum-v1"], options: { method: "amortised" } },
  { key: "cartPoleTogether", id: "CartPole-v1", shipped: ["CartPole-v1"], options: { method: "amortised" } },
  {
    key: "mountainCarGoal",
    id: "MountainCarGoal-v0",
    shipped: ["MountainCarGoal-v0-seed-0", "MountainCarGoal-v0-seed-1", "MountainCarGoal-v0-seed-2"],
    options: { samples: 8000 },
  },
  {
    key: "reacher",
    id: "Reacher-v0",
    shipped: ["Reacher-v0-seed-0", "Reacher-v0-seed-1", "Reacher-v0-seed-2"],
    options: { samples: 4000 },
  },
  { key: "sacPendulum", id: "Pendulum-v1", published: ["sac"] },
  { key: "sacPendulumFree", id: "Pendulum-v1", published: ["sac"], options: { kinematic: false } },
  { key: "dqnCartPole", id: "CartPole-v1", published: ["dqn"] },
  { key: "qrDqnCartPole", id: "CartPole-v1", published: ["qrdqn"] },
  { key: "twoCriticsCartPole", id: "CartPole-v1", published: ["dqn", "qrdqn"] },
  { key: "dqnMountainCar", id: "MountainCar-v0", published: ["dqn"] },
  { key: "dqnMountainCarClockTold", id: "MountainCar-v0", published: ["dqn"], options: { timeStep: 1 } },
  { key: "ddpgMountainCarContinuous", id: "MountainCarContinuous-v0", published: ["ddpg"] },
  { key: "dqnMountainCarTwentyTransitions", id: "MountainCar-v0", published: ["dqn"], transitions: 20 },
  { key: "dqnCartPoleTwentyTransitions", id: "CartPole-v1", published: ["dqn"], transitions: 20 },
];

/** Transitions that measure the bounds where that is asked. */
export const MEASURING = 300;
/** Scores kept of a run. */
const SCORES = 500;
/** The score uses seed + 1000, transitions that are fitted + 2000, those that measure bounds + 3000. */
const APART = 1000;

/** One case under one seed. */
export interface UncertaintyRun {
  readonly key: string;
  readonly id: Id;
  readonly seed: number;
  readonly critics: readonly string[];
  readonly refused: boolean;
  readonly usesTransitions: boolean;
  /** 90 % bounds as inference left them, and as real transitions measured them. */
  readonly bounds: Coverage;
  readonly ofDimensions: readonly Coverage[];
  readonly measured: Coverage;
  /** Coverage at rising levels, of answered coordinates. */
  readonly curve: readonly Coverage[];
  readonly measuredCurve: readonly Coverage[];
  /** |error| in units of the deviation, of what was answered, rising; evenly thinned. */
  readonly scores: readonly number[];
}

/** The folder that holds published critics; undefined where there is none. */
export async function publishedFolder(given?: string): Promise<string | undefined> {
  for (const place of given === undefined ? ["critics", "../shared/critics"] : [given]) {
    if ((await files.kind(`${place}/sac/Pendulum-v1_1`)) === "folder") return place;
  }
  return undefined;
}

/** Where a case's critics are; undefined where published ones are absent. @param turn which of the shipped ones, round and round */
export function criticPaths({ id, shipped, published }: UncertaintyCase, folder: string | undefined, turn: number): string[] | undefined {
  if (shipped) return [`zoo/${shipped[turn % shipped.length]}`];
  return folder === undefined ? undefined : published!.map((name) => `${folder}/${name}/${id}_1/${id}.zip`);
}

export async function runCase(entry: UncertaintyCase, paths: readonly string[], seed: number): Promise<UncertaintyRun> {
  const environment = make(entry.id);
  const critics: Critic[] = await Promise.all(paths.map((path) => loadCritic(path, { quantiles: "mean" })));
  const first = entry.transitions ? await realTransitions(entry, critics, environment, seed) : undefined;
  const { model, identifiability } = (await inferDynamics(critics, {
    environment,
    seed,
    ...entry.options,
    ...(first ? { transitions: first } : {}),
  })) as InferredContinuous;
  try {
    const { definition } = model;
    const { angular } = model.coordinates;
    const d = angular.length;
    const collect = async (offset: number) => withoutTerminals(await scoringTransitions(model, environment, { seed: seed + offset }));
    const truth = await collect(APART);
    const prediction = await model.predict(truth.states, truth.actions);
    const { whole, dimensions } = coverageOf(prediction, truth, angular);
    const scores: number[] = [];
    const typical = definition.bounds!.typical;
    for (let i = 0; i < truth.states.length; i++) {
      if (!prediction.trusted[i]) continue;
      const error = prediction.nextStates[i] - truth.nextStates[i];
      scores.push(
        Math.abs(angular[i % d] ? Math.atan2(Math.sin(error), Math.cos(error)) : error) /
          boundUnit(prediction.deviation[i], typical[i % d]),
      );
    }
    const measuredModel = await calibrateBounds(model, firstOf(await collect(3 * APART), MEASURING));
    const measured = await measuredModel.predict(truth.states, truth.actions);
    return {
      key: entry.key,
      id: entry.id,
      seed,
      critics: paths,
      refused: !identifiability.verdict.usable,
      usesTransitions: entry.transitions !== undefined,
      bounds: whole,
      ofDimensions: dimensions,
      measured: coverageOf(measured, truth, angular).whole,
      curve: await coverageCurve(model, truth),
      measuredCurve: await coverageCurve(measuredModel, truth),
      scores: thinned(scores),
    };
  } finally {
    await model.release();
  }
}

function thinned(values: number[]): number[] {
  const sorted = values.sort((a, b) => a - b);
  const kept = Math.min(SCORES, sorted.length);
  return Array.from({ length: kept }, (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / kept)]);
}

/** Transitions for the fit, visited as the score's are but under a seed of their own. */
async function realTransitions(
  { options, transitions }: UncertaintyCase,
  critics: readonly Critic[],
  environment: Environment,
  seed: number,
): Promise<CalibrationTransitions> {
  const { model } = (await inferDynamics(critics, { environment, seed, ...options, samples: 200 })) as InferredContinuous;
  const pool = await scoringTransitions(model, environment, { seed: seed + 2 * APART });
  await model.release();
  return firstOf(withoutTerminals(pool), transitions!);
}

/** Transitions come in random order from episodes of one length, so that the first are like all: a shorter collection would see only the episodes' beginnings. */
function firstOf(all: CalibrationTransitions, most: number): CalibrationTransitions {
  const n = Math.min(all.n, most);
  const take = (from: Float64Array) => from.slice(0, (from.length / all.n) * n);
  return { n, states: take(all.states), actions: take(all.actions), nextStates: take(all.nextStates) };
}

/** Two critics, each inverted alone: how far their models are apart, and how far both are from the truth. */
export interface Agreement {
  readonly critics: readonly string[];
  /** RMS difference of the two models over RMS change, and RMS error of the better and of their mean. */
  readonly disagreement: number;
  readonly error: number;
  readonly errorOfMean: number;
  /** Coverage of mean ± 1.645 standard deviations of the two, and of the first model's own bounds. */
  readonly ensembleCoverage: number;
  readonly boundCoverage: number;
}

export async function agreement(
  id: Id,
  paths: readonly [string, string],
  options: UncertaintyCase["options"],
  seed: number,
): Promise<Agreement> {
  const environment = make(id);
  const models = [];
  for (const path of paths)
    models.push(
      ((await inferDynamics(await loadCritic(path, { quantiles: "mean" }), { environment, seed, ...options })) as InferredContinuous).model,
    );
  const { angular } = models[0].coordinates;
  const d = angular.length;
  const truth = withoutTerminals(await scoringTransitions(models[0], environment, { seed: seed + APART }));
  const [a, b] = await Promise.all(models.map((model) => model.predict(truth.states, truth.actions)));
  const turn = (x: number, i: number) => (angular[i % d] ? Math.atan2(Math.sin(x), Math.cos(x)) : x);
  const change = new Float64Array(d);
  for (let i = 0; i < truth.states.length; i++) change[i % d] += turn(truth.nextStates[i] - truth.states[i], i) ** 2;
  const sums = { apart: 0, a: 0, b: 0, mean: 0, held: 0 };
  for (let i = 0; i < truth.states.length; i++) {
    const apart = turn(a.nextStates[i] - b.nextStates[i], i);
    const errorB = turn(b.nextStates[i] - truth.nextStates[i], i);
    const errorOfMean = errorB + apart / 2;
    const unit = change[i % d];
    sums.apart += apart ** 2 / unit;
    sums.a += turn(a.nextStates[i] - truth.nextStates[i], i) ** 2 / unit;
    sums.b += errorB ** 2 / unit;
    sums.mean += errorOfMean ** 2 / unit;
    // the deviation of two numbers is their difference over √2
    if (Math.abs(errorOfMean) <= 1.645 * (Math.abs(apart) / Math.SQRT2)) sums.held++;
  }
  await Promise.all(models.map((model) => model.release()));
  return {
    critics: paths,
    disagreement: Math.sqrt(sums.apart / d),
    error: Math.sqrt(Math.min(sums.a, sums.b) / d),
    errorOfMean: Math.sqrt(sums.mean / d),
    ensembleCoverage: sums.held / truth.states.length,
    boundCoverage: coverageOf(a, truth, angular).whole.all,
  };
}

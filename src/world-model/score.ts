import { MismatchError } from "../base/mismatch-error.ts";
import { RefusalError } from "../base/refusal-error.ts";
import { actionSize } from "../environments/action.ts";
import { collectTransitions, type VisitedTransitions } from "../environments/collect.ts";
import { wrapAngle } from "../environments/coordinates.ts";
import type { Environment } from "../environments/environment.ts";
import { median } from "../numbers/statistics.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { scoreTabular, type TabularScore } from "./score-tabular.ts";
import type { ContinuousPrediction, ContinuousWorldModel, TabularWorldModel } from "./world-model.ts";

export interface DimensionScore {
  readonly name: string;
  /** RMSE(ŝ' − s') / RMS(s' − s); 1 is "nothing moves" */
  readonly error: number;
  /** median |ŝ' − s'| / RMS(s' − s) */
  readonly medianError: number;
  /** MSE(ŝ') / var(s'), as papers print it, and the same for "nothing moves" */
  readonly nmse: number;
  readonly nmseOfNothing: number;
  /** Of this coordinate's 90 % bounds. */
  readonly coverage: Coverage;
}

export interface ContinuousScore {
  readonly kind: "continuous";
  readonly dimensions: readonly DimensionScore[];
  /** Mean of the errors of the dimensions that move; 1 is "nothing moves". */
  readonly error: number;
  readonly nmse: number;
  readonly nmseOfNothing: number;
  /** Of the 90 % bounds of all coordinates. */
  readonly coverage: Coverage;
  /** Transitions scored, and those left out because they ended the episode. */
  readonly transitions: number;
  readonly terminals: number;
  readonly seed?: number;
}

export interface ScoreOptions {
  readonly n?: number;
  readonly seed?: number;
  /** Share of random actions around the critic's own policy (0.3); all are random where the model has no policy. */
  readonly epsilon?: number;
}

/** What a score asks of a model of coordinates, inferred or one's own: `policy` only where it has one. */
export type ScorableModel = Pick<ContinuousWorldModel, "kind" | "coordinates" | "policy"> & {
  /** @param states flat [n, d]; @param actions flat [n, m] */
  predict(states: Float64Array, actions: Float64Array): Promise<Pick<ContinuousPrediction, "nextStates" | "bound" | "trusted">>;
};

/** Transitions to score a model on: visited under the critic's own policy, ε-random, or by the environment's own behaviour. */
export async function scoringTransitions(
  { policy, coordinates }: Pick<ScorableModel, "coordinates" | "policy">,
  environment: Environment,
  { n = 1000, seed = 1, epsilon = 0.3 }: ScoreOptions = {},
): Promise<VisitedTransitions> {
  if (environment.simulation?.visit) {
    const visited = environment.simulation.visit(n, seed);
    return { ...visited, rewards: new Float64Array(n), terminated: new Uint8Array(n) };
  }
  // with ε = 1 every one of these zeros is drawn over
  const size = actionSize(environment.actionSpace);
  return collectTransitions(
    environment,
    (observations, rows) => (policy ? policy(coordinates.fromObservations(observations, rows)) : new Float64Array(rows * size)),
    { n, seed, epsilon: policy ? epsilon : 1 },
  );
}

/** How far the model's next states are from the true ones, with "nothing moves" beside every figure. Transitions that end an episode are left out. */
export async function scoreContinuous(
  model: Pick<ScorableModel, "coordinates" | "predict">,
  truth: Pick<VisitedTransitions, "n" | "states" | "actions" | "nextStates" | "terminated">,
  seed?: number,
): Promise<ContinuousScore> {
  const { names, angular } = model.coordinates;
  const d = names.length;
  const m = truth.actions.length / truth.n;
  const kept = Array.from({ length: truth.n }, (_, b) => b).filter((b) => !truth.terminated[b]);
  if (truth.n === 0) throw new RefusalError("score: there are no transitions to score on", { field: "n", fix: "give some" });
  if (kept.length === 0)
    throw new RefusalError("score: every transition ends its episode, so none is left to score", { field: "n", fix: "score on more" });
  const take = (from: Float64Array, width: number) =>
    Float64Array.from(kept.flatMap((b) => [...from.subarray(b * width, (b + 1) * width)]));
  const states = take(truth.states, d);
  const next = take(truth.nextStates, d);
  const prediction = await model.predict(states, take(truth.actions, m));
  for (const field of ["nextStates", "bound", "trusted"] as const) {
    if (prediction[field]?.length !== states.length)
      throw new MismatchError(
        `score: the model's ${field} are ${prediction[field]?.length ?? 0} numbers for ${kept.length} states of ${d}; let predict give flat [n, ${d}]`,
      );
  }
  const predicted = prediction.nextStates;
  const coverage = coverageOf(prediction, { states, nextStates: next }, angular);
  const n = kept.length;
  const dimensions = names.map((name, j): DimensionScore => {
    const difference = (a: Float64Array, b: Float64Array, row: number) => {
      const delta = a[row * d + j] - b[row * d + j];
      return angular[j] ? wrapAngle(delta) : delta;
    };
    let error = 0;
    let change = 0;
    let mean = 0;
    const sizes = new Float64Array(n);
    for (let b = 0; b < n; b++) {
      const e = difference(predicted, next, b);
      sizes[b] = Math.abs(e);
      error += (e * e) / n;
      change += difference(next, states, b) ** 2 / n;
      mean += next[b * d + j] / n;
    }
    let variance = 0;
    for (let b = 0; b < n; b++) variance += (next[b * d + j] - mean) ** 2 / n;
    return {
      name,
      error: Math.sqrt(error / change),
      medianError: median(sizes) / Math.sqrt(change),
      nmse: error / variance,
      nmseOfNothing: change / variance,
      coverage: coverage.dimensions[j],
    };
  });
  // a coordinate that never moved has no change to be held against
  const moving = dimensions.filter(({ error, nmse }) => Number.isFinite(error) && Number.isFinite(nmse));
  if (moving.length === 0)
    throw new RefusalError("score: nothing moves in these transitions, so no error can be held against a change", {
      field: "n",
      fix: "score on more",
    });
  const average = (of: (dimension: DimensionScore) => number) => moving.reduce((sum, dimension) => sum + of(dimension), 0) / moving.length;
  return {
    kind: "continuous",
    dimensions,
    error: average((x) => x.error),
    nmse: average((x) => x.nmse),
    nmseOfNothing: average((x) => x.nmseOfNothing),
    coverage: coverage.whole,
    transitions: n,
    terminals: truth.n - n,
    seed,
  };
}

export type Score = ContinuousScore | TabularScore;

/**
 * Score a model, inferred or one's own, against an environment, on states that its critic's own policy visits (continuous) or on every pair (finite).
 * @throws MismatchError where model and environment are not of one kind, or predictions not of the length of the states; RefusalError where nothing is left to score
 */
export function scoreModel(model: ScorableModel, environment: Environment, options?: ScoreOptions): Promise<ContinuousScore>;
export function scoreModel(model: TabularWorldModel, environment: Environment, options?: ScoreOptions): Promise<TabularScore>;
export function scoreModel(model: ScorableModel | TabularWorldModel, environment: Environment, options?: ScoreOptions): Promise<Score>;
export async function scoreModel(
  model: ScorableModel | TabularWorldModel,
  environment: Environment,
  options: ScoreOptions = {},
): Promise<Score> {
  if (model.kind === "tabular") {
    if (!environment.tables) throw new MismatchError(`${environment.id} has no tables to score a finite model against`);
    return scoreTabular(model, environment.tables);
  }
  const { coordinates } = environment;
  if (!coordinates) throw new MismatchError(`${environment.id} has no continuous states to score this model against`);
  const { seed = 1 } = options;
  if (coordinates.names.length !== model.coordinates.names.length)
    throw new MismatchError(
      `score: the model has ${model.coordinates.names.length} coordinates, ${environment.id} ${coordinates.names.length}`,
    );
  return scoreContinuous(model, await scoringTransitions(model, environment, { ...options, seed }), seed);
}

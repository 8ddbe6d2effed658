import type { OnProgress } from "../../base/progress.ts";
import { actionScale } from "../../critics/action-scale.ts";
import { coordinateHeads } from "../../critics/coordinate-values.ts";
import type { SavedCritic } from "../../critics/saved.ts";
import { collectTransitions, randomPolicy } from "../../environments/collect.ts";
import type { Environment } from "../../environments/environment.ts";
import { mean } from "../../numbers/statistics.ts";
import { LearningError } from "../errors.ts";
import { trainCoordinateValues } from "./coordinate-values.ts";

export interface CoordinateCriticOptions {
  readonly seed: number;
  /** γ of every group of heads (0.5, 0.9). */
  readonly discounts?: readonly number[];
  /** Steps of random behaviour to learn from (20,000). */
  readonly transitions?: number;
  readonly hidden?: readonly number[];
  readonly updates?: number;
  readonly batchSize?: number;
  /** First rate of Adam; it falls to nothing along a cosine. */
  readonly learningRate?: number;
  readonly threads?: number;
  readonly onProgress?: OnProgress;
}

export const COORDINATE_CRITIC_OPTIONS = [
  "seed",
  "discounts",
  "transitions",
  "hidden",
  "updates",
  "batchSize",
  "learningRate",
  "threads",
  "onProgress",
];

/**
 * Values of an environment's coordinates under random behaviour (critics/coordinate-values.ts).
 * @throws LearningError where actions are not of a Box, or a coordinate is no number of the observation
 */
export async function trainCoordinateCritic(environment: Environment, options: CoordinateCriticOptions): Promise<SavedCritic> {
  const { id, coordinates, simulation, actionSpace, observationSpace } = environment;
  const { seed, discounts = [0.5, 0.9], transitions: n = 20_000, ...training } = options;
  if (!coordinates || !simulation || actionSpace.kind !== "box")
    throw new LearningError(`coordinate-values needs coordinates and Box actions, which ${id} has not; use gvf or dqn`);
  const { states, actions, nextStates } = await collectTransitions(environment, randomPolicy(actionSpace, seed), { n, seed, epsilon: 1 });
  const { names } = coordinates;
  const d = names.length;
  if (states.length !== n * d) throw new LearningError(`${id} keeps more in its state than its coordinates; use gvf`);
  const o = simulation.observationSpace.low.length;
  const seen = new Float64Array(n * o);
  simulation.observations(states, n, seen);
  const column = (of: ArrayLike<number>, width: number, j: number) => Array.from({ length: n }, (_, i) => of[i * width + j]);
  const indices = names.map((name, j) => {
    const wanted = column(states, d, j);
    const index = Array.from({ length: o }, (_, k) => k).find((k) => column(seen, o, k).every((x, i) => Math.abs(x - wanted[i]) < 1e-6));
    if (index === undefined) throw new LearningError(`${id}: coordinate '${name}' is no number of the observation; use gvf`);
    return index;
  });
  const centre = Float32Array.from(names, (_, j) => mean(column(states, d, j)));
  // a coordinate's unit is the size of its changes: that is what the networks have to say
  const scale = Float32Array.from(names, (_, j) => {
    const [before, after] = [column(states, d, j), column(nextStates, d, j)];
    return Math.sqrt(mean(after.map((x, i) => (x - before[i]) ** 2))) || 1;
  });
  const spread = names.map((_, j) => Math.sqrt(mean(column(states, d, j).map((x) => (x - centre[j]) ** 2))) || 1);
  const gains = Float32Array.from(spread, (deviation, j) => scale[j] / deviation);
  const weights = new Float32Array(d * d);
  for (let j = 0; j < d; j++) weights[j * d + j] = gains[j];
  const encoding = { centre, scale, gains, weights, phases: new Float32Array(d) };
  const { low, high } = actionSpace;
  const unit = Float32Array.from(actions, (a, i) => (2 * (a - low[i % low.length])) / (high[i % low.length] - low[i % low.length]) - 1);
  // refuses a Box without bounds, by which actions are scaled
  actionScale(actionSpace);
  const networks = await trainCoordinateValues({
    ...training,
    seed,
    discounts,
    encoding,
    importance: names.map(() => 1),
    transitions: { n, states: Float32Array.from(states), actions: unit, nextStates: Float32Array.from(nextStates) },
  });
  const name = `coordinate-values ${id}`;
  return {
    name,
    algorithm: "GVF",
    environment: id,
    heads: coordinateHeads(name, names, discounts),
    observationSpace,
    actionSpace,
    values: { kind: "coordinate-values", encoding, indices, discounts, ...networks },
    made: { seed, discounts, transitions: n },
  };
}

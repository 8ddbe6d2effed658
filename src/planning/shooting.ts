import type { BellmanSystem } from "../bellman/system.ts";
import type { continuousModel } from "../world-model/continuous.ts";
import type { ContinuousWorldModel } from "../world-model/world-model.ts";
import { simulatorOfDynamics } from "./simulators.ts";

/** A continuous world that is stepped in batch: an inferred model, or anything else. */
export interface Simulator {
  /** d */
  readonly stateSize: number;
  /** @param states [n, d] @param actions [n, m] @returns next states [n, d], and one standard deviation of them where it is known */
  step(
    states: Float64Array,
    actions: Float64Array,
    n: number,
  ): Promise<{ readonly nextStates: Float64Array; readonly deviation?: Float64Array }>;
}

/** Add to `out` [n] what it costs to be in `states` [n, d] after `actions` [n, m] at step t of the plan. */
export type StepCost = (states: Float64Array, actions: Float64Array, n: number, t: number, out: Float64Array) => void;

export interface ShootingProblem {
  readonly model: Simulator | ContinuousWorldModel;
  readonly cost: StepCost;
  /** Add to `out` [n] the cost of all that follows the last step: −V of a critic, see `terminalOf`. */
  readonly terminal?: (states: Float64Array, n: number, out: Float64Array) => void | Promise<void>;
  /** Weight of the cost of step t: γ^t; 1 when absent. */
  readonly discount?: number;
  /** [m] */
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  /** Actions in a plan. */
  readonly horizon: number;
  /** Steps for which an action is held; 1 when absent. */
  readonly hold?: number;
  /** Cost of one standard deviation of the predicted state, averaged over coordinates in units of `scale`: 0 trusts the model. */
  readonly pessimism?: number;
  /** [d] 1 when absent */
  readonly scale?: ArrayLike<number>;
}

/** Deviations beyond this many `scale`s count as this many: what the heads cannot see at all has an infinite one. */
const BLIND = 10;

/** The batch step of a model. Where no deviation is asked for, an amortised one answers without its critics. */
export function simulatorOf(model: Simulator | ContinuousWorldModel, uncertain: boolean): Simulator {
  if ("step" in model) return model;
  const { definition } = model as Partial<ReturnType<typeof continuousModel>>;
  if (!uncertain && definition?.solver.method === "amortised") {
    return simulatorOfDynamics(definition.solver.dynamics, model.coordinates);
  }
  return { stateSize: model.coordinates.names.length, step: (states, actions) => model.predict(states, actions) };
}

/** −V as a terminal cost: the mean over heads, or with `pessimism` 1 the lowest of them. */
export function terminalOf(system: BellmanSystem, pessimism = 0): NonNullable<ShootingProblem["terminal"]> {
  const k = system.heads.length;
  return async (states, n, out) => {
    const values = await system.values(states);
    for (let b = 0; b < n; b++) {
      let mean = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < k; i++) {
        const v = values[b * k + i] / system.heads[i].rewardScale;
        mean += v / k;
        least = Math.min(least, v);
      }
      out[b] -= (1 - pessimism) * mean + pessimism * least;
    }
  };
}

/** Costs [n] of n plans [n, horizon, m] from one state, all at once. */
export function createEvaluator(problem: ShootingProblem, population: number) {
  const { cost, terminal, discount = 1, horizon, hold = 1, pessimism = 0, scale } = problem;
  const m = problem.low.length;
  const model = simulatorOf(problem.model, pessimism > 0);
  const d = model.stateSize;
  const actions = new Float64Array(population * m);
  const costs = new Float64Array(population);
  const stepCost = new Float64Array(population);
  return async (state: ArrayLike<number>, plans: Float64Array): Promise<Float64Array> => {
    let states = new Float64Array(population * d);
    for (let b = 0; b < population; b++) for (let j = 0; j < d; j++) states[b * d + j] = state[j];
    costs.fill(0);
    let weight = 1;
    for (let t = 0; t < horizon * hold; t++) {
      const knot = Math.floor(t / hold);
      for (let b = 0; b < population; b++) for (let j = 0; j < m; j++) actions[b * m + j] = plans[(b * horizon + knot) * m + j];
      const { nextStates, deviation } = await model.step(states, actions, population);
      stepCost.fill(0);
      cost(nextStates, actions, population, t, stepCost);
      for (let b = 0; b < population; b++) {
        let doubt = 0;
        if (pessimism > 0 && deviation) for (let j = 0; j < d; j++) doubt += Math.min(BLIND, deviation[b * d + j] / (scale?.[j] ?? 1)) / d;
        costs[b] += weight * (stepCost[b] + pessimism * doubt);
      }
      weight *= discount;
      states = nextStates as Float64Array<ArrayBuffer>;
    }
    if (terminal) {
      stepCost.fill(0);
      await terminal(states, population, stepCost);
      for (let b = 0; b < population; b++) costs[b] += weight * stepCost[b];
    }
    return costs;
  };
}

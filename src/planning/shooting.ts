import type { BellmanSystem } from "../bellman/system.ts";
import { PlanningError } from "./errors.ts";
import type { Simulator } from "./simulator.ts";

/** Add to `out` [n] what it costs to be in `states` [n, d] after `actions` [n, m] at step t of the plan. */
export type StepCost = (states: Float64Array, actions: Float64Array, n: number, t: number, out: Float64Array) => void;

/**
 * What a plan a_0 … a_{H−1} from a state costs, H = horizon · hold:
 *   Σ_{t<T} γ^t c_t(s_{t+1}, a_t) + γ^H c_end(s_H)
 * where T is H, or the step that ends the episode: that step is counted, and nothing after it, c_end neither.
 */
export interface ShootingProblem {
  readonly model: Simulator;
  /** c_t; less the model's rewards when absent. */
  readonly cost?: StepCost;
  /** Write 1 to `out` [n] where arriving in states [n, d] ends the episode, else 0; the ends that the model itself tells count too. */
  readonly ended?: (states: Float64Array, n: number, out: Uint8Array) => void;
  /** c_end: add to `out` [n] the cost of all that follows the last step: −V of a critic, see `terminalOf`. */
  readonly terminal?: (states: Float64Array, n: number, out: Float64Array) => void | Promise<void>;
  /** γ; 1 when absent. */
  readonly discount?: number;
  /** [m] */
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  /** Whether actions are whole numbers (false): those of a plan are rounded before they are taken. */
  readonly whole?: boolean;
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

/** Costs [n] of n plans [n, horizon, m] from one state [d], all at once; its array is written over by the next call. */
export type PlanCosts = (state: ArrayLike<number>, plans: Float64Array) => Promise<Float64Array>;

/** @throws PlanningError where neither the problem has a cost nor the model rewards */
export function createEvaluator(problem: ShootingProblem, population: number): PlanCosts {
  const { model, cost, terminal, discount = 1, horizon, hold = 1, whole = false, pessimism = 0, scale } = problem;
  const m = problem.low.length;
  const d = model.stateSize;
  const actions = new Float64Array(population * m);
  const costs = new Float64Array(population);
  const stepCost = new Float64Array(population);
  const ended = new Uint8Array(population);
  const over = new Uint8Array(population);
  return async (state, plans) => {
    let states: Float64Array = new Float64Array(population * d);
    for (let b = 0; b < population; b++) for (let j = 0; j < d; j++) states[b * d + j] = state[j];
    costs.fill(0);
    over.fill(0);
    let weight = 1;
    for (let t = 0; t < horizon * hold; t++) {
      const knot = Math.floor(t / hold);
      for (let b = 0; b < population; b++) for (let j = 0; j < m; j++) actions[b * m + j] = plans[(b * horizon + knot) * m + j];
      if (whole) for (let i = 0; i < actions.length; i++) actions[i] = Math.round(actions[i]);
      const step = await model.step(states, actions, population, pessimism > 0);
      const { nextStates, deviation, rewards } = step;
      stepCost.fill(0);
      if (cost) cost(nextStates, actions, population, t, stepCost);
      else if (rewards) for (let b = 0; b < population; b++) stepCost[b] -= rewards[b];
      else throw new PlanningError("MISMATCH", "the model gives no rewards; give a cost", { field: "cost" });
      if (problem.ended) problem.ended(nextStates, population, ended);
      let alive = 0;
      for (let b = 0; b < population; b++) {
        if (over[b]) continue;
        let doubt = 0;
        if (pessimism > 0 && deviation) for (let j = 0; j < d; j++) doubt += Math.min(BLIND, deviation[b * d + j] / (scale?.[j] ?? 1)) / d;
        costs[b] += weight * (stepCost[b] + pessimism * doubt);
        over[b] = ended[b] | (step.ended?.[b] ?? 0);
        alive += 1 - over[b];
      }
      if (alive === 0) return costs;
      weight *= discount;
      states = nextStates;
    }
    if (terminal) {
      stepCost.fill(0);
      await terminal(states, population, stepCost);
      for (let b = 0; b < population; b++) if (!over[b]) costs[b] += weight * stepCost[b];
    }
    return costs;
  };
}

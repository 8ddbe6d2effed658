import type { Tables } from "../environments/environment.ts";
import { type ContinuousTask, simulatorOfTask, type TaskSimulator } from "./continuous-task.ts";
import { PlanningError } from "./errors.ts";
import { interpolate, type RegularGrid, regularGrid } from "./grid-values.ts";
import type { ContinuousPolicy } from "./policy.ts";
import { policyIteration } from "./policy-iteration.ts";
import type { Simulator } from "./simulator.ts";

export interface GridOptions {
  /** [d] the box that is planned in */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** [d] nodes along each coordinate */
  readonly sizes: readonly number[];
  /** [choices, m] actions that may be taken: all of a Discrete space, some of a Box */
  readonly choices: Float64Array;
  /** m */
  readonly actionSize: number;
  /** Steps looked ahead in the model itself before the grid's values are asked; 1 when absent. */
  readonly lookahead?: number;
  /** Proven sup-norm error of the values on the grid; 1e-8 when absent. */
  readonly tolerance?: number;
}

export interface GridPolicy extends ContinuousPolicy {
  /** V of n states [n, d] in the model that was planned in: [n] */
  value(states: Float64Array): Float64Array;
}

/**
 * The best policy of a continuous model of few coordinates, for a task that no critic has seen: dynamic programming on a grid with multilinear weights, then
 * a look ahead in the model from where one is.
 * @throws PlanningError for a grid of other coordinates than the model's
 */
export async function planOnGrid(model: Simulator, task: ContinuousTask, options: GridOptions): Promise<GridPolicy> {
  const { low, high, sizes, choices, actionSize: m, lookahead = 1, tolerance = 1e-8 } = options;
  const world = simulatorOfTask(model, task);
  const d = world.stateSize;
  if (low.length !== d || high.length !== d || sizes.length !== d)
    throw new PlanningError(
      "OPTION",
      `a grid over ${d} coordinates needs as many bounds and sizes, got ${low.length}, ${high.length} and ${sizes.length}`,
      { field: "grid" },
    );
  const grid = regularGrid(low, high, sizes);
  const count = choices.length / m;
  const { v } = policyIteration(await tablesOnGrid(world, grid, choices, m), { discount: task.discount, tolerance });

  const bestFrom = async (states: Float64Array, n: number, depth: number): Promise<{ values: Float64Array; choice: Int32Array }> => {
    const values = new Float64Array(n).fill(Number.NEGATIVE_INFINITY);
    const choice = new Int32Array(n);
    for (let c = 0; c < count; c++) {
      const { nextStates, rewards, ended } = await world.step(states, repeated(choices.subarray(c * m, (c + 1) * m), n), n);
      const after = depth > 1 ? (await bestFrom(nextStates, n, depth - 1)).values : interpolate(grid, v, nextStates, new Float64Array(n));
      for (let b = 0; b < n; b++) {
        const q = rewards[b] + (ended[b] ? 0 : task.discount * after[b]);
        if (q > values[b]) {
          values[b] = q;
          choice[b] = c;
        }
      }
    }
    return { values, choice };
  };
  return {
    kind: "continuous",
    reset() {},
    value: (states) => interpolate(grid, v, states, new Float64Array(states.length / d)),
    async act(state) {
      const { choice } = await bestFrom(Float64Array.from(state), 1, lookahead);
      return choices.slice(choice[0] * m, (choice[0] + 1) * m);
    },
  };
}

function repeated(action: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n * action.length }, (_, i) => action[i % action.length]);
}

async function tablesOnGrid(world: TaskSimulator, grid: RegularGrid, choices: Float64Array, m: number): Promise<Tables> {
  const corners = 1 << grid.sizes.length;
  const actions = choices.length / m;
  const total = grid.nodes * actions * corners;
  const nextStates = new Int32Array(total);
  const probabilities = new Float64Array(total);
  const rewards = new Float64Array(total);
  const terminated = new Uint8Array(total);
  const [around, weights] = [new Int32Array(corners), new Float64Array(corners)];
  for (let a = 0; a < actions; a++) {
    const step = await world.step(grid.states, repeated(choices.subarray(a * m, (a + 1) * m), grid.nodes), grid.nodes);
    for (let node = 0; node < grid.nodes; node++) {
      grid.locate(step.nextStates, node, around, weights);
      const at = (node * actions + a) * corners;
      nextStates.set(around, at);
      probabilities.set(weights, at);
      rewards.fill(step.rewards[node], at, at + corners);
      terminated.fill(step.ended[node], at, at + corners);
    }
  }
  return {
    states: grid.nodes,
    actions,
    offsets: Int32Array.from({ length: grid.nodes * actions + 1 }, (_, i) => i * corners),
    nextStates,
    probabilities,
    rewards,
    terminated,
    initial: new Float64Array(grid.nodes).fill(1 / grid.nodes),
  };
}

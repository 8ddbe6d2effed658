import type { Tables } from "../environments/environment.ts";
import type { ContinuousWorldModel } from "../world-model/world-model.ts";
import { interpolate, type RegularGrid, regularGrid } from "./grid-values.ts";
import type { ContinuousPolicy } from "./policy.ts";
import { policyIteration } from "./policy-iteration.ts";
import { type Simulator, simulatorOf } from "./shooting.ts";

/** What is wanted of a continuous world, as small functions over n transitions. */
export interface ContinuousTask {
  /** γ */
  readonly discount: number;
  /** Write r(s, a, s') to `out` [n]; 0 when absent. @param states [n, d] @param actions [n, m] @param nextStates [n, d] */
  readonly reward?: (states: Float64Array, actions: Float64Array, nextStates: Float64Array, n: number, out: Float64Array) => void;
  /** Write 1 to `out` [n] where arriving in states [n, d] ends the episode and pays 1 beside the reward, else 0. */
  readonly goal?: (states: Float64Array, n: number, out: Uint8Array) => void;
  /** The same where it ends and pays nothing; it outweighs a goal. */
  readonly end?: (states: Float64Array, n: number, out: Uint8Array) => void;
}

export interface Outcomes {
  /** [n, d] */
  readonly nextStates: Float64Array;
  /** [n] */
  readonly rewards: Float64Array;
  /** [n] 0 or 1 */
  readonly ended: Uint8Array;
}

/** What n transitions pay, and which of them end the episode. */
export function settle(task: ContinuousTask, states: Float64Array, actions: Float64Array, nextStates: Float64Array, n: number): Outcomes {
  const rewards = new Float64Array(n);
  const [reached, ended] = [new Uint8Array(n), new Uint8Array(n)];
  task.reward?.(states, actions, nextStates, n, rewards);
  task.goal?.(nextStates, n, reached);
  task.end?.(nextStates, n, ended);
  for (let b = 0; b < n; b++) {
    if (ended[b] || !reached[b]) continue;
    rewards[b] += 1;
    ended[b] = 1;
  }
  return { nextStates, rewards, ended };
}

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

/** The best policy of a continuous model of few coordinates, for a task that no critic has seen: dynamic programming on a grid with multilinear weights, then a look ahead in the model from where one is. */
export async function planOnGrid(model: Simulator | ContinuousWorldModel, task: ContinuousTask, options: GridOptions): Promise<GridPolicy> {
  const { low, high, sizes, choices, actionSize: m, lookahead = 1, tolerance = 1e-8 } = options;
  const simulator = simulatorOf(model, false);
  const d = simulator.stateSize;
  if (low.length !== d || high.length !== d || sizes.length !== d)
    throw new RangeError(
      `a grid over ${d} coordinates needs as many bounds and sizes, got ${low.length}, ${high.length} and ${sizes.length}`,
    );
  const grid = regularGrid(low, high, sizes);
  const count = choices.length / m;
  const { v } = policyIteration(await tablesOnGrid(simulator, task, grid, choices, m), { discount: task.discount, tolerance });

  const bestFrom = async (states: Float64Array, n: number, depth: number): Promise<{ values: Float64Array; choice: Int32Array }> => {
    const values = new Float64Array(n).fill(Number.NEGATIVE_INFINITY);
    const choice = new Int32Array(n);
    for (let c = 0; c < count; c++) {
      const { nextStates, rewards, ended } = await outcomes(simulator, task, states, n, choices.subarray(c * m, (c + 1) * m));
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

async function outcomes(
  simulator: Simulator,
  task: ContinuousTask,
  states: Float64Array,
  n: number,
  action: Float64Array,
): Promise<Outcomes> {
  const m = action.length;
  const actions = Float64Array.from({ length: n * m }, (_, i) => action[i % m]);
  const { nextStates } = await simulator.step(states, actions, n);
  return settle(task, states, actions, nextStates, n);
}

async function tablesOnGrid(
  simulator: Simulator,
  task: ContinuousTask,
  grid: RegularGrid,
  choices: Float64Array,
  m: number,
): Promise<Tables> {
  const corners = 1 << grid.sizes.length;
  const actions = choices.length / m;
  const total = grid.nodes * actions * corners;
  const nextStates = new Int32Array(total);
  const probabilities = new Float64Array(total);
  const rewards = new Float64Array(total);
  const terminated = new Uint8Array(total);
  const [around, weights] = [new Int32Array(corners), new Float64Array(corners)];
  for (let a = 0; a < actions; a++) {
    const step = await outcomes(simulator, task, grid.states, grid.nodes, choices.subarray(a * m, (a + 1) * m));
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

import type { Physics, Tables } from "../environments/environment.ts";
import { valueIteration } from "./value-iteration.ts";

/** A regular grid over a box of states, and multilinear interpolation on it. */
export interface RegularGrid {
  /** [d] nodes along each coordinate */
  readonly sizes: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly nodes: number;
  /** Corners of the cell that holds a state and their weights, 2^d each. @param states [n, d] read at row */
  locate(states: Float64Array, row: number, corners: Int32Array, weights: Float64Array): void;
  /** The states of all nodes: flat [nodes, d]. */
  readonly states: Float64Array;
}

export function regularGrid(low: readonly number[], high: readonly number[], sizes: readonly number[]): RegularGrid {
  const d = sizes.length;
  const nodes = sizes.reduce((a, b) => a * b, 1);
  const strides = sizes.map((_, j) => sizes.slice(j + 1).reduce((a, b) => a * b, 1));
  const states = new Float64Array(nodes * d);
  for (let node = 0; node < nodes; node++)
    for (let j = 0; j < d; j++) {
      const index = Math.floor(node / strides[j]) % sizes[j];
      states[node * d + j] = index === sizes[j] - 1 ? high[j] : low[j] + ((high[j] - low[j]) * index) / (sizes[j] - 1);
    }
  return {
    sizes,
    low,
    high,
    nodes,
    states,
    locate(from, row, corners, weights) {
      corners.fill(0);
      weights.fill(1);
      for (let j = 0; j < d; j++) {
        const u = Math.min(1, Math.max(0, (from[row * d + j] - low[j]) / (high[j] - low[j]))) * (sizes[j] - 1);
        const cell = Math.min(sizes[j] - 2, Math.floor(u));
        const part = u - cell;
        for (let c = 0; c < 1 << d; c++) {
          const upper = (c >> j) & 1;
          corners[c] += (cell + upper) * strides[j];
          weights[c] *= upper ? part : 1 - part;
        }
      }
    },
  };
}

/**
 * A physical system with Discrete actions as tables over a grid: from each node to the corners of the cell where the step ends, by its interpolation weights.
 * Kuhn-like discretisation of a continuous problem (Munos and Moore 2002, with multilinear weights).
 */
export function gridTables(physics: Physics, grid: RegularGrid): Tables {
  const { actionSpace } = physics;
  if (actionSpace.kind !== "discrete") throw new TypeError("values on a grid need Discrete actions");
  const { n: actions, start } = actionSpace;
  const d = grid.sizes.length;
  const cornersOf = 1 << d;
  const outcomes = grid.nodes * actions * cornersOf;
  const nextStates = new Int32Array(outcomes);
  const probabilities = new Float64Array(outcomes);
  const rewards = new Float64Array(outcomes);
  const terminated = new Uint8Array(outcomes);
  const moves = new Float64Array(grid.nodes);
  const out = {
    nextStates: new Float64Array(grid.nodes * d),
    rewards: new Float64Array(grid.nodes),
    terminated: new Uint8Array(grid.nodes),
  };
  const corners = new Int32Array(cornersOf);
  const weights = new Float64Array(cornersOf);
  for (let a = 0; a < actions; a++) {
    moves.fill(start + a);
    physics.step(grid.states, moves, grid.nodes, out);
    for (let node = 0; node < grid.nodes; node++) {
      grid.locate(out.nextStates, node, corners, weights);
      for (let c = 0; c < cornersOf; c++) {
        const at = (node * actions + a) * cornersOf + c;
        nextStates[at] = corners[c];
        probabilities[at] = weights[c];
        rewards[at] = out.rewards[node];
        terminated[at] = out.terminated[node];
      }
    }
  }
  return {
    states: grid.nodes,
    actions,
    offsets: Int32Array.from({ length: grid.nodes * actions + 1 }, (_, i) => i * cornersOf),
    nextStates,
    probabilities,
    rewards,
    terminated,
    initial: new Float64Array(grid.nodes).fill(1 / grid.nodes),
  };
}

/** Optimal values of the nodes, [nodes]. */
export function gridValues(physics: Physics, grid: RegularGrid, discount: number, tolerance = 1e-8): Float64Array {
  return valueIteration(gridTables(physics, grid), { discount, tolerance, stop: "change" }).v;
}

/** Interpolated value of n states [n, d]. */
export function interpolate(grid: RegularGrid, values: Float64Array, states: Float64Array, out: Float64Array): Float64Array {
  const d = grid.sizes.length;
  const corners = new Int32Array(1 << d);
  const weights = new Float64Array(1 << d);
  for (let b = 0; b < states.length / d; b++) {
    grid.locate(states, b, corners, weights);
    let sum = 0;
    for (let c = 0; c < corners.length; c++) sum += weights[c] * values[corners[c]];
    out[b] = sum;
  }
  return out;
}

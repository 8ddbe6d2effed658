import type { Tables } from "../environments/environment.ts";
import { gridWorld } from "../environments/grid-world.ts";
import { createRandom } from "../numbers/random.ts";

export const mazeDiscount = 0.99;

/** A maze whose moves slip sideways half of the time, and values of it under normal rewards. */
export interface SlipperyMaze {
  readonly tables: Tables;
  readonly heads: number;
  /** γ V, [states, heads] */
  readonly columns: Float64Array;
}

/** Sweeps of value iteration: any table that obeys the Bellman equation once serves. */
const SWEEPS = 30;
/** Of the walls between two corridors: those that are doors all the same. */
const DOORS = 0.1;

/**
 * A spanning tree of cells by depth-first search, with a tenth of the other walls opened; ½ the move asked for, ¼ each sideways one, a wall stays.
 * @param side of the map, odd: about ¾ · ½ side² states
 */
export function slipperyMaze(side: number, heads: number, seed: number): SlipperyMaze {
  const random = createRandom(seed);
  const { tables } = gridWorld({ map: mazeMap(side, random), variant: "windy", goals: [] });
  const { states, actions, offsets, nextStates, probabilities } = tables;
  const columns = new Float64Array(states * heads);
  const rewards = new Float64Array(states * actions);
  let v = new Float64Array(states);
  let next = new Float64Array(states);
  for (let i = 0; i < heads; i++) {
    for (let k = 0; k < rewards.length; k++) rewards[k] = random.normal();
    v.fill(0);
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (let s = 0; s < states; s++) {
        let best = Number.NEGATIVE_INFINITY;
        for (let k = s * actions; k < (s + 1) * actions; k++) {
          let value = rewards[k];
          for (let o = offsets[k]; o < offsets[k + 1]; o++) value += mazeDiscount * probabilities[o] * v[nextStates[o]];
          if (value > best) best = value;
        }
        next[s] = best;
      }
      [v, next] = [next, v];
    }
    for (let s = 0; s < states; s++) columns[s * heads + i] = mazeDiscount * v[s];
  }
  return { tables, heads, columns };
}

/** Q − r of the pairs from … to − 1, [to − from, heads]: the expectation of γ V, exact but for rounding. */
export function mazeTargets({ tables, heads, columns }: SlipperyMaze, from: number, to: number, into: Float64Array): void {
  const { offsets, nextStates, probabilities } = tables;
  into.fill(0);
  for (let k = from; k < to; k++)
    for (let o = offsets[k]; o < offsets[k + 1]; o++)
      for (let i = 0; i < heads; i++) into[(k - from) * heads + i] += probabilities[o] * columns[nextStates[o] * heads + i];
}

/** Σ_s |p̂(s) − p(s)| of pair k. */
export function mazeError({ tables }: SlipperyMaze, k: number, states: Int32Array, probabilities: Float64Array): number {
  const apart = new Map<number, number>();
  for (let o = tables.offsets[k]; o < tables.offsets[k + 1]; o++)
    apart.set(tables.nextStates[o], (apart.get(tables.nextStates[o]) ?? 0) - tables.probabilities[o]);
  states.forEach((s, m) => {
    apart.set(s, (apart.get(s) ?? 0) + probabilities[m]);
  });
  return [...apart.values()].reduce((sum, x) => sum + Math.abs(x), 0);
}

function mazeMap(side: number, random: ReturnType<typeof createRandom>): string[] {
  const cells = (side - 1) >> 1;
  const open = new Uint8Array(side * side);
  const at = (row: number, column: number) => row * side + column;
  const stack = [[0, 0]];
  open[at(1, 1)] = 1;
  const steps = [
    [0, 1],
    [1, 0],
    [0, -1],
    [-1, 0],
  ];
  while (stack.length > 0) {
    const [r, c] = stack[stack.length - 1];
    const free = steps.filter(([dr, dc]) => {
      const [a, b] = [r + dr, c + dc];
      return a >= 0 && a < cells && b >= 0 && b < cells && !open[at(2 * a + 1, 2 * b + 1)];
    });
    if (free.length === 0) {
      stack.pop();
      continue;
    }
    const [dr, dc] = free[random.integer(free.length)];
    open[at(2 * r + 1 + dr, 2 * c + 1 + dc)] = 1;
    open[at(2 * (r + dr) + 1, 2 * (c + dc) + 1)] = 1;
    stack.push([r + dr, c + dc]);
  }
  for (let r = 1; r < 2 * cells; r++)
    for (let c = 1; c < 2 * cells; c++) if ((r + c) % 2 === 1 && !open[at(r, c)] && random.uniform() < DOORS) open[at(r, c)] = 1;
  return Array.from({ length: side }, (_, r) => Array.from({ length: side }, (_, c) => (open[at(r, c)] ? " " : "#")).join(""));
}

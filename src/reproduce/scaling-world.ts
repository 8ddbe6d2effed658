import { createRandom } from "../numbers/random.ts";

export const scalingDiscount = 0.99;
const actions = 4;

/** Values of a square grid world with normal rewards, after some sweeps of value iteration: any table that obeys the Bellman equation once serves. */
export interface ScalingWorld {
  readonly side: number;
  readonly states: number;
  readonly heads: number;
  /** γ V, [states, heads] */
  readonly columns: Float64Array;
  /** Noise of the action values: this times a normal number, drawn anew from a seed for every chunk. */
  readonly noise: number;
  readonly seed: number;
}

const sweeps = 20;
/** Of the spread of the values. */
const noiseShare = 0.003;

export function scalingWorld(side: number, heads: number, seed: number): ScalingWorld {
  const states = side * side;
  const random = createRandom(seed);
  const columns = new Float64Array(states * heads);
  let v = new Float64Array(states);
  let next = new Float64Array(states);
  const rewards = new Float64Array(states);
  let spread = 0;
  for (let i = 0; i < heads; i++) {
    for (let s = 0; s < states; s++) rewards[s] = random.normal();
    v.fill(0);
    for (let sweep = 0; sweep < sweeps; sweep++) {
      for (let s = 0; s < states; s++) {
        let best = Number.NEGATIVE_INFINITY;
        for (let a = 0; a < actions; a++) best = Math.max(best, v[followShift(side, s, a)]);
        next[s] = rewards[s] + scalingDiscount * best;
      }
      [v, next] = [next, v];
    }
    let sum = 0;
    let squares = 0;
    for (let s = 0; s < states; s++) {
      const c = scalingDiscount * v[s];
      columns[s * heads + i] = c;
      sum += c;
      squares += c * c;
    }
    spread += Math.sqrt(squares / states - (sum / states) ** 2) / heads;
  }
  return { side, states, heads, columns, noise: heads === 1 ? 0 : noiseShare * spread, seed };
}

/** Up, right, down, left; against the edge it stays. */
export function followShift(side: number, state: number, action: number): number {
  const column = state % side;
  if (action === 0) return state >= side ? state - side : state;
  if (action === 1) return column < side - 1 ? state + 1 : state;
  if (action === 2) return state + side < side * side ? state + side : state;
  return column > 0 ? state - 1 : state;
}

/** Q − r of all pairs, [states · 4, heads]: γ V of the next state, plus noise. */
export function scalingTargets(world: ScalingWorld): Float64Array {
  const { side, states, heads, columns, noise } = world;
  const random = createRandom(world.seed + 1);
  const targets = new Float64Array(states * actions * heads);
  for (let s = 0, k = 0; s < states; s++)
    for (let a = 0; a < actions; a++, k++) {
      const next = followShift(side, s, a);
      for (let i = 0; i < heads; i++) targets[k * heads + i] = columns[next * heads + i] + (noise > 0 ? noise * random.normal() : 0);
    }
  return targets;
}

/** Answers that are not the true next state. */
export function countWrong(side: number, nearest: Int32Array): number {
  let wrong = 0;
  for (let k = 0; k < nearest.length; k++) if (nearest[k] !== followShift(side, Math.floor(k / actions), k % actions)) wrong++;
  return wrong;
}

import type { Tables } from "../environments/environment.ts";
import type { FoldedTables } from "./sweeps.ts";

/** Memory for folded tables: ordinary, or shared with threads. */
export type Allocate = (bytes: number) => ArrayBuffer | SharedArrayBuffer;

/**
 * @param rewards r of each outcome
 * @param terminalValue [states] where finite, all that is got on arriving
 */
export function foldTables(
  tables: Tables,
  rewards: Float64Array,
  discount: number,
  terminalValue?: ArrayLike<number>,
  allocate: Allocate = (bytes) => new ArrayBuffer(bytes),
): FoldedTables {
  const { states, actions, nextStates, probabilities, terminated } = tables;
  const pairs = states * actions;
  const offsets = new Int32Array(allocate(4 * (pairs + 1)));
  offsets.set(tables.offsets);
  const next = new Int32Array(allocate(4 * nextStates.length));
  next.set(nextStates);
  const constant = new Float64Array(allocate(8 * pairs));
  const weight = new Float64Array(allocate(8 * nextStates.length));
  let width = pairs > 0 ? offsets[1] : 0;
  for (let k = 0; k < pairs; k++) {
    if (offsets[k + 1] - offsets[k] !== width) width = 0;
    let sum = 0;
    for (let o = offsets[k]; o < offsets[k + 1]; o++) {
      const terminal = terminalValue ? terminalValue[nextStates[o]] : Number.NaN;
      const ends = Number.isFinite(terminal);
      sum += probabilities[o] * (ends ? terminal : rewards[o]);
      weight[o] = ends || terminated[o] ? 0 : discount * probabilities[o];
    }
    constant[k] = sum;
  }
  return { states, actions, offsets, next, weight, constant, width };
}

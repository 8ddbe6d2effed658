import type { Tables } from "../environments/environment.ts";
import type { FoldedTables } from "./sweeps.ts";

/** A place for so many bytes: of its own, or within memory that threads or WebAssembly see. */
export type Allocate = (bytes: number) => { readonly buffer: ArrayBufferLike; readonly byteOffset: number };

export const ownMemory: Allocate = (bytes) => ({ buffer: new ArrayBuffer(bytes), byteOffset: 0 });

export function allocateReals(allocate: Allocate, n: number): Float64Array {
  const { buffer, byteOffset } = allocate(8 * n);
  return new Float64Array(buffer, byteOffset, n);
}

export function allocateIntegers(allocate: Allocate, n: number): Int32Array {
  const { buffer, byteOffset } = allocate(4 * n);
  return new Int32Array(buffer, byteOffset, n);
}

/** Bytes of each array of folded tables. */
export function foldedSizes({ states, actions, nextStates }: Tables): number[] {
  const pairs = states * actions;
  return [4 * (pairs + 1), 4 * nextStates.length, 8 * pairs, 8 * nextStates.length];
}

/**
 * @param rewards r of each outcome
 * @param terminalValue [states] where finite, all that is got on arriving
 */
export function foldTables(
  tables: Tables,
  rewards: Float64Array,
  discount: number,
  terminalValue?: ArrayLike<number>,
  allocate: Allocate = ownMemory,
): FoldedTables {
  const { states, actions, nextStates, probabilities, terminated } = tables;
  const pairs = states * actions;
  const offsets = allocateIntegers(allocate, pairs + 1);
  offsets.set(tables.offsets);
  const next = allocateIntegers(allocate, nextStates.length);
  next.set(nextStates);
  const constant = allocateReals(allocate, pairs);
  const weight = allocateReals(allocate, nextStates.length);
  for (let k = 0; k < pairs; k++) {
    let sum = 0;
    for (let o = offsets[k]; o < offsets[k + 1]; o++) {
      const terminal = terminalValue ? terminalValue[nextStates[o]] : Number.NaN;
      const ends = Number.isFinite(terminal);
      sum += probabilities[o] * (ends ? terminal : rewards[o]);
      weight[o] = ends || terminated[o] ? 0 : discount * probabilities[o];
    }
    constant[k] = sum;
  }
  return { states, actions, offsets, next, weight, constant };
}

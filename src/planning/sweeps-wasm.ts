import {
  branch,
  branchIf,
  get,
  loadF64,
  loadI32,
  opcode,
  real,
  set,
  storeF64,
  storeI32,
  type WasmFunction,
  wasmModule,
  whole,
} from "./wasm.ts";

const { i32, f64 } = opcode;
const PAGE = 65_536;
/** 4 GiB less a page: beyond it addresses do not fit. */
const MOST_PAGES = 65_535;
const ALIGNED = 64;

/** Memory that both JavaScript and the sweeps see. */
export interface Arena {
  /** Give out so many bytes, zeros. */
  allocate(bytes: number): { readonly buffer: ArrayBufferLike; readonly byteOffset: number };
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
}

/** Undefined where there is no WebAssembly, or more is asked for than it can address. @param sizes bytes of every array that will be asked for */
export function createArena(sizes: readonly number[], shared: boolean): Arena | undefined {
  const pages = Math.ceil(sizes.reduce((sum, bytes) => sum + Math.ceil(bytes / ALIGNED) * ALIGNED, 0) / PAGE) + 1;
  if (pages > MOST_PAGES || typeof WebAssembly === "undefined") return undefined;
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
    let top = 0;
    return {
      memory,
      module: new WebAssembly.Module(wasmModule([sweepOf("improve"), sweepOf("evaluate")], { shared, pages })),
      allocate(bytes) {
        const byteOffset = top;
        top += Math.ceil(bytes / ALIGNED) * ALIGNED;
        return { buffer: memory.buffer, byteOffset };
      },
    };
  } catch {
    // no memory of that size, or a page that may not compile
    return undefined;
  }
}

const parameters = ["offsets", "next", "weight", "constant", "v", "choice", "state", "count", "actions", "step"] as const;

/**
 * A Gauss–Seidel sweep, the same arithmetic in the same order as sweeps.ts, so that the bits are the same; the greatest is selected without branches, which would be guessed wrong.
 *   improve:  V(s) ← max_a c(s, a) + Σ_o w_o V(next_o), choice(s) ← the first best a;   evaluate: V(s) ← the same of choice(s)
 */
function sweepOf(name: "improve" | "evaluate"): WasmFunction {
  const [offsets, next, weight, constant, v, choice, state, count, actions, step] = parameters.keys();
  const [pair, action, outcome, last, chosen, better, place, left] = Array.from({ length: 8 }, (_, i) => parameters.length + i);
  const [best, q, change] = [18, 19, 20];
  const address = (base: number, index: number, shift: number) => [...get(base), ...get(index), ...whole(shift), ...i32.shl, ...i32.add];
  const advance = (local: number, by: readonly number[]) => [...get(local), ...by, ...i32.add, ...set(local)];
  // q ← c(pair) + Σ_o w_o V(next_o); `outcome` and `left` are addresses of a weight and of its next state
  const value = [
    ...[...address(constant, pair, 3), ...loadF64(), ...set(q)],
    ...[...address(offsets, pair, 2), ...loadI32(4), ...set(last)],
    ...[...get(weight), ...get(last), ...whole(3), ...i32.shl, ...i32.add, ...set(last)],
    ...opcode.block,
    ...opcode.loop,
    ...[...get(outcome), ...get(last), ...i32.greaterOrEqual, ...branchIf(1)],
    ...[...get(q), ...get(outcome), ...loadF64()],
    ...[...get(v), ...get(left), ...loadI32(), ...whole(3), ...i32.shl, ...i32.add, ...loadF64()],
    ...[...f64.mul, ...f64.add, ...set(q)],
    ...advance(outcome, whole(8)),
    ...advance(left, whole(4)),
    ...branch(0),
    ...opcode.end,
    ...opcode.end,
  ];
  const seek = [
    ...[...address(offsets, pair, 2), ...loadI32(), ...set(place)],
    ...[...address(weight, place, 3), ...set(outcome)],
    ...[...address(next, place, 2), ...set(left)],
  ];
  const every = [
    ...[...get(state), ...get(actions), ...i32.mul, ...set(pair)],
    ...seek,
    ...[...whole(0), ...set(action), ...whole(0), ...set(chosen), ...real(Number.NEGATIVE_INFINITY), ...set(best)],
    ...opcode.loop,
    ...value,
    ...[...get(q), ...get(best), ...f64.greater, ...set(better)],
    ...[...get(action), ...get(chosen), ...get(better), ...opcode.select, ...set(chosen)],
    ...[...get(q), ...get(best), ...get(better), ...opcode.select, ...set(best)],
    ...advance(pair, whole(1)),
    ...advance(action, whole(1)),
    ...[...get(action), ...get(actions), ...i32.less, ...branchIf(0)],
    ...opcode.end,
    ...[...address(choice, state, 2), ...get(chosen), ...storeI32],
  ];
  const one = [
    ...[...get(state), ...get(actions), ...i32.mul, ...address(choice, state, 2), ...loadI32(), ...i32.add, ...set(pair)],
    ...seek,
    ...value,
    ...[...get(q), ...set(best)],
  ];
  return {
    name,
    parameters: parameters.length,
    locals: [8, 3],
    body: [
      ...opcode.block,
      ...opcode.loop,
      ...[...get(count), ...i32.eqz, ...branchIf(1)],
      ...(name === "improve" ? every : one),
      ...[...get(best), ...address(v, state, 3), ...loadF64(), ...f64.sub, ...f64.abs, ...get(change), ...f64.max, ...set(change)],
      ...[...address(v, state, 3), ...get(best), ...storeF64],
      ...advance(state, get(step)),
      ...advance(count, whole(-1)),
      ...branch(0),
      ...opcode.end,
      ...opcode.end,
      ...get(change),
    ],
  };
}

/** Q(k) = constant_k + Σ_o weight_o V(next_o): the rewards, ends and γ of tables folded into one sparse product. */
export interface FoldedTables {
  readonly states: number;
  readonly actions: number;
  /** [pairs + 1] */
  readonly offsets: Int32Array;
  /** [outcomes] */
  readonly next: Int32Array;
  readonly weight: Float64Array;
  /** [pairs] */
  readonly constant: Float64Array;
}

/** Gauss–Seidel sweeps over the states of a block: what was just computed is used at once. Each returns sup |V_new − V_old| over the block. */
export interface Sweeps {
  /** V(s) ← max_a Q(s, a); the first best action goes to `choice` [states]. */
  improve(v: Float64Array, choice: Int32Array, from: number, to: number, backward: boolean): number;
  /** V(s) ← Q(s, choice(s)) */
  evaluate(v: Float64Array, choice: Int32Array, from: number, to: number, backward: boolean): number;
  /** Q(s, ·) into `q` [states, actions]; V stays. */
  values(v: Float64Array, q: Float64Array, from: number, to: number): void;
}

/** Compiled sweeps (sweeps-wasm.ts) over the memory in which the folded tables, V and the choices lie. */
export interface CompiledSweeps {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
}

type Compiled = (
  offsets: number,
  next: number,
  weight: number,
  constant: number,
  v: number,
  choice: number,
  state: number,
  count: number,
  actions: number,
  step: number,
) => number;

/**
 * Uses nothing from outside itself: its source is sent to threads. The arrays are locals of each sweep, not of the closure, so that a second set of tables in one process is
 * compiled as well as the first.
 */
export function createSweeps(folded: FoldedTables, compiled?: CompiledSweeps): Sweeps {
  const improve = (f: FoldedTables, v: Float64Array, choice: Int32Array, from: number, to: number, backward: boolean): number => {
    const { actions, offsets, next, weight, constant } = f;
    let change = 0;
    for (let i = from; i < to; i++) {
      const s = backward ? from + to - 1 - i : i;
      const at = s * actions;
      let best = Number.NEGATIVE_INFINITY;
      let chosen = 0;
      for (let a = 0; a < actions; a++) {
        const k = at + a;
        let q = constant[k];
        for (let o = offsets[k], end = offsets[k + 1]; o < end; o++) q += weight[o] * v[next[o]];
        if (q > best) {
          best = q;
          chosen = a;
        }
      }
      const moved = Math.abs(best - v[s]);
      if (moved > change) change = moved;
      v[s] = best;
      choice[s] = chosen;
    }
    return change;
  };
  const evaluate = (f: FoldedTables, v: Float64Array, choice: Int32Array, from: number, to: number, backward: boolean): number => {
    const { actions, offsets, next, weight, constant } = f;
    let change = 0;
    for (let i = from; i < to; i++) {
      const s = backward ? from + to - 1 - i : i;
      const k = s * actions + choice[s];
      let q = constant[k];
      for (let o = offsets[k], end = offsets[k + 1]; o < end; o++) q += weight[o] * v[next[o]];
      const moved = Math.abs(q - v[s]);
      if (moved > change) change = moved;
      v[s] = q;
    }
    return change;
  };
  const values = (f: FoldedTables, v: Float64Array, q: Float64Array, from: number, to: number): void => {
    const { actions, offsets, next, weight, constant } = f;
    for (let k = from * actions; k < to * actions; k++) {
      let sum = constant[k];
      for (let o = offsets[k], end = offsets[k + 1]; o < end; o++) sum += weight[o] * v[next[o]];
      q[k] = sum;
    }
  };
  if (compiled) {
    const { exports } = new WebAssembly.Instance(compiled.module, { env: { memory: compiled.memory } });
    const { offsets, next, weight, constant, actions } = folded;
    const call =
      (name: string) =>
      (v: Float64Array, choice: Int32Array, from: number, to: number, backward: boolean): number =>
        (exports[name] as Compiled)(
          offsets.byteOffset,
          next.byteOffset,
          weight.byteOffset,
          constant.byteOffset,
          v.byteOffset,
          choice.byteOffset,
          backward ? to - 1 : from,
          to - from,
          actions,
          backward ? -1 : 1,
        );
    return { improve: call("improve"), evaluate: call("evaluate"), values: (v, q, from, to) => values(folded, v, q, from, to) };
  }
  return {
    improve: (v, choice, from, to, backward) => improve(folded, v, choice, from, to, backward),
    evaluate: (v, choice, from, to, backward) => evaluate(folded, v, choice, from, to, backward),
    values: (v, q, from, to) => values(folded, v, q, from, to),
  };
}

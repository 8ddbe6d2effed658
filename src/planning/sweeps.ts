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
  /** Outcomes of every pair where all have the same number of them, else 0. */
  readonly width: number;
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

/** Uses nothing from outside itself: its source is sent to threads. */
export function createSweeps({ actions, offsets, next, weight, constant, width }: FoldedTables): Sweeps {
  const general = (v: Float64Array, k: number): number => {
    let sum = constant[k];
    for (let o = offsets[k], end = offsets[k + 1]; o < end; o++) sum += weight[o] * v[next[o]];
    return sum;
  };
  const single = (v: Float64Array, k: number): number => constant[k] + weight[k] * v[next[k]];
  const triple = (v: Float64Array, k: number): number => {
    const o = 3 * k;
    return constant[k] + weight[o] * v[next[o]] + weight[o + 1] * v[next[o + 1]] + weight[o + 2] * v[next[o + 2]];
  };
  // one loop a width, so that each stays monomorphic and is inlined
  const loops = (value: (v: Float64Array, k: number) => number): Sweeps => ({
    improve(v, choice, from, to, backward) {
      let change = 0;
      for (let i = from; i < to; i++) {
        const s = backward ? from + to - 1 - i : i;
        const at = s * actions;
        let best = value(v, at);
        let chosen = 0;
        for (let a = 1; a < actions; a++) {
          const q = value(v, at + a);
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
    },
    evaluate(v, choice, from, to, backward) {
      let change = 0;
      for (let i = from; i < to; i++) {
        const s = backward ? from + to - 1 - i : i;
        const q = value(v, s * actions + choice[s]);
        const moved = Math.abs(q - v[s]);
        if (moved > change) change = moved;
        v[s] = q;
      }
      return change;
    },
    values(v, q, from, to) {
      for (let k = from * actions; k < to * actions; k++) q[k] = value(v, k);
    },
  });
  return width === 1 ? loops(single) : width === 3 ? loops(triple) : loops(general);
}

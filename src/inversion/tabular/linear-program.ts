export interface LinearProgram {
  /**
   * min c·p over A p = b, p ≥ 0, from the vertex of the last call where `warm` is set.
   * @param a [count, rows] column by column @param b [rows] @param c [count]
   * @returns [count] a vertex, overwritten by the next call, or undefined where there is none or rounding stopped the search
   */
  solve(a: Float64Array, count: number, b: Float64Array, c: Float64Array, warm?: boolean): Float64Array | undefined;
}

/** A reduced cost or a pivot below this is rounding; columns are expected to be of order 1. */
const ROUNDING = 1e-11;
/** What may be left of the artificial columns. */
const FEASIBLE = 1e-8;
/** Turns by the steepest reduced cost, after which the lowest number enters: that rule cannot cycle (Bland 1977). */
const STEEPEST = 500;
const TURNS = 2000;

/** The primal simplex method (Dantzig 1951), revised, with the basis inverted anew at every turn: few rows, and no error that grows. */
export function createLinearProgram(rows: number): LinearProgram {
  const basis = new Int32Array(rows);
  const inverse = new Float64Array(rows * rows);
  const work = new Float64Array(2 * rows * rows);
  const x = new Float64Array(rows);
  const price = new Float64Array(rows);
  const direction = new Float64Array(rows);
  let isBasic = new Uint8Array(0);
  let p = new Float64Array(0);

  /** Column j; from `count` on the artificial ones, ± a unit vector each. */
  const entry = (a: Float64Array, count: number, b: Float64Array, j: number, i: number): number =>
    j < count ? a[j * rows + i] : j - count !== i ? 0 : b[i] >= 0 ? 1 : -1;
  const invert = (a: Float64Array, count: number, b: Float64Array): boolean => {
    const width = 2 * rows;
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < width; k++) work[i * width + k] = k < rows ? entry(a, count, b, basis[k], i) : k - rows === i ? 1 : 0;
    for (let k = 0; k < rows; k++) {
      let pivot = k;
      for (let i = k + 1; i < rows; i++) if (Math.abs(work[i * width + k]) > Math.abs(work[pivot * width + k])) pivot = i;
      const value = work[pivot * width + k];
      if (!(Math.abs(value) > ROUNDING)) return false;
      for (let t = k; t < width; t++) {
        const held = work[pivot * width + t] / value;
        work[pivot * width + t] = work[k * width + t];
        work[k * width + t] = held;
      }
      for (let i = 0; i < rows; i++) {
        const factor = work[i * width + k];
        if (i === k || factor === 0) continue;
        for (let t = k; t < width; t++) work[i * width + t] -= factor * work[k * width + t];
      }
    }
    for (let i = 0; i < rows; i++) inverse.set(work.subarray(i * width + rows, (i + 1) * width), i * rows);
    return true;
  };
  const descend = (a: Float64Array, count: number, b: Float64Array, cost: (j: number) => number): boolean => {
    for (let turn = 0; turn < TURNS; turn++) {
      if (!invert(a, count, b)) return false;
      isBasic.fill(0, 0, count + rows);
      price.fill(0);
      for (let i = 0; i < rows; i++) {
        isBasic[basis[i]] = 1;
        const own = cost(basis[i]);
        let value = 0;
        for (let k = 0; k < rows; k++) {
          value += inverse[i * rows + k] * b[k];
          price[k] += own * inverse[i * rows + k];
        }
        x[i] = value;
      }
      let entering = -1;
      let lowest = -ROUNDING;
      for (let j = 0; j < count && !(turn > STEEPEST && entering >= 0); j++) {
        if (isBasic[j]) continue;
        let reduced = cost(j);
        for (let k = 0; k < rows; k++) reduced -= price[k] * a[j * rows + k];
        if (reduced < lowest) {
          entering = j;
          lowest = reduced;
        }
      }
      if (entering < 0) return true;
      let leaving = -1;
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < rows; i++) {
        let sum = 0;
        for (let k = 0; k < rows; k++) sum += inverse[i * rows + k] * a[entering * rows + k];
        direction[i] = sum;
        if (!(sum > ROUNDING)) continue;
        const ratio = Math.max(0, x[i]) / sum;
        if (ratio < least || (ratio === least && sum > direction[leaving])) {
          least = ratio;
          leaving = i;
        }
      }
      if (leaving < 0) return false;
      basis[leaving] = entering;
    }
    return false;
  };

  return {
    solve(a, count, b, c, warm = false) {
      if (isBasic.length < count + rows) {
        isBasic = new Uint8Array(count + rows);
        p = new Float64Array(count);
      }
      let most = 0;
      for (let j = 0; j < count; j++) most = Math.max(most, Math.abs(c[j]));
      if (!warm) {
        for (let i = 0; i < rows; i++) basis[i] = count + i;
        if (!descend(a, count, b, (j) => (j < count ? 0 : 1))) return undefined;
        for (let i = 0; i < rows; i++) if (basis[i] >= count && x[i] > FEASIBLE) return undefined;
      }
      // what is left of the artificial columns is 0 and must stay so
      if (!descend(a, count, b, (j) => (j < count ? c[j] : 1e6 * most))) return undefined;
      p.fill(0, 0, count);
      for (let i = 0; i < rows; i++) if (basis[i] < count) p[basis[i]] = x[i];
      return p.subarray(0, count);
    },
  };
}

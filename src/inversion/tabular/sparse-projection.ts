import { headScale } from "../../identifiability/column-index.ts";
import { createSimplexSolver } from "./simplex-least-squares.ts";

export interface SparseProblem {
  readonly heads: number;
  /** M, [states, heads] */
  readonly columns: Float64Array;
  /** Q_i(s,a) − r_i(s,a), [n, heads] */
  readonly targets: Float64Array;
  /** [heads]; equal when absent */
  readonly weights?: ArrayLike<number>;
}

export interface SparseProjections {
  /** [n, 3] the states, most likely first; −1 beyond the support */
  readonly states: Int32Array;
  /** [n, 3] */
  readonly probabilities: Float64Array;
  /** [n] ‖M p − target‖ of the answer, and of the best support of three that is another one: near each other, the data cannot tell them apart */
  readonly distance: Float64Array;
  readonly runnerUp: Float64Array;
}

/** Triples that are solved exactly; the screen in squared form loses half the digits. */
const KEPT = 12;
/** How negative a probability the screen lets through, for the same reason. */
const ROUNDING = 0.02;
/** A weight below this is rounding: such a state is no part of the support. */
const NOTHING = 1e-7;
/** Beyond this the screen of all triples takes longer than a second a thousand targets. */
const MOST_STATES = 400;

export interface TripleSolver {
  /**
   * @param x [count, heads] columns less the target, scaled; count ≥ 1
   * @returns its answer, overwritten by the next call: at most three of the `count`, the likeliest first
   */
  solve(x: Float64Array, count: number): TripleSolution;
}

export interface TripleSolution {
  count: number;
  readonly chosen: Int32Array;
  readonly probabilities: Float64Array;
  distance: number;
  /** Of the best support that is another one. */
  runnerUp: number;
}

/**
 * argmin over distributions p with at most three next states of ‖M p − (Q − r)(s,a)‖. That next states are few is worth many heads: three of n states have
 * two unknown probabilities, so four generic heads are enough where the simplex alone needs about as many heads as states.
 * Every triple (and edge, and corner) is screened: with x_j = c_j − target and G their Gram matrix, its plane passes at squared distance det G / 1ᵀadj(G)1, with weights adj(G)1.
 */
export function createTripleSolver(heads: number): TripleSolver {
  const solver = createSimplexSolver(heads);
  const origin = new Float64Array(heads);
  const kept = new Int32Array(3 * (KEPT + 1));
  const keptSquared = new Float64Array(KEPT + 1);
  const points = new Float64Array(3 * heads);
  let gram = new Float64Array(0);
  const out: TripleSolution = { count: 0, chosen: new Int32Array(3), probabilities: new Float64Array(3), distance: 0, runnerUp: 0 };
  return {
    solve(x, count) {
      if (gram.length < count * count) gram = new Float64Array(count * count);
      const size = Math.min(3, count);
      fillGram(x, heads, count, gram);
      const screened = size < 3 ? allStates(kept, size) : screen(gram, count, kept, keptSquared);
      const tried = new Map<string, { readonly distance: number; readonly support: readonly (readonly [number, number])[] }>();
      for (let c = 0; c < screened; c++) {
        for (let m = 0; m < size; m++) points.set(x.subarray(kept[3 * c + m] * heads, (kept[3 * c + m] + 1) * heads), m * heads);
        const { active, weights, count: used, distance } = solver.solve(points, size, origin);
        const support: [number, number][] = [];
        for (let m = 0; m < used; m++) if (weights[m] > NOTHING) support.push([kept[3 * c + active[m]], weights[m]]);
        const key = support
          .map(([s]) => s)
          .sort((a, b) => a - b)
          .join();
        if (!(tried.get(key) && tried.get(key)!.distance <= distance)) tried.set(key, { distance, support });
      }
      const [best, second] = [...tried.values()].sort((a, b) => a.distance - b.distance);
      out.count = best?.support.length ?? 0;
      out.distance = best?.distance ?? Number.POSITIVE_INFINITY;
      out.runnerUp = second?.distance ?? Number.POSITIVE_INFINITY;
      const total = best?.support.reduce((sum, [, weight]) => sum + weight, 0) ?? 1;
      [...(best?.support ?? [])]
        .sort((a, b) => b[1] - a[1] || a[0] - b[0])
        .forEach(([s, weight], m) => {
          out.chosen[m] = s;
          out.probabilities[m] = weight / total;
        });
      return out;
    },
  };
}

/** The best triple of every target among all states. For more states than a few hundred see `projectInChunks`. */
export function projectOnTriples(problem: SparseProblem): SparseProjections {
  const { heads, columns, targets } = problem;
  const states = columns.length / heads;
  const n = targets.length / heads;
  if (states > MOST_STATES)
    throw new RangeError(`${states} states have too many triples to try them all; projectInChunks tries those near each target`);
  const scale = headScale(heads, problem.weights);
  const x = new Float64Array(columns.length);
  const solver = createTripleSolver(heads);
  const out = {
    states: new Int32Array(3 * n).fill(-1),
    probabilities: new Float64Array(3 * n),
    distance: new Float64Array(n),
    runnerUp: new Float64Array(n),
  };
  for (let t = 0; t < n; t++) {
    for (let k = 0; k < x.length; k++) x[k] = scale[k % heads] * (columns[k] - targets[t * heads + (k % heads)]);
    const { count, chosen, probabilities, distance, runnerUp } = solver.solve(x, states);
    out.distance[t] = distance;
    out.runnerUp[t] = runnerUp;
    out.states.set(chosen.subarray(0, count), 3 * t);
    out.probabilities.set(probabilities.subarray(0, count), 3 * t);
  }
  return out;
}

function fillGram(x: Float64Array, heads: number, states: number, gram: Float64Array): void {
  for (let i = 0; i < states; i++)
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let h = 0; h < heads; h++) dot += x[i * heads + h] * x[j * heads + h];
      gram[i * states + j] = dot;
      gram[j * states + i] = dot;
    }
}

function allStates(kept: Int32Array, size: number): number {
  for (let m = 0; m < size; m++) kept[m] = m;
  return 1;
}

/** The triples whose triangles pass nearest, nearest first; returns how many. Edges and corners stand for a triple that holds them: their foot may lie outside every triangle. */
function screen(gram: Float64Array, states: number, kept: Int32Array, keptSquared: Float64Array): number {
  let count = 0;
  const keep = (i: number, j: number, k: number, squared: number): void => {
    if (count === KEPT && squared >= keptSquared[KEPT - 1]) return;
    let at = count < KEPT ? count++ : KEPT - 1;
    for (; at > 0 && keptSquared[at - 1] > squared; at--) {
      keptSquared[at] = keptSquared[at - 1];
      kept.copyWithin(3 * at, 3 * (at - 1), 3 * at);
    }
    keptSquared[at] = squared;
    kept[3 * at] = i;
    kept[3 * at + 1] = j;
    kept[3 * at + 2] = k;
  };
  const other = (i: number, j: number): number => [0, 1, 2].find((k) => k !== i && k !== j)!;
  for (let i = 0; i < states; i++) {
    const a = gram[i * states + i];
    keep(i, other(i, i), other(i, other(i, i)), a);
    for (let j = i + 1; j < states; j++) {
      const b = gram[j * states + j];
      const d = gram[i * states + j];
      const ab = a * b - d * d;
      const length = a + b - 2 * d;
      if (length > 0 && b > d && a > d && !(count === KEPT && ab >= keptSquared[KEPT - 1] * length))
        keep(i, j, other(i, j), Math.max(0, ab / length));
      for (let k = j + 1; k < states; k++) {
        const c = gram[k * states + k];
        const e = gram[i * states + k];
        const f = gram[j * states + k];
        const bc = b * c - f * f;
        const ij = e * f - d * c;
        const ik = d * f - b * e;
        const jk = d * e - a * f;
        const ui = bc + ij + ik;
        const uj = ij + (a * c - e * e) + jk;
        const uk = ik + jk + ab;
        const sum = ui + uj + uk;
        const low = -ROUNDING * sum;
        if (!(sum > 0) || ui < low || uj < low || uk < low) continue;
        const scaled = a * bc + d * ij + e * ik;
        if (count < KEPT || scaled < keptSquared[KEPT - 1] * sum) keep(i, j, k, Math.max(0, scaled / sum));
      }
    }
  }
  return count;
}

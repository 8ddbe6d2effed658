import { createRandom } from "../../numbers/random.ts";
import { createLinearProgram } from "./linear-program.ts";

export interface FewestSolver {
  /**
   * A distribution over the points whose mean is the target, over at most `dimension` of them; undefined where the search met none.
   * @param points [count, dimension]; @param target [dimension]
   * @param first [count] weights that the search starts from: the larger, the likelier
   * @returns the states of positive probability
   */
  solve(points: Float64Array, count: number, target: Float64Array, first?: ArrayLike<number>): Int32Array | undefined;
}

/** Linear programs tried before the search gives up. */
const ROUNDS = 200;
/** What a weight of 0 counts as. */
const FLOOR = 1e-3;
/** A probability below this is rounding. */
const NOTHING = 1e-7;
/** A new start is the first weights, each times e to this often a normal number. */
const SHAKE = 1;
/** Weights as near as this to the last ones have settled. */
const SETTLED = 1e-9;

/**
 * The fewest next states that explain the values: min |{s : p_s > 0}| over p ≥ 0, Σ p = 1, Σ_s p_s c_s = q. K heads are K + 1 equations, so a vertex of that polytope
 * has K + 1 states unless q lies on the hull of fewer; for columns in general position it then lies on no other hull of so few, and the p found is the true one
 * if that has at most K states. Looked for by linear programs whose costs 1/(w_s + floor) are the weights of the last answer (Candès, Wakin and Boyd 2008), restarted
 * where they settle on K + 1.
 */
export function createFewestSolver(dimension: number): FewestSolver {
  const rows = dimension + 1;
  const program = createLinearProgram(rows);
  const right = new Float64Array(rows);
  right[0] = 1;
  let a = new Float64Array(0);
  let cost = new Float64Array(0);
  let weights = new Float64Array(0);

  return {
    solve(points, count, target, first) {
      if (cost.length < count) {
        a = new Float64Array(count * rows);
        cost = new Float64Array(count);
        weights = new Float64Array(count);
      }
      let squares = 0;
      for (let k = 0; k < count * dimension; k++) squares += (points[k] - target[k % dimension]) ** 2;
      const scale = Math.sqrt(squares / (count * dimension)) || 1;
      for (let s = 0; s < count; s++) {
        a[s * rows] = 1;
        for (let i = 0; i < dimension; i++) a[s * rows + 1 + i] = (points[s * dimension + i] - target[i]) / scale;
        weights[s] = first ? first[s] : 1 / count;
      }
      const random = createRandom(0);
      let warm = false;
      for (let round = 0; round < ROUNDS; round++) {
        for (let s = 0; s < count; s++) cost[s] = FLOOR / (weights[s] + FLOOR);
        const p = program.solve(a, count, right, cost, warm);
        warm = p !== undefined;
        if (!p) {
          if (round === 0) return undefined;
          shake();
          continue;
        }
        const states = supportOf(p);
        if (states.length <= dimension) return states;
        let moved = 0;
        for (let s = 0; s < count; s++) {
          const next = Math.max(0, p[s]);
          moved = Math.max(moved, Math.abs(next - weights[s]));
          weights[s] = next;
        }
        if (moved < SETTLED) shake();
      }
      return undefined;

      function shake(): void {
        for (let s = 0; s < count; s++) weights[s] = (first ? first[s] : 1 / count) * Math.exp(SHAKE * random.normal());
      }
    },
  };
}

function supportOf(p: Float64Array): Int32Array {
  const states: number[] = [];
  for (let s = 0; s < p.length; s++) if (p[s] > NOTHING) states.push(s);
  return Int32Array.from(states);
}

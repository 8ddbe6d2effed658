/** A column this much shorter than itself, once what the active ones span is taken off, counts as spanned by them. */
const DEPENDENT = 1e-13;

export interface SimplexSolution {
  /** Indices of the points with positive weight, `count` of them; overwritten by the next solve. */
  readonly active: Int32Array;
  readonly weights: Float64Array;
  count: number;
  /** ‖Σ_j p_j a_j − q‖ */
  distance: number;
  /** Duality gap: ½ distance² exceeds its minimum by at most this. */
  gap: number;
  steps: number;
}

export interface SimplexSolver {
  readonly solution: SimplexSolution;
  /** @param points [count, dimension] a_j; @param target [dimension] q */
  solve(points: Float64Array, count: number, target: Float64Array): SimplexSolution;
  /** Least ‖Π (Σ_j z_j [ρ; a_j])‖ over z in the simplex on the inactive points, Π the projector off the span of the active ones: positive exactly where the solution is the only one. */
  separation(points: Float64Array, count: number, target: Float64Array): number;
}

/**
 * min ½‖Σ_j p_j a_j − q‖² over p ≥ 0, Σ p = 1: the point of a polytope nearest to q, by an active set (Wolfe, "Finding the nearest point in a polytope", 1976).
 * With x_j = a_j − q, the minimiser on an active set is u / Σu, u the least-squares solution of [ρ 1ᵀ; X] u = [ρ; 0] for any ρ > 0,
 * so it is Lawson and Hanson's non-negative least squares, kept in a QR factor that is updated column by column: squaring the condition number would cost
 * the digits that the values of a slowly mixing world need. With r = Xp, optimality is r·x_j ≥ ‖r‖² for all j; ‖r‖² − min_j r·x_j is the gap.
 */
export function createSimplexSolver(dimension: number): SimplexSolver {
  const rows = dimension + 1;
  const q = new Float64Array(rows * (rows + 1)); // column k of Q at k · rows
  const r = new Float64Array((rows + 1) * (rows + 1)); // R[i, k] at k · (rows + 1) + i
  const qb = new Float64Array(rows + 1);
  const u = new Float64Array(rows + 1);
  const z = new Float64Array(rows + 1);
  const residual = new Float64Array(dimension);
  const column = new Float64Array(rows);
  const active = new Int32Array(rows + 1);
  const weights = new Float64Array(rows + 1);
  const solution: SimplexSolution = { active, weights, count: 0, distance: 0, gap: 0, steps: 0 };
  let blocked = new Uint8Array(0);
  let rho = 1;
  let k = 0;

  const setColumn = (points: Float64Array, target: Float64Array, j: number): void => {
    column[0] = rho;
    for (let i = 0; i < dimension; i++) column[i + 1] = points[j * dimension + i] - target[i];
  };
  /** `column` less its part in the span of Q, twice over for full orthogonality; coefficients go to `into`, if given. Returns the norm left. */
  const orthogonalise = (into: number): number => {
    for (let pass = 0; pass < 2; pass++)
      for (let c = 0; c < k; c++) {
        let dot = 0;
        for (let i = 0; i < rows; i++) dot += q[c * rows + i] * column[i];
        for (let i = 0; i < rows; i++) column[i] -= dot * q[c * rows + i];
        if (into >= 0) r[into + c] = (pass === 0 ? 0 : r[into + c]) + dot;
      }
    return norm(column);
  };
  const append = (points: Float64Array, target: Float64Array, j: number): boolean => {
    setColumn(points, target, j);
    const size = norm(column);
    const left = orthogonalise(k * (rows + 1));
    if (k === rows || left <= DEPENDENT * size) return false;
    r[k * (rows + 1) + k] = left;
    for (let i = 0; i < rows; i++) q[k * rows + i] = column[i] / left;
    qb[k] = rho * q[k * rows];
    active[k] = j;
    u[k++] = 0;
    return true;
  };
  /** Column c leaves; rotations make R triangular again. */
  const remove = (c: number): void => {
    const stride = rows + 1;
    for (let m = c + 1; m < k; m++) {
      for (let i = 0; i <= m; i++) r[(m - 1) * stride + i] = r[m * stride + i];
      active[m - 1] = active[m];
      u[m - 1] = u[m];
    }
    k--;
    for (let m = c; m < k; m++) {
      const a = r[m * stride + m];
      const b = r[m * stride + m + 1];
      const length = Math.hypot(a, b);
      const cos = a / length;
      const sin = b / length;
      for (let l = m; l < k; l++) rotate(r, l * stride + m, l * stride + m + 1, cos, sin);
      for (let i = 0; i < rows; i++) rotate(q, m * rows + i, (m + 1) * rows + i, cos, sin);
      rotate(qb, m, m + 1, cos, sin);
    }
  };
  const backSubstitute = (): void => {
    const stride = rows + 1;
    for (let i = k - 1; i >= 0; i--) {
      let sum = qb[i];
      for (let l = i + 1; l < k; l++) sum -= r[l * stride + i] * z[l];
      z[i] = sum / r[i * stride + i];
    }
  };
  /** Move to the minimiser on the active set, dropping what turns negative on the way. False if the newest column would be dropped at once. */
  const settle = (newest: number): boolean => {
    backSubstitute();
    if (newest >= 0 && !(z[k - 1] > 0)) {
      remove(k - 1);
      return false;
    }
    for (;;) {
      let step = 1;
      for (let i = 0; i < k; i++) if (z[i] <= 0) step = Math.min(step, u[i] / (u[i] - z[i]));
      if (step === 1) break;
      for (let i = 0; i < k; i++) u[i] += step * (z[i] - u[i]);
      for (let i = k - 1; i >= 0; i--) if (z[i] <= 0 && u[i] <= Number.EPSILON * Math.abs(z[i])) remove(i);
      backSubstitute();
    }
    for (let i = 0; i < k; i++) u[i] = z[i];
    return true;
  };
  const measure = (points: Float64Array, target: Float64Array): void => {
    let sum = 0;
    for (let i = 0; i < k; i++) sum += u[i];
    residual.fill(0);
    for (let c = 0; c < k; c++) {
      weights[c] = u[c] / sum;
      for (let i = 0; i < dimension; i++) residual[i] += weights[c] * (points[active[c] * dimension + i] - target[i]);
    }
    solution.count = k;
    solution.distance = norm(residual);
  };

  const solver: SimplexSolver = {
    solution,
    solve(points, count, target) {
      if (count < 1) throw new RangeError("a projection needs at least one candidate state");
      if (blocked.length < count) blocked = new Uint8Array(count);
      blocked.fill(0);
      let nearest = 0;
      let least = Number.POSITIVE_INFINITY;
      let most = 0;
      for (let j = 0; j < count; j++) {
        let size = 0;
        for (let i = 0; i < dimension; i++) size += (points[j * dimension + i] - target[i]) ** 2;
        if (size < least) {
          least = size;
          nearest = j;
        }
        most = Math.max(most, size);
      }
      const scale = Math.sqrt(most);
      rho = scale > 0 ? scale : 1;
      k = 0;
      append(points, target, nearest);
      settle(-1);
      solution.steps = 0;
      for (;;) {
        measure(points, target);
        const squared = solution.distance ** 2;
        const floor = 4 * Number.EPSILON * scale * Math.max(solution.distance, 4 * Number.EPSILON * scale);
        let entering = -1;
        let lowest = Number.POSITIVE_INFINITY;
        let open = Number.POSITIVE_INFINITY;
        for (let j = 0; j < count; j++) {
          let dot = 0;
          for (let i = 0; i < dimension; i++) dot += residual[i] * (points[j * dimension + i] - target[i]);
          if (dot < lowest) lowest = dot;
          if (dot < open && !blocked[j]) {
            open = dot;
            entering = j;
          }
        }
        solution.gap = Math.max(0, squared - lowest);
        if (solution.gap <= floor || entering < 0 || squared - open <= floor || solution.steps >= 50 * rows) return solution;
        solution.steps++;
        if (append(points, target, entering) && settle(entering)) blocked.fill(0);
        else blocked[entering] = 1;
      }
    },
    separation(points, count, target) {
      const isActive = new Set(active.subarray(0, k));
      const projected = new Float64Array((count - isActive.size) * rows);
      let at = 0;
      for (let j = 0; j < count; j++) {
        if (isActive.has(j)) continue;
        setColumn(points, target, j);
        orthogonalise(-1);
        projected.set(column, at);
        at += rows;
      }
      if (at === 0) return Number.POSITIVE_INFINITY;
      return createSimplexSolver(rows).solve(projected, at / rows, new Float64Array(rows)).distance;
    },
  };
  return solver;
}

function norm(x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return Math.sqrt(sum);
}

function rotate(x: Float64Array, i: number, j: number, cos: number, sin: number): void {
  const a = x[i];
  const b = x[j];
  x[i] = cos * a + sin * b;
  x[j] = cos * b - sin * a;
}

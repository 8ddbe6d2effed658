import { cholesky, choleskySolve } from "../numbers/dense.ts";
import type { RuntimeTensor } from "./runtime/runtime.ts";
import type { Session } from "./session.ts";

/** A session that gives values and their Jacobian at a batch of points; each row must depend on its own row of the inputs only. */
export interface Evaluation {
  readonly session: Session;
  /** Input [N, d]. */
  readonly input: string;
  /** Output [N, k]: V(x). */
  readonly values: string;
  /** Output [d, N, k]: ∂V/∂x. */
  readonly jacobian: string;
}

export interface LeastSquaresProblem {
  /** How many independent problems (rows), unknowns of each, residuals of each. */
  readonly n: number;
  readonly d: number;
  readonly k: number;
  /** [n, d] */
  readonly start: Float64Array;
  /** y, [n, k] */
  readonly targets: Float64Array;
  /** w, [k] or [n, k], each ≥ 0; 1 where left out. */
  readonly weights?: Float64Array;
  /** m, [n, d]; the start where left out. */
  readonly priorMean?: Float64Array;
  /** p, [d], each ≥ 0; 0 where left out. */
  readonly priorPrecision?: Float64Array;
  /** Box, [d] each. */
  readonly low?: Float64Array;
  readonly high?: Float64Array;
  /** δ: residuals beyond ±δ (after weighting) count linearly; quadratic everywhere where left out. */
  readonly huber?: number;
  /** Further inputs of the session, [n, width] each: they go with their row. */
  readonly conditions?: Readonly<Record<string, Float32Array>>;
}

export interface LevenbergMarquardtOptions {
  /** Most steps tried for a row. */
  readonly iterations?: number;
  /** A row is done when the next step promises to lower its cost by less than this part of it. */
  readonly tolerance?: number;
  /** First damping, relative to the diagonal of the normal matrix. */
  readonly damping?: number;
  /** Rows evaluated at a time. */
  readonly chunk?: number;
}

export interface LeastSquaresSolution {
  /** [n, d] */
  readonly solution: Float64Array;
  /** F at the solution, [n]. */
  readonly cost: Float64Array;
  /** V at the solution, [n, k]. */
  readonly values: Float64Array;
  /** Jᵀ W J at the solution without the prior, [n, d, d]. */
  readonly normal: Float64Array;
  /** 1 where the row was done before its steps ran out, [n]. */
  readonly converged: Uint8Array;
  /** Rows evaluated, over all steps. */
  readonly evaluations: number;
}

/** Float32 networks give values to a few units in their last place: costs below that are noise. */
const VALUE_ROUNDING = 4 * 2 ** -23;
const LARGEST_DAMPING = 1e12;
const DEFAULTS = { iterations: 30, tolerance: 1e-6, damping: 1e-4, chunk: 1024 };

/**
 * For every row on its own, minimise over the box
 *
 *     F(x) = Σ_i ρ(w_i (V_i(x) − y_i)) + ½ Σ_j p_j (x_j − m_j)²,    ρ(u) = ½u², or Huber's δ(|u| − ½δ) beyond δ
 *
 * by damped Gauss-Newton steps (Jᵀ W J + P + λ D) s = −g, D the matrix's own diagonal (Marquardt 1963), λ by Nielsen's rule (Madsen, Nielsen and
 * Tingleff, "Methods for Non-Linear Least Squares Problems", 2004), unknowns at a bound that the gradient pushes against held, the step cut to the box.
 * A step is taken only where it lowers F. Rows that are done leave the batch.
 */
export async function levenbergMarquardt(
  evaluation: Evaluation,
  problem: LeastSquaresProblem,
  options: LevenbergMarquardtOptions = {},
): Promise<LeastSquaresSolution> {
  const { iterations, tolerance, damping, chunk } = { ...DEFAULTS, ...options };
  checkProblem(problem);
  const { n, d } = problem;
  const rows = createRows(problem, damping);
  const evaluate = createEvaluator(evaluation, problem, Math.min(chunk, Math.max(n, 1)));
  const active = Int32Array.from({ length: n }, (_, row) => row);
  rows.trial.set(rows.solution);
  let evaluations = n;
  await evaluate(active, n, rows.trial, rows.accept);
  let count = n;
  for (let iteration = 0; iteration < iterations && count > 0; iteration++) {
    let left = 0;
    for (let i = 0; i < count; i++) {
      const row = active[i];
      if (rows.propose(row, tolerance)) active[left++] = row;
      else rows.converged[row] = Number.isFinite(rows.cost[row]) ? 1 : 0;
    }
    count = left;
    evaluations += count;
    await evaluate(active, count, rows.trial, rows.accept);
  }
  // the last step may have been the one that ends a row
  for (let i = 0; i < count; i++) if (!rows.propose(active[i], tolerance)) rows.converged[active[i]] = 1;
  return {
    solution: rows.solution,
    cost: rows.cost,
    values: rows.values,
    normal: symmetric(rows.normal, n, d),
    converged: rows.converged,
    evaluations,
  };
}

function checkProblem({ n, d, k, start, targets, weights, priorMean, priorPrecision, low, high, conditions }: LeastSquaresProblem): void {
  const lengths: [string, { readonly length: number } | undefined, readonly number[]][] = [
    ["start", start, [n * d]],
    ["targets", targets, [n * k]],
    ["weights", weights, [k, n * k]],
    ["priorMean", priorMean, [n * d]],
    ["priorPrecision", priorPrecision, [d]],
    ["low", low, [d]],
    ["high", high, [d]],
  ];
  for (const [name, list, allowed] of lengths) {
    if (list && !allowed.includes(list.length)) {
      throw new RangeError(`${name} must hold ${allowed.join(" or ")} numbers for n = ${n}, d = ${d}, k = ${k}, got ${list.length}`);
    }
  }
  for (const [name, list] of Object.entries(conditions ?? {})) {
    if (n > 0 && list.length % n !== 0)
      throw new RangeError(`condition '${name}' must hold a multiple of n = ${n} numbers, got ${list.length}`);
  }
}

/** Judge a trial point of `row` from its values and Jacobian, which lie at `at` in a batch of `m` rows. */
type Judge = (row: number, v: Float32Array, jacobian: Float32Array, at: number, m: number) => void;

/** Everything known about each row, and the two things done to it in turn: propose a step, judge its outcome. */
function createRows(problem: LeastSquaresProblem, damping: number) {
  const { n, d, k, start, targets, priorMean = start, priorPrecision, low, high, huber = Number.POSITIVE_INFINITY } = problem;
  const weights = problem.weights ?? new Float64Array(k).fill(1);
  const weightStride = weights.length === k ? 0 : k;
  const precision = priorPrecision ?? new Float64Array(d);
  const solution = Float64Array.from(start);
  const trial = new Float64Array(n * d);
  const cost = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const noise = new Float64Array(n);
  const predicted = new Float64Array(n);
  const values = new Float64Array(n * k);
  const gradient = new Float64Array(n * d);
  const normal = new Float64Array(n * d * d);
  const lambda = new Float64Array(n).fill(damping);
  const nu = new Float64Array(n).fill(2);
  const converged = new Uint8Array(n);
  const factor = new Float64Array(d * d);
  const step = new Float64Array(d);
  const held = new Uint8Array(d);
  const slope = new Float64Array(k);
  const curvature = new Float64Array(k);
  const curved = new Float64Array(k);
  clip(solution);

  function clip(x: Float64Array): void {
    for (let i = 0; i < x.length; i++) {
      if (low && x[i] < low[i % d]) x[i] = low[i % d];
      if (high && x[i] > high[i % d]) x[i] = high[i % d];
    }
  }

  /** F's promised fall along the step from `solution` to `trial`: −(gᵀs + ½ sᵀ(H + P)s). */
  function fall(row: number): number {
    let sum = 0;
    for (let i = 0; i < d; i++) {
      const at = row * d + i;
      const s = trial[at] - solution[at];
      let hs = 0.5 * precision[i] * s;
      for (let j = 0; j < d; j++) {
        const h = i >= j ? normal[at * d + j] : normal[(row * d + j) * d + i];
        hs += 0.5 * h * (trial[row * d + j] - solution[row * d + j]);
      }
      sum -= s * (gradient[at] + hs);
    }
    return sum;
  }

  /** Write the next trial point; false where no step promises enough. */
  function propose(row: number, tolerance: number): boolean {
    const enough = Math.max(tolerance * cost[row], noise[row]);
    for (; lambda[row] <= LARGEST_DAMPING; worsen(row)) {
      if (!solveStep(row)) continue;
      for (let i = 0; i < d; i++) {
        const at = row * d + i;
        let x = solution[at] + step[i];
        if (low && x < low[i]) x = low[i];
        if (high && x > high[i]) x = high[i];
        trial[at] = x;
      }
      predicted[row] = fall(row);
      if (predicted[row] > enough) return true;
      // cutting a step to the box can turn it uphill, a shorter one stays downhill
      if (!(predicted[row] < 0)) return false;
    }
    return false;
  }

  function solveStep(row: number): boolean {
    const base = row * d;
    for (let i = 0; i < d; i++) {
      const g = gradient[base + i];
      held[i] = (low && solution[base + i] <= low[i] && g > 0) || (high && solution[base + i] >= high[i] && g < 0) ? 1 : 0;
      step[i] = held[i] ? 0 : -g;
      for (let j = 0; j < i; j++) factor[i * d + j] = held[i] || held[j] ? 0 : normal[(base + i) * d + j];
      const diagonal = normal[(base + i) * d + i] + precision[i];
      factor[i * d + i] = held[i] || diagonal === 0 ? 1 : diagonal * (1 + lambda[row]);
    }
    if (!cholesky(factor, d)) return false;
    choleskySolve(factor, d, step);
    return true;
  }

  function worsen(row: number): void {
    lambda[row] *= nu[row];
    nu[row] *= 2;
  }

  const accept: Judge = (row, v, jacobian, at, m) => {
    let sum = 0;
    let rounding = 0;
    const w0 = row * weightStride;
    for (let i = 0; i < k; i++) {
      const w = weights[w0 + i];
      const y = targets[row * k + i];
      const u = w * (v[at * k + i] - y);
      const size = Math.abs(u);
      if (size <= huber) {
        sum += 0.5 * u * u;
        slope[i] = w * u;
        curvature[i] = w * w;
      } else {
        sum += huber * (size - 0.5 * huber);
        slope[i] = u > 0 ? w * huber : -w * huber;
        curvature[i] = (w * w * huber) / size;
      }
      const r = w * VALUE_ROUNDING * y;
      rounding += 0.5 * r * r;
    }
    const base = row * d;
    for (let j = 0; j < d; j++) {
      const s = trial[base + j] - priorMean[base + j];
      sum += 0.5 * precision[j] * s * s;
    }
    // written so that a cost that is not a number is refused
    if (!(sum < cost[row])) {
      worsen(row);
      return;
    }
    if (cost[row] !== Number.POSITIVE_INFINITY) {
      const gain = 2 * ((cost[row] - sum) / predicted[row]) - 1;
      lambda[row] *= Math.max(1 / 3, 1 - gain * gain * gain);
      nu[row] = 2;
    }
    cost[row] = sum;
    noise[row] = rounding;
    for (let i = 0; i < k; i++) values[row * k + i] = v[at * k + i];
    for (let j = 0; j < d; j++) {
      const x = trial[base + j];
      solution[base + j] = x;
      const jj = (j * m + at) * k;
      let g = precision[j] * (x - priorMean[base + j]);
      for (let i = 0; i < k; i++) {
        const derivative = jacobian[jj + i];
        g += derivative * slope[i];
        curved[i] = derivative * curvature[i];
      }
      gradient[base + j] = g;
      for (let l = 0; l <= j; l++) {
        const jl = (l * m + at) * k;
        let h = 0;
        for (let i = 0; i < k; i++) h += curved[i] * jacobian[jl + i];
        normal[(base + j) * d + l] = h;
      }
    }
  };

  return { solution, trial, cost, values, normal, converged, propose, accept };
}

/** Runs the session on the trial points of some rows, a chunk at a time into the same buffers, and has each row judged while they are in cache. */
function createEvaluator(
  { session, input, values, jacobian }: Evaluation,
  { n, d, k, conditions = {} }: LeastSquaresProblem,
  chunk: number,
) {
  const x = new Float32Array(chunk * d);
  const v = new Float32Array(chunk * k);
  const j = new Float32Array(d * chunk * k);
  const extra = Object.entries(conditions).map(([name, all]) => {
    const width = all.length / Math.max(n, 1);
    return { name, all, width, rows: new Float32Array(chunk * width) };
  });
  const tensor = (data: Float32Array, ...dims: number[]): RuntimeTensor => ({
    dtype: "float32",
    dims,
    data: data.subarray(
      0,
      dims.reduce((a, b) => a * b, 1),
    ),
  });
  return async (active: Int32Array, count: number, trial: Float64Array, judge: Judge): Promise<void> => {
    for (let from = 0; from < count; from += chunk) {
      const m = Math.min(chunk, count - from);
      for (let i = 0; i < m; i++) for (let c = 0; c < d; c++) x[i * d + c] = trial[active[from + i] * d + c];
      const feeds: Record<string, RuntimeTensor> = { [input]: tensor(x, m, d) };
      for (const { name, all, width, rows } of extra) {
        for (let i = 0; i < m; i++) for (let c = 0; c < width; c++) rows[i * width + c] = all[active[from + i] * width + c];
        feeds[name] = tensor(rows, m, width);
      }
      await session.runInto(feeds, { [values]: tensor(v, m, k), [jacobian]: tensor(j, d, m, k) });
      for (let i = 0; i < m; i++) judge(active[from + i], v, j, i, m);
    }
  };
}

/** Fill the upper triangles from the lower ones. */
function symmetric(matrices: Float64Array, n: number, d: number): Float64Array {
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < d; i++) for (let j = i + 1; j < d; j++) matrices[(row * d + i) * d + j] = matrices[(row * d + j) * d + i];
  }
  return matrices;
}

import { Matrix, solve } from "ml-matrix";
import { afterAll, describe, expect, test } from "vitest";
import {
  add,
  compile,
  Graph,
  jacobian,
  type LeastSquaresProblem,
  levenbergMarquardt,
  linear,
  mul,
  type Session,
  tanh,
} from "../../src/engine/index.ts";
import { createRandom } from "../../src/numbers/random.ts";

/**
 * V(x) = A x + 0.3 tanh(B x + b) with orthogonal columns of length 1.5 in A and ‖B‖ ≤ 1: every singular value of its Jacobian
 * is at least 1.2, so that V is one to one and least squares on it is well posed everywhere.
 */
interface Model {
  readonly d: number;
  readonly k: number;
  readonly a: Matrix;
  readonly b: Matrix;
  readonly shift: number[];
}

function makeModel(d: number, k: number, seed: number): Model {
  const random = createRandom(seed);
  const columns: number[][] = [];
  for (let j = 0; j < d; j++) {
    const column = Array.from({ length: k }, () => random.normal());
    for (const other of columns) {
      const along = other.reduce((sum, v, i) => sum + (v * column[i]) / 2.25, 0);
      for (let i = 0; i < k; i++) column[i] -= along * other[i];
    }
    const size = Math.hypot(...column);
    columns.push(column.map((v) => (1.5 * v) / size));
  }
  const b = Matrix.from1DArray(
    k,
    d,
    Float64Array.from({ length: k * d }, () => random.normal()),
  );
  b.mul(1 / b.norm("frobenius"));
  return { d, k, a: new Matrix(columns).transpose(), b, shift: Array.from({ length: k }, () => random.normal()) };
}

const values = ({ a, b, shift, k }: Model, x: ArrayLike<number>): number[] =>
  Array.from({ length: k }, (_, i) => {
    let [line, bend] = [0, shift[i]];
    for (let j = 0; j < x.length; j++) {
      line += a.get(i, j) * x[j];
      bend += b.get(i, j) * x[j];
    }
    return line + 0.3 * Math.tanh(bend);
  });

function derivative({ a, b, shift, d, k }: Model, x: ArrayLike<number>): Matrix {
  const result = new Matrix(k, d);
  for (let i = 0; i < k; i++) {
    let bend = shift[i];
    for (let j = 0; j < d; j++) bend += b.get(i, j) * x[j];
    for (let j = 0; j < d; j++) result.set(i, j, a.get(i, j) + 0.3 * b.get(i, j) * (1 - Math.tanh(bend) ** 2));
  }
  return result;
}

const sessions: Session[] = [];
afterAll(async () => {
  for (const session of sessions) await session.release();
});

async function evaluationOf({ a, b, shift, d, k }: Model) {
  const graph = new Graph();
  const x = graph.input("x", ["N", d]);
  const v = add(
    linear(x, graph.constant(a.to1DArray(), [k, d])),
    mul(tanh(linear(x, graph.constant(b.to1DArray(), [k, d]), graph.constant(shift))), 0.3),
  );
  graph.output("values", v);
  graph.output("jacobian", jacobian(v, x));
  const session = await compile(graph, { threads: 1 });
  sessions.push(session);
  return { session, input: "x", values: "values", jacobian: "jacobian" };
}

/** Planted solutions, starts about 1 away from them, targets off V(solution) by noise. */
function makeProblem(model: Model, n: number, noise: number, seed: number) {
  const random = createRandom(seed);
  const truth = Float64Array.from({ length: n * model.d }, () => 2 * random.normal());
  const start = truth.map((v) => v + random.normal());
  const targets = new Float64Array(n * model.k);
  for (let r = 0; r < n; r++) {
    values(model, truth.subarray(r * model.d, (r + 1) * model.d)).forEach((v, i) => {
      targets[r * model.k + i] = v + noise * random.normal();
    });
  }
  return { truth, problem: { n, d: model.d, k: model.k, start, targets } };
}

/** F of one row, its gradient and its (reweighted) normal matrix, in plain Float64. */
function objective(model: Model, problem: LeastSquaresProblem, row: number, x: ArrayLike<number>) {
  const { d, k, targets, weights, priorPrecision, priorMean = problem.start, huber = Number.POSITIVE_INFINITY } = problem;
  const v = values(model, x);
  const j = derivative(model, x);
  let cost = 0;
  const gradient = new Array<number>(d).fill(0);
  const normal = Matrix.zeros(d, d);
  for (let i = 0; i < k; i++) {
    const w = weights ? weights[weights.length === k ? i : row * k + i] : 1;
    const u = w * (v[i] - targets[row * k + i]);
    const size = Math.abs(u);
    cost += size <= huber ? u ** 2 / 2 : huber * (size - huber / 2);
    const share = Math.min(1, huber / size);
    for (let p = 0; p < d; p++) {
      gradient[p] += j.get(i, p) * w * u * share;
      for (let q = 0; q < d; q++) normal.set(p, q, normal.get(p, q) + j.get(i, p) * j.get(i, q) * w * w * share);
    }
  }
  for (let p = 0; p < d; p++) {
    const off = x[p] - priorMean[row * d + p];
    cost += ((priorPrecision?.[p] ?? 0) * off ** 2) / 2;
    gradient[p] += (priorPrecision?.[p] ?? 0) * off;
  }
  return { cost, gradient, normal };
}

/** One row at a time, dense matrices, a step halved until it helps. */
function referenceSolution(model: Model, problem: LeastSquaresProblem, row: number): number[] {
  const { d, priorPrecision } = problem;
  let x = Array.from(problem.start.subarray(row * d, (row + 1) * d));
  for (let iteration = 0; iteration < 200; iteration++) {
    const { cost, gradient, normal } = objective(model, problem, row, x);
    for (let p = 0; p < d; p++) normal.set(p, p, normal.get(p, p) + (priorPrecision?.[p] ?? 0));
    const step = solve(normal, Matrix.columnVector(gradient)).to1DArray();
    let length = 1;
    const moved = () => x.map((v, p) => v - length * step[p]);
    while (length > 1e-12 && objective(model, problem, row, moved()).cost >= cost) length /= 2;
    if (length <= 1e-12) break;
    x = moved();
  }
  return x;
}

const shapes = [
  [2, 2],
  [2, 5],
  [3, 4],
  [4, 8],
  [5, 5],
  [6, 9],
] as const;

describe("Levenberg-Marquardt through ONNX Runtime", () => {
  test.each(shapes)("recovers planted solutions, d=%i k=%i", async (d, k) => {
    const model = makeModel(d, k, 10 * d + k);
    const { truth, problem } = makeProblem(model, 300, 0, 5);
    const { solution, converged, cost } = await levenbergMarquardt(await evaluationOf(model), problem, { chunk: 128 });
    expect(converged.every((c) => c === 1)).toBe(true);
    for (let i = 0; i < truth.length; i++) expect(Math.abs(solution[i] - truth[i])).toBeLessThan(1e-5);
    expect(Math.max(...cost)).toBeLessThan(1e-10);
  });

  test.each(shapes)("agrees with a dense solver on noisy, weighted, robust problems with a prior, d=%i k=%i", async (d, k) => {
    const model = makeModel(d, k, d + k);
    const { problem: plain } = makeProblem(model, 40, 0.5, 6);
    const random = createRandom(7);
    const positive = (length: number) => Float64Array.from({ length }, () => 0.5 + random.uniform());
    const problem: LeastSquaresProblem = {
      ...plain,
      weights: d % 2 === 0 ? positive(k) : positive(40 * k),
      priorMean: plain.start.map((v) => v + 0.3),
      priorPrecision: positive(d).map((v) => 0.1 * v),
      huber: 0.4,
    };
    const result = await levenbergMarquardt(await evaluationOf(model), problem, { tolerance: 1e-10, iterations: 100 });
    for (let row = 0; row < problem.n; row++) {
      const x = referenceSolution(model, problem, row);
      const { cost } = objective(model, problem, row, x);
      expect(Math.abs(result.cost[row] - cost)).toBeLessThan(2e-6 * Math.max(1, cost));
      const own = Array.from(result.solution.subarray(row * d, (row + 1) * d));
      for (let p = 0; p < d; p++) expect(Math.abs(own[p] - x[p])).toBeLessThan(2e-3);
      const { normal } = objective(model, problem, row, own);
      normal.to1DArray().forEach((h, i) => {
        expect(Math.abs(result.normal[row * d * d + i] - h)).toBeLessThan(1e-3 * Math.max(1, Math.abs(h)));
      });
      values(model, own).forEach((v, i) => {
        expect(Math.abs(result.values[row * k + i] - v)).toBeLessThan(1e-5 * Math.max(1, Math.abs(v)));
      });
    }
  });

  test("stays in the box, and is stationary in it", async () => {
    const [d, k] = [4, 6];
    const model = makeModel(d, k, 1);
    const { problem: free } = makeProblem(model, 200, 0.2, 8);
    const low = Float64Array.of(-1, -0.5, Number.NEGATIVE_INFINITY, -2);
    const high = Float64Array.of(1, 0.5, 0, Number.POSITIVE_INFINITY);
    const problem = { ...free, low, high };
    const { solution } = await levenbergMarquardt(await evaluationOf(model), problem, { tolerance: 1e-10, iterations: 100 });
    let atBounds = 0;
    for (let row = 0; row < problem.n; row++) {
      const x = solution.subarray(row * d, (row + 1) * d);
      const { gradient } = objective(model, problem, row, x);
      for (let j = 0; j < d; j++) {
        expect(x[j]).toBeGreaterThanOrEqual(low[j]);
        expect(x[j]).toBeLessThanOrEqual(high[j]);
        if (x[j] === low[j] || x[j] === high[j]) {
          atBounds++;
          expect(x[j] === low[j] ? gradient[j] : -gradient[j]).toBeGreaterThan(-5e-3);
        } else expect(Math.abs(gradient[j])).toBeLessThan(5e-3);
      }
    }
    expect(atBounds).toBeGreaterThan(100);
  });

  test("no step raises the cost, the same problem gives the same bytes, rows that are done cost nothing", async () => {
    const model = makeModel(3, 4, 2);
    const evaluation = await evaluationOf(model);
    const { problem } = makeProblem(model, 100, 0.3, 9);
    let before: Float64Array = new Float64Array(100).fill(Number.POSITIVE_INFINITY);
    for (const iterations of [0, 1, 2, 3, 5, 8, 30]) {
      const { cost, converged } = await levenbergMarquardt(evaluation, problem, { iterations });
      cost.forEach((c, row) => {
        expect(c).toBeLessThanOrEqual(before[row]);
      });
      if (iterations === 0) expect(converged.every((c) => c === 0)).toBe(true);
      before = cost;
    }
    const first = await levenbergMarquardt(evaluation, problem);
    expect(await levenbergMarquardt(evaluation, problem)).toEqual(first);
    expect(first.evaluations).toBeLessThan(100 * 12);
    const again = await levenbergMarquardt(evaluation, { ...problem, start: first.solution });
    expect(again.evaluations).toBeLessThan(100 * 2);
  });

  test("a row without an answer leaves the others alone", async () => {
    const model = makeModel(2, 3, 3);
    const evaluation = await evaluationOf(model);
    const { problem } = makeProblem(model, 5, 0, 10);
    const clean = await levenbergMarquardt(evaluation, problem);
    const targets = problem.targets.slice();
    targets[2 * 3 + 1] = Number.NaN;
    const spoiled = await levenbergMarquardt(evaluation, { ...problem, targets });
    expect([...spoiled.converged]).toEqual([1, 1, 0, 1, 1]);
    for (const row of [0, 1, 3, 4])
      for (let j = 0; j < 2; j++) expect(spoiled.solution[row * 2 + j]).toBeCloseTo(clean.solution[row * 2 + j], 5);
  });

  test("conditions go with their row", async () => {
    const graph = new Graph();
    const x = graph.input("x", ["N", 2]);
    const v = add(mul(x, 3), graph.input("c", ["N", 2]));
    graph.output("values", v);
    graph.output("jacobian", jacobian(v, x));
    const session = await compile(graph, { threads: 1 });
    sessions.push(session);
    const conditions = { c: Float32Array.of(1, 2, 3, 4, 5, 6) };
    const problem = { n: 3, d: 2, k: 2, start: new Float64Array(6), targets: new Float64Array(6), conditions };
    const { solution } = await levenbergMarquardt({ session, input: "x", values: "values", jacobian: "jacobian" }, problem, { chunk: 2 });
    solution.forEach((s, i) => {
      expect(s).toBeCloseTo(-(i + 1) / 3, 5);
    });
  });

  test("no rows, and arrays of the wrong length", async () => {
    const model = makeModel(2, 2, 4);
    const evaluation = await evaluationOf(model);
    const empty = { n: 0, d: 2, k: 2, start: new Float64Array(0), targets: new Float64Array(0) };
    expect((await levenbergMarquardt(evaluation, empty)).solution).toHaveLength(0);
    await expect(levenbergMarquardt(evaluation, { ...empty, n: 1, start: new Float64Array(3) })).rejects.toThrow(
      "start must hold 2 numbers",
    );
    const weights = new Float64Array(5);
    const problem = { n: 2, d: 2, k: 2, start: new Float64Array(4), targets: new Float64Array(4), weights };
    await expect(levenbergMarquardt(evaluation, problem)).rejects.toThrow("weights must hold 2 or 4 numbers");
  });
});

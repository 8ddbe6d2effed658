import { describe, expect, test } from "vitest";
import { createFewestSolver } from "../../src/inversion/tabular/fewest-states.ts";
import { createLinearProgram } from "../../src/inversion/tabular/linear-program.ts";
import { projectColumns } from "../../src/inversion/tabular/projection.ts";
import { createRandom } from "../../src/numbers/random.ts";

describe("linear programs", () => {
  test("no vertex of all that there are costs less", () => {
    const random = createRandom(1);
    const [rows, count] = [3, 8];
    const program = createLinearProgram(rows);
    for (let trial = 0; trial < 100; trial++) {
      const a = Float64Array.from({ length: rows * count }, () => random.normal());
      const some = Float64Array.from({ length: count }, () => random.uniform());
      const b = Float64Array.from({ length: rows }, (_, i) => some.reduce((sum, x, j) => sum + x * a[j * rows + i], 0));
      const c = Float64Array.from({ length: count }, () => random.uniform());
      const p = program.solve(a, count, b, c)!;
      const cost = (x: ArrayLike<number>) => c.reduce((sum, own, j) => sum + own * x[j], 0);
      for (let i = 0; i < rows; i++) expect(p.reduce((sum, x, j) => sum + x * a[j * rows + i], 0)).toBeCloseTo(b[i], 9);
      expect(Math.min(...p)).toBeGreaterThan(-1e-9);
      for (const vertex of vertices(a, rows, count, b)) expect(cost(p)).toBeLessThanOrEqual(cost(vertex) + 1e-9);
    }
  });

  test("what cannot be met is refused", () => {
    expect(createLinearProgram(2).solve(Float64Array.of(1, 1, 2, 2), 2, Float64Array.of(1, -1), Float64Array.of(1, 1))).toBeUndefined();
  });
});

describe("the fewest next states", () => {
  test("up to as many as there are heads are told apart, where a fit alone leaves them open", () => {
    const random = createRandom(3);
    const [heads, states] = [10, 60];
    let told = 0;
    for (let trial = 0; trial < 40; trial++) {
      const columns = Float64Array.from({ length: heads * states }, () => random.normal());
      const truth = new Float64Array(states);
      const support = random.permutation(states).subarray(0, 1 + (trial % 4));
      const shares = Float64Array.from(support, () => 0.2 + random.uniform());
      const total = shares.reduce((sum, x) => sum + x, 0);
      support.forEach((s, k) => {
        truth[s] = shares[k] / total;
      });
      const targets = Float64Array.from({ length: heads }, (_, i) => truth.reduce((sum, p, s) => sum + p * columns[s * heads + i], 0));
      const found = projectColumns({ heads, columns, targets, undetermined: "fewest" });
      if (found.offsets[1] > heads) continue;
      told++;
      const dense = new Float64Array(states);
      for (let o = 0; o < found.offsets[1]; o++) dense[found.states[o]] = found.probabilities[o];
      dense.forEach((p, s) => {
        expect(p).toBeCloseTo(truth[s], 9);
      });
    }
    expect(told).toBeGreaterThanOrEqual(36);
  });

  test("more states than heads are not explained by few", () => {
    const random = createRandom(5);
    const [heads, states] = [4, 30];
    const solver = createFewestSolver(heads);
    for (let trial = 0; trial < 20; trial++) {
      const points = Float64Array.from({ length: heads * states }, () => random.normal());
      const target = new Float64Array(heads);
      for (let k = 0; k < points.length; k++) target[k % heads] += points[k] / states;
      expect(solver.solve(points, states, target)).toBeUndefined();
    }
  });
});

/** All basic solutions that are nowhere negative. */
function* vertices(a: Float64Array, rows: number, count: number, b: Float64Array): Generator<Float64Array> {
  for (let i = 0; i < count; i++)
    for (let j = i + 1; j < count; j++)
      for (let k = j + 1; k < count; k++) {
        const [u, v, w] = [i, j, k].map((c) => a.subarray(c * rows, (c + 1) * rows));
        const determinant = det(u, v, w);
        const x = [det(b, v, w), det(u, b, w), det(u, v, b)].map((d) => d / determinant);
        if (Math.min(...x) < 0) continue;
        const p = new Float64Array(count);
        [p[i], p[j], p[k]] = x;
        yield p;
      }
}

const det = (u: Float64Array, v: Float64Array, w: Float64Array) =>
  u[0] * (v[1] * w[2] - v[2] * w[1]) - v[0] * (u[1] * w[2] - u[2] * w[1]) + w[0] * (u[1] * v[2] - u[2] * v[1]);

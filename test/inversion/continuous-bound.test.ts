import { describe, expect, test } from "vitest";
import {
  add,
  compile,
  Graph,
  jacobian,
  levenbergMarquardt,
  matmul,
  mul,
  reshape,
  sin,
  squeeze,
  unsqueeze,
  type Value,
} from "../../src/engine/index.ts";
import { createRandom } from "../../src/numbers/random.ts";

/**
 * Theorem 1 of Adamczyk 2025, and its form for k heads. V_i(x) = a_i·x + ρ sin(b_i·x + c_i) is reverse Lipschitz with L = σ_min(A) − ρ ‖B‖ where that is positive.
 * Measured values err by at most ε: V̂ = V + ε n, Q̂ = Q + ε m with |n|, |m| ≤ 1, so |V̂(s') − (Q̂ − r)/γ| ≤ ε(1 + γ)/γ in every head.
 * d = k = 1 is the paper's |ŝ' − s'| ≤ ε(1+γ)/(γL): V̂(ŝ') equals the target, and V̂ errs by ε there, the target by ε/γ.
 * With k heads a least-squares answer fits the targets ŷ at least as well as the truth does, ‖V̂(ŝ') − ŷ‖ ≤ √k ε(1 + 1/γ), so
 * ‖V(ŝ') − V(s')‖ ≤ √k ε + ‖V̂(ŝ') − ŷ‖ + ‖ŷ − V(s')‖ ≤ √k ε (2/γ + 2), and ‖ŝ' − s'‖ is at most that over L.
 */
const problems = 1500;

interface Problem {
  readonly d: number;
  readonly k: number;
}

function valueGraph({ d, k }: Problem): Graph {
  const graph = new Graph();
  const x = graph.input("x", ["N", d]);
  const part = (name: string) => reshape(graph.input(name, ["N", k * d]), ["N", k, d]);
  const against = (weights: Value) => squeeze(matmul(weights, unsqueeze(x, [2])), [2]);
  const inner = against(part("b"));
  const bend = mul(graph.input("rho", ["N", 1]), sin(add(inner, graph.input("c", ["N", k]))));
  const error = mul(graph.input("epsilon", ["N", 1]), sin(add(mul(inner, 2), graph.input("phase", ["N", k]))));
  const values = add(add(against(part("a")), bend), error);
  graph.output("values", values);
  graph.output("jacobian", jacobian(values, x));
  return graph;
}

/** Least singular value and largest of a [k, d] matrix with d ≤ 2, by its Gram matrix. */
function singularRange(m: Float64Array, k: number, d: number): [number, number] {
  let [p, q, r] = [0, 0, 0];
  for (let i = 0; i < k; i++) {
    p += m[i * d] ** 2;
    if (d === 2) {
      q += m[i * 2] * m[i * 2 + 1];
      r += m[i * 2 + 1] ** 2;
    }
  }
  if (d === 1) return [Math.sqrt(p), Math.sqrt(p)];
  const half = (p + r) / 2;
  const root = Math.sqrt(((p - r) / 2) ** 2 + q * q);
  return [Math.sqrt(Math.max(0, half - root)), Math.sqrt(half + root)];
}

async function worstOverBound({ d, k }: Problem, seed: number, inflate: number) {
  const random = createRandom(seed);
  const n = problems;
  const [a, b, c, phase] = [new Float64Array(n * k * d), new Float64Array(n * k * d), new Float64Array(n * k), new Float64Array(n * k)];
  const [rho, epsilon, truth, targets, bound] = [
    new Float64Array(n),
    new Float64Array(n),
    new Float64Array(n * d),
    new Float64Array(n * k),
    new Float64Array(n),
  ];
  for (let row = 0; row < n; row++) {
    const gamma = 0.3 + 0.69 * random.uniform();
    for (let attempt = 0; ; attempt++) {
      if (attempt > 1000) throw new Error("no reverse Lipschitz problem was drawn");
      for (let i = 0; i < k * d; i++) {
        a[row * k * d + i] = random.normal();
        b[row * k * d + i] = random.normal();
      }
      const [least] = singularRange(a.subarray(row * k * d, (row + 1) * k * d), k, d);
      const [, steepest] = singularRange(b.subarray(row * k * d, (row + 1) * k * d), k, d);
      rho[row] = (0.5 * random.uniform() * least) / steepest;
      const lipschitz = least - rho[row] * steepest;
      epsilon[row] = (0.05 * random.uniform() * lipschitz) / steepest;
      bound[row] =
        k === 1 ? (epsilon[row] * (1 + gamma)) / (gamma * lipschitz) : (Math.sqrt(k) * epsilon[row] * (2 / gamma + 2)) / lipschitz;
      if (least > 0.2) break;
    }
    for (let j = 0; j < d; j++) truth[row * d + j] = random.normal();
    for (let i = 0; i < k; i++) {
      c[row * k + i] = 6 * random.uniform();
      phase[row * k + i] = 6 * random.uniform();
      let [value, angle] = [0, c[row * k + i]];
      for (let j = 0; j < d; j++) {
        value += a[(row * k + i) * d + j] * truth[row * d + j];
        angle += b[(row * k + i) * d + j] * truth[row * d + j];
      }
      const reward = random.normal();
      const q = reward + gamma * (value + rho[row] * Math.sin(angle));
      const measured = q + inflate * epsilon[row] * (random.uniform() < 0.5 ? 1 : -1);
      targets[row * k + i] = (measured - reward) / gamma;
    }
  }
  const session = await compile(valueGraph({ d, k }));
  const float = (x: Float64Array) => Float32Array.from(x);
  const { solution } = await levenbergMarquardt(
    { session, input: "x", values: "values", jacobian: "jacobian" },
    {
      n,
      d,
      k,
      start: truth.map((x) => x + 0.05 * random.normal()),
      targets,
      priorPrecision: new Float64Array(d),
      conditions: {
        a: float(a),
        b: float(b),
        c: float(c),
        phase: float(phase),
        rho: float(rho),
        epsilon: float(epsilon.map((x) => inflate * x)),
      },
    },
    { iterations: 100, tolerance: 1e-12 },
  );
  await session.release();
  let worst = 0;
  let violations = 0;
  for (let row = 0; row < n; row++) {
    let squared = 0;
    for (let j = 0; j < d; j++) squared += (solution[row * d + j] - truth[row * d + j]) ** 2;
    // float32 values: a few parts in 10^7 of numbers of size 10
    const allowed = bound[row] + 1e-4;
    worst = Math.max(worst, Math.sqrt(squared) / allowed);
    if (Math.sqrt(squared) > allowed) violations++;
  }
  return { worst, violations };
}

describe("every error of a continuous inversion lies within its bound", () => {
  test.each([
    { d: 1, k: 1 },
    { d: 2, k: 2 },
    { d: 2, k: 6 },
  ])("$d coordinates, $k heads, 1,500 random problems", async (problem) => {
    const { violations, worst } = await worstOverBound(problem, 17, 1);
    expect(violations).toBe(0);
    // the bound is not idle: some error comes near it
    expect(worst).toBeGreaterThan(problem.k === 1 ? 0.7 : 0.15);
  });

  test("the check can fail: errors ten times as large as claimed break the bound", async () => {
    expect((await worstOverBound({ d: 1, k: 1 }, 17, 10)).violations).toBeGreaterThan(100);
  });
});

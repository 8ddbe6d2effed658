import { describe, expect, test } from "vitest";
import { projectColumns } from "../../src/inversion/tabular/projection.ts";
import { pseudoInverse } from "../../src/inversion/tabular/pseudo-inverse.ts";
import { createRandom, type Random } from "../../src/numbers/random.ts";

function normals(random: Random, n: number): Float64Array {
  return Float64Array.from({ length: n }, () => random.normal());
}

function distribution(random: Random, n: number, support: number): Float64Array {
  const p = new Float64Array(n);
  let sum = 0;
  for (const s of random.permutation(n).subarray(0, support)) sum += p[s] = 0.05 + random.uniform();
  return p.map((x) => x / sum);
}

/** M p, columns [states, heads] */
function mix(columns: Float64Array, heads: number, p: ArrayLike<number>): Float64Array {
  const out = new Float64Array(heads);
  for (let s = 0; s < p.length; s++) for (let i = 0; i < heads; i++) out[i] += p[s] * columns[s * heads + i];
  return out;
}

function dense(projections: ReturnType<typeof projectColumns>, k: number, n: number): Float64Array {
  const p = new Float64Array(n);
  for (let o = projections.offsets[k]; o < projections.offsets[k + 1]; o++) p[projections.states[o]] += projections.probabilities[o];
  return p;
}

describe("projection onto the simplex", () => {
  test("satisfies the optimality conditions and is never worse than the clipped pseudo-inverse", () => {
    const random = createRandom(1);
    for (let trial = 0; trial < 200; trial++) {
      const heads = 1 + random.integer(12);
      const n = 1 + random.integer(30);
      const columns = normals(random, n * heads);
      const weights = Float64Array.from({ length: heads }, () => 0.1 + random.uniform());
      const target = normals(random, heads);
      const found = projectColumns({ heads, columns, targets: target, weights });
      const p = dense(found, 0, n);
      expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      expect(Math.min(...p)).toBeGreaterThanOrEqual(0);

      const total = weights.reduce((a, b) => a + b, 0);
      const cost = (candidate: Float64Array) =>
        mix(columns, heads, candidate).reduce((sum, x, i) => sum + (weights[i] * (x - target[i]) ** 2) / total, 0);
      expect(Math.sqrt(cost(p))).toBeCloseTo(found.distance[0], 10);
      const fitted = mix(columns, heads, p);
      // ∂cost/∂p_s is the same on the support and nowhere smaller
      const slope = Float64Array.from({ length: n }, (_, s) => {
        let sum = 0;
        for (let i = 0; i < heads; i++) sum += (weights[i] / total) * (fitted[i] - target[i]) * columns[s * heads + i];
        return sum;
      });
      const least = Math.min(...slope);
      for (let s = 0; s < n; s++) if (p[s] > 0) expect(slope[s] - least).toBeLessThan(1e-9);

      const clipped = pseudoInverse(columns, heads)
        .solve(target)
        .map((x) => Math.max(0, x));
      const sum = clipped.reduce((a, b) => a + b, 0);
      if (sum > 0) expect(cost(p)).toBeLessThanOrEqual(cost(clipped.map((x) => x / sum)) + 1e-12);
      expect(found.gap[0]).toBeLessThan(1e-10);
    }
  });

  test("recovers every distribution where heads are enough, and the ill-conditioned ones to the digits that are there", () => {
    const random = createRandom(2);
    for (let trial = 0; trial < 60; trial++) {
      const n = 5 + random.integer(40);
      const heads = n + 2;
      const columns = normals(random, n * heads);
      const truth = distribution(random, n, 1 + random.integer(n));
      const found = projectColumns({ heads, columns, targets: mix(columns, heads, truth), separation: true });
      dense(found, 0, n).forEach((p, s) => {
        expect(p).toBeCloseTo(truth[s], 10);
      });
      expect(found.separation[0]).toBeGreaterThan(1e-6);
    }
    const [n, heads] = [12, 14];
    const smooth = Float64Array.from({ length: n * heads }, (_, k) => Math.exp(-(((k % heads) - Math.floor(k / heads)) ** 2) / 60));
    const truth = distribution(random, n, 3);
    const found = projectColumns({ heads, columns: smooth, targets: mix(smooth, heads, truth) });
    dense(found, 0, n).forEach((p, s) => {
      expect(Math.abs(p - truth[s])).toBeLessThan(1e-3);
    });
  });

  test("known supports need fewer heads", () => {
    const random = createRandom(3);
    const [n, heads, pairs] = [40, 4, 50];
    const columns = normals(random, n * heads);
    const offsets = new Int32Array(pairs + 1);
    const support: number[] = [];
    const targets = new Float64Array(pairs * heads);
    const truths = Array.from({ length: pairs }, (_, k) => {
      const truth = distribution(random, n, 4);
      truth.forEach((p, s) => {
        if (p > 0) support.push(s);
      });
      offsets[k + 1] = support.length;
      targets.set(mix(columns, heads, truth), k * heads);
      return truth;
    });
    const known = projectColumns({ heads, columns, targets, candidates: { offsets, states: Int32Array.from(support), queriesPerSet: 1 } });
    const unknown = projectColumns({ heads, columns, targets, separation: true });
    let worst = 0;
    truths.forEach((truth, k) => {
      dense(known, k, n).forEach((p, s) => {
        expect(Math.abs(p - truth[s])).toBeLessThan(1e-7);
      });
      dense(unknown, k, n).forEach((p, s) => {
        worst = Math.max(worst, Math.abs(p - truth[s]));
      });
      expect(unknown.separation[k]).toBeLessThan(1e-6); // it says that others fit as well
    });
    expect(worst).toBeGreaterThan(0.1);
  });

  test("what lies outside the support is bounded by error over separation", () => {
    const random = createRandom(4);
    for (let trial = 0; trial < 200; trial++) {
      const n = 4 + random.integer(8);
      const heads = 2 + random.integer(8);
      const columns = normals(random, n * heads);
      const found = projectColumns({
        heads,
        columns,
        targets: mix(columns, heads, distribution(random, n, 1 + random.integer(3))),
        separation: true,
      });
      const p = dense(found, 0, n);
      const fitted = mix(columns, heads, p);
      const other = distribution(random, n, 1 + random.integer(n));
      const error = Math.sqrt(mix(columns, heads, other).reduce((sum, x, i) => sum + (x - fitted[i]) ** 2, 0) / heads);
      const outside = other.reduce((sum, x, s) => sum + (p[s] > 0 ? 0 : x), 0);
      if (found.separation[0] > 0 && Number.isFinite(found.separation[0]))
        expect(outside).toBeLessThanOrEqual(error / found.separation[0] + 1e-9);
    }
  });

  test("masked heads and duplicate columns", () => {
    const columns = Float64Array.of(0, 5, 1, 5, 1, 5, 3, 7);
    const found = projectColumns({
      heads: 2,
      columns,
      targets: Float64Array.of(1, 99, 1, 99),
      mask: Uint8Array.of(1, 0, 0, 0),
      separation: true,
    });
    expect(found.distance[0]).toBeCloseTo(0, 12);
    expect(found.separation[0]).toBeCloseTo(0, 12);
    expect(found.distance[1]).toBeNaN();
    expect(found.offsets[2]).toBe(found.offsets[1]);
  });
});

test("pseudo-inverse: least-squares fit, nearest to the prior, and the projector onto what heads cannot see", () => {
  const random = createRandom(5);
  for (const [n, heads] of [
    [9, 4],
    [4, 9],
    [6, 6],
  ]) {
    const columns = normals(random, n * heads);
    const inverse = pseudoInverse(columns, heads);
    expect(inverse.rank).toBe(Math.min(n, heads));
    const truth = distribution(random, n, n);
    const target = mix(columns, heads, truth);
    const projector = inverse.nullProjector();
    const prior = normals(random, n);
    const p = inverse.solve(target, prior);
    mix(columns, heads, p).forEach((x, i) => {
      expect(x).toBeCloseTo(target[i], 10);
    });
    for (let s = 0; s < n; s++) {
      let row = 0;
      for (let t = 0; t < n; t++) row += projector[s * n + t] * (prior[t] - truth[t]);
      expect(p[s] - truth[s]).toBeCloseTo(row, 10);
    }
  }
});

import { expect, test } from "vitest";
import { projectOnTriples } from "../../src/inversion/tabular/sparse-projection.ts";
import { createRandom } from "../../src/numbers/random.ts";

function targetsOf(columns: Float64Array, heads: number, truths: readonly (readonly (readonly [number, number])[])[]): Float64Array {
  const targets = new Float64Array(truths.length * heads);
  truths.forEach((truth, k) => {
    for (const [s, p] of truth) for (let i = 0; i < heads; i++) targets[k * heads + i] += p * columns[s * heads + i];
  });
  return targets;
}

test("one, two or three next states come back exactly from four generic heads", () => {
  const random = createRandom(1);
  const [states, heads] = [40, 4];
  const columns = Float64Array.from({ length: states * heads }, () => random.normal());
  const truths = Array.from({ length: 60 }, (_, k) => {
    const next = random.permutation(states).subarray(0, 1 + (k % 3));
    const raw = Array.from(next, () => 0.1 + random.uniform());
    const sum = raw.reduce((a, b) => a + b, 0);
    return Array.from(next, (s, m) => [s, raw[m] / sum] as const).sort((a, b) => b[1] - a[1]);
  });
  const found = projectOnTriples({ heads, columns, targets: targetsOf(columns, heads, truths) });
  truths.forEach((truth, k) => {
    expect(found.distance[k]).toBeLessThan(1e-12);
    expect(found.runnerUp[k]).toBeGreaterThan(1e-9);
    if (truth.length < 3) expect(found.states[3 * k + truth.length]).toBe(-1);
    truth.forEach(([s, p], m) => {
      expect(found.states[3 * k + m]).toBe(s);
      expect(found.probabilities[3 * k + m]).toBeCloseTo(p, 9);
    });
  });
});

test("the best triple is the best of all triples, noise or not", () => {
  const random = createRandom(2);
  const [states, heads] = [9, 5];
  for (let trial = 0; trial < 40; trial++) {
    const columns = Float64Array.from({ length: states * heads }, () => random.normal());
    const targets = Float64Array.from({ length: heads }, () => (trial % 2 ? 0.3 : 2) * random.normal());
    const found = projectOnTriples({ heads, columns, targets });
    let least = Number.POSITIVE_INFINITY;
    for (let draw = 0; draw < 4000; draw++) {
      const next = random.permutation(states).subarray(0, 3);
      const raw = [random.uniform() ** 4, random.uniform() ** 4, random.uniform() ** 4]; // often near an edge or a corner
      const sum = raw[0] + raw[1] + raw[2];
      let squared = 0;
      for (let i = 0; i < heads; i++)
        squared += (next.reduce((x, s, m) => x + (raw[m] / sum) * columns[s * heads + i], 0) - targets[i]) ** 2;
      least = Math.min(least, Math.sqrt(squared / heads));
    }
    expect(found.distance[0]).toBeLessThanOrEqual(least + 1e-12);
  }
});

test("fewer than three states", () => {
  const found = projectOnTriples({ heads: 1, columns: Float64Array.of(0, 1), targets: Float64Array.of(0.25, 2) });
  expect(Array.from(found.states)).toEqual([0, 1, -1, 1, -1, -1]);
  expect(found.probabilities[0]).toBeCloseTo(0.75, 12);
  expect(found.distance[1]).toBeCloseTo(1, 12);
});

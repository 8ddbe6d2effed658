import { expect, test } from "vitest";
import { createEntropySolver } from "../../src/inversion/tabular/maximum-entropy.ts";
import { projectColumns } from "../../src/inversion/tabular/projection.ts";
import { createRandom } from "../../src/numbers/random.ts";

const entropy = (p: ArrayLike<number>) => Array.from(p).reduce((sum, x) => (x > 0 ? sum - x * Math.log(x) : sum), 0);

test("Brandeis dice (Jaynes 1962): the mean 4.5 over six faces", () => {
  const faces = Float64Array.of(1, 2, 3, 4, 5, 6);
  const p = createEntropySolver(1).solve(faces, 6, Float64Array.of(4.5), 1e-12)!;
  [0.05435, 0.07877, 0.11416, 0.16545, 0.23977, 0.34749].forEach((x, k) => {
    expect(p[k]).toBeCloseTo(x, 4);
  });
});

test("where the values leave many distributions open, none that fits has more entropy; where they do not, nothing changes", () => {
  const random = createRandom(2);
  for (let trial = 0; trial < 30; trial++) {
    const [heads, states] = [3, 12];
    const columns = Float64Array.from({ length: heads * states }, () => random.normal());
    const truth = Float64Array.from({ length: states }, () => random.uniform());
    const total = truth.reduce((sum, x) => sum + x, 0);
    const mean = (p: ArrayLike<number>) =>
      Array.from({ length: heads }, (_, i) => Array.from(p).reduce((sum, x, s) => sum + x * columns[s * heads + i], 0));
    const corner = columns.slice(0, heads);
    const targets = Float64Array.of(...mean(truth.map((x) => x / total)), ...corner);
    const found = projectColumns({ heads, columns, targets, undetermined: "entropy" });
    const vertex = projectColumns({ heads, columns, targets, separation: true });
    const dense = new Float64Array(states);
    for (let o = found.offsets[0]; o < found.offsets[1]; o++) dense[found.states[o]] = found.probabilities[o];
    expect(vertex.separation[0]).toBeLessThan(1e-7);
    mean(dense).forEach((x, i) => {
      expect(x).toBeCloseTo(targets[i], 6);
    });
    expect(dense.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 12);
    expect(entropy(dense)).toBeGreaterThanOrEqual(entropy(truth.map((x) => x / total)) - 1e-6);
    expect(entropy(dense)).toBeGreaterThan(entropy(vertex.probabilities.subarray(0, vertex.offsets[1])));
    if (vertex.separation[1] > 1e-3) expect(found.states.subarray(found.offsets[1])).toEqual(vertex.states.subarray(vertex.offsets[1]));
  }
});

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile, evaluate, Graph } from "../../src/engine/index.ts";
import { type CheckpointCritic, loadCritic } from "../../src/formats/index.ts";

/** Small agents of fixtures/make-zoo.py, and published ones where they are at hand. */
const roots = [join(import.meta.dirname, "fixtures/zoo"), "../shared/critics"].filter(existsSync);
const goldens = roots.flatMap((root) =>
  (readdirSync(root, { recursive: true }) as string[])
    .filter((name) => name.endsWith("golden-q.json"))
    .sort()
    .map((name) => join(root, name)),
);

interface Golden {
  readonly gamma: number;
  readonly nQuantiles: number | null;
  readonly inputs: readonly number[][];
  readonly outputs: Readonly<Record<string, readonly number[][]>>;
}

/**
 * Largest |got − wanted| over 1e-4 |wanted| + 1e-6 max |wanted|. The second term is the rounding of PyTorch's own float32 sums, which
 * alone makes an output that happens to lie near zero differ from the exact one by more than 1e-4 of itself.
 */
function excess(got: ArrayLike<number>, wanted: readonly number[]): number {
  const scale = wanted.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
  return wanted.reduce((worst, y, i) => Math.max(worst, Math.abs(got[i] - y) / (1e-4 * Math.abs(y) + 1e-6 * scale)), 0);
}

describe("checkpoints against PyTorch's answers", () => {
  test("there are checkpoints of every kind", () => expect(goldens.length).toBeGreaterThanOrEqual(8));

  for (const name of goldens) {
    test(dirname(name), async () => {
      const golden = JSON.parse(readFileSync(name, "utf8")) as Golden;
      const critic = (await loadCritic(dirname(name))) as CheckpointCritic;
      for (const head of critic.heads) expect(head.discount).toBe(golden.gamma);
      if (golden.nQuantiles !== null) expect(critic.checkpoint.quantiles).toBe(golden.nQuantiles);
      const width = golden.inputs[0].length;
      const input = Float64Array.from(golden.inputs.flat());
      for (const [prefix, rows] of Object.entries(golden.outputs)) {
        const network = critic.checkpoint.networks[prefix];
        expect(network, prefix).toBeTypeOf("function");
        const graph = new Graph();
        graph.output("values", network(graph.input("x", ["N", width])));
        const session = await compile(graph);
        const { values } = await session.run({ x: input });
        await session.release();
        expect(values.dims).toEqual([rows.length, rows[0].length]);
        expect(excess(values.data as Float32Array, rows.flat()), prefix).toBeLessThan(1);
        const exact = evaluate(graph, { x: { shape: [rows.length, width], data: input } });
        expect(excess(exact.values.data, rows.flat()), prefix).toBeLessThan(1);
      }
    });
  }
});

import { expect, test } from "vitest";
import { commonOffset } from "../../src/inversion/tabular/common-offset.ts";
import { createRandom } from "../../src/numbers/random.ts";

function problem(seed: number, n: number) {
  const random = createRandom(seed);
  const columns = Float64Array.from({ length: n }, () => 10 * random.uniform());
  const noise = 0.02 * (10 / n);
  const targets = Float64Array.from({ length: 4 * n }, () => columns[random.integer(n)] + noise * random.normal());
  return { columns, targets };
}

test("finds the constant by which all targets miss, many gaps wide", () => {
  for (let seed = 0; seed < 6; seed++) {
    const { columns, targets } = problem(seed, 60);
    for (const b of [0.5, -0.3, 0.02])
      expect(
        commonOffset(
          columns,
          targets.map((t) => t - b),
        ),
      ).toBeCloseTo(b, 2);
  }
});

test("leaves alone what no constant explains", () => {
  const random = createRandom(99);
  for (let seed = 0; seed < 6; seed++) {
    const { columns, targets } = problem(seed, 60);
    expect(Math.abs(commonOffset(columns, targets))).toBeLessThan(0.01);
    expect(
      commonOffset(
        columns,
        targets.map(() => 10 * random.uniform()),
      ),
    ).toBe(0);
  }
  expect(commonOffset(Float64Array.of(1, 1), Float64Array.of(5))).toBe(0);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../../src/numbers/random.ts";
import { bootstrap, clamp, mean, meanOf, median, medianOf, moments, quantile, sum } from "../../src/numbers/statistics.ts";

const lists = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 });

test("the median of an even number of values is the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median(Float32Array.of(10, 9))).toBe(9.5);
  expect(median([])).toBeNaN();
  expect(median([1, 2, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])).toBe(Number.POSITIVE_INFINITY);
});

test("quantiles run from the least to the greatest, never fall, and halve at the median", () => {
  expect(quantile([0, 10, 20, 30], 0.25)).toBe(7.5);
  expect(quantile([], 0.5)).toBeNaN();
  expect(() => quantile([1], 90)).toThrow("a quantile lies between 0 and 1, got 90");
  fc.assert(
    fc.property(lists, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (values, p, q) => {
      expect(quantile(values, 0)).toBe(Math.min(...values));
      expect(quantile(values, 1)).toBe(Math.max(...values));
      expect(quantile(values, 0.5)).toBeCloseTo(median(values), 6);
      expect(quantile(values, Math.min(p, q))).toBeLessThanOrEqual(quantile(values, Math.max(p, q)) + 1e-9);
    }),
  );
});

test("sums, means and moments are what they are called, and clamp keeps what is no number", () => {
  expect([sum([]), sum([1, 2, 3.5]), mean([1, 2, 6])]).toEqual([0, 6.5, 3]);
  expect(mean([])).toBeNaN();
  const { centre, scale } = moments([1, 5, 3, 5], 2);
  expect([...centre, ...scale]).toEqual([2, 5, 1, 1]);
  expect([clamp(2, 0, 1), clamp(-2, 0, 1), clamp(0.5, 0, 1)]).toEqual([1, 0, 0.5]);
  expect(clamp(Number.NaN, 0, 1)).toBeNaN();
});

test("bootstrap intervals hold the mean of normal numbers in about 95 of 100 samples, and are the same twice", () => {
  const random = createRandom(3);
  let held = 0;
  for (let i = 0; i < 200; i++) {
    const { low, high } = meanOf(Array.from({ length: 40 }, () => 7 + random.normal()));
    if (low <= 7 && 7 <= high) held++;
  }
  expect(held).toBeGreaterThanOrEqual(180);
  expect(held).toBeLessThanOrEqual(198);
  const values = [5, 1, 4, 2, 9, 7];
  expect(medianOf(values)).toEqual(medianOf(values));
  expect(medianOf(values).value).toBe(4.5);
  expect(bootstrap(4, (rows) => rows.length)).toEqual({ value: 4, low: 4, high: 4 });
});

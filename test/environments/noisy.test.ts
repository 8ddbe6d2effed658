import { expect, test } from "vitest";
import { noisyPhysics } from "../../src/environments/noisy.ts";
import { pendulum } from "../../src/environments/pendulum.ts";

const step = (physics: ReturnType<typeof pendulum>, n: number) => {
  const nextStates = new Float64Array(2 * n);
  const states = Float64Array.from({ length: 2 * n }, (_, i) => (i % 2 ? 1 : 0.5));
  physics.step(states, new Float64Array(n), n, { nextStates, rewards: new Float64Array(n), terminated: new Uint8Array(n) });
  return nextStates;
};

test("next states scatter around those without noise, as much as was asked for", () => {
  const n = 20_000;
  const [angle, rate] = step(pendulum(), 1);
  const shaken = step(noisyPhysics(pendulum(), [0, 0.5], 3), n);
  let [mean, square] = [0, 0];
  for (let b = 0; b < n; b++) {
    expect(shaken[2 * b]).toBe(angle);
    mean += (shaken[2 * b + 1] - rate) / n;
    square += (shaken[2 * b + 1] - rate) ** 2 / n;
  }
  expect(Math.abs(mean)).toBeLessThan(0.02);
  expect(square).toBeCloseTo(0.25, 2);
  expect(step(noisyPhysics(pendulum(), [0, 0.5], 3), n)).toEqual(shaken);
});

test("angles stay wrapped and rates within their bounds; what does not fit is refused", () => {
  const wild = step(noisyPhysics(pendulum(), [10, 100], 1), 500);
  for (let i = 0; i < 1000; i++) expect(Math.abs(wild[i])).toBeLessThanOrEqual(i % 2 ? 8 : Math.PI);
  expect(() => noisyPhysics(pendulum(), [1], 1)).toThrow(/2 deviations/);
});

import { expect, test } from "vitest";
import { collectTransitions } from "../../src/environments/collect.ts";
import { make } from "../../src/environments/make.ts";
import { withEpisodes } from "../../src/environments/with-episodes.ts";

test("episodes begin anywhere within the ranges and end at the horizon, under the same laws", () => {
  const own = make("MountainCarContinuous-v0");
  const other = withEpisodes(own, {
    starts: [
      [-1, 0.3],
      [0.01, 0.05],
    ],
    horizon: 7,
  });
  const seen: number[][] = [[], []];
  for (let seed = 0; seed < 300; seed++) {
    const { observation } = other.reset({ seed });
    (observation as Float64Array).forEach((x, j) => void seen[j].push(x));
  }
  const [low, high] = [Math.min, Math.max].map((of) => seen.map((list) => of(...list)));
  expect(low[0]).toBeGreaterThanOrEqual(-1);
  expect(low[0]).toBeLessThan(-0.95);
  expect(high[0]).toBeGreaterThan(0.25);
  expect(high[0]).toBeLessThanOrEqual(0.3);
  expect(low[1]).toBeGreaterThanOrEqual(0.01);
  expect(high[1]).toBeLessThanOrEqual(0.05);
  other.reset({ options: { state: [-0.5, 0.02] } });
  own.reset({ options: { state: [-0.5, 0.02] } });
  for (let t = 1; t <= 7; t++) {
    const [a, b] = [own.step([0.5]), other.step([0.5])];
    expect(b.observation).toEqual(a.observation);
    expect(b.truncated).toBe(t === 7);
  }
});

test("uniform starts fill the bounds of the coordinates; without bounds they are refused", async () => {
  const pendulum = withEpisodes(make("Pendulum-v1"), { starts: "uniform" });
  const { states, n } = await collectTransitions(pendulum, (_o, rows) => new Float64Array(rows), { n: 400, seed: 1, epsilon: 1 });
  expect(Math.max(...Array.from({ length: n }, (_, b) => Math.abs(states[2 * b + 1])))).toBeGreaterThan(6);
  expect(() => withEpisodes(make("CartPole-v1"), { starts: "uniform" })).toThrow(/of CartPole-v1 has no bounds; give ranges/);
  expect(() => withEpisodes(make("Pendulum-v1"), { starts: [[0, 1]] })).toThrow(/2 coordinates .* not 1/);
  const far = [
    [-1.2, 0.5],
    [-0.07, 0.08],
  ] as const;
  expect(() => withEpisodes(make("MountainCar-v0"), { starts: far })).toThrow(/velocity .* within -0.07 and 0.07; .* not -0.07:0.08/);
  expect(() => withEpisodes(make("Taxi-v3"), { horizon: 3 })).toThrow(/no coordinates/);
});

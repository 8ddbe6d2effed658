import { expect, test } from "vitest";
import { EpisodeDetector } from "../../src/agents/arm/episode-detector.ts";
import { ResidualDetector } from "../../src/agents/continuous/residual-detector.ts";
import { createDetector } from "../../src/agents/tabular/detect.ts";
import { exactRows, type GoalWorld, stepWorld } from "../../src/agents/tabular/goal-world.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { lakeWorld } from "../../src/reproduce/goal-worlds.ts";

/** Steps to an alarm of a detector that watched a calm first, and of a fresh one, over the same steps after it. */
function delays<T>(make: () => { observe(of: T): unknown }, calm: readonly T[], changed: readonly T[]): [number, number] {
  const delay = (before: readonly T[]) => {
    const detector = make();
    expect(before.some((of) => detector.observe(of))).toBe(false);
    return 1 + changed.findIndex((of) => detector.observe(of));
  };
  return [delay(calm), delay([])];
}

const [lake, smoother] = [lakeWorld(2 / 3), lakeWorld(0.4)];
type Walked = readonly [state: number, action: number, next: number];

function walk(world: GoalWorld, steps: number, seed: number): Walked[] {
  const random = createRandom(seed);
  let state = world.start;
  return Array.from({ length: steps }, () => {
    const action = random.integer(4);
    const next = stepWorld(world, state, action, random);
    const step = [state, action, next] as const;
    state = world.traps[next] ? world.start : next;
    return step;
  });
}

const normals = (n: number, scale: number, seed: number) => {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => Float64Array.of(scale * random.normal(), scale * random.normal()));
};

// W ← max(1, W) q/p: a long calm leaves no debt, so that no statistic is below that of a fresh detector
test.each([1, 2, 3])("after a long calm an alarm comes no later than from a fresh detector, seed %i", (seed) => {
  const table = () => {
    const detector = createDetector({ reference: exactRows(lake), states: 64, actions: 4, falseAlarmRate: 1e-6 });
    return { observe: ([s, a, t]: Walked) => detector.observe(s, a, t) };
  };
  const residuals = Float64Array.from(normals(2000, 1, 7).flatMap((e) => [...e]));
  const all = [
    delays(table, walk(lake, 3000, seed), walk(smoother, 3000, 50 + seed)),
    delays(() => new ResidualDetector(residuals, 2, { falseAlarmRate: 1e-6 }), normals(1000, 1, seed), normals(400, 20, 50 + seed)),
    delays(() => new EpisodeDetector(normals(40, 1, 9), { falseAlarmRate: 1e-5 }), normals(300, 1, seed), normals(200, 30, 50 + seed)),
  ];
  for (const [late, fresh] of all) {
    expect(fresh).toBeGreaterThan(0);
    expect(late).toBeGreaterThan(0);
    expect(late).toBeLessThanOrEqual(fresh);
  }
});

test("residuals: Page's CUSUM over Student's t, step by step, and the threshold is ln(1/FAR)", () => {
  const falseAlarmRate = 1e-4;
  const detector = new ResidualDetector(Float64Array.from(normals(2000, 1, 7).flatMap((e) => [...e])), 2, { falseAlarmRate });
  expect(detector.threshold).toBeCloseTo(Math.log(1 / falseAlarmRate), 12);
  const [d, nu] = [2, 3];
  let w = [2, 4, 8, 16, 32].map((c) => ({ c, w: 1, since: 0 }));
  let alarms = 0;
  [...normals(500, 1, 3), ...normals(200, 6, 4), ...normals(500, 1, 5)].forEach((e, t) => {
    const z = detector.whitened(e);
    const ratio = (c: number) => c ** -d * ((1 + z ** 2 / nu) / (1 + z ** 2 / (nu * c ** 2))) ** ((nu + d) / 2);
    w = w.map((one) => ({ c: one.c, w: Math.max(1, one.w) * ratio(one.c), since: one.w <= 1 ? t : one.since }));
    const rings = w.reduce((sum, one) => sum + one.w, 0) / w.length >= 1 / falseAlarmRate;
    const alarm = detector.observe(e);
    expect(alarm !== undefined).toBe(rings);
    if (!rings) return;
    alarms++;
    const most = w.reduce((a, b) => (b.w > a.w ? b : a));
    expect(alarm).toEqual({ step: t + 1, since: most.since });
    w = w.map(({ c, since }) => ({ c, w: 1, since }));
  });
  expect(alarms).toBeGreaterThan(1);
});

test("thresholds of every detector are ln(1/FAR)", () => {
  for (const falseAlarmRate of [1e-2, 1e-5]) {
    const threshold = Math.log(1 / falseAlarmRate);
    expect(createDetector({ reference: exactRows(lake), states: 64, actions: 4, falseAlarmRate }).threshold).toBeCloseTo(threshold, 12);
    expect(new EpisodeDetector(normals(40, 1, 9), { falseAlarmRate }).threshold).toBeCloseTo(threshold, 12);
  }
});

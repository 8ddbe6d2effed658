import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inverse, Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { networkCritic } from "../../src/critics/network-critic.ts";
import { add, concat, matmul, mul, reduceSum, type Value } from "../../src/engine/index.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { box } from "../../src/spaces/space.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";
import { scoreContinuous } from "../../src/world-model/score.ts";

const step = 0.01;
/** x' = A x + B u */
const worlds = {
  rotation: {
    a: new Matrix([
      [Math.cos(0.3), -Math.sin(0.3), 0],
      [Math.sin(0.3), Math.cos(0.3), 0.2],
      [0, 0, 0.9],
    ]),
    b: new Matrix([[0], [0], [0.5]]),
  },
  // a step moves the velocity by several times its own spread
  "stiff spring": {
    a: new Matrix([
      [1 - 400 * step * step, step * (1 - 2 * step)],
      [-400 * step, 1 - 2 * step],
    ]),
    b: new Matrix([[20 * step * step], [20 * step]]),
  },
} as const;

/** Quadratic costs of random weights under their optimal gains: heads without any error, and even: V(x) = V(−x). */
function exactCritic({ a, b }: { readonly a: Matrix; readonly b: Matrix }, heads: number, discount: number, seed: number): NetworkCritic {
  const random = createRandom(seed);
  const d = a.rows;
  const m = b.columns;
  const effort = Matrix.eye(m, m).mul(0.3);
  const costs = Array.from({ length: heads }, () => {
    const factor = Matrix.zeros(d, d);
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) factor.set(i, j, random.normal());
    return factor.mmul(factor.transpose()).mul(1 / d);
  });
  const values = costs.map((cost) => {
    let p = cost.clone();
    for (let i = 0; i < 5000; i++) {
      const gain = inverse(Matrix.add(effort, b.transpose().mmul(p).mmul(b).mul(discount))).mmul(
        b.transpose().mmul(p).mmul(a).mul(discount),
      );
      const closed = Matrix.sub(a, b.mmul(gain));
      p = Matrix.add(Matrix.add(cost, gain.transpose().mmul(effort).mmul(gain)), closed.transpose().mmul(p).mmul(closed).mul(discount));
    }
    return p;
  });
  const flat = (matrix: Matrix) => Float64Array.from(matrix.to1DArray());
  const quadratic = (x: Value, w: Matrix) =>
    mul(reduceSum(mul(x, matmul(x, x.graph.constant(flat(w), [w.rows, w.columns]))), [x.shape.length - 1], true), -1);
  const all = (x: Value, matrices: readonly Matrix[]) =>
    concat(
      matrices.map((w) => quadratic(x, w)),
      x.shape.length - 1,
    );
  const paid = (x: Value, u: Value) => add(all(x, costs), quadratic(u, effort));
  return networkCritic({
    name: "exact",
    algorithm: "Riccati",
    heads: costs.map((_, i) => ({ name: `cost ${i}`, critic: "exact", discount, rewardScale: 1, rewardOffset: 0, cumulant: `cost ${i}` })),
    observationSpace: box(new Array(d).fill(-3), new Array(d).fill(3)),
    actionSpace: box(new Array(m).fill(-2), new Array(m).fill(2)),
    stateValues: ([x]) => all(x, values),
    rewards: ([x], u) => paid(x, u),
    actionValues([x], u) {
      const next = add(matmul(x, x.graph.constant(flat(a.transpose()), [d, d])), matmul(u, x.graph.constant(flat(b.transpose()), [m, d])));
      return add(paid(x, u), mul(all(next, values), discount));
    },
  });
}

function transitions({ a, b }: { readonly a: Matrix; readonly b: Matrix }, n: number, seed: number) {
  const random = createRandom(seed);
  const [d, m] = [a.rows, b.columns];
  const states = Float64Array.from({ length: n * d }, () => 2 * random.uniform() - 1);
  const actions = Float64Array.from({ length: n * m }, () => 4 * random.uniform() - 2);
  const nextStates = new Float64Array(n * d);
  for (let row = 0; row < n; row++)
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) nextStates[row * d + i] += a.get(i, j) * states[row * d + j];
      for (let j = 0; j < m; j++) nextStates[row * d + i] += b.get(i, j) * actions[row * m + j];
    }
  return { n, states, actions, nextStates, terminated: new Uint8Array(n) };
}

const coordinatesOf = (d: number) => ({
  names: Array.from({ length: d }, (_, i) => `x${i}`),
  angular: new Array<boolean>(d).fill(false),
  low: new Array<number>(d).fill(-100),
  high: new Array<number>(d).fill(100),
  rateOf: new Array<null>(d).fill(null),
  observe: (states: Value) => states,
  fromObservations: (observations: Float64Array) => observations.slice(),
});

describe.each(Object.keys(worlds) as (keyof typeof worlds)[])("eight exact heads of a %s", (name) => {
  const world = worlds[name];
  const asked = transitions(world, 300, 1);
  const held = transitions(world, 200, 2);
  const infer = (heads: number, discount: number) =>
    inferDynamics(exactCritic(world, heads, discount, 5), {
      coordinates: coordinatesOf(world.a.rows),
      samples: { n: asked.n, states: asked.states, actions: asked.actions },
      method: "pointwise",
    });

  test.each([0.9, 0.99])("give exact answers pair by pair, mirror images and all (discount %s)", async (discount) => {
    const { model, identifiability } = await infer(8, discount);
    expect(identifiability.verdict.usable).toBe(true);
    const { error, coverage } = await scoreContinuous(model, held);
    expect(error).toBeLessThan(0.002);
    expect(coverage.all).toBeGreaterThan(0.88);
    await model.release();
  });

  test("and the model says the same when it is loaded again", async () => {
    const { model } = await infer(8, 0.9);
    const folder = mkdtempSync(join(tmpdir(), "vinverse-exact-"));
    await model.save(folder);
    const loaded = await loadWorldModel(folder, { coordinates: coordinatesOf(world.a.rows) });
    expect(await loaded.predict(held.states, held.actions)).toEqual(await model.predict(held.states, held.actions));
    await model.release();
  });

  test("a single head is not taken for exact: it has fewer equations than coordinates", async () => {
    const { model, identifiability } = await infer(1, 0.9);
    expect(identifiability.verdict.usable).toBe(false);
    await model.release();
  });
});

import { describe, expect, test } from "vitest";
import { follow } from "../../src/engine/adam.ts";
import { adam, adamState, evaluate, Graph, mul, type Reference, recur, reduceSum, type State, sub } from "../../src/engine/index.ts";
import { pack, packedInput, unpack } from "../../src/engine/pack.ts";
import { createRandom } from "../../src/numbers/random.ts";

const shapes = { a: [2, 3], b: [3], c: [1] } as const;
const draw = (seed: number): State => {
  const random = createRandom(seed);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      { shape, data: Float32Array.from({ length: shape.reduce<number>((x, y) => x * y, 1) }, () => random.normal()) },
    ]),
  );
};
const start = draw(1);
const goal = draw(2);
const whole = (state: State) => Object.values(state).flatMap(({ data }) => Array.from(data));

/** loss = ½ Σ (θ − goal)², whose gradient is θ − goal. */
function descent(options: { readonly clip?: number; readonly gated?: boolean }): Graph {
  const graph = new Graph();
  const { vector, parts } = packedInput(graph, "theta", start);
  const copy = packedInput(graph, "copy", start);
  const losses = Object.entries(parts).map(([name, part]) => {
    const off = sub(part, graph.constant(goal[name].data, goal[name].shape));
    return mul(reduceSum(mul(off, off), null), 0.5);
  });
  const loss = losses.reduce((x, y) => sub(x, mul(y, -1)));
  const gate = options.gated ? graph.input("gate", [1]) : undefined;
  const moved = adam(loss, { theta: vector }, graph.input("rate", [1]), { clip: options.clip, gate });
  follow({ copy: copy.vector }, moved, () => "theta", 0.25);
  return graph;
}

/** Kingma and Ba's algorithm 1, in a plain loop. */
function byHand(theta: number[], steps: number, rate: number, clip = Infinity): number[] {
  const target = whole(goal);
  const m = theta.map(() => 0);
  const v = theta.map(() => 0);
  for (let t = 1; t <= steps; t++) {
    const g = theta.map((x, i) => x - target[i]);
    const length = Math.hypot(...g);
    const factor = Math.min(1, clip / length);
    theta = theta.map((x, i) => {
      m[i] = 0.9 * m[i] + 0.1 * factor * g[i];
      v[i] = 0.999 * v[i] + 0.001 * (factor * g[i]) ** 2;
      return x - (rate * (m[i] / (1 - 0.9 ** t))) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-8);
    });
  }
  return theta;
}

const stateFeeds = (state: State): Record<string, Reference> =>
  Object.fromEntries(Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]));

describe("Adam", () => {
  test.each([undefined, 0.5])("takes the published steps, gradients no longer than %s", (clip) => {
    const graph = descent({ clip });
    let feeds = stateFeeds({ ...adamState(pack("theta", start)), ...pack("copy", start) });
    for (let t = 0; t < 5; t++) {
      const out = evaluate(graph, { ...feeds, rate: { shape: [1], data: Float64Array.of(0.01) } });
      feeds = Object.fromEntries(Object.keys(feeds).map((name) => [name, out[`new ${name}`]]));
    }
    const expected = byHand(whole(start), 5, 0.01, clip);
    for (const [i, x] of expected.entries()) expect(feeds.theta.data[i]).toBeCloseTo(x, 9);
  });

  test("a gate of 0 leaves parameters, moments and powers as they are", () => {
    const graph = descent({ gated: true });
    const feeds = stateFeeds({ ...adamState(pack("theta", start)), ...pack("copy", start) });
    feeds["m theta"].data.fill(0.3);
    const shut = evaluate(graph, {
      ...feeds,
      rate: { shape: [1], data: Float64Array.of(0.01) },
      gate: { shape: [1], data: Float64Array.of(0) },
    });
    for (const name of ["theta", "m theta", "v theta", "powers adam"]) expect(shut[`new ${name}`].data).toEqual(feeds[name].data);
  });

  test("runs fed back to themselves do the same in ONNX Runtime, and go on from a state that was put back", async () => {
    const initial = { ...adamState(pack("theta", start)), ...pack("copy", start) };
    const run = await recur(descent({}), initial, { threads: 1 });
    const rate = { dtype: "float32" as const, dims: [1], data: Float32Array.of(0.05) };
    for (let t = 0; t < 20; t++) await run.run({ rate });
    const kept = Object.fromEntries(Object.entries(run.state).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
    for (let t = 0; t < 20; t++) await run.run({ rate });
    const after = run.state.theta.data.slice();
    for (const [i, x] of byHand(whole(start), 40, 0.05).entries()) expect(after[i]).toBeCloseTo(x, 3);
    run.restore(kept);
    for (let t = 0; t < 20; t++) await run.run({ rate });
    expect(run.state.theta.data).toEqual(after);
    await run.release();
  });
});

test("what was packed is unpacked as it was, in views", () => {
  const vector = pack("theta", start).theta.data;
  expect(unpack(vector, start)).toEqual(start);
  unpack(vector, start).b.data[1] = 42;
  expect(vector[7]).toBe(42);
});

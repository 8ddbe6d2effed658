import { describe, expect, test } from "vitest";
import { argMax, compile, FeedError, Graph, greater, jacobian, linear, matmul, mul, reduceSum, tanh } from "../../src/engine/index.ts";
import { createRandom } from "../../src/numbers/random.ts";

function network() {
  const random = createRandom(2);
  const graph = new Graph();
  const weights = (rows: number, columns: number) =>
    graph.constant(
      Float64Array.from({ length: rows * columns }, () => random.normal()),
      [rows, columns],
    );
  const x = graph.input("x", ["N", 3]);
  const y = linear(tanh(linear(x, weights(5, 3))), weights(2, 5));
  graph.output("values", y);
  graph.output("jacobian", jacobian(y, x));
  graph.output("best", argMax(y, 1));
  graph.output("positive", greater(y, 0));
  return graph;
}

const points = (n: number) => Float32Array.from({ length: n * 3 }, (_, i) => Math.sin(i));

describe("compile", () => {
  test("one session serves every batch size", async () => {
    const session = await compile(network(), { threads: 1 });
    const all = await session.run({ x: points(7) });
    expect(all.values.dims).toEqual([7, 2]);
    expect(all.jacobian.dims).toEqual([3, 7, 2]);
    expect(all.best.data).toBeInstanceOf(Int32Array);
    expect(all.positive.data).toBeInstanceOf(Uint8Array);
    const one = await session.run({ x: points(1) }, ["values"]);
    expect(Object.keys(one)).toEqual(["values"]);
    for (let i = 0; i < 2; i++) expect(one.values.data[i]).toBeCloseTo(Number(all.values.data[i]), 6);
    const doubles = await session.run({ x: Float64Array.from(points(7)) });
    expect(doubles.values.data).toEqual(all.values.data);
    await session.release();
  });

  test("chunks of any size give the same numbers", async () => {
    const graph = network();
    const whole = await compile(graph, { threads: 1 });
    const expected = await whole.run({ x: points(11) });
    for (const chunk of [1, 4, 11, 100]) {
      const session = await compile(graph, { threads: 1, chunk });
      const actual = await session.run({ x: points(11) });
      for (const name of Object.keys(expected)) {
        expect(actual[name].dims).toEqual(expected[name].dims);
        expected[name].data.forEach((v, i) => {
          expect(Number(actual[name].data[i])).toBeCloseTo(Number(v), 5);
        });
      }
      await session.release();
    }
    await whole.release();
  });

  test("a graph without a batch axis in an output cannot run in chunks", async () => {
    const graph = new Graph();
    graph.output("sum", reduceSum(graph.input("x", ["N"])));
    const session = await compile(graph, { threads: 1, chunk: 2 });
    await expect(session.run({ x: new Float32Array(5) })).rejects.toThrow("'sum'");
    await session.release();
  });

  test("outputs go in again as they are", async () => {
    const graph = new Graph();
    graph.output("y", mul(graph.input("x", ["N", 2]), 2));
    const session = await compile(graph, { threads: 1 });
    const { y } = await session.run({ x: { dims: [1, 2], data: Float32Array.of(1, 2) } });
    expect([...(await session.run({ x: y })).y.data]).toEqual([4, 8]);
    await session.release();
  });

  test("the same graph shares a session until its last holder lets go, and a graph that grew is compiled anew", async () => {
    const graph = new Graph();
    const x = graph.input("x", ["N"]);
    graph.output("y", mul(x, 2));
    const [a, b] = await Promise.all([compile(graph, { threads: 1 }), compile(graph, { threads: 1 })]);
    await a.release();
    await a.release();
    await expect(a.run({ x: Float32Array.of(1) })).rejects.toThrow("released");
    expect((await b.run({ x: Float32Array.of(1) })).y.data[0]).toBe(2);
    graph.output("z", mul(x, 3));
    const c = await compile(graph, { threads: 1 });
    expect((await c.run({ x: Float32Array.of(1) })).z.data[0]).toBe(3);
    await b.release();
    const d = await compile(graph, { threads: 1 });
    expect((await d.run({ x: Float32Array.of(2) })).z.data[0]).toBe(6);
    await c.release();
    await d.release();
  });

  test("threads and chunk must be positive", async () => {
    await expect(compile(network(), { threads: 0 })).rejects.toThrow("threads");
    await expect(compile(network(), { chunk: 1.5 })).rejects.toThrow("chunk");
  });
});

describe("a wrong feed is refused by name", () => {
  const build = () => {
    const graph = new Graph();
    const a = graph.input("state", ["N", 3]);
    const b = graph.input("action", ["N", 3]);
    const index = graph.input("index", ["N"], "int64");
    graph.output("y", matmul(mul(a, b), graph.constant([1, 1, 1], [3, 1])));
    graph.output("i", mul(index, 2));
    return graph;
  };
  const good = { state: new Float32Array(6), action: new Float32Array(6), index: new Int32Array(2) };
  test.each<[string, Record<string, unknown>, RegExp]>([
    ["missing", { action: undefined }, /'action' of shape \[N,3\] is missing/],
    ["unknown", { goal: new Float32Array(3) }, /no input 'goal'.*'state'/],
    ["not a whole number of rows", { state: new Float32Array(7) }, /'state'.*multiple of 3 numbers, got 7/],
    ["another batch", { action: new Float32Array(9) }, /'action' has N = 3.*'state' has N = 2/],
    ["another shape", { action: { dims: [2, 2], data: new Float32Array(4) } }, /'action' must have shape \[N,3\], got \[2,2\]/],
    ["dims that do not hold the data", { action: { dims: [2, 3], data: new Float32Array(4) } }, /'action'.*needs 6 numbers, got 4/],
    ["floats for whole numbers", { index: new Float32Array(2) }, /'index' holds int64/],
  ])("%s", async (_, change, message) => {
    const session = await compile(build(), { threads: 1 });
    const feeds = Object.fromEntries(Object.entries({ ...good, ...change }).filter(([, v]) => v !== undefined)) as typeof good;
    await expect(session.run(feeds)).rejects.toThrow(FeedError);
    await expect(session.run(feeds)).rejects.toThrow(message);
    await session.release();
  });

  test("an output that does not exist", async () => {
    const session = await compile(build(), { threads: 1 });
    await expect(session.run(good, ["q"])).rejects.toThrow("no output 'q'");
    await session.release();
  });
});

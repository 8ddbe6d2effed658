import { describe, expect, test } from "vitest";
import { choose, openWasm } from "#runtime";
import { argMax, Graph, greater, jacobian, linear, matmul, tanh, toOnnx } from "../../src/engine/index.ts";
import { openNative } from "../../src/engine/runtime/native.ts";
import type { Runtime, RuntimeTensor } from "../../src/engine/runtime/runtime.ts";
import { createRandom } from "../../src/numbers/random.ts";

const wasm = await openWasm();
const native = await openNative().catch(() => undefined);
const settings = { threads: 1, spin: false };

function network(): Graph {
  const random = createRandom(2);
  const graph = new Graph();
  const drawn = (rows: number, columns: number) =>
    graph.constant(
      Float64Array.from({ length: rows * columns }, () => random.normal()),
      [rows, columns],
    );
  const x = graph.input("x", ["N", 3]);
  const y = linear(tanh(linear(x, drawn(16, 3))), drawn(2, 16));
  graph.output("values", y);
  graph.output("jacobian", jacobian(y, x));
  graph.output("best", argMax(y, 1));
  graph.output("positive", greater(y, 0));
  return graph;
}

const points = (n: number): RuntimeTensor => ({
  dtype: "float32",
  dims: [n, 3],
  data: Float32Array.from({ length: n * 3 }, (_, i) => Math.sin(i)),
});

async function run(runtime: Runtime, n: number): Promise<Record<string, RuntimeTensor>> {
  const session = await runtime.load(toOnnx(network()), settings);
  const all = await session.run({ x: points(n) }, { values: null, jacobian: null, best: null, positive: null });
  await session.release();
  return all;
}

describe("the WebAssembly build", () => {
  test.skipIf(!native)("gives what the native one gives, of every type", async () => {
    for (const n of [1, 7, 300]) {
      const [ours, theirs] = [await run(wasm, n), await run(native!, n)];
      for (const name of Object.keys(theirs)) {
        const { dims, dtype, data } = ours[name];
        expect([name, dtype, [...dims]]).toEqual([name, theirs[name].dtype, [...theirs[name].dims]]);
        for (let i = 0; i < data.length; i++) expect(Number(data[i])).toBeCloseTo(Number(theirs[name].data[i]), 5);
      }
    }
  });

  test("writes an output into the array that it is given, and only what was asked for", async () => {
    const session = await wasm.load(toOnnx(network()), settings);
    const { values } = await session.run({ x: points(5) }, { values: null });
    const into: RuntimeTensor = { dtype: "float32", dims: [5, 2], data: new Float32Array(10) };
    const got = await session.run({ x: points(5) }, { values: into });
    expect(Object.keys(got)).toEqual(["values"]);
    expect(got.values.data).toBe(into.data);
    expect(into.data).toEqual(values.data);
    const small: RuntimeTensor = { dtype: "float32", dims: [4, 2], data: new Float32Array(8) };
    await expect(session.run({ x: points(5) }, { values: small })).rejects.toThrow("needs 10 numbers, got room for 8");
    await session.release();
  });

  test("goes on where its memory has to grow", async () => {
    const graph = new Graph();
    const x = graph.input("x", ["N", 64]);
    graph.output(
      "y",
      matmul(
        x,
        graph.constant(
          Float64Array.from({ length: 4096 }, (_, i) => (i % 65 === 0 ? 1 : 0)),
          [64, 64],
        ),
      ),
    );
    const session = await wasm.load(toOnnx(graph), settings);
    for (const n of [1, 100_000, 3]) {
      const data = Float32Array.from({ length: n * 64 }, (_, i) => i % 1000);
      const { y } = await session.run({ x: { dtype: "float32", dims: [n, 64], data } }, { y: null });
      expect(y.data.length).toBe(data.length);
      expect(Buffer.compare(Buffer.from(y.data.buffer), Buffer.from(data.buffer))).toBe(0);
    }
    await session.release();
  });

  test("refuses what is no graph, and feeds that do not fit, with a reason, and goes on", async () => {
    await expect(wasm.load(new Uint8Array([1, 2, 3]), settings)).rejects.toThrow(/^ONNX Runtime does not take the graph: .+/);
    const session = await wasm.load(toOnnx(network()), settings);
    const wrong: RuntimeTensor = { dtype: "float32", dims: [1, 4], data: new Float32Array(4) };
    await expect(session.run({ x: wrong }, { values: null })).rejects.toThrow(/^ONNX Runtime does not run the graph: .+/);
    expect((await session.run({ x: points(2) }, { values: null })).values.dims).toEqual([2, 2]);
    await session.release();
  });

  test("leaves no global Worker behind, by which Node would look like a page", () => {
    expect("Worker" in globalThis).toBe(false);
  });
});

describe("which runtime", () => {
  const fake = (name: Runtime["name"]): Runtime => ({ name, load: () => Promise.reject(new Error("not run")) });
  const there = async () => fake("native");
  const other = async () => fake("wasm");
  const missing = () => Promise.reject(Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }));
  const way = "npm install onnxruntime-node, with ONNXRUNTIME_NODE_INSTALL=skip in the environment where downloads are closed";

  async function chosen(wish: string, native: () => Promise<Runtime>) {
    const said: string[] = [];
    const { name } = await choose(wish, native, other, (note) => said.push(note));
    return { name, said };
  }

  test("is the native one where it loads, without a word", async () => {
    expect(await chosen("", there)).toEqual({ name: "native", said: [] });
    expect(await chosen("native", there)).toEqual({ name: "native", said: [] });
  });

  test("is the other one where it does not, with one note that names the way to the fast one", async () => {
    const slower = "so ONNX Runtime's slower WebAssembly build runs. For the fast one";
    expect(await chosen("", missing)).toEqual({ name: "wasm", said: [`vinverse: onnxruntime-node is not installed, ${slower}: ${way}.`] });
    const broken = () => Promise.reject(new Error("GLIBC_2.99 not found\nat dlopen"));
    const said = `vinverse: onnxruntime-node does not load (GLIBC_2.99 not found), ${slower}: ${way}.`;
    expect(await chosen("", broken)).toEqual({ name: "wasm", said: [said] });
  });

  test("is what was asked for, or a sentence", async () => {
    expect(await chosen("wasm", missing)).toEqual({ name: "wasm", said: [] });
    await expect(chosen("native", missing)).rejects.toThrow(`VINVERSE_RUNTIME is 'native', but onnxruntime-node is not installed: ${way}`);
    await expect(chosen("gpu", there)).rejects.toThrow("VINVERSE_RUNTIME is 'gpu': set it to 'native' or 'wasm', or not at all");
  });
});

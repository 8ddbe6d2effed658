import { describe, expect, test } from "vitest";
import {
  compile,
  type DType,
  evaluate,
  Graph,
  jvp,
  type Reference,
  type Session,
  type TensorData,
  type Value,
  vjp,
} from "../../src/engine/index.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { type Case, compositeCases, draw, flatCases, operatorCases } from "./operator-cases.ts";

const random = createRandom(7);
const feedsOf = (tensors: readonly Reference[]) => Object.fromEntries(tensors.map((t, i) => [`x${i}`, t]));
const drawn = (shape: readonly number[]): Reference => {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float64Array.from({ length: size }, () => Math.fround(random.normal())) };
};

function typed(data: Float64Array, dtype: DType): TensorData {
  if (dtype === "int64") return Int32Array.from(data);
  return dtype === "bool" ? Uint8Array.from(data) : data;
}

/** One session for a case's value and, where it has them, both derivatives. */
function whole(c: Case, differentiated: boolean): Graph {
  const graph = new Graph();
  const inputs = c.inputs.map(({ shape, dtype }, i) => graph.input(`x${i}`, shape, dtype));
  const output = graph.output("y", c.build(...inputs));
  if (!differentiated) return graph;
  const wrt = inputs.filter((v) => v.dtype === "float32");
  const tangents = wrt.map((v): Value => graph.input(`t${v.name}`, [2, ...v.shape]));
  const u = graph.input("u", output.shape);
  graph.output("t", jvp(output, wrt, tangents));
  for (const [j, g] of vjp(output, u, wrt).entries()) graph.output(`g${j}`, g);
  return graph;
}

function expectAgreement(name: string, actual: ArrayLike<number | bigint>, expected: Float64Array): void {
  expect(actual.length, name).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [Number(actual[i]), expected[i]];
    if (!(Math.abs(a - b) <= 1e-5 * Math.max(scale, Math.abs(b)))) expect.fail(`${name}[${i}]: ${a} in the runtime, ${b} in the reference`);
  }
}

async function compare(c: Case, differentiated: boolean): Promise<void> {
  const graph = whole(c, differentiated);
  const feeds: Record<string, Reference> = feedsOf(draw(c.inputs, c.lengths, random));
  for (const input of graph.inputs) {
    const source = input.name.startsWith("tx") ? feeds[input.name.slice(1)] : undefined;
    if (source) feeds[input.name] = drawn([2, ...source.shape]);
  }
  if (differentiated) {
    const value = whole(c, false);
    feeds.u = drawn(evaluate(value, Object.fromEntries(value.inputs.map((v) => [v.name, feeds[v.name]]))).y.shape);
  }
  const expected = evaluate(graph, feeds);
  let session: Session | undefined;
  try {
    session = await compile(graph, { threads: 1 });
    const results = await session.run(
      Object.fromEntries(graph.inputs.map(({ name, dtype }) => [name, { dims: feeds[name].shape, data: typed(feeds[name].data, dtype) }])),
    );
    for (const [name, tensor] of Object.entries(results)) {
      expect(tensor.dims, name).toEqual(expected[name].shape);
      expectAgreement(name, tensor.data, expected[name].data);
    }
  } finally {
    await session?.release();
  }
}

describe("ONNX Runtime agrees with the Float64 reference on values and both derivatives", () => {
  const cases = [...operatorCases(random), ...compositeCases()];
  test.each(cases.map((c) => [`${c.operator} ${c.note}`, c] as const))("%s", (_, c) => compare(c, true));
});

describe("and on operators without a derivative", () => {
  test.each(flatCases().map((c) => [`${c.operator} ${c.note}`, c] as const))("%s", (_, c) => compare(c, false));
});

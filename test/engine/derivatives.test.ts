import { describe, expect, test } from "vitest";
import { defineOperator } from "../../src/engine/graph.ts";
import {
  add,
  compile,
  concat,
  elu,
  evaluate,
  expand,
  Graph,
  gather,
  gatherElements,
  gelu,
  gradient,
  huber,
  inline,
  jacobian,
  jvp,
  layerNormalization,
  leakyRelu,
  linear,
  matmul,
  mish,
  mul,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  selu,
  sigmoid,
  silu,
  slice,
  softplus,
  softsign,
  sub,
  tanh,
  UnsupportedOperatorError,
  type Value,
  vjp,
} from "../../src/engine/index.ts";
import { reference } from "../../src/engine/reference.ts";
import { createRandom } from "../../src/numbers/random.ts";

const random = createRandom(3);
const normals = (n: number, scale = 1): Float64Array => Float64Array.from({ length: n }, () => scale * random.normal());

interface Layer {
  readonly weight: Value;
  readonly bias: Value;
}

/** Parameters as constants, or as inputs whose feeds are kept. */
function layers(graph: Graph, widths: readonly number[], feeds?: Record<string, ReturnType<typeof reference>>): Layer[] {
  return widths.slice(1).map((out, i) => {
    const [weight, bias] = [normals(out * widths[i], 1 / Math.sqrt(widths[i])), normals(out, 0.3)];
    if (!feeds) return { weight: graph.constant(weight, [out, widths[i]]), bias: graph.constant(bias, [out]) };
    feeds[`w${i}`] = reference(weight, [out, widths[i]]);
    feeds[`b${i}`] = reference(bias, [out]);
    return { weight: graph.input(`w${i}`, [out, widths[i]]), bias: graph.input(`b${i}`, [out]) };
  });
}

function network(x: Value, parts: readonly Layer[], activation: (x: Value) => Value): Value {
  return parts.reduce((h, { weight, bias }, i) => linear(i === 0 ? h : activation(h), weight, bias), x);
}

const activations: Record<string, (x: Value) => Value> = {
  relu,
  leakyRelu,
  elu,
  selu,
  gelu: (x) => gelu(x),
  silu,
  mish,
  tanh,
  sigmoid,
  softplus,
  softsign,
  "layer normalization and relu": (x) => {
    const width = x.shape[1] as number;
    const [scale, bias] = [x.graph.constant(normals(width), [width]), x.graph.constant(normals(width), [width])];
    return relu(layerNormalization(x, scale, bias));
  },
};

/** Central differences along x, [d, N, k]. */
function differences(graph: Graph, x: Float64Array, n: number, d: number): Float64Array {
  const h = 1e-5;
  const rows: number[] = [];
  for (let i = 0; i < d; i++) {
    const at = (step: number) =>
      evaluate(graph, {
        x: reference(
          x.map((v, j) => (j % d === i ? v + step : v)),
          [n, d],
        ),
      }).y.data;
    const [up, down] = [at(h), at(-h)];
    rows.push(...up.map((v, j) => (v - down[j]) / (2 * h)));
  }
  return Float64Array.from(rows);
}

describe("jacobian of a network", () => {
  const sizes: readonly (readonly [n: number, d: number, k: number])[] = [
    [1, 3, 2],
    [4, 3, 2],
    [3, 5, 2],
    [1, 5, 1],
  ];
  for (const [name, activation] of Object.entries(activations))
    for (const [n, d, k] of sizes)
      test(`${name}, N=${n}, d=${d}, k=${k}: equal to finite differences, and in the runtime`, async () => {
        const graph = new Graph();
        const x = graph.input("x", ["N", d]);
        const y = graph.output("y", network(x, layers(graph, [d, 8, 8, k]), activation));
        const feed = normals(n * d);
        const expected = differences(graph, feed, n, d);
        graph.output("jacobian", jacobian(y, x));
        const actual = evaluate(graph, { x: reference(feed, [n, d]) }).jacobian;
        expect(actual.shape).toEqual([d, n, k]);
        for (const [i, value] of expected.entries()) expect(actual.data[i]).toBeCloseTo(value, 6);
        const session = await compile(graph, { threads: 1 });
        const { jacobian: run } = await session.run({ x: feed });
        await session.release();
        expect(run.dims).toEqual([d, n, k]);
        for (const [i, value] of expected.entries()) expect(Number(run.data[i])).toBeCloseTo(value, 4);
      });

  test("tangents are touched by one product and one factor a layer, whatever the activation is composed of", () => {
    for (const activation of [relu, silu, (x: Value) => gelu(x), mish, tanh]) {
      const graph = new Graph();
      const x = graph.input("x", ["N", 4]);
      const y = network(x, layers(graph, [4, 16, 16, 5]), activation);
      const before = graph.nodes.length;
      jacobian(y, x);
      const large = graph.nodes
        .slice(before)
        .filter((node) => node.outputs[0].shape.join() === "4,N,16" || node.outputs[0].shape.join() === "4,N,5");
      expect(large.map((node) => node.operator)).toEqual(["Mul", "MatMul", "Mul", "MatMul"]);
    }
  });

  test("costs one product a layer and output where outputs are few", () => {
    const graph = new Graph();
    const x = graph.input("x", ["N", 16]);
    const y = network(x, layers(graph, [16, 16, 16, 2]), relu);
    const before = graph.nodes.length;
    const j = jacobian(y, x);
    expect(j.shape).toEqual([16, "N", 2]);
    const products = graph.nodes.slice(before).filter((node) => ["Gemm", "MatMul"].includes(node.operator));
    expect(products.map((node) => node.outputs[0].shape)).toEqual(Array(6).fill(["N", 16]));
  });

  test("of an output that is the same for the whole batch or for every direction is stretched to [d, N, k]", () => {
    const graph = new Graph();
    const x = graph.input("x", ["N", 2]);
    graph.output("linear", jacobian(matmul(x, graph.constant([1, 2, 3, 4], [2, 2])), x));
    graph.output("none", jacobian(expand(graph.constant([5, 6]), ["N", 2]), x));
    const { linear: line, none } = evaluate(graph, { x: reference(normals(6), [3, 2]) });
    expect(line).toEqual({ shape: [2, 3, 2], data: Float64Array.of(1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4) });
    expect(none).toEqual({ shape: [2, 3, 2], data: new Float64Array(12) });
  });

  test("with respect to a part: a critic of state and action, its greedy value, its quantiles", () => {
    const graph = new Graph();
    const x = graph.input("x", ["N", 3]);
    const heads = network(concat([x, mul(tanh(slice(x, 0, 1, 1)), 2)], 1), layers(graph, [4, 8, 6]), relu);
    const y = graph.output("y", reduceMax(reshape(heads, ["N", 2, 3]), 1));
    const feed = normals(15);
    const expected = differences(graph, feed, 5, 3);
    graph.output("jacobian", jacobian(y, x));
    const actual = evaluate(graph, { x: reference(feed, [5, 3]) }).jacobian.data;
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 6);
  });
});

describe("gradient of a loss with respect to every parameter", () => {
  const losses: Record<string, (graph: Graph, q: Value) => Value> = {
    "mean square": (graph, q) => reduceMean(mul(sub(q, graph.input("target", ["N", 3])), sub(q, graph.input("other", ["N", 3])))),
    "Huber's of the action taken": (graph, q) => {
      const taken = gatherElements(q, graph.input("action", ["N", 1], "int64"), 1);
      return reduceMean(huber(sub(taken, graph.input("target", ["N", 1])), 0.7));
    },
    "sum of the batch's means": (_, q) => reduceSum(mul(reduceMean(q, 0, true), reduceMean(q, 0))),
  };
  for (const [name, loss] of Object.entries(losses))
    for (const n of [1, 5])
      test(`${name}, N=${n}`, () => {
        const feeds: Record<string, ReturnType<typeof reference>> = { x: reference(normals(n * 2), [n, 2]) };
        const make = () => {
          const graph = new Graph();
          const parts = layers(graph, [2, 6, 3], feeds);
          const parameters = parts.flatMap(({ weight, bias }) => [weight, bias]);
          const y = graph.output("y", loss(graph, network(graph.input("x", ["N", 2]), parts, tanh)));
          return { graph, parameters, y };
        };
        const { graph, parameters, y } = make();
        for (const input of graph.inputs) {
          if (feeds[input.name]) continue;
          const shape = input.shape.map((dim) => (dim === "N" ? n : (dim as number)));
          const size = shape.reduce((a, b) => a * b, 1);
          feeds[input.name] = reference(
            input.dtype === "int64" ? Float64Array.from({ length: size }, () => random.integer(3)) : normals(size),
            shape,
          );
        }
        for (const [i, g] of gradient(y, parameters).entries()) graph.output(`g${i}`, g);
        const results = evaluate(graph, feeds);
        for (const [i, parameter] of parameters.entries()) {
          const held = feeds[parameter.name];
          expect(results[`g${i}`].shape).toEqual(held.shape);
          held.data.forEach((_, at) => {
            const value = (step: number) => {
              const data = held.data.slice();
              data[at] += step;
              return evaluate(graph, { ...feeds, [parameter.name]: { shape: held.shape, data } }).y.data[0];
            };
            expect(results[`g${i}`].data[at]).toBeCloseTo((value(1e-5) - value(-1e-5)) / 2e-5, 6);
          });
        }
      });

  test("appends no product for what is not asked", () => {
    const graph = new Graph();
    const x = graph.input("x", ["N", 4]);
    const parts = layers(graph, [4, 8, 8, 2], {});
    const loss = reduceMean(network(x, parts, relu));
    const before = graph.nodes.length;
    gradient(loss, [parts[2].weight]);
    expect(graph.nodes.slice(before).filter((node) => node.operator === "Gemm")).toHaveLength(1);
  });

  test("a loss of more than one element is refused", () => {
    const graph = new Graph();
    const x = graph.input("x", ["N", 2]);
    expect(() => gradient(x, [x])).toThrow("a loss has one element, got [N, 2]");
  });
});

describe("second derivatives of a network", () => {
  test("Hessian rows of a smooth network are the Jacobian of its gradient, and symmetric", () => {
    const graph = new Graph();
    const x = graph.input("x", ["N", 3]);
    const y = network(x, layers(graph, [3, 8, 8, 1]), silu);
    const [g] = vjp(y, expand(graph.constant(1), ["N", 1]), [x]);
    graph.output("y", g);
    const feed = normals(6);
    const expected = differences(graph, feed, 2, 3);
    graph.output("hessian", jacobian(g, x));
    const { hessian } = evaluate(graph, { x: reference(feed, [2, 3]) });
    for (const [i, value] of expected.entries()) expect(hessian.data[i]).toBeCloseTo(value, 6);
    for (let n = 0; n < 2; n++)
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 3; j++) expect(hessian.data[(i * 2 + n) * 3 + j]).toBeCloseTo(hessian.data[(j * 2 + n) * 3 + i], 12);
  });
});

describe("what is varied may lie within the graph", () => {
  test("values before it are held, in both modes", () => {
    const graph = new Graph();
    const x = graph.input("x", ["N"]);
    const middle = mul(x, 3);
    const y = mul(mul(middle, middle), x);
    graph.output("forward", jvp(y, middle, graph.constant([1], [1, 1])));
    graph.output("backward", vjp(y, expand(graph.constant(1), ["N"]), [middle])[0]);
    const { forward, backward } = evaluate(graph, { x: reference([2, -1]) });
    expect([...forward.data]).toEqual([24, 6]);
    expect([...backward.data]).toEqual([24, 6]);
  });
});

describe("an operator without a rule is refused by name", () => {
  defineOperator({ name: "Mystery", infer: ([x]) => [{ dtype: "float32", shape: x!.shape }], evaluate: ([x]) => [x!] });
  const graph = new Graph();
  const x = graph.input("x", ["N"]);
  const [y] = graph.apply("Mystery", [x]);
  test("forward", () => {
    expect(() => jvp(y, x, graph.constant([1], [1, 1]))).toThrow(UnsupportedOperatorError);
    expect(() => jvp(y, x, graph.constant([1], [1, 1]))).toThrow("'Mystery' has no forward derivative");
  });
  test("reverse", () => expect(() => vjp(y, x, [x])).toThrow("'Mystery' has no reverse derivative"));
  test("unknown", () => expect(() => graph.apply("Unheard", [x])).toThrow("operator 'Unheard'"));
  test("but not where nothing passes through it", () => {
    const z = mul(x, 3);
    graph.output("t", jvp(add(y, mul(z, 2)), z, graph.constant([1], [1, 1])));
    expect([...evaluate(graph, { x: reference([1, 4]) }).t.data]).toEqual([2, 2]);
  });
});

describe("inline", () => {
  const critic = () => {
    const graph = new Graph();
    const x = graph.input("x", ["N", 2]);
    const y = network(x, layers(graph, [2, 6, 4]), relu);
    graph.output("values", y);
    graph.output("greedy", reduceMax(reshape(y, ["N", 2, 2]), 2));
    return { graph };
  };

  test("a graph within another gives what it gives alone, twice, under another batch's name or a number", () => {
    const { graph: source } = critic();
    const feed = normals(6);
    const alone = evaluate(source, { x: reference(feed, [3, 2]) });
    for (const length of ["M", "N", 3]) {
      const target = new Graph();
      const state = target.input("state", [length, 2]);
      const first = inline(source, target, { x: state });
      const moved = inline(source, target, { x: sub(state, 0.5) });
      target.output("values", first.values);
      target.output("greedy", first.greedy);
      target.output("difference", sub(first.values, moved.values));
      expect(first.values.shape).toEqual([length, 4]);
      const results = evaluate(target, { state: reference(feed, [3, 2]) });
      expect(results.values).toEqual(alone.values);
      expect(results.greedy).toEqual(alone.greedy);
      const shifted = evaluate(source, {
        x: reference(
          feed.map((v) => v - 0.5),
          [3, 2],
        ),
      }).values.data;
      for (const [i, value] of shifted.entries()) expect(results.difference.data[i]).toBeCloseTo(alone.values.data[i] - value, 12);
    }
  });

  test("the chain rule goes through it", () => {
    const { graph: source } = critic();
    const target = new Graph();
    const x = target.input("x", ["N", 2]);
    const y = target.output("y", inline(source, target, { x: tanh(x) }).values);
    const feed = normals(4);
    const expected = differences(target, feed, 2, 2);
    target.output("jacobian", jacobian(y, x));
    const actual = evaluate(target, { x: reference(feed, [2, 2]) }).jacobian.data;
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 6);
  });

  test("a wrong shape, dtype or a missing value is refused by the input's name", () => {
    const { graph: source } = critic();
    const target = new Graph();
    expect(() => inline(source, target, { x: target.input("a", ["N", 3]) })).toThrow("input 'x' is float32[N, 2], got float32[N, 3]");
    expect(() => inline(source, target, { x: target.input("b", ["N", 2], "int64") })).toThrow("got int64[N, 2]");
    expect(() => inline(source, target, {})).toThrow("input 'x' has no value");
  });
});

describe("wrong uses are refused with the operator's name and the shapes", () => {
  const graph = new Graph();
  const x = graph.input("x", ["N", 3]);
  const places = graph.input("i", ["N", 1], "int64");
  const uses: [string, () => unknown, string][] = [
    ["a batch against a number", () => add(x, graph.input("y", [4, 3])), "Add: shapes [N, 3] and [4, 3] do not broadcast"],
    ["two batches", () => add(x, graph.input("z", ["M", 3])), "Add: shapes [N, 3] and [M, 3] do not broadcast"],
    ["dtypes", () => add(x, places), "Add: its inputs differ in dtype: float32 and int64"],
    ["whole numbers", () => tanh(places), "Tanh: takes float32, got int64"],
    ["a product", () => matmul(x, graph.constant([1, 2], [2, 1])), "MatMul: shapes [N, 3] and [2, 1] do not fit"],
    ["a layer", () => linear(x, graph.constant(normals(8), [2, 4])), "Gemm: shapes [N, 3] and [2, 4] (transposed) do not fit"],
    ["an axis", () => reduceMax(x, 2), "ReduceMax: axis 2 is outside rank 2"],
    ["a target", () => reshape(x, [7, 2]), "Reshape: [N, 3] cannot become [7, 2]"],
    ["float places", () => gather(x, x, 0), "Gather: takes int64, got float32"],
    ["two graphs", () => add(x, new Graph().input("x", ["N", 3])), "Add: an input belongs to another graph"],
    ["a tangent", () => jvp(x, x, graph.constant([1, 2], [1, 2])), "jvp: a value [N, 3] cannot have a tangent [1, 2]"],
    ["a batch shared", () => jacobian(reduceSum(x), x), "jacobian: output [] and wrt [N, 3] must share their batch"],
  ];
  test.each(uses)("%s", (_, f, message) => {
    expect(f).toThrow(message);
  });
});

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compile,
  evaluate,
  fromOnnx,
  Graph,
  OnnxError,
  type Reference,
  relu,
  toOnnx,
  UnsupportedOperatorError,
} from "../../src/engine/index.ts";
import { type AttributeMessage, decodeModel, encodeModel, type ModelMessage, type NodeMessage } from "../../src/engine/onnx-schema.ts";
import { reference } from "../../src/engine/reference.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { compositeCases, draw, flatCases, operatorCases } from "./operator-cases.ts";

const random = createRandom(3);

function expectClose(actual: Reference, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.data.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual.data[i] - expected[i])).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected[i])));
  }
}

describe("writing a graph and reading it back changes no number", () => {
  const cases = [...operatorCases(random), ...compositeCases(), ...flatCases()];
  test.each(cases.map((c) => [`${c.operator} ${c.note}`, c] as const))("%s", (_, c) => {
    const graph = new Graph();
    graph.output("y", c.build(...c.inputs.map(({ shape, dtype }, i) => graph.input(`x${i}`, shape, dtype))));
    const bytes = toOnnx(graph);
    const again = fromOnnx(bytes);
    expect(again.inputs.map(({ name, dtype }) => [name, dtype])).toEqual(graph.inputs.map(({ name, dtype }) => [name, dtype]));
    const feeds = Object.fromEntries(draw(c.inputs, c.lengths, random).map((t, i) => [`x${i}`, t]));
    const { y } = evaluate(graph, feeds);
    const read = evaluate(again, feeds).y;
    expect(read.shape).toEqual(y.shape);
    expectClose(read, y.data, 1e-6);
    expectClose(evaluate(fromOnnx(toOnnx(again)), feeds).y, read.data, 0);
  });
});

test("the same graph gives the same bytes, and what no output needs is left out", () => {
  const build = (extra: boolean) => {
    const graph = new Graph();
    const x = graph.input("x", ["N", 2]);
    if (extra) relu(graph.constant([1, -1]));
    graph.output("y", relu(x));
    return toOnnx(graph);
  };
  expect(build(false)).toEqual(build(false));
  expect(build(true)).toEqual(build(false));
});

test("an output that is an input, a constant or another output is written as its copy", () => {
  const graph = new Graph();
  const x = graph.input("x", ["N"]);
  const y = relu(x);
  for (const [name, value] of [
    ["same", x],
    ["two", graph.constant([1, 2])],
    ["y", y],
    ["z", y],
  ] as const) {
    graph.output(name, value);
  }
  const out = evaluate(fromOnnx(toOnnx(graph)), { x: reference([-1, 3]) });
  expect(Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, [...data]]))).toEqual({
    same: [-1, 3],
    two: [1, 2],
    y: [0, 3],
    z: [0, 3],
  });
  const clash = new Graph();
  clash.output("x", relu(clash.input("x", [1])));
  expect(() => toOnnx(clash)).toThrow("'x'");
  expect(() => toOnnx(new Graph())).toThrow("without outputs");
});

describe("a critic written by PyTorch's exporter computes what PyTorch says", () => {
  const golden = (name: string) => new URL(`golden/${name}`, import.meta.url);
  const said = JSON.parse(readFileSync(golden("critic.json"), "utf8")) as Record<string, { shape: number[]; data: number[] }>;
  test.each([11, 13, 17])("opset %i", async (opset) => {
    const graph = fromOnnx(readFileSync(golden(`critic-${opset}.onnx`)));
    const { observation, action, q } = said;
    const feeds = { observation: reference(observation.data, observation.shape), action: reference(action.data, action.shape) };
    const actual = evaluate(graph, feeds).q;
    expect(actual.shape).toEqual(q.shape);
    expectClose(actual, q.data, 2e-6);
    const session = await compile(graph, { threads: 1 });
    const run = await session.run({ observation: Float64Array.from(observation.data), action: Float64Array.from(action.data) });
    expectClose(reference(run.q.data as Float32Array), q.data, 2e-6);
    await session.release();
  });
});

interface Variant {
  readonly opset: number;
  readonly nodes: readonly NodeMessage[];
  readonly integers?: Readonly<Record<string, readonly number[]>>;
}

const ints = (name: string, list: number[]): AttributeMessage => ({ name, ints: list, type: 7 });
const int = (name: string, i: number): AttributeMessage => ({ name, i, type: 2 });

/** A model from x [N, 2, 3] to y. */
function model({ opset, nodes, integers = {} }: Variant, more: Partial<ModelMessage["graph"]> = {}): ModelMessage {
  const initializer = Object.entries(integers).map(([name, list]) => ({ name, dims: [list.length], dataType: 7, int64Data: [...list] }));
  const dim = [{ dimParam: "batch" }, { dimValue: 2 }, { dimValue: 3 }];
  return {
    irVersion: 8,
    opsetImport: [{ domain: "", version: opset }],
    graph: {
      name: "g",
      node: [...nodes],
      initializer,
      input: [{ name: "x", type: { tensorType: { elemType: 1, shape: { dim } } } }],
      output: [{ name: "y" }],
      ...more,
    },
  };
}

const x = reference([1, -2, 3, 4, 5, -6, 7, 8, 9, -1, 0.5, 2], [2, 2, 3]);
const node = (opType: string, input: string[], attribute: AttributeMessage[] = [], output = ["y"]): NodeMessage => ({
  opType,
  input,
  output,
  attribute,
});
const run = (variant: Variant) => evaluate(fromOnnx(encodeModel(model(variant))), { x }).y;

describe("the forms an operator took over the years are read as one", () => {
  const sums = [2, 3, 24, 1.5];
  test.each<[string, Variant, number[], number[]]>([
    [
      "ReduceSum, axes an attribute",
      { opset: 11, nodes: [node("ReduceSum", ["x"], [ints("axes", [-1]), int("keepdims", 0)])] },
      [2, 2],
      sums,
    ],
    [
      "ReduceSum, axes an input",
      { opset: 13, nodes: [node("ReduceSum", ["x", "a"], [int("keepdims", 0)])], integers: { a: [2] } },
      [2, 2],
      sums,
    ],
    [
      "ReduceMean, axes an attribute",
      { opset: 17, nodes: [node("ReduceMean", ["x"], [ints("axes", [2])])] },
      [2, 2, 1],
      sums.map((v) => v / 3),
    ],
    [
      "ReduceMean, axes an input",
      { opset: 18, nodes: [node("ReduceMean", ["x", "a"])], integers: { a: [-1] } },
      [2, 2, 1],
      sums.map((v) => v / 3),
    ],
    ["ReduceMax over everything", { opset: 17, nodes: [node("ReduceMax", ["x"], [int("keepdims", 0)])] }, [], [9]],
    [
      "Unsqueeze and Squeeze, old",
      { opset: 11, nodes: [node("Unsqueeze", ["x"], [ints("axes", [-1])], ["u"]), node("Squeeze", ["u"], [ints("axes", [3])])] },
      [2, 2, 3],
      [...x.data],
    ],
    [
      "Unsqueeze and Squeeze, new",
      { opset: 21, nodes: [node("Unsqueeze", ["x", "a"], [], ["u"]), node("Squeeze", ["u"])], integers: { a: [0] } },
      [2, 2, 3],
      [...x.data],
    ],
    [
      "Split, sizes an attribute",
      { opset: 11, nodes: [node("Split", ["x"], [ints("split", [1, 2]), int("axis", -1)], ["y", "z"])] },
      [2, 2, 1],
      [1, 4, 7, -1],
    ],
    [
      "Split, sizes an input",
      { opset: 13, nodes: [node("Split", ["x", "s"], [int("axis", 2)], ["y", "z"])], integers: { s: [1, 2] } },
      [2, 2, 1],
      [1, 4, 7, -1],
    ],
    [
      "Split in equal parts",
      { opset: 18, nodes: [node("Split", ["x"], [int("axis", 2), int("num_outputs", 2)], ["z", "y"])] },
      [2, 2, 1],
      [3, -6, 9, 2],
    ],
    [
      "Softmax over the last axis, old",
      { opset: 11, nodes: [node("Softmax", ["x"], [int("axis", 2)], ["s"]), node("ReduceSum", ["s"], [int("keepdims", 0)])] },
      [],
      [4],
    ],
    [
      "Sum, Max of three",
      { opset: 13, nodes: [node("Sum", ["x", "x", "x"], [], ["s"]), node("Max", ["s", "x", "x"])] },
      [2, 2, 3],
      Array.from(x.data, (v) => Math.max(3 * v, v)),
    ],
    [
      "Dropout, Identity",
      { opset: 13, nodes: [node("Dropout", ["x"], [], ["d", "mask"].slice(0, 1)), node("Identity", ["d"])] },
      [2, 2, 3],
      [...x.data],
    ],
    [
      "Gelu of opset 20",
      { opset: 20, nodes: [node("Gelu", ["x"], [{ name: "approximate", s: new TextEncoder().encode("tanh"), type: 3 }])] },
      [2, 2, 3],
      Array.from(x.data, (v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))),
    ],
    [
      "HardSwish",
      { opset: 14, nodes: [node("HardSwish", ["x"])] },
      [2, 2, 3],
      Array.from(x.data, (v) => (v * Math.min(6, Math.max(0, v + 3))) / 6),
    ],
    ["Flatten by its default axis", { opset: 13, nodes: [node("Flatten", ["x"])] }, [2, 6], [...x.data]],
    [
      "a shape computed from Shape",
      {
        opset: 13,
        nodes: [
          node("Shape", ["x"], [], ["s"]),
          node("Slice", ["s", "from", "to"], [], ["n"]),
          node("Concat", ["n", "rest"], [int("axis", 0)], ["t"]),
          node("Reshape", ["x", "t"]),
        ],
        integers: { from: [0], to: [1], rest: [-1] },
      },
      [2, 6],
      [...x.data],
    ],
  ])("%s", (_, variant, shape, expected) => {
    const y = run(variant);
    expect(y.shape).toEqual(shape);
    expectClose(y, expected, 1e-12);
  });

  test("a Softmax that once spanned several axes is refused", () => {
    expect(() => run({ opset: 11, nodes: [node("Softmax", ["x"])] })).toThrow(UnsupportedOperatorError);
  });

  test("weights in double, half, raw or listed, and initializers that are listed as inputs", () => {
    const half = Uint8Array.of(0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00); // 1, −2, 2⁻²⁴
    const nodes = [node("Add", ["x", "h"], [], ["a"]), node("Mul", ["a", "d"], [], ["m"]), node("Sub", ["m", "f"])];
    const initializer = [
      { name: "h", dims: [3], dataType: 10, rawData: half },
      { name: "d", dims: [], dataType: 11, doubleData: [2] },
      { name: "f", dims: [1], dataType: 1, floatData: [0.5] },
    ];
    const message = model({ opset: 13, nodes }, { initializer });
    message.graph!.input!.push({ name: "d", type: { tensorType: { elemType: 11, shape: { dim: [] } } } });
    const graph = fromOnnx(encodeModel(message));
    expect(graph.inputs.map((v) => v.name)).toEqual(["x"]);
    expectClose(
      evaluate(graph, { x }).y,
      Array.from(x.data, (v, i) => (v + [1, -2, 2 ** -24][i % 3]) * 2 - 0.5),
      1e-12,
    );
  });
});

describe("what cannot be read is refused in one sentence", () => {
  const relu11 = { opset: 13, nodes: [node("Relu", ["x"])] };
  test.each<[string, () => ModelMessage, new (...args: never[]) => Error, RegExp]>([
    [
      "an operator we lack",
      () => model({ opset: 13, nodes: [{ ...node("Conv", ["x", "x"]), name: "/features/0" }] }),
      UnsupportedOperatorError,
      /'\/features\/0'.*'Conv'/,
    ],
    [
      "an operator of another domain",
      () => model({ opset: 13, nodes: [{ ...node("Relu", ["x"]), domain: "com.example" }] }),
      UnsupportedOperatorError,
      /'y'.*'Relu'.*com\.example/,
    ],
    ["an opset too old", () => model({ ...relu11, opset: 9 }), OnnxError, /opset 9.*11 to 21/],
    ["an opset too new", () => model({ ...relu11, opset: 22 }), OnnxError, /opset 22/],
    ["a name that nothing makes", () => model({ opset: 13, nodes: [node("Relu", ["ghost"])] }), OnnxError, /'y' reads 'ghost'/],
    ["an output that nothing makes", () => model(relu11, { output: [{ name: "q" }] }), OnnxError, /'q'/],
    [
      "shapes that do not fit",
      () =>
        model(
          { opset: 13, nodes: [node("Add", ["x", "w"])] },
          { initializer: [{ name: "w", dims: [5], dataType: 1, floatData: [1, 2, 3, 4, 5] }] },
        ),
      OnnxError,
      /'y' \(Add\)/,
    ],
    [
      "weights cut short",
      () => model(relu11, { initializer: [{ name: "w", dims: [5], dataType: 1, rawData: new Uint8Array(8) }] }),
      OnnxError,
      /'w'.*needs 5 numbers.*holds 2/,
    ],
    [
      "weights in another file",
      () => model(relu11, { initializer: [{ name: "w", dims: [5], dataType: 1, dataLocation: 1 }] }),
      OnnxError,
      /'w'.*another file/,
    ],
    [
      "a type we do not hold",
      () => model(relu11, { initializer: [{ name: "w", dims: [1], dataType: 8 }] }),
      OnnxError,
      /'w' has element type 8/,
    ],
  ])("%s", (_, make, kind, message) => {
    const read = () => fromOnnx(encodeModel(make()));
    expect(read).toThrow(kind);
    expect(read).toThrow(message);
  });

  test("bytes that are no model", () => {
    for (const bytes of [new Uint8Array(0), new TextEncoder().encode("PK\u0003\u0004 not a model"), Uint8Array.of(255, 255, 255)]) {
      expect(() => fromOnnx(bytes)).toThrow(OnnxError);
    }
  });

  test("damaged files give a typed error or a graph, never anything else", () => {
    const whole = readFileSync(new URL("golden/critic-17.onnx", import.meta.url));
    const attempt = (bytes: Uint8Array) => {
      try {
        expect(fromOnnx(bytes)).toBeInstanceOf(Graph);
      } catch (error) {
        expect(error instanceof OnnxError || error instanceof UnsupportedOperatorError, String(error)).toBe(true);
      }
    };
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = Uint8Array.from(whole);
        bytes[at] = byte;
        attempt(cut ? bytes.subarray(0, at) : bytes);
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});

test("numbers on the wire survive: negative and large integers", () => {
  const message = { graph: { node: [{ attribute: [{ name: "a", i: -1, ints: [-5, 2 ** 40] }] }] } };
  expect(decodeModel(encodeModel(message))).toEqual(message);
});

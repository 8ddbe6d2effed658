import { describe, expect, test } from "vitest";
import { evaluate, expand, Graph, jvp, mul, operatorNames, type Reference, reduceSum, type Value, vjp } from "../../src/engine/index.ts";
import { createRandom, type Random } from "../../src/numbers/random.ts";
import { type Case, compositeCases, draw, flatCases, operatorCases, withoutDerivative } from "./operator-cases.ts";

interface Built {
  readonly graph: Graph;
  readonly inputs: Value[];
  readonly floats: number[];
  readonly output: Value;
}

function build({ inputs, build }: Case): Built {
  const graph = new Graph();
  const values = inputs.map(({ shape, dtype }, i) => graph.input(`x${i}`, shape, dtype));
  const output = graph.output("y", build(...values));
  return { graph, inputs: values, floats: values.flatMap((v, i) => (v.dtype === "float32" ? [i] : [])), output };
}

const feedsOf = (tensors: readonly Reference[]) => Object.fromEntries(tensors.map((t, i) => [`x${i}`, t]));
const normals = (shape: readonly number[], random: Random): Reference => {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float64Array.from({ length: size }, () => random.normal()) };
};
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
const moved = (x: Reference, v: Reference, h: number): Reference => ({ shape: x.shape, data: x.data.map((xi, i) => xi + h * v.data[i]) });

function name(graph: Graph, prefix: string, values: readonly Value[]): void {
  for (const [i, value] of values.entries()) graph.output(`${prefix}${i}`, value);
}

/** Central difference of fifth order error of a graph's output along a direction. */
function difference(
  graph: Graph,
  name: string,
  feeds: readonly Reference[],
  varied: readonly number[],
  along: readonly Reference[],
  extra: Record<string, Reference> = {},
): Float64Array {
  const h = 1e-3;
  const run = (step: number) => {
    const at = feeds.map((x, i) => (varied.includes(i) ? moved(x, along[varied.indexOf(i)], step * h) : x));
    return evaluate(graph, { ...feedsOf(at), ...extra })[name].data;
  };
  const [a, b, c, d] = [run(-2), run(-1), run(1), run(2)];
  return a.map((_, i) => (a[i] - 8 * b[i] + 8 * c[i] - d[i]) / (12 * h));
}

function expectClose(actual: Float64Array, expected: Float64Array, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  for (let i = 0; i < actual.length; i++) {
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance * scale)) expect.fail(`entry ${i}: ${actual[i]} instead of ${expected[i]}`);
  }
}

/** Directions small enough that no case's kink is crossed. */
const shortened = (t: Reference): Reference => {
  const longest = Math.max(1, ...t.data.map(Math.abs));
  return { shape: t.shape, data: t.data.map((x) => x / longest) };
};

const random = createRandom(20);
const cases = operatorCases(random);
const composites = compositeCases();
const all = [...cases, ...composites].map((c) => [`${c.operator} ${c.note}`, c] as const);

describe("every operator", () => {
  test.each(operatorNames())("%s is checked in both modes, or says why it has no derivative", (name) => {
    const used = cases.some((c) => c.operator === name && build(c).graph.nodes.some((node) => node.operator === name));
    expect(used !== name in withoutDerivative, `${name}: cases ${used}, reason '${withoutDerivative[name]}'`).toBe(true);
    if (name in withoutDerivative) expect(flatCases().some((c) => c.operator === name)).toBe(true);
  });

  test("no case is of an operator that is not there", () => {
    const names = operatorNames();
    expect([...cases, ...flatCases()].map((c) => c.operator).filter((name) => !names.includes(name))).toEqual([]);
    expect(Object.keys(withoutDerivative).filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe("forward mode is the directional derivative", () => {
  test.each(all)("%s", (_, c) => {
    const { graph, inputs, floats, output } = build(c);
    const directions = 2;
    const feeds = draw(c.inputs, c.lengths, random);
    const tangents = floats.map((i) => graph.input(`t${i}`, [directions, ...inputs[i].shape]));
    graph.output(
      "t",
      jvp(
        output,
        floats.map((i) => inputs[i]),
        tangents,
      ),
    );
    const along = Array.from({ length: directions }, () => floats.map((i) => shortened(normals(feeds[i].shape, random))));
    const stacked = Object.fromEntries(
      floats.map((i, j) => [
        `t${i}`,
        { shape: [directions, ...feeds[i].shape], data: Float64Array.from(along.flatMap((v) => [...v[j].data])) },
      ]),
    );
    const { t, y } = evaluate(graph, { ...feedsOf(feeds), ...stacked });
    expect(t.shape).toEqual([directions, ...y.shape]);
    const plain = build(c);
    along.forEach((v, k) => {
      const size = y.data.length;
      expectClose(t.data.subarray(k * size, (k + 1) * size), difference(plain.graph, "y", feeds, floats, v), 1e-7);
    });
  });
});

describe("a tangent of length 1 where its value has more stands for its repetition", () => {
  test.each(all)("%s", (_, c) => {
    const feeds = draw(c.inputs, c.lengths, random);
    const thin = feeds.map(({ shape }) => shape.map((n) => (random.uniform() < 0.6 ? 1 : n)));
    const drawn = thin.map((shape) => normals([2, ...shape], random));
    const run = (stretched: boolean): Float64Array => {
      const { graph, inputs, floats, output } = build(c);
      const tangents = floats.map((i) => {
        const tangent = graph.input(`t${i}`, [2, ...inputs[i].shape.map((dim, j) => (thin[i][j] === 1 ? 1 : dim))]);
        return stretched ? expand(tangent, [2, ...inputs[i].shape]) : tangent;
      });
      const wrt = floats.map((i) => inputs[i]);
      graph.output("t", jvp(output, wrt, tangents));
      return evaluate(graph, { ...feedsOf(feeds), ...Object.fromEntries(floats.map((i) => [`t${i}`, drawn[i]])) }).t.data;
    };
    expectClose(run(false), run(true), 1e-12);
  });
});

describe("reverse mode is the transpose: ⟨u, J v⟩ = ⟨Jᵀ u, v⟩, by finite differences and by forward mode", () => {
  test.each(all)("%s", (_, c) => {
    const feeds = draw(c.inputs, c.lengths, random);
    const plain = build(c);
    const { graph, inputs, floats, output } = build(c);
    const u = graph.input("u", output.shape);
    const tangents = floats.map((i) => graph.input(`t${i}`, [1, ...inputs[i].shape]));
    const wrt = floats.map((i) => inputs[i]);
    graph.output("t", jvp(output, wrt, tangents));
    name(graph, "g", vjp(output, u, wrt));
    const cotangent = normals(evaluate(plain.graph, feedsOf(feeds)).y.shape, random);
    for (let k = 0; k < 3; k++) {
      const along = floats.map((i) => shortened(normals(feeds[i].shape, random)));
      const lifted = Object.fromEntries(floats.map((i, j) => [`t${i}`, { shape: [1, ...feeds[i].shape], data: along[j].data }]));
      const results = evaluate(graph, { ...feedsOf(feeds), ...lifted, u: cotangent });
      for (const [j, i] of floats.entries()) expect(results[`g${j}`].shape).toEqual(feeds[i].shape);
      const backward = floats.reduce((sum, _i, j) => sum + dot(results[`g${j}`].data, along[j].data), 0);
      const forward = dot(cotangent.data, results.t.data);
      const differences = dot(cotangent.data, difference(plain.graph, "y", feeds, floats, along));
      expectClose(Float64Array.of(backward), Float64Array.of(forward), 1e-12);
      expectClose(Float64Array.of(backward), Float64Array.of(differences), 1e-7);
    }
  });

  test.each(all)("entry by entry: %s", (_, c) => {
    const feeds = draw(c.inputs, c.lengths, random);
    const { graph, inputs, floats, output } = build(c);
    const u = graph.input("u", output.shape);
    name(
      graph,
      "g",
      vjp(
        output,
        u,
        floats.map((i) => inputs[i]),
      ),
    );
    const plain = build(c);
    const cotangent = normals(evaluate(plain.graph, feedsOf(feeds)).y.shape, random);
    const results = evaluate(graph, { ...feedsOf(feeds), u: cotangent });
    floats.forEach((i, j) => {
      const expected = feeds[i].data.map((_x, at) => {
        const unit = { shape: feeds[i].shape, data: new Float64Array(feeds[i].data.length).fill(0).fill(1, at, at + 1) };
        return dot(cotangent.data, difference(plain.graph, "y", feeds, [i], [unit]));
      });
      expectClose(results[`g${j}`].data, expected, 1e-7);
    });
  });
});

describe("second derivatives: each mode of the other", () => {
  test.each(all)("%s", (_, c) => {
    const feeds = draw(c.inputs, c.lengths, random);
    const first = build(c);
    const shape = evaluate(first.graph, feedsOf(feeds)).y.shape;
    const cotangent = normals(shape, random);
    const along = first.floats.map((i) => shortened(normals(feeds[i].shape, random)));
    const withGradient = (built: Built) => {
      const u = built.graph.input("u", built.output.shape);
      const wrt = built.floats.map((i) => built.inputs[i]);
      return { u, wrt, gradients: vjp(built.output, u, wrt) };
    };

    const { gradients } = withGradient(first);
    name(first.graph, "g", gradients);

    const second = build(c);
    const reverse = withGradient(second);
    const tangents = second.floats.map((i) => second.graph.input(`t${i}`, [1, ...second.inputs[i].shape]));
    name(
      second.graph,
      "forward",
      reverse.gradients.map((g) => jvp(g, reverse.wrt, tangents)),
    );
    const change = reduceSum(mul(jvp(second.output, reverse.wrt, tangents), reverse.u));
    name(second.graph, "backward", vjp(change, second.graph.constant(1), reverse.wrt));

    const lifted = Object.fromEntries(second.floats.map((i, j) => [`t${i}`, { shape: [1, ...feeds[i].shape], data: along[j].data }]));
    const results = evaluate(second.graph, { ...feedsOf(feeds), ...lifted, u: cotangent });
    second.floats.forEach((_i, j) => {
      const expected = difference(first.graph, `g${j}`, feeds, first.floats, along, { u: cotangent });
      expectClose(results[`forward${j}`].data, expected, 1e-6);
      expectClose(results[`backward${j}`].data, expected, 1e-6);
    });
  });
});

describe("flat operators change nothing", () => {
  test.each(flatCases().map((c) => [`${c.operator} ${c.note}`, c] as const))("%s", (_, c) => {
    const { graph, inputs, floats, output } = build(c);
    if (output.dtype !== "float32" || floats.length === 0) return;
    const wrt = floats.map((i) => inputs[i]);
    graph.output(
      "t",
      jvp(
        output,
        wrt,
        wrt.map((v) => graph.input(`t${v.name}`, [1, ...v.shape])),
      ),
    );
    name(graph, "g", vjp(output, graph.input("u", output.shape), wrt));
    const feeds = draw(c.inputs, c.lengths, random);
    const shape = evaluate(build(c).graph, feedsOf(feeds)).y.shape;
    const lifted = Object.fromEntries(floats.map((i) => [`tx${i}`, normals([1, ...feeds[i].shape], random)]));
    const { y: _y, ...changes } = evaluate(graph, { ...feedsOf(feeds), ...lifted, u: normals(shape, random) });
    for (const change of Object.values(changes)) expect(change.data.every((x) => x === 0)).toBe(true);
  });
});

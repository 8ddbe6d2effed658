import { describe, expect, test } from "vitest";
import { activations } from "../../src/critics/activations.ts";
import { applyNetwork } from "../../src/critics/network.ts";
import { compile, evaluate, Graph } from "../../src/engine/index.ts";

const clip = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0);
/** ∫ of the Gaussian by Simpson's rule: no series shared with the engine's. */
function normalCdf(x: number): number {
  const n = 2000;
  let sum = 0;
  for (let i = 0; i <= n; i++) sum += Math.exp(-0.5 * ((x * i) / n) ** 2) * (i === 0 || i === n ? 1 : i % 2 ? 4 : 2);
  return 0.5 + (sum * x) / n / 3 / Math.sqrt(2 * Math.PI);
}

/** Definitions in the documentation of torch.nn, default parameters. */
const definitions: Readonly<Record<string, (x: number) => number>> = {
  CELU: (x) => Math.max(0, x) + Math.min(0, Math.exp(x) - 1),
  ELU: (x) => (x > 0 ? x : Math.exp(x) - 1),
  GELU: (x) => x * normalCdf(x),
  Hardsigmoid: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5),
  Hardswish: (x) => (x <= -3 ? 0 : x >= 3 ? x : (x * (x + 3)) / 6),
  Hardtanh: (x) => clip(x, -1, 1),
  Identity: (x) => x,
  LeakyReLU: (x) => (x >= 0 ? x : 0.01 * x),
  LogSigmoid: (x) => Math.log(sigmoid(x)),
  Mish: (x) => x * Math.tanh(softplus(x)),
  ReLU: (x) => Math.max(0, x),
  ReLU6: (x) => clip(x, 0, 6),
  SELU: (x) => 1.0507009873554805 * (Math.max(0, x) + Math.min(0, 1.6732632423543772 * (Math.exp(x) - 1))),
  Sigmoid: sigmoid,
  SiLU: (x) => x * sigmoid(x),
  Softplus: softplus,
  Softshrink: (x) => (x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0),
  Softsign: (x) => x / (1 + Math.abs(x)),
  Tanh: Math.tanh,
  Tanhshrink: (x) => x - Math.tanh(x),
};

const inputs = Float64Array.from({ length: 41 }, (_, i) => (i - 20) * 0.41 + 0.013);

describe("activations are those of torch.nn", () => {
  test("none is without a definition here", () => expect(Object.keys(activations).sort()).toEqual(Object.keys(definitions).sort()));

  for (const [name, definition] of Object.entries(definitions)) {
    test(name, async () => {
      const graph = new Graph();
      graph.output("y", applyNetwork([{ kind: "activation", name }], graph.input("x", ["N", 1])));
      const exact = evaluate(graph, { x: { shape: [inputs.length, 1], data: inputs } }).y.data;
      const session = await compile(graph);
      const single = (await session.run({ x: inputs })).y.data;
      await session.release();
      for (const [i, x] of inputs.entries()) {
        expect(Math.abs(exact[i] - definition(x))).toBeLessThan(1e-6);
        expect(Math.abs(Number(single[i]) - definition(x))).toBeLessThan(1e-5);
      }
    });
  }
});

describe("networks", () => {
  test("layer normalisation between a linear layer and its activation, fed in pieces", () => {
    const weight = Float64Array.of(1, 2, 0.5, -1, 0.3, 0.7);
    const graph = new Graph();
    const x = graph.input("x", ["N", 1]);
    const y = graph.input("y", ["N", 1]);
    const layers = [
      { kind: "linear", inputs: 2, outputs: 3, weight, bias: Float64Array.of(0.1, 0.2, 0.3) },
      { kind: "layer-norm", size: 3, scale: Float64Array.of(1, 2, 3), bias: Float64Array.of(0, 0.5, 1), epsilon: 1e-5 },
      { kind: "activation", name: "Tanh" },
    ] as const;
    graph.output("z", applyNetwork(layers, [x, y]));
    const { z } = evaluate(graph, { x: { shape: [1, 1], data: Float64Array.of(0.4) }, y: { shape: [1, 1], data: Float64Array.of(-0.9) } });
    const h = [0, 1, 2].map((o) => weight[2 * o] * 0.4 + weight[2 * o + 1] * -0.9 + [0.1, 0.2, 0.3][o]);
    const mean = (h[0] + h[1] + h[2]) / 3;
    const variance = h.reduce((sum, a) => sum + (a - mean) ** 2 / 3, 0);
    for (const o of [0, 1, 2]) expect(z.data[o]).toBeCloseTo(Math.tanh(((h[o] - mean) / Math.sqrt(variance + 1e-5)) * (o + 1) + o / 2), 6);
  });
});

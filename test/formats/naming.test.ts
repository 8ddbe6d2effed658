import { describe, expect, test } from "vitest";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { type LoadCriticOptions, readCritic } from "../../src/formats/index.ts";
import { createRandom, type Random } from "../../src/numbers/random.ts";
import { type Tensors, writeTorch } from "./write-checkpoint.ts";

interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: number[];
  readonly bias: number[];
}

function layerOf(random: Random, inputs: number, outputs: number): Layer {
  const numbers = (n: number) => Array.from({ length: n }, () => Math.fround(random.normal()));
  return { inputs, outputs, weight: numbers(inputs * outputs), bias: numbers(outputs) };
}

function network(random: Random, widths: readonly number[]): Layer[] {
  return widths.slice(1).map((outputs, i) => layerOf(random, widths[i], outputs));
}

const linear = ({ inputs, outputs, weight, bias }: Layer, x: readonly number[]) =>
  Array.from({ length: outputs }, (_, o) => x.reduce((sum, value, i) => sum + weight[o * inputs + i] * value, bias[o]));
const relu = (x: readonly number[]) => x.map((value) => Math.max(0, value));
const values = (layers: readonly Layer[], x: readonly number[]) =>
  layers.reduce<readonly number[]>((h, layer, i) => linear(layer, i === 0 ? h : relu(h)), x);

/** Names of n layers, as people write them. */
const schemes: readonly ((n: number) => string[])[] = [
  (n) => Array.from({ length: n }, (_, i) => `${2 * i}`),
  (n) => Array.from({ length: n }, (_, i) => `net.${2 * i}`),
  (n) => Array.from({ length: n }, (_, i) => `fc${i + 1}`),
  (n) => Array.from({ length: n }, (_, i) => `layer${i}`),
  (n) => Array.from({ length: n }, (_, i) => (i === n - 1 ? "out" : `hidden_${i}`)),
  (n) => Array.from({ length: n }, (_, i) => (i === n - 1 ? "head" : `body.${2 * i}`)),
  (n) => Array.from({ length: n }, (_, i) => ["input", "middle", "inner", "deep"][i] ?? `l${i}`),
  (n) => Array.from({ length: n }, (_, i) => `model.linear_${i + 1}.layer`),
];
const prefixes = [
  ["", undefined],
  ["module.", undefined],
  ["q_net.", "target_net."],
  ["q_local.", "q_target."],
  ["online.", "target."],
  ["policy_net.", "target_net."],
] as const;

function named(layers: readonly Layer[], names: readonly string[], prefix: string): Tensors {
  return Object.fromEntries(
    layers.flatMap(({ inputs, outputs, weight, bias }, i) => [
      [`${prefix}${names[i]}.weight`, { shape: [outputs, inputs], data: weight }],
      [`${prefix}${names[i]}.bias`, { shape: [outputs], data: bias }],
    ]),
  );
}

const read = (tensors: Tensors, options: LoadCriticOptions = {}) =>
  readCritic(writeTorch(tensors), { file: "x.pt" }, { gamma: 0.9, ...options }) as NetworkCritic;

describe("200 random networks under random names", () => {
  const random = createRandom(7);
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)];
  const cases = Array.from({ length: 200 }, (_, i) => {
    const depth = 2 + random.integer(3);
    const widths = Array.from({ length: depth + 1 }, () => 3 + random.integer(5));
    const names = pick(schemes)(depth);
    const [prefix, target] = pick(prefixes);
    const [online, copy] = [network(random, widths), network(random, widths)];
    const tensors = { ...named(online, names, prefix), ...(target === undefined ? {} : named(copy, names, target)) };
    const extra = i < 120 ? undefined : `${prefix}${pick(["temperature", "noise", "gate", "embedding", "shift"])}`;
    const x = Array.from({ length: widths[0] }, () => Math.fround(random.normal()));
    const unexplained = extra === undefined ? {} : { [extra]: { shape: [widths[1]], data: Array(widths[1]).fill(0.5) } };
    return { tensors: { ...tensors, ...unexplained }, extra, x, online, last: target === undefined ? online : copy };
  });

  test("those without another tensor are all read, and their values are the network's", async () => {
    for (const { tensors, x, online, last } of cases.filter(({ extra }) => extra === undefined)) {
      const critic = read(tensors);
      const [wanted, next] = [values(online, x), values(last, x)];
      const scale = Math.max(1, ...wanted.map(Math.abs), ...next.map(Math.abs));
      expect(critic.actionSpace, Object.keys(tensors).join()).toMatchObject({ n: wanted.length });
      const q = await critic.actionValues(
        wanted.map(() => x),
        wanted.map((_, a) => a),
      );
      wanted.forEach((value, a) => {
        expect(Math.abs(q[a] - value) / scale, Object.keys(tensors).join()).toBeLessThan(1e-4);
      });
      expect(Math.abs((await critic.stateValues([x]))[0] - Math.max(...next)) / scale, Object.keys(tensors).join()).toBeLessThan(1e-4);
    }
  });

  test("those with a tensor that no layer uses are refused by its name", () => {
    for (const { tensors, extra } of cases)
      if (extra !== undefined) expect(() => read(tensors), extra).toThrow(`x.pt: '${extra}' is a tensor that no layer uses`);
  });
});

describe("what the shapes do not decide", () => {
  const random = createRandom(3);

  test("dueling heads: Q = V + A − mean A", async () => {
    const [trunk, v, a] = [layerOf(random, 3, 6), layerOf(random, 6, 1), layerOf(random, 6, 4)];
    const critic = read(named([trunk, v, a], ["features", "value", "advantage"], ""));
    const x = [0.2, -1, 0.5];
    const h = relu(linear(trunk, x));
    const advantages = linear(a, h);
    const mean = advantages.reduce((sum, value) => sum + value, 0) / 4;
    const q = await critic.actionValues([x, x, x, x], [0, 1, 2, 3]);
    advantages.forEach((value, i) => {
      expect(q[i]).toBeCloseTo(linear(v, h)[0] + value - mean, 4);
    });
  });

  test("two copies of one shape whose names do not say which acts are refused; roles decide", async () => {
    const [one, two] = [network(random, [3, 5, 2]), network(random, [3, 5, 2])];
    const names = ["0", "2"];
    const tensors = { ...named(one, names, "alpha."), ...named(two, names, "beta.") };
    expect(() => read(tensors)).toThrow(
      "x.pt: the state dict holds 'alpha' and 'beta' of one shape, and either could be the network that acts",
    );
    const critic = read(tensors, { roles: { alpha: "target", beta: "online" } });
    const x = [1, -0.5, 0.25];
    expect((await critic.actionValues([x], [1]))[0]).toBeCloseTo(values(two, x)[1], 4);
    expect((await critic.stateValues([x]))[0]).toBeCloseTo(Math.max(...values(one, x)), 4);
  });

  test("a normalisation stands where layerOrder says", async () => {
    const layers = network(random, [3, 4, 2]);
    const norm = { "ln1.weight": { shape: [4], data: [1, 2, -1, 0.5] }, "ln1.bias": { shape: [4], data: [0.1, 0, 0.2, -0.4] } };
    const tensors = { ...named([layers[0]], ["fc1"], ""), ...norm, ...named([layers[1]], ["fc2"], "") };
    const x = [0.4, -0.9, 1.5];
    const normalise = (h: readonly number[]) => {
      const mean = h.reduce((sum, value) => sum + value, 0) / h.length;
      const variance = h.reduce((sum, value) => sum + (value - mean) ** 2, 0) / h.length;
      return h.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * norm["ln1.weight"].data[i] + norm["ln1.bias"].data[i]);
    };
    const wanted = {
      "norm-activation": linear(layers[1], relu(normalise(linear(layers[0], x)))),
      "activation-norm": linear(layers[1], normalise(relu(linear(layers[0], x)))),
    };
    for (const layerOrder of ["norm-activation", "activation-norm"] as const)
      expect((await read(tensors, { layerOrder }).actionValues([x], [0]))[0]).toBeCloseTo(wanted[layerOrder][0], 4);
    expect((await read(tensors).actionValues([x], [0]))[0]).toBeCloseTo(wanted["norm-activation"][0], 4);
  });
});

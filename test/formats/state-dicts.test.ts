import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, describe, expect, test } from "vitest";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { Graph, toOnnx } from "../../src/engine/index.ts";
import { type CheckpointCritic, loadCritic, readCritic } from "../../src/formats/index.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { forward, mlpTensors, PickleWriter, type Tensors, writeTorch } from "./write-checkpoint.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-state-dicts-"));
afterAll(() => rmSync(folder, { recursive: true }));

const relu = (x: number) => Math.max(x, 0);
const rows = [
  [0.1, -0.4, 0.7],
  [1, 0.3, -2],
];
const tensors = mlpTensors("network", [3, 8, 4], 1);

async function expectValues(critic: NetworkCritic, activation: (x: number) => number) {
  const wanted = rows.map((o) => forward(tensors, "network", o, activation));
  const [q, v] = [await critic.actionValues(rows, [2, 0]), await critic.stateValues(rows)];
  for (const i of [0, 1]) {
    expect(q[i]).toBeCloseTo(wanted[i][[2, 0][i]], 5);
    expect(v[i]).toBeCloseTo(Math.max(...wanted[i]), 5);
  }
}

describe("bare tensors", () => {
  test("CleanRL's DQN: a state dict of one network, γ given", async () => {
    const path = join(folder, "dqn.cleanrl_model");
    writeFileSync(path, writeTorch(tensors));
    const critic = (await loadCritic(path, { gamma: 0.99, environment: "CartPole-v1" })) as CheckpointCritic;
    expect([critic.algorithm, critic.environment, critic.observationSize, critic.heads[0].discount]).toEqual([
      "DQN",
      "CartPole-v1",
      3,
      0.99,
    ]);
    await expectValues(critic, relu);
  });

  test("safetensors with a .json beside it; options win over the .json", async () => {
    const path = join(folder, "critic.safetensors");
    writeFileSync(
      path,
      writeSafetensors(
        Object.fromEntries(Object.entries(tensors).map(([k, t]) => [k, { shape: t.shape, data: Float32Array.from(t.data) }])),
      ),
    );
    writeFileSync(join(folder, "critic.json"), JSON.stringify({ gamma: 0.5, activation: "Tanh" }));
    const critic = (await loadCritic(path, { gamma: 0.8 })) as NetworkCritic;
    expect(critic.heads[0].discount).toBe(0.8);
    await expectValues(critic, Math.tanh);
  });

  test("ONNX from observations to all action values", async () => {
    const source = readCritic(writeTorch(tensors), { file: "x.pt" }, { gamma: 0.9 }) as CheckpointCritic;
    const graph = new Graph();
    graph.output("q", source.checkpoint.networks.network(graph.input("obs", ["N", 3])));
    const path = join(folder, "q.onnx");
    writeFileSync(path, toOnnx(graph));
    await expectValues((await loadCritic(path, { gamma: 0.9 })) as NetworkCritic, relu);
  });

  test("a target network beside the online one is what V is read from", async () => {
    const both = { ...mlpTensors("q_network", [3, 8, 4], 2), ...mlpTensors("target_network", [3, 8, 4], 3) };
    const critic = readCritic(writeTorch(both), { file: "x.pt" }, { gamma: 0.9 }) as NetworkCritic;
    expect((await critic.stateValues(rows))[0]).toBeCloseTo(Math.max(...forward(both, "target_network", rows[0], relu)), 5);
    expect((await critic.actionValues(rows, [1, 1]))[0]).toBeCloseTo(forward(both, "q_network", rows[0], relu)[1], 5);
  });

  test("CleanRL's TD3: a tuple of an actor and two critics that see actions in the environment's units", async () => {
    const parts: Tensors = {
      ...mlpTensors("actor", [3, 6, 2], 4),
      ...mlpTensors("one", [5, 6, 1], 5),
      ...mlpTensors("two", [5, 6, 1], 6),
    };
    const rename = (prefix: string, last: string, to: number): [string, Tensors[string]][] =>
      Object.entries(parts)
        .filter(([key]) => key.startsWith(`${prefix}.`))
        .map(([key, tensor]) => [key.replace(`${prefix}.0`, `${to}.fc1`).replace(`${prefix}.2`, `${to}.${last}`), tensor]);
    const named: Tensors = {
      ...Object.fromEntries([...rename("actor", "fc_mu", 0), ...rename("one", "fc2", 1), ...rename("two", "fc2", 2)]),
      "0.action_scale": { shape: [1, 2], data: [2, 3] },
      "0.action_bias": { shape: [1, 2], data: [1, 0] },
    };
    const critic = readCritic(writeTorch(named), { file: "td3.cleanrl_model" }, { gamma: 0.99 }) as NetworkCritic;
    expect([critic.algorithm, critic.heads.length]).toEqual(["TD3", 2]);
    expect(critic.actionSpace).toMatchObject({ low: Float64Array.of(-1, -3), high: Float64Array.of(3, 3) });
    const [q, v] = [await critic.actionValues([rows[0]], [[0.5, 2]]), await critic.stateValues([rows[0]])];
    expect(q[1]).toBeCloseTo(forward(parts, "two", [...rows[0], 0.5, 2], relu)[0], 5);
    const [a, b] = forward(parts, "actor", rows[0], relu).map(Math.tanh);
    const least = Math.min(...["one", "two"].map((name) => forward(parts, name, [...rows[0], 2 * a + 1, 3 * b], relu)[0]));
    for (const value of v) expect(value).toBeCloseTo(least, 5);
  });

  test("a tuple is read like a dictionary of numbers", () => {
    const pickle = new PickleWriter().op(0x4e, 0x4e, 0x86).end();
    expect(() => readCritic(zipSync({ "archive/data.pkl": pickle }), { file: "x.pt" }, { gamma: 0.9 })).toThrow(
      "x.pt: the state dict holds no networks; give the state dict of a critic, or ONNX.",
    );
  });
});

describe("safetensors", () => {
  const file = (header: unknown, body: readonly number[]) => {
    const json = new TextEncoder().encode(JSON.stringify(header));
    return Uint8Array.from([json.length & 255, json.length >> 8, 0, 0, 0, 0, 0, 0, ...json, ...body]);
  };
  const entry = (dtype: string, shape: readonly number[], from: number, to: number) => ({ dtype, shape, data_offsets: [from, to] });

  test("half precision and integers", () => {
    const read = readSafetensors(
      file(
        { h: entry("F16", [2], 0, 4), b: entry("BF16", [1], 4, 6), i: entry("I64", [1], 6, 14) },
        [0, 0x3c, 0, 0xc0, 0x40, 0x40, 7, 0, 0, 0, 0, 0, 0, 0],
      ),
      "x.safetensors",
    );
    expect([[...read.h.data], [...read.b.data], [...read.i.data]]).toEqual([[1, -2], [3], [7]]);
  });

  test("overlapping tensors, absurd shapes and wrong places are refused", () => {
    const bad: readonly [unknown, string][] = [
      [
        { a: entry("U8", [4], 0, 4), b: entry("U8", [4], 2, 6) },
        'x.safetensors: tensor "b" overlaps another; save or download the file again.',
      ],
      [{ a: entry("U8", [2 ** 40], 0, 4) }, 'x.safetensors: tensor "a" has more than 67108864 numbers; give the critic\'s networks alone.'],
      [{ a: entry("U8", [9], 0, 9) }, 'x.safetensors: tensor "a" does not fit its place; save or download the file again.'],
      [{ a: entry("F8_E4M3", [4], 0, 4) }, 'x.safetensors: tensor "a" is of type F8_E4M3; store it as F64, F32, I32 or U8.'],
    ];
    for (const [header, sentence] of bad)
      expect(() => readSafetensors(file(header, [0, 0, 0, 0, 0, 0]), "x.safetensors")).toThrow(sentence);
  });
});

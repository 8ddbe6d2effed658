import { describe, expect, test } from "vitest";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { applyNetwork, type Network } from "../../src/critics/network.ts";
import { concat, type Dim, Graph, mul, toOnnx, type Value } from "../../src/engine/index.ts";
import { readCritic } from "../../src/formats/index.ts";
import { forward, mlpTensors } from "./write-checkpoint.ts";

const relu = (x: number) => Math.max(x, 0);
const pairs = mlpTensors("q", [5, 6, 1], 1);
const second = mlpTensors("p", [5, 6, 1], 2);
const states = mlpTensors("v", [3, 6, 1], 3);
const table = mlpTensors("t", [3, 6, 4], 4);
const observations = [
  [0.1, -0.4, 0.7],
  [1, 0.3, -2],
];
const actions = [
  [0.5, -2],
  [3, 0.25],
];

function network(tensors: typeof pairs, prefix: string): Network {
  const layers = [0, 2].map((i) => {
    const { shape, data } = tensors[`${prefix}.${i}.weight`];
    return {
      kind: "linear" as const,
      inputs: shape[1],
      outputs: shape[0],
      weight: Float64Array.from(data),
      bias: Float64Array.from(tensors[`${prefix}.${i}.bias`].data),
    };
  });
  return [layers[0], { kind: "activation", name: "ReLU" }, layers[1]];
}

/** An ONNX model of these inputs and outputs. */
function model(inputs: Readonly<Record<string, Dim[]>>, outputs: (values: Value[]) => Readonly<Record<string, Value>>): Uint8Array {
  const graph = new Graph();
  const values = Object.entries(inputs).map(([name, shape]) => graph.input(name, shape));
  for (const [name, value] of Object.entries(outputs(values))) graph.output(name, value);
  return toOnnx(graph);
}

const apply = (tensors: typeof pairs, prefix: string, ...pieces: Value[]) =>
  applyNetwork(network(tensors, prefix), pieces.length === 1 ? pieces[0] : concat(pieces, 1));
const read = (bytes: Uint8Array, output?: string) => readCritic(bytes, { file: "x.onnx" }, { gamma: 0.9, output }) as NetworkCritic;
const two = { observation: ["N", 3], action: ["N", 2] };

describe("Q(s, a) as ONNX", () => {
  test("with state_values beside it: a critic of continuous actions in the environment's units", async () => {
    const critic = read(model(two, ([o, a]) => ({ action_values: apply(pairs, "q", o, a), state_values: apply(states, "v", o) })));
    expect([critic.actionSize, critic.observationSize, critic.heads.length, critic.actionSpace.kind]).toEqual([2, 3, 1, "box"]);
    const [q, v] = [await critic.actionValues(observations, actions), await critic.stateValues(observations)];
    observations.forEach((o, i) => {
      expect(q[i]).toBeCloseTo(forward(pairs, "q", [...o, ...actions[i]], relu)[0], 5);
      expect(v[i]).toBeCloseTo(forward(states, "v", o, relu)[0], 5);
    });
  });

  test("two critics are two heads, each with V(s); one of them alone where the output is named", async () => {
    const bytes = model(two, ([o, a]) => ({ q1: apply(pairs, "q", o, a), q2: apply(second, "p", o, a), v: apply(states, "v", o) }));
    const critic = read(bytes);
    expect(critic.heads.map(({ name }) => name)).toEqual(["Q1", "Q2"]);
    const [q, v] = [await critic.actionValues(observations, actions), await critic.stateValues(observations)];
    const alone = await read(bytes, "q2").actionValues(observations, actions);
    observations.forEach((o, i) => {
      expect(q[2 * i]).toBeCloseTo(forward(pairs, "q", [...o, ...actions[i]], relu)[0], 5);
      expect(q[2 * i + 1]).toBeCloseTo(forward(second, "p", [...o, ...actions[i]], relu)[0], 5);
      expect(alone[i]).toBe(q[2 * i + 1]);
      for (const j of [0, 1]) expect(v[2 * i + j]).toBeCloseTo(forward(states, "v", o, relu)[0], 5);
    });
  });

  test("alone: its values are read, and V(s) is refused with the way to write it", async () => {
    const critic = read(model(two, ([o, a]) => ({ q: apply(pairs, "q", o, a) })));
    expect((await critic.actionValues(observations, actions))[1]).toBeCloseTo(forward(pairs, "q", [1, 0.3, -2, 3, 0.25], relu)[0], 5);
    await expect(critic.stateValues(observations)).rejects.toThrow(
      "x.onnx: the ONNX model has no output state_values, so V(s) is not known and nothing can be inferred; export a module of (observation, action) whose outputs action_values [N, critics] and state_values [N, 1 or critics] are named so.",
    );
  });

  test("inputs that do not say which is the action are refused", () => {
    const bytes = model({ x: ["N", 3], y: ["N", 2] }, ([o, a]) => ({ q: apply(pairs, "q", o, a) }));
    expect(() => read(bytes)).toThrow(
      "x.onnx: the ONNX model has the inputs x and y, which do not say which is the action; name them observation and action.",
    );
  });
});

describe("Q(s, ·) as ONNX", () => {
  test("exported with one row: any number of rows is asked", async () => {
    const critic = read(model({ obs: [1, 3] }, ([o]) => ({ q: apply(table, "t", o) })));
    const q = await critic.actionValues(observations, [3, 1]);
    observations.forEach((o, i) => {
      expect(q[i]).toBeCloseTo(forward(table, "t", o, relu)[[3, 1][i]], 5);
    });
  });

  test("of several outputs the one that is named; none and a wrong name are refused", async () => {
    const bytes = model({ obs: ["N", 3] }, ([o]) => {
      const q = apply(table, "t", o);
      return { q, twice: mul(q, q.graph.constant(2)) };
    });
    const [one, other] = [
      await read(bytes, "q").actionValues(observations, [0, 2]),
      await read(bytes, "twice").actionValues(observations, [0, 2]),
    ];
    expect(Array.from(other)).toEqual(Array.from(one, (x) => 2 * x));
    expect(() => read(bytes)).toThrow(
      "x.onnx: the ONNX model has the outputs q, twice; say which holds the action values with --onnx-output NAME (option 'output').",
    );
    expect(() => read(bytes, "no")).toThrow("x.onnx: output 'no' gives no action values of this model; choose one of q, twice.");
  });

  test("a single number is no value of an action", () => {
    expect(() => read(model({ obs: ["N", 3] }, ([o]) => ({ v: apply(states, "v", o) })))).toThrow(
      "x.onnx: output 'v' gives a single number of 3, a state value V(s) or a pair's Q(s, a), and the actions are not said; export Q(s, ·) with a column an action, or export a module",
    );
  });
});

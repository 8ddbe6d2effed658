import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { NetworkCritic, StateValueCritic } from "../../src/critics/critic.ts";
import { compile, Graph } from "../../src/engine/index.ts";
import { type CheckpointCritic, type LoadCriticOptions, loadCritic } from "../../src/formats/index.ts";

/** Files that PyTorch wrote (fixtures/make.py) against what PyTorch computed with them. */
const folder = join(import.meta.dirname, "fixtures");
type Rows = readonly (readonly number[])[];

interface Expected {
  readonly inputs: Rows;
  readonly activations: Readonly<Record<string, Rows>>;
  readonly types: Readonly<Record<"float64" | "float16" | "bfloat16", Rows>>;
  readonly strided: Rows;
  readonly layerNorm: Rows;
  readonly cleanrlDqn: Rows;
  readonly cleanrlC51: Rows;
  readonly cleanrlContinuous: Readonly<Record<"actions" | "q1" | "q2" | "v" | "ddpgV", Rows>>;
  readonly onnx: Rows;
  readonly dict: Readonly<Record<"observations" | "actions" | "q1" | "q2" | "v", Rows>>;
  readonly policyInputs: Rows;
  readonly policies: Readonly<
    Record<
      string,
      { readonly algorithm: string; readonly v: Rows } & (
        | { readonly probabilities: Rows }
        | { readonly mean: Rows; readonly deviation: Rows }
      )
    >
  >;
  readonly oldHer: Readonly<Record<"observations" | "actions" | "q" | "v", Rows>> & { readonly rewardScale: number };
}

const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected;
const load = async (name: string, options?: LoadCriticOptions) => (await loadCritic(join(folder, name), options)) as CheckpointCritic;

/** 1e-4 relative; 1e-6 of the largest besides, where float32 sums cancel. */
function close(got: ArrayLike<number>, wanted: readonly number[]) {
  expect(got.length).toBe(wanted.length);
  const most = wanted.reduce((a, y) => Math.max(a, Math.abs(y)), 0);
  for (const [i, y] of wanted.entries()) expect(Math.abs(got[i] - y), `entry ${i}`).toBeLessThanOrEqual(1e-4 * Math.abs(y) + 1e-6 * most);
}

async function closeTable(critic: NetworkCritic, table: Rows, inputs: Rows = expected.inputs) {
  for (const a of table[0].keys())
    close(
      await critic.actionValues(inputs, new Float64Array(inputs.length).fill(a)),
      table.map((row) => row[a]),
    );
  close(
    await critic.stateValues(inputs),
    table.map((row) => Math.max(...row)),
  );
}

const given = { gamma: 0.97 };

describe("PyTorch's own files", () => {
  for (const [activation, table] of Object.entries(expected.activations))
    test(`torch.nn.${activation}`, async () => closeTable(await load("net.pt", { ...given, activation }), table));

  for (const [type, table] of Object.entries(expected.types)) {
    test(`${type}: torch.save`, async () => closeTable(await load(`net-${type}.pt`, given), table));
    test(`${type}: safetensors`, async () => closeTable(await load(`net-${type}.safetensors`, given), table));
  }

  test("views: strides, offsets, an expanded scalar", async () => closeTable(await load("net-strided.pt", given), expected.strided));
  test("LayerNorm after linear layers", async () => closeTable(await load("layer-norm.pt", given), expected.layerNorm));

  for (const opset of [11, 13, 17])
    test(`ONNX of opset ${opset}`, async () => closeTable(await load(`q-${opset}.onnx`, given), expected.onnx));
});

describe("CleanRL", () => {
  const { actions, q1, q2, v, ddpgV } = expected.cleanrlContinuous;

  test("DQN", async () => closeTable(await load("dqn.cleanrl_model", given), expected.cleanrlDqn));

  test("C51: the mean over its atoms", async () => {
    const critic = await load("c51.cleanrl_model", given);
    expect([critic.algorithm, critic.heads.length]).toEqual(["C51", 1]);
    await closeTable(critic, expected.cleanrlC51);
  });

  test("TD3: a tuple of three state dicts", async () => {
    const critic = await load("td3.cleanrl_model", given);
    close(
      await critic.actionValues(expected.inputs, actions),
      q1.flatMap(([q], i) => [q, q2[i][0]]),
    );
    close(
      await critic.stateValues(expected.inputs),
      v.flatMap(([x]) => [x, x]),
    );
  });

  test("DDPG: a tuple of two", async () => {
    const critic = await load("ddpg.cleanrl_model", given);
    close(await critic.actionValues(expected.inputs, actions), q1.flat());
    close(await critic.stateValues(expected.inputs), ddpgV.flat());
  });
});

describe("Stable-Baselines3", () => {
  test("rows of Dict observations are in sorted key order, whatever the file's order (observation, achieved_goal, desired_goal) is", async () => {
    const { observations, actions, q1, q2, v } = expected.dict;
    const critic = await load("td3-dict.zip");
    expect([critic.algorithm, critic.observationSize, critic.heads[0].discount]).toEqual(["TD3", 7, 0.97]);
    close(
      await critic.actionValues(observations, actions),
      q1.flatMap(([q], i) => [q, q2[i][0]]),
    );
    close(
      await critic.stateValues(observations),
      v.flatMap(([x]) => [x, x]),
    );
  });

  test("hindsight replay before Dict observations, with its statistics", async () => {
    const { observations, actions, q, v, rewardScale } = expected.oldHer;
    const critic = await load("old-her");
    expect(critic.heads[0].rewardScale).toBeCloseTo(rewardScale, 8);
    close(await critic.actionValues(observations, actions), q.flat());
    close(await critic.stateValues(observations), v.flat());
  });
});

describe("state values", () => {
  for (const [file, wanted] of Object.entries(expected.policies)) {
    test(`${file}: ${wanted.algorithm}`, async () => {
      const critic = (await loadCritic(join(folder, file))) as StateValueCritic;
      const inputs = expected.policyInputs;
      expect([critic.kind, critic.algorithm, critic.heads.length]).toEqual(["state-values", wanted.algorithm, 1]);
      close(await critic.stateValues(inputs), wanted.v.flat());
      await expect(critic.actionValues(inputs, [0])).rejects.toThrow("has state values only: no value of a single action is known");
      const graph = new Graph();
      const o = graph.input("o", ["N", 4]);
      const { actions, weights } = critic.policyDistribution(o);
      graph.output("actions", actions);
      graph.output("weights", weights);
      graph.output("likeliest", critic.policyGraph(o));
      const session = await compile(graph);
      const found = await session.run({ o: Float64Array.from(inputs.flat()) });
      await session.release();
      const [n, points, m] = found.actions.dims;
      expect(found.weights.dims).toEqual([n, points, 1]);
      const moment = (row: number, of: (action: number[]) => number) => {
        let sum = 0;
        for (let j = 0; j < points; j++) {
          const at = row * points + j;
          sum += Number(found.weights.data[at]) * of(Array.from(found.actions.data.slice(at * m, (at + 1) * m) as Float32Array));
        }
        return sum;
      };
      for (let row = 0; row < n; row++) {
        expect(moment(row, () => 1)).toBeCloseTo(1, 5);
        if ("probabilities" in wanted) {
          close(
            wanted.probabilities[row].map((_, a) => moment(row, ([x]) => Number(x === a))),
            wanted.probabilities[row],
          );
          expect(found.likeliest.data[row]).toBe(wanted.probabilities[row].indexOf(Math.max(...wanted.probabilities[row])));
        } else if (m === 1) {
          // the environment clips what a Gaussian draws to [-2, 2]
          const [mu, sigma] = [wanted.mean[row][0], wanted.deviation[row][0]];
          expect(moment(row, ([x]) => x)).toBeCloseTo(
            clipped(mu, sigma, (a) => a),
            3,
          );
          expect(moment(row, ([x]) => x * x)).toBeCloseTo(
            clipped(mu, sigma, (a) => a * a),
            3,
          );
          expect(found.likeliest.data[row]).toBeCloseTo(Math.min(2, Math.max(-2, mu)), 5);
        } else {
          close(
            found.likeliest.data.slice(row * m, (row + 1) * m) as Float32Array,
            wanted.mean[row].map((x) => Math.min(1, Math.max(-1, x))),
          );
        }
      }
    });
  }
});

/** E g(clip(a, ±2)) of a ~ N(μ, σ²) as a sum over a fine grid. */
function clipped(mu: number, sigma: number, g: (a: number) => number): number {
  let [sum, mass] = [0, 0];
  for (let z = -8; z <= 8; z += 1e-3) {
    const density = Math.exp(-0.5 * z * z);
    mass += density;
    sum += density * g(Math.min(2, Math.max(-2, mu + sigma * z)));
  }
  return sum / mass;
}

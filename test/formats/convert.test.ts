import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openRuntime } from "#runtime";
import { main } from "../../src/cli/program.ts";
import type { Critic, NetworkCritic, StateValueCritic, TabularCritic } from "../../src/critics/critic.ts";
import { compile, evaluate, fromOnnx, Graph, jacobian, type RuntimeTensor } from "../../src/engine/index.ts";
import { toOnnx } from "../../src/engine/to-onnx.ts";
import { loadCriticFolder, saveCritic } from "../../src/formats/critic-folder.ts";
import { loadCritic } from "../../src/formats/index.ts";
import { readNpz } from "../../src/formats/npy.ts";
import { criticNpz, criticOnnx, savedForm } from "../../src/formats/write-critic.ts";
import { writeNpy, writeNpz } from "../../src/formats/write-npz.ts";
import type { InferredContinuous } from "../../src/inversion/assemble.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { stepGraph } from "../../src/world-model/step-graph.ts";
import { mlpTensors, type Tensors, writeTorch } from "./write-checkpoint.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-convert-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fixtures = join(import.meta.dirname, "fixtures");
const agents = join(fixtures, "zoo");

/** Critics of every kind whose values are graphs. */
const sources: readonly (readonly [name: string, path: string])[] = [
  ["DQN, CleanRL", join(fixtures, "dqn.cleanrl_model")],
  ["TD3, Dict", join(fixtures, "td3-dict.zip")],
  ["DDPG with statistics", join(fixtures, "old-her")],
  ["PPO", join(fixtures, "ppo.zip")],
  ["TRPO, gSDE", join(fixtures, "trpo-sde.zip")],
  ["SAC", `${agents}/sac/Pendulum-v1_1`],
  ["TQC", `${agents}/tqc/MountainCarContinuous-v0_1`],
  ["QR-DQN", `${agents}/qrdqn/CartPole-v1_1`],
];

/** Within 1e-5 of the largest, or what is said. */
function close(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 1e-5) {
  expect(got.length).toBe(wanted.length);
  const most = Array.from(wanted).reduce((a, y) => Math.max(a, Math.abs(y)), 1e-6);
  for (let i = 0; i < wanted.length; i++) expect(Math.abs(got[i] - wanted[i])).toBeLessThanOrEqual(tolerance * most);
}

async function runOnnx(bytes: Uint8Array, feeds: Readonly<Record<string, { data: Float64Array; dims: number[] }>>) {
  const { inputs, outputs } = fromOnnx(bytes);
  const session = await (await openRuntime()).load(bytes, { threads: 1, spin: false });
  const given = inputs.map(({ name }): [string, RuntimeTensor] => [
    name,
    { dtype: "float32", data: Float32Array.from(feeds[name].data), dims: feeds[name].dims },
  ]);
  const out = await session.run(Object.fromEntries(given), Object.fromEntries([...outputs.keys()].map((name) => [name, null])));
  await session.release();
  return Object.fromEntries(Object.entries(out).map(([name, { data, dims }]) => [name, { data: data as Float32Array, dims }]));
}

function questions(critic: NetworkCritic | StateValueCritic, n = 12) {
  const random = createRandom(3);
  const { actionSpace, observationSize: o, actionSize: m } = critic;
  const observations = Float64Array.from({ length: n * o }, () => Math.fround(random.normal()));
  const actions = Float64Array.from({ length: n * m }, () =>
    actionSpace.kind === "discrete" ? random.integer(actionSpace.n) : Math.fround(0.9 * (2 * random.uniform() - 1)),
  );
  return { n, observations, actions };
}

async function same(one: Critic, two: Critic) {
  expect(two.kind).toBe(one.kind);
  expect(two.heads).toEqual(one.heads);
  expect([two.name, two.algorithm, two.environment]).toEqual([one.name, one.algorithm, one.environment]);
  if (one.kind === "tabular") return;
  const { observations, actions } = questions(one);
  close(await two.stateValues(observations), await one.stateValues(observations));
  if (one.kind === "network") close(await two.actionValues(observations, actions), await one.actionValues(observations, actions));
}

describe("critics as ONNX and as folders", () => {
  for (const [name, path] of sources) {
    test(`${name}: ONNX gives the same values and Jacobian`, async () => {
      const critic = (await loadCritic(path, { gamma: path.endsWith("model") ? 0.9 : undefined })) as NetworkCritic | StateValueCritic;
      const { n, observations, actions } = questions(critic);
      const { observationSize: o, actionSize: m } = critic;
      const found = await runOnnx(criticOnnx(critic, { jacobian: true }), {
        observations: { data: observations, dims: [n, o] },
        actions: { data: actions, dims: [n, m] },
      });
      close(found.state_values.data, await critic.stateValues(observations));
      if (critic.kind === "network") close(found.action_values.data, await critic.actionValues(observations, actions));
      else expect(found.action_values).toBeUndefined();
      const graph = new Graph();
      const x = graph.input("x", ["N", o]);
      graph.output("jacobian", jacobian(critic.stateValueGraph(x), x));
      const exact = evaluate(graph, { x: { shape: [n, o], data: observations } }).jacobian;
      expect(found.jacobian.dims).toEqual([o, n, critic.heads.length]);
      close(found.jacobian.data, exact.data, 1e-4);
      const session = await compile(graph);
      close(found.jacobian.data, (await session.run({ x: observations })).jacobian.data as Float32Array);
      await session.release();
    });

    test(`${name}: the folder is the same critic`, async () => {
      const critic = await loadCritic(path, { gamma: path.endsWith("model") ? 0.9 : undefined });
      const at = join(folder, name);
      await saveCritic(at, savedForm(critic));
      await same(critic, await loadCritic(at));
      const bytes = readFileSync(join(at, "tensors.safetensors"));
      await saveCritic(at, savedForm(await loadCriticFolder(at)));
      expect(readFileSync(join(at, "tensors.safetensors")).length).toBeLessThanOrEqual(1.2 * bytes.length);
    });
  }
});

describe("tables", () => {
  const q = { shape: [2, 3, 2], data: Float64Array.from({ length: 12 }, (_, i) => i / 7) };
  const rewards = { shape: [2, 3, 2], data: new Float64Array(12).fill(-1) };

  test("npz comes back as it was", async () => {
    const path = join(folder, "table.npz");
    writeFileSync(path, writeNpz({ q, rewards, gamma: { shape: [2], data: Float64Array.of(0.5, 0.9) } }));
    const critic = (await loadCritic(path)) as TabularCritic;
    writeFileSync(path, criticNpz(critic));
    expect(await loadCritic(path)).toMatchObject({ q: critic.q, v: critic.v, rewards: critic.rewards, heads: critic.heads });
    const at = join(folder, "table");
    await saveCritic(at, savedForm(critic));
    await same(critic, await loadCritic(at));
  });

  test("every number type and shape", () => {
    const arrays = {
      a: { shape: [], data: Float64Array.of(Math.PI) },
      b: { shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 0) },
      c: { shape: [3], data: Int32Array.of(-1, 0, 2 ** 31 - 1) },
      d: { shape: [0, 4], data: new Uint8Array(0) },
    };
    const read = readNpz(writeNpz(arrays), "x.npz");
    for (const [name, { shape, data }] of Object.entries(arrays)) {
      const found = read.get(name);
      expect([found?.kind, found?.shape, Array.from((found?.data ?? []) as Float64Array)]).toEqual(["numbers", shape, Array.from(data)]);
    }
    expect(writeNpz(arrays)).toEqual(writeNpz(arrays));
    expect(() => writeNpy({ shape: [2], data: new Uint8Array(3) })).toThrow("npy: 3 numbers are not of the shape [2]");
  });
});

describe("models as ONNX", () => {
  for (const [environment, path, method] of [
    ["Pendulum-v1", "sac/Pendulum-v1_1", "amortised"],
    ["CartPole-v1", "dqn/CartPole-v1_1", "amortised"],
    ["Pendulum-v1", "sac/Pendulum-v1_1", "network"],
  ] as const) {
    test(`${environment}, ${method}: one step`, async () => {
      const critic = await loadCritic(`${agents}/${path}`);
      const { model } = (await inferDynamics(critic, {
        environment,
        method,
        samples: 100,
        features: "quadratic",
        ...(method === "network" ? { network: { steps: 20 } } : {}),
      })) as InferredContinuous;
      const { stateSize: d, actionSize: m } = model.definition.system;
      const random = createRandom(2);
      const n = 50;
      const states = Float64Array.from({ length: n * d }, () => Math.fround(random.normal()));
      const actions = Float64Array.from({ length: n * m }, () =>
        critic.actionSpace.kind === "discrete" ? random.integer(2) : random.uniform(),
      );
      const bytes = toOnnx(stepGraph(model.definition, { jacobian: true }));
      const found = await runOnnx(bytes, { states: { data: states, dims: [n, d] }, actions: { data: actions, dims: [n, m] } });
      close(found.next_states.data, (await model.predict(states, actions)).nextStates);
      expect(found.jacobian.dims).toEqual([d, n, d]);
      const nudge = 1e-3;
      const ahead = Float64Array.from(states, (x, i) => (i % d === 0 ? x + nudge : x));
      const moved = (await model.predict(ahead, actions)).nextStates;
      const before = (await model.predict(states, actions)).nextStates;
      for (let b = 0; b < n; b++) {
        for (let k = 0; k < d; k++) {
          const difference = (moved[b * d + k] - before[b * d + k]) / nudge;
          if (Math.abs(difference) < 10) expect(found.jacobian.data[b * d + k]).toBeCloseTo(difference, 1);
        }
      }
    });
  }
});

describe("vinverse convert", () => {
  const run = async (...words: string[]) => {
    let [out, err] = ["", ""];
    const code = await main(["convert", ...words], { out: (text: string) => (out += text), err: (text: string) => (err += text) } as never);
    return { code, out, err };
  };

  test("writes what was asked for, and does not replace it unasked", async () => {
    const path = join(folder, "ppo.onnx");
    expect(await run(join(fixtures, "ppo.zip"), "--to", "onnx", "--out", path)).toMatchObject({ code: 0, out: `wrote ${path}\n` });
    expect(await run(join(fixtures, "ppo.zip"), "--to", "onnx", "--out", path)).toMatchObject({
      code: 2,
      err: `vinverse: ${path} exists; give another --out, or --force to replace it.\n`,
    });
    expect((await run(join(fixtures, "ppo.zip"), "--to", "onnx", "--out", path, "--force")).code).toBe(0);
  });

  test("safetensors of a DQN with its JSON is a critic again; of others it says what it lacks", async () => {
    const path = join(folder, "dqn.safetensors");
    expect((await run(join(fixtures, "dqn.cleanrl_model"), "--gamma", "0.9", "--to", "safetensors", "--out", path)).code).toBe(0);
    const source = (await loadCritic(join(fixtures, "dqn.cleanrl_model"), { gamma: 0.9 })) as NetworkCritic;
    const { observations, actions } = questions(source);
    const again = await loadCritic(path);
    close(await again.actionValues(observations, actions), await source.actionValues(observations, actions));
    const other = join(folder, "td3.safetensors");
    expect((await run(join(fixtures, "td3-dict.zip"), "--to", "safetensors", "--out", other)).code).toBe(0);
    await expect(loadCritic(other)).rejects.toThrow(
      "td3.json: algorithm is TD3, for which tensors alone are not enough; convert the original with --to folder.",
    );
  });

  test("safetensors keeps the order of layers, their roles and what was said of them", async () => {
    const square = (seed: number) => mlpTensors("x", [3, 3], seed);
    const [first, second, last] = [square(1), square(2), mlpTensors("x", [3, 2], 3)];
    const layers: Tensors = {
      "net.zeta.weight": first["x.0.weight"],
      "net.zeta.bias": first["x.0.bias"],
      "net.norm.weight": { shape: [3], data: [0.5, -1, 2] },
      "net.norm.bias": { shape: [3], data: [0.1, 0.2, -0.3] },
      "net.alpha.weight": second["x.0.weight"],
      "net.alpha.bias": second["x.0.bias"],
      "net.head.weight": last["x.0.weight"],
      "net.head.bias": last["x.0.bias"],
    };
    const other = Object.fromEntries(
      Object.entries(layers).map(([name, t]) => [name.replace("net.", "copy."), { ...t, data: t.data.map((x) => -x) }]),
    );
    const [from, to] = [join(folder, "named.pt"), join(folder, "named.safetensors")];
    writeFileSync(from, writeTorch({ ...layers, ...other }));
    const json = { gamma: 0.9, layerOrder: "activation-norm", roles: { net: "online", copy: "target" } };
    writeFileSync(join(folder, "named.json"), JSON.stringify(json));
    const source = (await loadCritic(from)) as NetworkCritic;
    expect((await run(from, "--to", "safetensors", "--out", to, "--force")).code).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, "named.json"), "utf8"))).toMatchObject({
      ...json,
      order: Object.keys({ ...layers, ...other }),
    });
    await same(source, { ...((await loadCritic(to)) as NetworkCritic), name: source.name, heads: source.heads });
  });

  test("refuses what a format cannot hold", async () => {
    const table = join(folder, "t.npz");
    writeFileSync(table, writeNpz({ q: { shape: [2, 2], data: new Float64Array(4) }, gamma: { shape: [1], data: Float64Array.of(0.9) } }));
    expect((await run(table, "--to", "onnx", "--out", join(folder, "no"))).err).toBe("vinverse: t.npz is a table: --to npz writes it.\n");
    expect((await run(join(fixtures, "ppo.zip"), "--to", "npz", "--out", join(folder, "no"))).err).toBe(
      "vinverse: ppo ppo.zip is no table: --to onnx or safetensors writes it.\n",
    );
    expect((await run(join(fixtures, "q-17.onnx"), "--gamma", "0.9", "--to", "safetensors", "--out", join(folder, "no"))).err).toBe(
      "vinverse: dqn q-17.onnx has no named tensors: --to onnx or folder writes it.\n",
    );
    expect((await run(join(fixtures, "ppo.zip"), "--to", "npz", "--jacobian", "--out", "x")).code).toBe(2);
  });
});

const python = "/usr/bin/python3";
const hasNumpy = existsSync(python) && spawnSync(python, ["-c", "import numpy"]).status === 0;

describe("folders in Python", () => {
  test.skipIf(!hasNumpy)("the reader in docs/reference/formats.md reads one", async () => {
    const docs = readFileSync("docs/reference/formats.md", "utf8");
    const reader = /```python\n([\s\S]*?)```/.exec(docs)![1];
    expect(reader.trim().split("\n").length).toBeLessThanOrEqual(10);
    const at = join(folder, "python");
    const path = join(folder, "python.npz");
    writeFileSync(
      path,
      writeNpz({ q: { shape: [3, 2], data: Float64Array.of(1, 2, 3, 4, 5, 6) }, gamma: { shape: [1], data: Float64Array.of(0.9) } }),
    );
    await saveCritic(at, savedForm(await loadCritic(path)));
    const ran = spawnSync(python, [
      "-c",
      `${reader}\njson_, tensors = load(${JSON.stringify(at)})\nprint(json_["format"], json_["version"], tensors["values.q"].tolist())`,
    ]);
    expect(ran.stderr.toString()).toBe("");
    expect(ran.stdout.toString()).toBe("vinverse critic 1 [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]\n");
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, describe, expect, test } from "vitest";
import type { NetworkCritic, StateValueCritic } from "../../src/critics/critic.ts";
import { evaluate, Graph } from "../../src/engine/index.ts";
import { FormatError, type LoadCriticOptions, loadCritic } from "../../src/formats/index.ts";
import { boxSpace, discreteSpace, float32, mlpTensors, PickleWriter, type Tensors, writeAgent, writeTorch } from "./write-checkpoint.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-errors-"));
afterAll(() => rmSync(folder, { recursive: true }));

const utf8 = new TextEncoder();
const dqn: Tensors = { ...mlpTensors("q_net.q_net", [2, 4, 3], 1), ...mlpTensors("q_net_target.q_net", [2, 4, 3], 2) };
const data = { gamma: 0.9, observation_space: boxSpace([-1, -1], [1, 1]), action_space: discreteSpace(3) };
const agent = (more: Record<string, unknown> = {}, tensors = dqn) => writeAgent({ ...data, ...more }, tensors);
const td3 = (widths: readonly number[]): Tensors => ({ ...mlpTensors("actor.mu", [2, 4, 1], 1), ...mlpTensors("critic.qf0", widths, 2) });
const ppo: Tensors = {
  ...mlpTensors("mlp_extractor.policy_net", [2, 4], 4),
  ...mlpTensors("mlp_extractor.value_net", [2, 4], 1),
  ...mlpTensors("value_net", [4, 1], 2),
  ...mlpTensors("action_net", [4, 3], 3),
};
const sac: Tensors = {
  ...mlpTensors("actor.latent_pi", [2, 4, 4], 1),
  ...Object.fromEntries(
    ["mu", "log_std"].flatMap((name) =>
      Object.entries(mlpTensors("x", [4, 1], 2)).map(([key, t]) => [key.replace("x.0", `actor.${name}`), t]),
    ),
  ),
  ...mlpTensors("critic.qf0", [3, 4, 1], 3),
};
const tensor = (name: string, change: Partial<Tensors[string]>): Tensors => ({ ...dqn, [name]: { ...dqn[name], ...change } });
const withPolicy = (policy: Uint8Array) => zipSync({ data: utf8.encode(JSON.stringify(data)), "policy.pth": policy });
const torchPickle = (pickle: Uint8Array) => withPolicy(zipSync({ "archive/data.pkl": pickle }));
const hostile = new PickleWriter().global("posix", "system").text("true").op(0x85, 0x52).end();

/** Changes bytes of a zip: `at` counts from the first central directory record. */
function patchDirectory(zip: Uint8Array, at: number, bytes: readonly number[]): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const out = zip.slice();
  out.set(bytes, view.getUint32(zip.length - 22 + 16, true) + at);
  return out;
}
function npy(header: string, body: readonly number[] = []): Uint8Array {
  return Uint8Array.from([0x93, ...utf8.encode("NUMPY"), 1, 0, header.length & 255, header.length >> 8, ...utf8.encode(header), ...body]);
}
const header = (descr: string, shape: string) => `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
const int32 = (x: number) => [...new Uint8Array(Int32Array.of(x).buffer)];

/** Name, bytes, and the whole sentence after the path; a string of bytes means a folder of that many zips. */
function safetensors(header: string): Uint8Array {
  const json = utf8.encode(header);
  return Uint8Array.from([json.length, json.length >> 8, 0, 0, 0, 0, 0, 0, ...json, 0, 0]);
}

const cases: readonly (readonly [string, Uint8Array, string, LoadCriticOptions?])[] = [
  [
    "empty.zip",
    new Uint8Array(0),
    "the file is not a critic in a format that is read; give a Stable-Baselines3 zip, a PyTorch state dict, safetensors, ONNX, or .npy or .npz action values.",
  ],
  [
    "text.zip",
    utf8.encode("hello"),
    "the file is not a critic in a format that is read; give a Stable-Baselines3 zip, a PyTorch state dict, safetensors, ONNX, or .npy or .npz action values.",
  ],
  ["truncated.zip", agent().subarray(0, 900), "the zip directory is missing, so the file is cut off; save or download the file again."],
  [
    "other.zip",
    zipSync({ "readme.txt": utf8.encode("hello") }),
    "member 'data' is missing, so this is not a Stable-Baselines3 agent; give the zip that model.save wrote.",
  ],
  [
    "nopolicy.zip",
    zipSync({ data: utf8.encode("{}") }),
    "member 'policy.pth' is missing, so this is not a Stable-Baselines3 agent; give the zip that model.save wrote.",
  ],
  [
    "notjson.zip",
    zipSync({ data: utf8.encode("{"), "policy.pth": writeTorch(dqn) }),
    "member 'data' is not JSON; save the agent with model.save.",
  ],
  [
    "list.zip",
    zipSync({ data: utf8.encode("[]"), "policy.pth": writeTorch(dqn) }),
    "member 'data' is not a JSON object; save the agent with model.save.",
  ],
  ["traversal.zip", zipSync({ "../data": utf8.encode("{}") }), "member '../data' points outside the archive; do not trust this file."],
  ["absolute.zip", zipSync({ "/etc/data": utf8.encode("{}") }), "member '/etc/data' points outside the archive; do not trust this file."],
  ["bomb.zip", zipSync({ data: new Uint8Array(8_000_000) }), "member 'data' inflates 1023-fold; do not trust this file."],
  [
    "huge.zip",
    patchDirectory(zipSync({ data: utf8.encode("{}") }), 24, [0, 0, 0, 0x7f]),
    "member 'data' declares 2130706432 bytes, more than 536870912; give the checkpoint alone.",
  ],
  [
    "liar.zip",
    patchDirectory(zipSync({ data: utf8.encode("{}"), "policy.pth": writeTorch(dqn) }), 24, [9, 0, 0, 0]),
    "member 'data' does not hold the 9 bytes it declares; save or download the file again.",
  ],
  [
    "checksum.zip",
    patchDirectory(zipSync({ data: utf8.encode("{}"), "policy.pth": writeTorch(dqn) }), 16, [0, 0, 0, 0]),
    "member 'data' does not match its checksum; save or download the file again.",
  ],
  [
    "encrypted.zip",
    patchDirectory(zipSync({ data: utf8.encode("{}") }), 8, [1, 0]),
    "member 'data' is encrypted; save it without a password.",
  ],
  [
    "method.zip",
    patchDirectory(zipSync({ data: utf8.encode("{}"), "policy.pth": writeTorch(dqn) }), 10, [12, 0]),
    "member 'data' uses compression method 12; compress it with deflate or not at all.",
  ],
  [
    "twice.zip",
    patchDirectory(zipSync({ "a.npy": new Uint8Array(1), "b.npy": new Uint8Array(1) }), 46, [0x62]),
    "member 'b.npy' appears twice; save or download the file again.",
  ],
  ["nogamma.zip", agent({ gamma: undefined }), "gamma is missing; pass the discount the critic was trained with."],
  ["gamma.zip", agent({ gamma: 1.5 }), "gamma is 1.5, not a number in (0, 1]; pass the discount the critic was trained with."],
  ["option.zip", agent(), "gamma is 0, not a number in (0, 1]; pass the discount the critic was trained with.", { gamma: 0 }],
  [
    "unknown.zip",
    agent({}, mlpTensors("world.model", [2, 4, 3], 1)),
    "policy.pth begins with 'world.model.0.weight', so its algorithm is unknown; use DQN, QR-DQN, SAC, TQC, TD3, DDPG, PPO, A2C or TRPO.",
  ],
  [
    "ppo.zip",
    agent({}, { ...ppo, ...mlpTensors("action_net", [5, 3], 3) }),
    "'action_net' has a layer for 5 numbers after one that gives 4; save the agent again.",
  ],
  [
    "ppo-actions.zip",
    agent({}, { ...ppo, ...mlpTensors("action_net", [4, 2], 3) }),
    "'action_net' gives 2 numbers, not 3; save the agent again.",
  ],
  [
    "ppo-observations.zip",
    agent({ observation_space: boxSpace([-1], [1]) }, ppo),
    "'value_net' takes 2 numbers, but observation and action have 1; save the agent again.",
  ],
  [
    "ppo-deviation.zip",
    agent({ action_space: boxSpace([-1, -1, -1], [1, 1, 1]) }, ppo),
    "'log_std' is missing from policy.pth; save the agent again.",
  ],
  [
    "ppo-sde.zip",
    agent(
      { action_space: boxSpace([-1, -1, -1], [1, 1, 1]), use_sde: true },
      { ...ppo, log_std: { shape: [7, 3], data: Array(21).fill(0) } },
    ),
    "'log_std' has the shape [7, 3], not [4, 3]; train without sde_net_arch.",
  ],
  [
    "ppo-squashed.zip",
    agent({ policy_kwargs: { squash_output: true } }, ppo),
    "policy_kwargs.squash_output is true, which is not read; use a policy whose actions are clipped.",
  ],
  [
    "ppo-recurrent.zip",
    agent({}, { ...ppo, "lstm_actor.weight_ih_l0": { shape: [1, 1], data: [0] } }),
    "policy.pth has recurrent layers, which are not read; use a critic without memory.",
  ],
  [
    "ppo-nan.zip",
    agent({}, { ...ppo, "value_net.0.bias": { shape: [1], data: [Number.NaN] } }),
    "'value_net.0.bias' holds numbers that are not finite; use a checkpoint from before training diverged.",
  ],
  [
    "twice.zip",
    zipSync({ data: utf8.encode('{"gamma": 0.9, "gam\\u006da": 1}'), "policy.pth": writeTorch(dqn) }),
    "member 'data' names gamma twice; save the agent with model.save.",
  ],
  [
    "twice.safetensors",
    safetensors('{"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}}'),
    "the header names a twice; save or download the file again.",
  ],
  [
    "twice-inside.safetensors",
    safetensors('{"a": {"dtype": "U8", "shape": [1], "shape": [9], "data_offsets": [0, 1]}}'),
    "the header names shape twice; save or download the file again.",
  ],
  [
    "image.zip",
    agent({ observation_space: { ...boxSpace([0, 0], [1, 1]), _shape: [2, 1, 1] } }),
    "observation_space is an image or a matrix of shape [2, 1, 1], which is not read; use a critic trained on vectors.",
  ],
  [
    "cnn.zip",
    agent({}, { ...dqn, "features_extractor.cnn.0.weight": { shape: [1, 1], data: [0] } }),
    "policy.pth has a features extractor with weights, which is not read; export Q(s, ·) as ONNX.",
  ],
  [
    "cnn-continuous.zip",
    writeAgent(
      { ...data, action_space: boxSpace([-1], [1]) },
      { ...sac, "actor.features_extractor.net.0.weight": { shape: [1, 1], data: [0] } },
    ),
    "policy.pth has a features extractor with weights, which is not read; export a module of (observation, action) with the outputs action_values and state_values as ONNX.",
  ],
  [
    "ars.zip",
    agent({}, mlpTensors("action_net", [2, 3], 1)),
    "policy.pth holds a policy alone (ARS), which has no critic; use an agent of an algorithm that learns values.",
  ],
  [
    "multi-discrete.zip",
    agent({ action_space: { ":type:": "<class 'gymnasium.spaces.multi_discrete.MultiDiscrete'>", nvec: "[2 3]" } }),
    "action_space is a MultiDiscrete, which is not read; use a critic with one Discrete or Box action.",
  ],
  [
    "cnn.zip",
    agent({}, { ...dqn, ...mlpTensors("q_net.features_extractor.cnn", [2, 4], 1) }),
    "policy.pth has a features extractor with weights, which is not read; export Q(s, ·) as ONNX.",
  ],
  [
    "activation.zip",
    agent({ policy_kwargs: { activation_fn: "<class 'mine.Wave'>" } }),
    "policy_kwargs.activation_fn is Wave, which is not read; use one of CELU, ELU, GELU, Hardsigmoid, Hardswish, Hardtanh, Identity, LeakyReLU, LogSigmoid, Mish, ReLU, ReLU6, SELU, Sigmoid, SiLU, Softplus, Softshrink, Softsign, Tanh, Tanhshrink.",
  ],
  [
    "image.zip",
    agent({ observation_space: { ":type:": "<class 'gym.spaces.box.Box'>", shape: [1, 1, 2], low: "[0 0]", high: "[1 1]" } }),
    "observation_space is an image or a matrix of shape [1, 1, 2], which is not read; use a critic trained on vectors.",
  ],
  [
    "tuple.zip",
    agent({ observation_space: { ":type:": "<class 'gym.spaces.tuple.Tuple'>" } }),
    "observation_space is a Tuple, which is not read; flatten it with a wrapper before training.",
  ],
  ["nospace.zip", agent({ action_space: undefined }), "action_space is missing; save the agent with model.save."],
  [
    "space-pickle.zip",
    agent({ observation_space: { ":type:": "<class 'gym.spaces.dict.Dict'>", ":serialized:": btoa(String.fromCharCode(...hostile)) } }),
    "the pickle global posix.system is not on the list of harmless names, and nothing was run; save plain arrays, numbers and text.",
  ],
  ["actions.zip", agent({ action_space: boxSpace([-1], [1]) }), "action_space does not fit DQN; save the agent again."],
  [
    "width.zip",
    agent({ observation_space: boxSpace([-1], [1]) }),
    "'q_net' takes 2 numbers, but observation and action have 1; save the agent again.",
  ],
  ["outputs.zip", agent({ action_space: discreteSpace(5) }), "'q_net' gives 3 numbers, not 5; save the agent again."],
  [
    "nan.zip",
    agent({}, tensor("q_net.q_net.2.bias", { data: [0, Number.NaN, 0] })),
    "'q_net.q_net.2.bias' holds numbers that are not finite; use a checkpoint from before training diverged.",
  ],
  [
    "infinite.zip",
    agent({}, tensor("q_net.q_net.0.bias", { data: [0, 0, Infinity, 0] })),
    "'q_net.q_net.0.bias' holds numbers that are not finite; use a checkpoint from before training diverged.",
  ],
  [
    "chain.zip",
    agent({}, tensor("q_net.q_net.2.weight", { shape: [3, 5], data: Array(15).fill(1) })),
    "'q_net.q_net' has a layer for 5 numbers after one that gives 4; save the agent again.",
  ],
  [
    "convolution.zip",
    agent({}, tensor("q_net.q_net.0.weight", { shape: [4, 1, 2] })),
    "'q_net.q_net.0.weight' has the shape [4, 1, 2], not that of a linear layer; export the critic as ONNX.",
  ],
  [
    "batchnorm.zip",
    agent({}, { ...dqn, "q_net.q_net.1.running_mean": { shape: [4], data: [0, 0, 0, 0] } }),
    "'q_net.q_net.1.running_mean' belongs to a layer that is not read; export the critic as ONNX.",
  ],
  [
    "quantiles.zip",
    agent({ n_quantiles: 7 }, mlpTensors("quantile_net.quantile_net", [2, 4, 9], 1)),
    "n_quantiles is 7, which does not divide the 9 outputs of quantile_net; save the agent with model.save.",
  ],
  [
    "actor.zip",
    agent({ action_space: boxSpace([-1], [1]) }, td3([4, 4, 1])),
    "'critic.qf0' takes 4 numbers, but observation and action have 3; save the agent again.",
  ],
  [
    "bounds.zip",
    agent({ action_space: boxSpace([1], [1]) }, td3([3, 4, 1])),
    "action_space has no finite bounds with low below high; use a critic whose actions are bounded.",
  ],
  [
    "entropy.zip",
    agent({ action_space: boxSpace([-1], [1]), ent_coef: "auto" }, sac),
    "ent_coef is learnt, but its value is not in the zip; save the agent with model.save.",
  ],
  [
    "global.zip",
    torchPickle(hostile),
    "the pickle global posix.system is not on the list of harmless names, and nothing was run; save torch.save(model.state_dict(), …) in place of the whole model, or with Stable-Baselines3 model.save.",
  ],
  [
    "eval.zip",
    torchPickle(Uint8Array.from([0x80, 4, 0x8c, 8, ...utf8.encode("builtins"), 0x8c, 4, ...utf8.encode("eval"), 0x93, 0x2e])),
    "the pickle global builtins.eval is not on the list of harmless names, and nothing was run; save torch.save(model.state_dict(), …) in place of the whole model, or with Stable-Baselines3 model.save.",
  ],
  [
    "cut-pickle.zip",
    torchPickle(Uint8Array.of(0x80, 2, 0x58, 255, 255, 0, 0, 0x61)),
    "the pickle at byte 7 is cut off; save the file again.",
  ],
  [
    "memo.zip",
    torchPickle(Uint8Array.of(0x80, 2, 0x68, 9, 0x2e)),
    "the pickle at byte 4 recalls entry 9, which was never stored; save the file again.",
  ],
  ["stack.zip", torchPickle(Uint8Array.of(0x80, 2, 0x85, 0x2e)), "the pickle at byte 3 takes from an empty stack; save the file again."],
  [
    "extension.zip",
    torchPickle(Uint8Array.of(0x80, 2, 0x82, 1, 0x2e)),
    "the pickle at byte 3 has the opcode 0x82, which plain data never needs; save the file again.",
  ],
  [
    "key.zip",
    torchPickle(new PickleWriter().op(0x7d, 0x28).text("a").op(0x4e).text("a").op(0x4e, 0x75).end()),
    "the pickle at byte 19 sets the key a twice; save the file again.",
  ],
  [
    "not-torch.zip",
    withPolicy(utf8.encode("hello")),
    "its first bytes are not those of a file written by torch.save; save it with torch.save(model.state_dict(), …).",
  ],
  [
    "stride.zip",
    agent({}, tensor("q_net.q_net.0.weight", { strides: [2, -1] })),
    "tensor 'q_net.q_net.0.weight' has a stride that is none; save it with torch.save(model.state_dict(), …).",
  ],
  [
    "beyond.zip",
    agent({}, tensor("q_net.q_net.0.weight", { offset: 1 })),
    "tensor 'q_net.q_net.0.weight' reaches beyond its storage; save or download the file again.",
  ],
  [
    "absurd.zip",
    agent({}, tensor("q_net.q_net.0.weight", { shape: [60_000, 60_000], strides: [0, 0] })),
    "tensor 'q_net.q_net.0.weight' has more than 67108864 numbers; give the critic's networks alone.",
  ],
  [
    "storage.zip",
    withPolicy(writeTorch(dqn, "QUInt8Storage", float32)),
    "the pickle global torch.QUInt8Storage is not on the list of harmless names, and nothing was run; save torch.save(model.state_dict(), …) in place of the whole model, or with Stable-Baselines3 model.save.",
  ],
  ["header.npy", npy("hello"), "the header does not say dtype, order and shape plainly; save a plain array with numpy.save."],
  ["dtype.npy", npy(header("<c16", "(2, 2)")), "the dtype '<c16' is not read; convert it to float64 first."],
  ["short.npy", npy(header("<f8", "(2, 2)"), [0, 0]), "the array holds fewer bytes than its shape needs; save or download the file again."],
  ["absurd.npy", npy(header("<f8", "(99999, 99999)")), "the array has more than 67108864 numbers; give the critic's networks alone."],
  ["vector.npy", npy(header("<f4", "(1,)"), [0, 0, 0, 0]), "array 'q' has the shape [1]; save [S, A] or [heads, S, A] action values."],
  ["gamma.npy", npy(header("<f4", "(1, 1)"), [0, 0, 0, 0]), "gamma is missing; pass the discount the critic was trained with."],
  [
    "nan.npy",
    npy(header("<f4", "(1, 1)"), [0, 0, 0xc0, 0x7f]),
    "array 'q' holds numbers that are not finite, or lacks some; save the values of a finished run.",
    { gamma: 0.9 },
  ],
  [
    "objects.npy",
    npy(header("|O", "(1, 2)"), [0x80, 2, 0x63, ...utf8.encode("os\nsystem\n"), 0x2e]),
    "the pickle global os.system is not on the list of harmless names, and nothing was run; save plain arrays, numbers and text.",
  ],
  [
    "long.npy",
    npy(header("|O", "(1, 2)"), [0x80, 2, 0x8b, ...int32(99_999), 0x2e]),
    `the pickle at byte ${10 + header("|O", "(1, 2)").length + 2 + 5} has an integer of more than 1024 bytes; save the file again.`,
  ],
  [
    "noq.npz",
    zipSync({ "v.npy": npy(header("<f4", "(1,)"), [0, 0, 0, 0]) }),
    "array 'q' is missing; save [S, A] or [heads, S, A] action values.",
  ],
];

describe("bad input is refused in one sentence", () => {
  test("there are at least 30 kinds", () => expect(cases.length).toBeGreaterThanOrEqual(30));

  for (const [name, bytes, sentence, options] of cases) {
    test(name, async () => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      const error: unknown = await loadCritic(path, options).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(FormatError);
      const { message, file, field, fix } = error as FormatError;
      expect(message.slice(message.indexOf(": ") + 2)).toBe(sentence);
      expect(file.startsWith(path)).toBe(true);
      expect(field.length * fix.length).toBeGreaterThan(0);
    });
  }

  test("a path that does not exist, and folders without or with too many zips", async () => {
    const message = async (path: string) => ((await loadCritic(path).catch((e: unknown) => e)) as FormatError).message.replace(folder, "");
    expect(await message(join(folder, "nowhere.zip"))).toBe("/nowhere.zip: the file does not exist; check the path.");
    mkdirSync(join(folder, "none"));
    expect(await message(join(folder, "none"))).toBe(
      "/none: the folder holds no zip of a Stable-Baselines3 agent and has none beside it; give the zip itself.",
    );
    mkdirSync(join(folder, "model"));
    writeFileSync(join(folder, "model", "model.json"), "{}");
    expect(await message(join(folder, "model"))).toBe(
      "/model: the folder holds an inferred model, not a critic; give it to vinverse evaluate or convert.",
    );
  });

  test("a folder of several zips is an ensemble where they observe and act alike", async () => {
    const at = join(folder, "two");
    mkdirSync(at);
    for (const name of ["a.zip", "b.zip"]) writeFileSync(join(at, name), agent());
    const critic = (await loadCritic(at)) as NetworkCritic;
    expect(critic.heads.map((head) => head.critic)).toEqual(["dqn a.zip", "dqn b.zip"]);
    const one = await loadCritic(join(at, "b.zip"));
    expect((await critic.actionValues([[0.3, -0.2]], [1]))[1]).toBeCloseTo((await one.actionValues([[0.3, -0.2]], [1]))[0], 6);
    writeFileSync(join(at, "c.zip"), agent({ action_space: boxSpace([-1], [1]) }, td3([3, 4, 1])));
    await expect(loadCritic(at)).rejects.toThrow(
      "two: the folder holds checkpoints that are no ensemble (ddpg c.zip and dqn a.zip do not observe or act alike); give the one you mean.",
    );
  });

  test("two policies of state values are two heads, each under its own policy", async () => {
    const at = join(folder, "policies");
    mkdirSync(at);
    const other = { ...ppo, ...mlpTensors("action_net", [4, 3], 9), ...mlpTensors("value_net", [4, 1], 8) };
    writeFileSync(join(at, "a.zip"), agent({ n_epochs: 10 }, ppo));
    writeFileSync(join(at, "b.zip"), agent({ cg_max_steps: 10 }, other));
    const critic = (await loadCritic(at)) as StateValueCritic;
    expect([critic.kind, critic.algorithm, critic.heads.length]).toEqual(["state-values", "PPO + TRPO", 2]);
    const parts = (await Promise.all(["a.zip", "b.zip"].map((name) => loadCritic(join(at, name))))) as StateValueCritic[];
    const x = [[0.3, -0.2]];
    const values = await Promise.all(parts.map((part) => part.stateValues(x)));
    expect([...(await critic.stateValues(x))]).toEqual(values.map(([v]) => v));
    const weightsOf = (of: StateValueCritic) => {
      const graph = new Graph();
      graph.output("weights", of.policyDistribution(graph.input("o", ["N", 2])).weights);
      return Array.from(evaluate(graph, { o: { shape: [1, 2], data: Float64Array.from(x[0]) } }).weights.data);
    };
    const [one, two, both] = [weightsOf(parts[0]), weightsOf(parts[1]), weightsOf(critic)];
    expect(both.filter((_, i) => i % 2 === 0)).toEqual([...one, 0, 0, 0]);
    expect(both.filter((_, i) => i % 2 === 1)).toEqual([0, 0, 0, ...two]);
  });

  test("statistics of another agent, and a pickle that is none", async () => {
    const at = join(folder, "stats");
    mkdirSync(at);
    writeFileSync(join(at, "agent.zip"), agent());
    writeFileSync(join(at, "vecnormalize.pkl"), hostile);
    await expect(loadCritic(at)).rejects.toThrow(
      "vecnormalize.pkl: the pickle global posix.system is not on the list of harmless names, and nothing was run; save plain arrays, numbers and text.",
    );
    writeFileSync(join(at, "vecnormalize.pkl"), new PickleWriter().op(0x7d).end());
    await expect(loadCritic(at)).rejects.toThrow(
      "vecnormalize.pkl: the pickle is not a VecNormalize; save it again with VecNormalize.save.",
    );
  });
});

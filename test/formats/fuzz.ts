import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { unzipSync, zipSync } from "fflate";
import { afterAll, describe, expect, test } from "vitest";
import type { Critic } from "../../src/critics/critic.ts";
import type { Network } from "../../src/critics/network.ts";
import { Graph, toOnnx } from "../../src/engine/index.ts";
import { saveCritic } from "../../src/formats/critic-folder.ts";
import { type CheckpointCritic, FormatError, loadCritic, readCritic } from "../../src/formats/index.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { readVecNormalize } from "../../src/formats/vec-normalize.ts";
import { savedForm } from "../../src/formats/write-critic.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { inferTabular } from "../../src/inversion/tabular/infer-tabular.ts";
import { createRandom, type Random } from "../../src/numbers/random.ts";
import { box, discrete } from "../../src/spaces/space.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";
import { plainCoordinates, plantedCritic, plantedSamples } from "../planted-critic.ts";
import { boxSpace, discreteSpace, mlpTensors, writeAgent, writeTorch } from "./write-checkpoint.ts";

const utf8 = new TextEncoder();
const tensors = mlpTensors("q_net.q_net", [2, 4, 3], 1);
const data = {
  gamma: 0.9,
  observation_space: boxSpace([-1, -1], [1, 1]),
  action_space: discreteSpace(3),
  policy_kwargs: { net_arch: [4] },
};
const json = utf8.encode(JSON.stringify(data));
const options = { gamma: 0.9 };

/** A file, and how to read it. Members of archives are also mutated inside, behind a checksum that fits. */
interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Folders are read from disk. */
  read(bytes: Uint8Array): unknown | Promise<unknown>;
  /** Share of the mutations that others get: ONNX Runtime sessions are made for every model. */
  readonly share?: number;
}

const scratch = mkdtempSync(join(tmpdir(), "vinverse-fuzz-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const fixtures = join(import.meta.dirname, "fixtures");
const fixture = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));

/** One member of an archive mutated, the others as they were. */
function inside(name: string, member: string): Seed {
  const members = unzipSync(fixture(name));
  return {
    name: `${name}/${member}`,
    bytes: members[member],
    read: (bytes) => readCritic(zipSync({ ...members, [member]: bytes }, { level: 0 }), { file: name }),
  };
}

/** One file of a folder mutated, the others as they were. */
function beside(folder: string, file: string, read: (folder: string) => Promise<unknown>, share?: number): Seed {
  const path = join(folder, file);
  return {
    name: `${folder.slice(scratch.length + 1)}/${file}`,
    bytes: new Uint8Array(readFileSync(path)),
    share,
    read: async (bytes) => {
      const whole = readFileSync(path);
      writeFileSync(path, bytes);
      try {
        return await read(folder);
      } finally {
        writeFileSync(path, whole);
      }
    },
  };
}

async function folders(): Promise<Seed[]> {
  const at = (name: string) => join(scratch, name);
  const table = readCritic(npy("<f8", "(3, 2)", new Uint8Array(Float64Array.of(1, 2, 3, 4, 5, 6).buffer)), { file: "q.npy" }, options);
  if (table.kind !== "tabular") throw new Error("a table was expected");
  await saveCritic(at("table"), savedForm(table));
  await saveCritic(at("graphs"), savedForm(await loadCritic(join(fixtures, "td3-dict.zip"))));
  await saveCritic(at("policy"), savedForm(await loadCritic(join(fixtures, "ppo.zip"))));
  const linear = (inputs: number, outputs: number): Network => [
    { kind: "linear", inputs, outputs, weight: new Float32Array(inputs * outputs).fill(0.1), bias: new Float32Array(outputs) },
    { kind: "activation", name: "Tanh" },
  ];
  await saveCritic(at("networks"), {
    ...savedForm(table),
    observationSpace: box([-1, -1], [1, 1]),
    actionSpace: discrete(3),
    values: { kind: "deep-q", online: linear(2, 3), target: linear(2, 3) },
  });
  await inferTabular({ ...table, rewards: new Float64Array(6).fill(-1) }).save(at("tabular model"));
  const planted = plantedCritic({ heads: 2, a: [[0.1]], b: [[0.2]] }, createRandom(1));
  const found = await inferDynamics(planted, { coordinates: plainCoordinates(1), samples: plantedSamples(1, 1, 40, createRandom(2)) });
  await found.model.save(at("model"));
  return [
    ...["table", "graphs", "policy", "networks"].flatMap((name) =>
      ["critic.json", "tensors.safetensors"].map((file) => beside(at(name), file, loadCritic)),
    ),
    ...["model.json", "tensors.safetensors"].map((file) => beside(at("tabular model"), file, loadWorldModel)),
    ...["model.json", "tensors.safetensors", "values.onnx"].map((file) => beside(at("model"), file, loadWorldModel, 0.15)),
  ];
}

function seeds(): Seed[] {
  const torch = writeTorch(tensors);
  const softJson = utf8.encode(
    JSON.stringify({ ...data, action_space: boxSpace([-2], [2]), ent_coef: 0.1, policy_kwargs: { use_sde: true } }),
  );
  const soft = writeTorch({
    ...mlpTensors("actor.latent_pi", [2, 3, 3], 1),
    "actor.log_std": { shape: [3, 1], data: [-1, -1, -1] },
    ...mlpTensors("actor.mu", [3, 1], 2),
    ...mlpTensors("critic.qf0", [3, 3, 1], 3),
    ...mlpTensors("critic.qf1", [3, 3, 1], 4),
  });
  const list: Seed[] = [
    { name: "agent.zip", bytes: writeAgent(data, tensors), read: (bytes) => readCritic(bytes, { file: "agent.zip" }) },
    {
      name: "agent.zip/policy.pth",
      bytes: torch,
      read: (bytes) => readCritic(zipSync({ data: json, "policy.pth": bytes }, { level: 0 }), { file: "agent.zip" }),
    },
    {
      name: "agent.zip/data",
      bytes: json,
      read: (bytes) => readCritic(zipSync({ data: bytes, "policy.pth": torch }, { level: 0 }), { file: "agent.zip" }),
    },
    {
      name: "soft.zip/data",
      bytes: softJson,
      read: (bytes) => readCritic(zipSync({ data: bytes, "policy.pth": soft }, { level: 0 }), { file: "soft.zip" }),
    },
    {
      name: "soft.zip/policy.pth",
      bytes: soft,
      read: (bytes) => readCritic(zipSync({ data: softJson, "policy.pth": bytes }, { level: 0 }), { file: "soft.zip" }),
    },
    { name: "bare.pt", bytes: torch, read: (bytes) => readCritic(bytes, { file: "bare.pt" }, options) },
    {
      name: "bare.safetensors",
      bytes: writeSafetensors(
        Object.fromEntries(Object.entries(tensors).map(([k, t]) => [k, { shape: t.shape, data: Float32Array.from(t.data) }])),
      ),
      read: (bytes) => readCritic(bytes, { file: "bare.safetensors" }, options),
    },
    { name: "q.onnx", bytes: onnx(torch), read: (bytes) => readCritic(bytes, { file: "q.onnx" }, options) },
    { name: "q.npy", bytes: npy("<f8", "(2, 3)", new Uint8Array(48)), read: (bytes) => readCritic(bytes, { file: "q.npy" }, options) },
    {
      name: "q.npz",
      bytes: zipSync({ "q.npy": npy("<f8", "(2, 3)", new Uint8Array(48)) }),
      read: (bytes) => readCritic(bytes, { file: "q.npz" }, options),
    },
  ];
  list.push(
    { name: "ppo.zip", bytes: fixture("ppo.zip"), read: (bytes) => readCritic(bytes, { file: "ppo.zip" }) },
    inside("ppo.zip", "data"),
    inside("ppo.zip", "policy.pth"),
    inside("trpo-sde.zip", "data"),
    inside("trpo-sde.zip", "policy.pth"),
    inside("a2c-shared.zip", "policy.pth"),
    inside("td3-dict.zip", "data"),
    {
      name: "old vecnormalize.pkl",
      bytes: fixture("old-her/old-her/vecnormalize.pkl"),
      read: (bytes) => readVecNormalize(bytes, "vecnormalize.pkl"),
    },
  );
  for (const name of ["td3.cleanrl_model", "net-bfloat16.pt", "net-float16.safetensors", "q-11.onnx", "q-17.onnx"])
    list.push({ name, bytes: fixture(name), read: (bytes) => readCritic(bytes, { file: name }, options) });
  const world = new Uint8Array(gunzipSync(fixture("WVF.npy.gz"))).slice(0, 4000);
  list.push(
    { name: "WVF.npy", bytes: world, read: (bytes) => readCritic(bytes, { file: "WVF.npy" }) },
    {
      name: "vecnormalize.pkl",
      bytes: fixture("zoo/her/PandaReach-v1_1/PandaReach-v1/vecnormalize.pkl"),
      read: (bytes) => readVecNormalize(bytes, "vecnormalize.pkl"),
    },
  );
  const shared = "../shared/critics";
  if (existsSync(shared)) {
    const file = (name: string) => new Uint8Array(readFileSync(`${shared}/${name}`));
    const stream = [...zipMember(file("sac/Pendulum-v1_1/Pendulum-v1.zip"), "tensors.pth")];
    list.push({ name: "stream.pth", bytes: Uint8Array.from(stream), read: (bytes) => readCritic(bytes, { file: "stream.pth" }, options) });
  }
  return list;
}

function zipMember(zip: Uint8Array, name: string): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  for (let at = 0; at + 30 < zip.length && view.getUint32(at, true) === 0x04034b50; ) {
    const length = view.getUint16(at + 26, true);
    const start = at + 30 + length + view.getUint16(at + 28, true);
    const size = view.getUint32(at + 18, true);
    if (new TextDecoder().decode(zip.subarray(at + 30, at + 30 + length)) === name) return zip.subarray(start, start + size);
    at = start + size;
  }
  throw new Error(`no ${name}`);
}

function onnx(torch: Uint8Array): Uint8Array {
  const critic = readCritic(torch, { file: "bare.pt" }, options) as CheckpointCritic;
  const graph = new Graph();
  graph.output("q", critic.checkpoint.networks["q_net.q_net"](graph.input("x", ["N", 2])));
  return toOnnx(graph);
}

function npy(descr: string, shape: string, body: Uint8Array): Uint8Array {
  const header = utf8.encode(`{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`);
  return Uint8Array.from([0x93, ...utf8.encode("NUMPY"), 1, 0, header.length, 0, ...header, ...body]);
}

/** What was accepted must also be a function: its graphs are built. */
function build(value: unknown): void {
  const critic = value as Critic;
  if ((critic.kind !== "network" && critic.kind !== "state-values") || !critic.heads) return;
  const graph = new Graph();
  const observations = graph.input("observations", ["N", critic.observationSize]);
  if (critic.kind === "state-values") critic.policyDistribution(observations);
  critic.stateValueGraph(observations);
  if (critic.kind === "network") critic.actionValueGraph(observations, graph.input("actions", ["N", critic.actionSize]));
}

const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x28, 0x2e, 0x52, 0x62, 0x63, 0x7d];

/** What a number in a text becomes. */
const words = ["-1", "0", "1e9", "16777217", "9007199254740993", "1e400", "null", "[]", "{}", '"x"', "[".repeat(3000)].map((word) =>
  utf8.encode(word),
);

/** One to four of: a bit flipped, a byte or four bytes set to an extreme, a cut, a stretch copied elsewhere, a stretch left out, digits replaced by another word. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  // not slice: a Buffer's shares its memory
  let out = Uint8Array.from(bytes);
  for (let k = 1 + random.integer(4); k > 0; k--) {
    const at = random.integer(Math.max(1, out.length));
    switch (random.integer(7)) {
      case 0:
        out[at] ^= 1 << random.integer(8);
        break;
      case 1:
        out[at] = extremes[random.integer(extremes.length)];
        break;
      case 2:
        out.fill(random.integer(2) ? 0xff : 0, at, at + 4);
        break;
      case 3:
        if (random.integer(4) === 0) out = out.slice(0, at);
        break;
      case 4:
        out.copyWithin(at, random.integer(Math.max(1, out.length)), out.length);
        break;
      case 5: {
        let from = at;
        while (from < out.length && !isDigit(out[from])) from++;
        let to = from;
        while (to < out.length && isDigit(out[to])) to++;
        out = Uint8Array.from([...out.subarray(0, from), ...words[random.integer(words.length)], ...out.subarray(to)]);
        break;
      }
      default: {
        const length = random.integer(16);
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + length)]);
      }
    }
  }
  return out;
}

const all = [...seeds(), ...(await folders())];
const shares = all.reduce((sum, { share = 1 }) => sum + share, 0);

/** Milliseconds that the processor worked for this process: a busy machine does not lengthen them. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Mutations of every format end in a FormatError or a value, `mutations` of them in all. */
export function fuzz(mutations: number): void {
  describe("hostile files", () => {
    test("every format is there", () => expect(all.length).toBeGreaterThanOrEqual(36));

    for (const [i, { name, bytes, read, share = 1 }] of all.entries()) {
      test(`${name}: mutations end in a FormatError or a value, soon`, async () => {
        const random = createRandom(1000 + i);
        const count = Math.ceil((mutations * share) / shares);
        let refused = 0;
        let slowest = 0;
        for (let k = 0; k < count; k++) {
          const mutant = mutate(bytes, random);
          const start = processorTime();
          try {
            build(await read(mutant));
          } catch (error) {
            refused++;
            if (!(error instanceof FormatError))
              throw new Error(`mutation ${k} of ${name} ended in ${error instanceof Error ? error.stack : error}`);
          }
          slowest = Math.max(slowest, processorTime() - start);
        }
        expect(refused).toBeGreaterThan(0);
        expect(slowest).toBeLessThan(2000);
        expect(process.memoryUsage().rss).toBeLessThan(2 ** 30);
      });
    }
  });
}

import { files } from "#files";
import type { OnProgress } from "../../base/progress.ts";
import { encodeCoordinates } from "../../critics/coordinate-values.ts";
import type { NetworkCritic } from "../../critics/critic.ts";
import { applyNetwork, type Network } from "../../critics/network.ts";
import { restoreCritic, type SavedCritic } from "../../critics/saved.ts";
import { add, compile, Graph, mul } from "../../engine/index.ts";
import { armBehaviour } from "../../environments/arm/behaviour.ts";
import type { Environment } from "../../environments/environment.ts";
import { loadSavedCritic, saveCritic } from "../../formats/critic-folder.ts";
import { readSafetensors, type SafetensorsArray, writeSafetensors } from "../../formats/safetensors.ts";
import { inferContinuous } from "../../inversion/infer-continuous.ts";
import { trainArmCritic } from "../../learning/invertible/arm-critic.ts";
import { armEncoding, armImportance } from "../../learning/invertible/arm-encoding.ts";
import { type CoordinateCheckpoint, type CoordinateTransitions, trainDirectly } from "../../learning/invertible/coordinate-values.ts";
import { inTodaysNames } from "../../learning/renamed-options.ts";
import type { Simulator } from "../../planning/simulator.ts";
import { loadWorldModel } from "../../world-model/load.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import type { ReproduceOptions } from "../harness/reproduction.ts";

export const ARM = "ArmPickAndPlace-v0";
/** Transitions that critics and the direct model are trained on; of them those whose states the inversion asks about. */
const TRANSITIONS = 400_000;
const ASKED = 200_000;
const HELD_OUT = 4000;
/** Training uses the seed itself, what is held out and what is scored other ones: no episode is used twice. */
const APART = { held: 10_000, scored: 20_000 };
const TRAINING = { updates: 40_000, batchSize: 256, hidden: [256, 256], learningRate: 1e-3 };
export const DISCOUNTS = [0.5, 0.8];
const INVERSION = { steps: 5000, batch: 512 };

/** One training seed: its data, and what was learned from them. */
export interface ArmSubject {
  readonly seed: number;
  readonly critic: SavedCritic;
  /** Inferred from the critic alone. */
  readonly model: ContinuousWorldModel;
  /** Fitted to the next states of the same transitions, in as many updates. */
  readonly direct: Simulator;
}

/** Everything of one seed that ships or was made before, and the rest made now; every part is kept in the cache. */
export async function obtainSubject(
  environment: Environment,
  seed: number,
  options: ReproduceOptions,
  onProgress: OnProgress,
): Promise<ArmSubject> {
  const data = lazily(() => obtainTransitions(environment, seed, options, (done, total, what) => onProgress(done / total, 4, what)));
  const critic = await obtainCritic(environment, seed, DISCOUNTS, data, options, (done, total, what) =>
    onProgress(1 + done / total, 4, what),
  );
  const direct = await obtainDirect(seed, data, options, (done, total, what) => onProgress(2 + done / total, 4, what));
  const model = await obtainModel(environment, seed, "model", critic, data, options, (done, total, what) =>
    onProgress(3 + done / total, 4, what),
  );
  return { seed, critic, direct, model };
}

export type SubjectTransitions = () => Promise<CoordinateTransitions>;

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const folderOf = (seed: number, { cache }: ReproduceOptions) => `${cache ?? "runs/reproduce"}/arm/seed-${seed}`;

export async function obtainTransitions(
  environment: Environment,
  seed: number,
  options: ReproduceOptions,
  onProgress: OnProgress,
): Promise<CoordinateTransitions> {
  const path = `${folderOf(seed, options)}/transitions.safetensors`;
  const held = await readTensors(path);
  if (held?.states.shape[0] === TRANSITIONS) {
    const of = (name: string) => held[name].data as Float32Array;
    return { n: held.states.shape[0], states: of("states"), actions: of("actions"), nextStates: of("nextStates") };
  }
  const made = armBehaviour(environment.simulation!, { n: TRANSITIONS, seed, onProgress });
  const tensor = (data: Float32Array): SafetensorsArray => ({ shape: [made.n, data.length / made.n], data });
  const { states, actions, nextStates } = made;
  await files.write(path, writeSafetensors({ states: tensor(states), actions: tensor(actions), nextStates: tensor(nextStates) }));
  return made;
}

/** Transitions that nothing was trained on. */
export function scoredTransitions(environment: Environment, seed: number, n: number): CoordinateTransitions {
  return armBehaviour(environment.simulation!, { n, seed: seed + APART.scored });
}

/** @param discounts other than those of the critics that ship are trained here */
export async function obtainCritic(
  environment: Environment,
  seed: number,
  discounts: readonly number[],
  data: SubjectTransitions,
  options: ReproduceOptions,
  onProgress: OnProgress,
): Promise<SavedCritic> {
  const own = `${folderOf(seed, options)}/critic-${discounts.join("-")}`;
  const shipped = `${options.critics ?? "zoo"}/${ARM}-seed-${seed}`;
  const settings = { discounts, transitions: TRANSITIONS, ...TRAINING };
  const places = options.retrain || discounts !== DISCOUNTS ? [own] : [shipped, own];
  for (const place of places) {
    if ((await files.kind(`${place}/critic.json`)) !== "file") continue;
    const saved = await loadSavedCritic(place);
    if (place === shipped || JSON.stringify(inTodaysNames(saved.made?.settings, true)) === JSON.stringify(settings)) return saved;
  }
  const saved = await trainArmCritic(environment, {
    ...TRAINING,
    transitions: await data(),
    held: armBehaviour(environment.simulation!, { n: HELD_OUT, seed: seed + APART.held }),
    seed,
    discounts,
    threads: 1,
    ...(await checkpoints(`${own}/checkpoint.safetensors`, settings)),
    made: { command: `vinverse reproduce arm --retrain --seed ${seed}`, seed, settings },
    onProgress: (done, total, what) => onProgress(done, total, `seed ${seed}, critics of γ ${discounts.join(" and ")}: ${what}`),
  });
  await saveCritic(own, saved);
  return saved;
}

async function obtainDirect(seed: number, data: SubjectTransitions, options: ReproduceOptions, onProgress: OnProgress): Promise<Simulator> {
  const path = `${folderOf(seed, options)}/direct.safetensors`;
  const settings = { transitions: TRANSITIONS, ...TRAINING };
  const held = ofSettings(await readTensors(path), settings);
  const network = held
    ? fromTensors(held)
    : await trainDirectly({
        ...TRAINING,
        transitions: await data(),
        encoding: armEncoding(),
        importance: armImportance,
        seed,
        threads: 1,
        ...(await checkpoints(`${folderOf(seed, options)}/direct-checkpoint.safetensors`, settings)),
        onProgress: (done, total, what) => onProgress(done, total, `seed ${seed}, the direct model: ${what}`),
      });
  if (!held) await files.write(path, writeSafetensors({ ...toTensors(network), settings: encodeSettings(settings) }));
  return changeSimulator(network);
}

/** The model inferred from a critic; asked for are states of the data and what was done there, and no next state. */
export async function obtainModel(
  environment: Environment,
  seed: number,
  name: string,
  critic: SavedCritic,
  data: SubjectTransitions,
  options: ReproduceOptions,
  onProgress: OnProgress,
): Promise<ContinuousWorldModel> {
  const folder = `${folderOf(seed, options)}/${name}`;
  const provenance = { critic: critic.made, seed, asked: ASKED, ...INVERSION };
  if ((await files.kind(`${folder}/model.json`)) === "file") {
    const json = JSON.parse(new TextDecoder().decode(await files.read(`${folder}/model.json`))) as { readonly provenance?: unknown };
    const model = await loadWorldModel(folder);
    if (model.kind === "continuous" && JSON.stringify(json.provenance) === JSON.stringify(provenance)) return model;
  }
  const { states, actions } = await data();
  const d = environment.coordinates!.names.length;
  const m = actions.length / (states.length / d);
  const { model } = await inferContinuous([restoreCritic(critic) as NetworkCritic], {
    coordinates: environment.coordinates!,
    rewards: (_states, _actions, n, out) => void out.fill(0, 0, n),
    samples: {
      n: ASKED,
      states: Float64Array.from(states.subarray(0, ASKED * d)),
      actions: Float64Array.from(actions.subarray(0, ASKED * m)),
    },
    seed,
    environment: environment.id,
    network: { ...INVERSION, importance: armImportance },
    provenance,
    onProgress: (done, total, what) => onProgress(done, total, `seed ${seed}, ${name}: ${what}`),
  });
  await model.save(folder);
  return model;
}

/** s' = s + σ · network(s, a) */
export async function changeSimulator(network: Network): Promise<Simulator> {
  const encoding = armEncoding();
  const d = encoding.centre.length;
  const graph = new Graph();
  const states = graph.input("states", ["N", d]);
  const actions = graph.input("actions", ["N", 4]);
  const change = applyNetwork(network, [encodeCoordinates(encoding, states), actions]);
  graph.output("next", add(states, mul(change, graph.constant(Float64Array.from(encoding.scale)))));
  const session = await compile(graph, { chunk: 2048, threads: 1 });
  return {
    stateSize: d,
    async step(s, a) {
      return { nextStates: Float64Array.from((await session.run({ states: s, actions: a })).next.data as Float32Array) };
    },
  };
}

async function readTensors(path: string): Promise<Readonly<Record<string, SafetensorsArray>> | undefined> {
  return (await files.kind(path)) === "file" ? readSafetensors(await files.read(path), path) : undefined;
}

function toTensors(network: Network): Record<string, SafetensorsArray> {
  const linears = network.filter((module) => module.kind === "linear");
  return Object.fromEntries(
    linears.flatMap(({ weight, bias, inputs, outputs }, i) => [
      [`weight ${i}`, { shape: [outputs, inputs], data: weight }],
      [`bias ${i}`, { shape: [outputs], data: bias! }],
    ]),
  );
}

function fromTensors(tensors: Readonly<Record<string, SafetensorsArray>>): Network {
  const layers = Object.keys(tensors).filter((name) => name.startsWith("weight")).length;
  return Array.from({ length: layers }, (_, i) => {
    const weight = tensors[`weight ${i}`];
    const [outputs, inputs] = weight.shape;
    const linear = {
      kind: "linear" as const,
      inputs,
      outputs,
      weight: weight.data as Float32Array,
      bias: tensors[`bias ${i}`].data as Float32Array,
    };
    return i + 1 < layers ? [linear, { kind: "activation" as const, name: "SiLU" }] : [linear];
  }).flat();
}

/** Settings in words, kept with what they made. */
function encodeSettings(settings: unknown): SafetensorsArray {
  const data = new TextEncoder().encode(JSON.stringify(settings));
  return { shape: [data.length], data };
}

/** What is held, unless other settings made it. */
function ofSettings<T extends Readonly<Record<string, SafetensorsArray>>>(held: T | undefined, settings: unknown): T | undefined {
  const said = held?.settings?.data;
  if (!(said instanceof Uint8Array)) return undefined;
  return JSON.stringify(inTodaysNames(JSON.parse(new TextDecoder().decode(said)), true)) === JSON.stringify(settings) ? held : undefined;
}

/** A checkpoint to go on from, and what writes the next. */
async function checkpoints(path: string, settings: unknown) {
  const held = ofSettings(await readTensors(path), settings);
  const state = held && Object.entries(held).filter(([name]) => name.startsWith("state "));
  return {
    from: held && {
      done: held.done.data[0],
      random: held.random.data as Float64Array,
      state: Object.fromEntries(state!.map(([name, { shape, data }]) => [name.slice(6), { shape, data: data as Float32Array }])),
    },
    async onCheckpoint({ done, random, state: now }: CoordinateCheckpoint) {
      const tensors: Record<string, SafetensorsArray> = {
        done: { shape: [1], data: Float64Array.of(done) },
        random: { shape: [random.length], data: random },
        settings: encodeSettings(settings),
      };
      for (const [name, tensor] of Object.entries(now)) tensors[`state ${name}`] = tensor;
      await files.write(path, writeSafetensors(tensors));
    },
  };
}

import { files } from "#files";
import type { Rewards } from "../bellman/rewards.ts";
import { assembleSystem } from "../bellman/system.ts";
import { fromOnnx } from "../engine/index.ts";
import { declaredCoordinates } from "../environments/declared-coordinates.ts";
import type { Coordinates } from "../environments/environment.ts";
import { flatBox, identityCoordinates } from "../environments/identity-coordinates.ts";
import { make, prepare } from "../environments/make.ts";
import { environmentIds, registrationOf } from "../environments/registry.ts";
import { FormatError } from "../formats/format-error.ts";
import { readSafetensors, type SafetensorsArray } from "../formats/safetensors.ts";
import type { Space } from "../spaces/space.ts";
import type { ContinuousDefinition } from "./definition.ts";
import { readDynamics } from "./dynamics.ts";
import type { NoiseKind, Tensors } from "./dynamics-of.ts";
import { layout, type ModelFile, type SpaceFile } from "./model-file.ts";
import { modelOf } from "./model-of.ts";
import { noiseFeatures, withNoise } from "./noise.ts";
import { withSpread } from "./spread.ts";
import type { ContinuousWorldModel } from "./world-model.ts";

export interface LoadWorldModelOptions {
  /** r(s, a), for a model that was inferred with a reward of the caller's own. */
  readonly rewards?: Rewards;
  /** The same of coordinates. */
  readonly coordinates?: Coordinates;
}

/** @param json contents of model.json, whose `format` has been seen to be this one */
export async function loadContinuous(folder: string, json: unknown, given: LoadWorldModelOptions = {}): Promise<ContinuousWorldModel> {
  try {
    return await readContinuous(folder, json, given);
  } catch (error) {
    if (error instanceof FormatError || !(error instanceof Error)) throw error;
    throw new FormatError(folder, "the model", `cannot be read (${error.message.split("\n")[0]})`, "infer the model again");
  }
}

async function readContinuous(folder: string, json: unknown, given: LoadWorldModelOptions): Promise<ContinuousWorldModel> {
  const where = `${folder}/model.json`;
  const model = json as ModelFile;
  const refuse = (field: string, problem: string, fix = "infer the model again") => new FormatError(where, field, problem, fix);
  if (model.version !== layout) throw refuse("version", `is ${model.version}, not ${layout}`);
  if (!Array.isArray(model.heads) || model.heads.length === 0) throw refuse("heads", "is missing");
  const observationSpace = readSpace(model.observationSpace, () => refuse("observationSpace", "is not a space"));
  const actionSpace = readSpace(model.actionSpace, () => refuse("actionSpace", "is not a space"));
  const id = knownAs(model);
  if (model.environment !== undefined && id === undefined && !model.coordinates)
    throw new FormatError(
      where,
      "environment",
      `is '${model.environment}', which is not known here`,
      "register it first (registerEnvironment)",
    );
  if (id !== undefined) await prepare(id);
  const environment = id === undefined ? undefined : make(id);
  const physics = environment?.physics;
  if (environment && !environment.coordinates) throw refuse("environment", `'${model.environment}' has no continuous state`);
  const declared = environment || !model.coordinates ? undefined : declaredCoordinates(model.coordinates, where).coordinates;
  const coordinates = given.coordinates ?? environment?.coordinates ?? declared ?? identityCoordinates(flatBox(observationSpace));
  for (const what of ["rewards", "coordinates"] as const) {
    if (model.provenance?.[what] === "given" && !given[what])
      throw new FormatError(
        where,
        `provenance.${what}`,
        "says that a program gave them",
        `give them again: loadWorldModel(folder, { ${what} })`,
      );
  }
  const { reward = 0 } = model;
  const constant: Rewards = (_states, _actions, n, out) => void out.fill(reward, 0, n);
  const unknown: Rewards = () => {
    throw refuse("environment", `is '${model.environment}', whose rewards this needs`, `give the environment: --env ${model.environment}`);
  };
  const own =
    model.reward !== undefined ? undefined : declared && model.environment !== undefined ? unknown : physics?.rewards.bind(physics);
  const rewards = given.rewards ?? own ?? constant;
  const graph = async (name: string) => fromOnnx(await files.read(`${folder}/${name}`));
  const optional = async (name: string) => ((await files.kind(`${folder}/${name}`)) === "file" ? graph(name) : undefined);
  const distribution = await optional("distribution.onnx");
  const graphs = {
    values: await graph("values.onnx"),
    actionValues: distribution ? await optional("action-values.onnx") : await graph("action-values.onnx"),
    distribution,
    policy: await optional("policy.onnx"),
  };
  const actionSize = actionSpace.kind === "box" ? actionSpace.low.length : 1;
  const system = await assembleSystem(graphs, model.heads, coordinates, actionSize, rewards);
  const tensors = readSafetensors(await files.read(`${folder}/tensors.safetensors`), `${folder}/tensors.safetensors`);
  const float64 = (name: string): Float64Array => {
    const found = tensors[name];
    if (!(found?.data instanceof Float64Array))
      throw new FormatError(`${folder}/tensors.safetensors`, name, "is missing", "infer the model again");
    return found.data;
  };
  let solver: ContinuousDefinition["solver"];
  if (model.method === "pointwise" && model.pointwise) solver = { method: "pointwise", settings: model.pointwise };
  else if (model.method === "amortised" && model.dynamics) {
    const { kind, settings } = model.dynamics;
    const found = readDynamics(
      kind,
      { settings, tensors: ofDynamics(tensors), float64: (name) => float64(`dynamics/${name}`), refuse },
      coordinates,
      actionSpace,
    );
    const dynamics = tensors["dynamics/spread"] ? withSpread(found, float64("dynamics/spread")) : found;
    solver = { method: "amortised", dynamics };
    if (settings.noise !== undefined) {
      const [centre, scale] = [float64("dynamics/centre"), float64("dynamics/scale")];
      const noise = noiseFeatures(noiseKind(settings.noise, refuse), coordinates, actionSpace, centre, scale);
      solver = { method: "amortised", dynamics: withNoise(dynamics, noise, float64("dynamics/noise"), centre.length) };
    }
  } else throw refuse("method", `'${model.method}' is not one that this version reads`);
  const definition: ContinuousDefinition = {
    environment: model.environment,
    reward: model.reward,
    observationSpace,
    actionSpace,
    system,
    sigma: float64("sigma"),
    solver,
    bounds: model.bounds && {
      ...model.bounds,
      typical: float64("bounds/typical"),
      scores: float64("bounds/scores"),
    },
    provenance: model.provenance,
  };
  return modelOf(definition);
}

/** The id of the environment here: its own, or another address of the same module. What a file names is never loaded. */
function knownAs({ environment, module }: ModelFile): string | undefined {
  if (environment === undefined || registrationOf(environment)) return environment;
  return module === undefined ? undefined : environmentIds().find((id) => registrationOf(id)?.module?.sha256 === module);
}

/** Tensors of the dynamics, by the names that these give them. */
function ofDynamics(tensors: Readonly<Record<string, SafetensorsArray>>): Tensors {
  const own: Record<string, Tensors[string]> = {};
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (name.startsWith("dynamics/") && (data instanceof Float64Array || data instanceof Float32Array))
      own[name.slice("dynamics/".length)] = { shape, data };
  }
  return own;
}

function noiseKind(kind: unknown, refuse: (field: string, problem: string) => Error): NoiseKind {
  if (kind === "constant" || kind === "linear") return kind;
  throw refuse("dynamics.settings.noise", `is ${JSON.stringify(kind)}, not constant or linear`);
}

function readSpace(space: SpaceFile, refuse: () => FormatError): Space {
  if (space?.kind === "discrete" && Number.isInteger(space.n) && space.n > 0) return space;
  if (space?.kind !== "box" || !Array.isArray(space.low) || !Array.isArray(space.high) || space.low.length !== space.high.length)
    throw refuse();
  return { kind: "box", shape: space.shape, low: Float64Array.from(space.low, Number), high: Float64Array.from(space.high, Number) };
}

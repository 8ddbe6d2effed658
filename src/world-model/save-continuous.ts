import { files } from "#files";
import type { Rewards } from "../bellman/rewards.ts";
import { assembleSystem } from "../bellman/system.ts";
import type { Head } from "../critics/critic.ts";
import { fromOnnx, toOnnx } from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";
import { flatBox, identityCoordinates } from "../environments/identity-coordinates.ts";
import { make, prepare } from "../environments/make.ts";
import { registrationOf } from "../environments/registry.ts";
import { FormatError } from "../formats/format-error.ts";
import { readSafetensors, type SafetensorsArray, writeSafetensors } from "../formats/safetensors.ts";
import type { Space } from "../spaces/space.ts";
import type { BoundScale } from "./bounds.ts";
import { continuousModel } from "./continuous.ts";
import type { ContinuousDefinition } from "./definition.ts";
import { type Dynamics, type StructuredSettings, structuredDynamics, type Tensors } from "./dynamics.ts";
import { gaussianModel, isGaussian } from "./gaussian-model.ts";
import { type NetworkParameters, type NetworkSettings, networkDynamics } from "./network-dynamics.ts";
import { type NoiseKind, noiseFeatures, withNoise } from "./noise.ts";
import type { PointwiseSettings } from "./pointwise.ts";
import { withSpread } from "./spread.ts";
import type { ContinuousWorldModel } from "./world-model.ts";

export interface LoadWorldModelOptions {
  /** r(s, a), for a model that was inferred with a reward of the caller's own. */
  readonly rewards?: Rewards;
  /** The same of coordinates. */
  readonly coordinates?: Coordinates;
}

/** What model.json of a continuous model begins with, and the version of the folder's layout. */
export const format = "vinverse continuous world model";
const version = 1;

/** What model.json of a continuous model holds. */
interface ModelFile {
  readonly format: string;
  readonly version: number;
  readonly method: "pointwise" | "amortised";
  readonly environment?: string;
  readonly reward?: number;
  readonly observationSpace: SpaceFile;
  readonly actionSpace: SpaceFile;
  readonly heads: readonly Head[];
  readonly dynamics?: { readonly kind: "structured" | "network"; readonly settings: Readonly<Record<string, unknown>> };
  readonly pointwise?: PointwiseSettings;
  /** Its tensors are bounds/typical and bounds/scores. */
  readonly bounds?: Pick<BoundScale, "basis" | "refused">;
  readonly provenance: Readonly<Record<string, unknown>>;
}

type SpaceFile =
  | { readonly kind: "discrete"; readonly n: number; readonly start: number }
  | {
      readonly kind: "box";
      readonly shape: readonly number[];
      readonly low: readonly (number | string)[];
      readonly high: readonly (number | string)[];
    };

export async function saveContinuous(folder: string, definition: ContinuousDefinition): Promise<void> {
  const { system, solver, environment, reward, provenance, sigma, bounds } = definition;
  const tensors: Record<string, Tensors[string]> = { sigma: { shape: [sigma.length], data: sigma } };
  if (solver.method === "amortised") {
    for (const [name, tensor] of Object.entries(solver.dynamics.tensors)) tensors[`dynamics/${name}`] = tensor;
  }
  if (bounds) {
    const d = bounds.typical.length;
    tensors["bounds/typical"] = { shape: [d], data: bounds.typical };
    tensors["bounds/scores"] = { shape: [bounds.scores.length / d, d], data: bounds.scores };
  }
  const model: ModelFile = {
    format,
    version,
    method: solver.method,
    environment,
    reward,
    observationSpace: writeSpace(definition.observationSpace),
    actionSpace: writeSpace(definition.actionSpace),
    heads: system.heads,
    ...(solver.method === "amortised"
      ? { dynamics: { kind: solver.dynamics.kind, settings: solver.dynamics.settings } }
      : { pointwise: solver.settings }),
    ...(bounds ? { bounds: { basis: bounds.basis, refused: bounds.refused } } : {}),
    provenance,
  };
  await files.write(`${folder}/tensors.safetensors`, writeSafetensors(tensors));
  await files.write(`${folder}/values.onnx`, toOnnx(system.graphs.values));
  const { actionValues, distribution } = system.graphs;
  if (actionValues) await files.write(`${folder}/action-values.onnx`, toOnnx(actionValues));
  if (distribution) await files.write(`${folder}/distribution.onnx`, toOnnx(distribution));
  if (system.graphs.policy) await files.write(`${folder}/policy.onnx`, toOnnx(system.graphs.policy));
  await files.write(`${folder}/model.json`, new TextEncoder().encode(`${JSON.stringify(model, null, 2)}\n`));
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
  const refuse = (field: string, problem: string) => new FormatError(where, field, problem, "infer the model again");
  if (model.version !== version) throw refuse("version", `is ${model.version}, not ${version}`);
  if (!Array.isArray(model.heads) || model.heads.length === 0) throw refuse("heads", "is missing");
  const observationSpace = readSpace(model.observationSpace, () => refuse("observationSpace", "is not a space"));
  const actionSpace = readSpace(model.actionSpace, () => refuse("actionSpace", "is not a space"));
  if (model.environment !== undefined && !registrationOf(model.environment))
    throw new FormatError(
      where,
      "environment",
      `is '${model.environment}', which is not known here`,
      "register it first (registerEnvironment)",
    );
  if (model.environment !== undefined) await prepare(model.environment);
  const environment = model.environment === undefined ? undefined : make(model.environment);
  const physics = environment?.physics;
  if (environment && !environment.coordinates) throw refuse("environment", `'${model.environment}' has no continuous state`);
  const coordinates = given.coordinates ?? environment?.coordinates ?? identityCoordinates(flatBox(observationSpace));
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
  const own = model.reward === undefined ? physics?.rewards.bind(physics) : undefined;
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
    const [centre, scale] = [float64("dynamics/centre"), float64("dynamics/scale")];
    const dynamics: Dynamics =
      kind === "structured"
        ? structuredDynamics(
            settings as unknown as StructuredSettings,
            coordinates,
            actionSpace,
            centre,
            scale,
            float64("dynamics/theta"),
            float64("dynamics/covariance"),
          )
        : networkDynamics(settings as unknown as NetworkSettings, coordinates, actionSpace, centre, scale, networkParameters(tensors));
    const known = tensors["dynamics/spread"] ? withSpread(dynamics, float64("dynamics/spread")) : dynamics;
    const noise = settings.noise as NoiseKind | undefined;
    solver = {
      method: "amortised",
      dynamics: noise
        ? withNoise(known, noiseFeatures(noise, coordinates, actionSpace, centre, scale), float64("dynamics/noise"), centre.length)
        : known,
    };
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
  return isGaussian(definition) ? gaussianModel(definition) : continuousModel(definition);
}

function networkParameters(tensors: Readonly<Record<string, SafetensorsArray>>): NetworkParameters[] {
  const members: Record<string, { shape: readonly number[]; data: Float32Array }>[] = [];
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const found = /^dynamics\/member (\d+)\/(.+)$/.exec(name);
    if (!found || !(data instanceof Float32Array)) continue;
    const member = Number(found[1]);
    members[member] ??= {};
    members[member][found[2]] = { shape, data };
  }
  return members;
}

function writeSpace(space: Space): SpaceFile {
  const number = (x: number) => (Number.isFinite(x) ? x : String(x));
  if (space.kind === "discrete") return space;
  const flat = flatBox(space);
  return { kind: "box", shape: flat.shape, low: Array.from(flat.low, number), high: Array.from(flat.high, number) };
}

function readSpace(space: SpaceFile, refuse: () => FormatError): Space {
  if (space?.kind === "discrete" && Number.isInteger(space.n) && space.n > 0) return space;
  if (space?.kind !== "box" || !Array.isArray(space.low) || !Array.isArray(space.high) || space.low.length !== space.high.length)
    throw refuse();
  return { kind: "box", shape: space.shape, low: Float64Array.from(space.low, Number), high: Float64Array.from(space.high, Number) };
}

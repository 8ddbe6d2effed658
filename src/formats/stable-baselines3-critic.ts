import { deterministicActorCritic, softActorCritic, truncatedQuantileCritics } from "../critics/actor-critic.ts";
import type { Head, NetworkCritic } from "../critics/critic.ts";
import { deepQ, quantileDeepQ, type ValueFunctions } from "../critics/deep-q.ts";
import { applyNetwork, inputSize, type Module, type Network, outputSize } from "../critics/network.ts";
import { networkCritic } from "../critics/network-critic.ts";
import { normalize, type ObservationNormalization } from "../critics/observation-normalization.ts";
import { explorationDeviation, type SquashedGaussian } from "../critics/squashed-gaussian.ts";
import type { Value } from "../engine/index.ts";
import { type Dict, flatDimension, type Space, sortedKeys } from "../spaces/space.ts";
import { boundedActions } from "./bounded-actions.ts";
import type { LayerOrder } from "./chain.ts";
import { FormatError } from "./format-error.ts";
import { ReadTensors } from "./read-tensors.ts";
import type { Role } from "./roles.ts";
import { expectFinite, readSequential } from "./sequential.ts";
import { discountOf, type StableBaselines3Checkpoint } from "./stable-baselines3.ts";
import type { StateDict } from "./tensor.ts";
import { normalizationFor, type VecNormalize } from "./vec-normalize.ts";

export interface CriticOptions {
  /** Bootstrap from the target networks where the file has them. Default true. */
  readonly target?: boolean;
  /** SAC, TQC: the entropy term and the expectation over actions. false: V at the policy's mode. Default true. */
  readonly soft?: boolean;
  /** Quantile critics: one head a quantile, or one for their mean. Default "all". */
  readonly quantiles?: "all" | "mean";
  /** Gymnasium id; overrides what the file says. */
  readonly environment?: string;
  /** γ; overrides what the file says. */
  readonly gamma?: number;
  /** Factor from the environment's reward to the critic's; overrides VecNormalize. */
  readonly rewardScale?: number;
}

/** What a checkpoint says beyond the critic itself. */
export interface CheckpointDetails {
  /** Raw networks by their prefix in the state dict, on what enters them: normalised observations, actions in [−1, 1]. */
  readonly networks: Readonly<Record<string, (input: Value) => Value>>;
  /** Quantiles of one critic; 1 for scalar ones. */
  readonly quantiles: number;
  readonly temperature: number;
  readonly normalization?: ObservationNormalization;
  /** The last entry of the observation is the share of the episode that remains (TimeFeatureWrapper). */
  readonly timeFeature: boolean;
  /** As they lie in the file. */
  readonly tensors: StateDict;
  /** torch.nn class between the layers. */
  readonly activation: string;
  /** Bare tensors: what was said of them when they were read. */
  readonly layerOrder?: LayerOrder;
  readonly roles?: Readonly<Record<string, Role>>;
  /** What was taken for granted, or taken from another file, for people. */
  readonly notes?: readonly string[];
}

export interface CheckpointCritic extends NetworkCritic {
  readonly checkpoint: CheckpointDetails;
}

export interface Surroundings {
  readonly file: string;
  readonly environment?: string;
  readonly vecNormalize?: VecNormalize;
  readonly timeFeature?: boolean;
}

/** A critic out of a Stable-Baselines3 checkpoint and what lay beside it. @throws FormatError */
export function stableBaselines3Critic(
  source: StableBaselines3Checkpoint,
  around: Surroundings,
  options: CriticOptions = {},
): CheckpointCritic {
  const { file } = around;
  const { algorithm, actionSpace } = source;
  const discrete = algorithm === "DQN" || algorithm === "QR-DQN";
  if (discrete !== (actionSpace.kind === "discrete"))
    throw new FormatError(file, "action_space", `does not fit ${algorithm}`, "save the agent again");
  const observationSpace = goalSpace(source.observationSpace, around);
  const normalization = around.vecNormalize && normalizationFor(around.vecNormalize, observationSpace, file);
  const networks = new Map<string, Network>();
  const tensors = new ReadTensors(source.tensors);
  const functions = build({ ...source, tensors }, observationSpace, networks, file, options);
  tensors.expectAllRead(file);
  const prepared = (observation: readonly Value[]) => normalize(observation, normalization);
  const environment = options.environment ?? around.environment;
  const name = `${algorithm.toLowerCase()} ${environment ?? file.slice(file.lastIndexOf("/") + 1)}`;
  const critics = [...networks.keys()].filter((key) => /^critic\.qf\d+$/.test(key)).length || 1;
  const { policy } = functions;
  const critic = networkCritic({
    name,
    algorithm,
    environment,
    observationSpace,
    actionSpace,
    heads: headsOf(critics, options.quantiles === "mean" ? 1 : source.quantiles, {
      critic: name,
      discount: options.gamma === undefined ? source.gamma : discountOf(options.gamma, file),
      rewardScale: options.rewardScale ?? around.vecNormalize?.rewardScale ?? 1,
      rewardOffset: 0,
    }),
    actionValues: (observation, action) => functions.actionValues(prepared(observation), action),
    stateValues: (observation) => functions.stateValues(prepared(observation)),
    policy: policy && ((observation) => policy(prepared(observation))),
  });
  const checkpoint: CheckpointDetails = {
    networks: Object.fromEntries([...networks].map(([key, network]) => [key, (input: Value) => applyNetwork(network, input)])),
    quantiles: source.quantiles,
    temperature: source.temperature,
    normalization,
    timeFeature: around.timeFeature ?? false,
    tensors: source.tensors,
    activation: source.activation,
    notes: around.vecNormalize?.notes,
  };
  return Object.assign(critic, { checkpoint });
}

/** Agents from before Dict observations name the flat space only; the statistics beside them still know its parts. */
export function goalSpace(space: Space, { vecNormalize }: Surroundings): Space {
  const wide = vecNormalize?.observationSpace;
  return space.kind === "box" && wide?.kind === "dict" && "desired_goal" in wide.spaces ? wide : space;
}

function headsOf(critics: number, quantiles: number, shared: Omit<Head, "name">): Head[] {
  const heads: Head[] = [];
  for (let i = 0; i < critics; i++) {
    const critic = critics === 1 ? "Q" : `Q${i + 1}`;
    for (let j = 0; j < quantiles; j++)
      heads.push({ name: quantiles === 1 ? critic : `${critic} quantile ${j + 1}/${quantiles}`, ...shared });
  }
  return heads;
}

function build(
  source: StableBaselines3Checkpoint,
  space: Space,
  networks: Map<string, Network>,
  file: string,
  options: CriticOptions,
): ValueFunctions {
  const { tensors, activation, algorithm, actionSpace, quantiles, temperature, dropPerCritic } = source;
  const { target = true, soft = true } = options;
  const mean = options.quantiles === "mean";
  const read = (prefix: string, last?: string): Network | undefined => {
    const network = readSequential(tensors, prefix, { activation, last }, file);
    if (network) networks.set(prefix, network);
    return network;
  };
  const required = (prefix: string, last?: string): Network => {
    const network = read(prefix, last);
    if (!network) throw new FormatError(file, `'${prefix}'`, "is missing from policy.pth", "save the agent again");
    return network;
  };
  const observed = (network: Network, actions: number, prefix: string) => arranged(network, space, actions, prefix, file);

  if (actionSpace.kind === "discrete") {
    const prefix = algorithm === "DQN" ? "q_net" : "quantile_net";
    const raw = required(`${prefix}.${prefix}`);
    const rawTarget = read(`${prefix}_target.${prefix}`);
    const outputs = actionSpace.n * quantiles;
    for (const network of [raw, rawTarget ?? raw]) {
      if (outputSize(network) !== outputs)
        throw new FormatError(file, `'${prefix}'`, `gives ${outputSize(network)} numbers, not ${outputs}`, "save the agent again");
    }
    const online = observed(raw, 0, prefix);
    const bootstrap = target && rawTarget ? observed(rawTarget, 0, `${prefix}_target`) : online;
    const parts = {
      online: (observation: readonly Value[]) => applyNetwork(online, observation),
      target: (observation: readonly Value[]) => applyNetwork(bootstrap, observation),
      actions: actionSpace.n,
      start: actionSpace.start,
    };
    return algorithm === "DQN" ? deepQ(parts) : quantileDeepQ({ ...parts, quantiles, mean });
  }

  const actions = flatDimension(actionSpace);
  const scale = boundedActions(actionSpace, file, "action_space");
  const family = (name: string): Network[] => {
    const found: Network[] = [];
    for (let i = 0; ; i++) {
      const network = read(`${name}.qf${i}`);
      if (!network) return found;
      if (outputSize(network) !== quantiles)
        throw new FormatError(file, `'${name}.qf${i}'`, `gives ${outputSize(network)} numbers, not ${quantiles}`, "save the agent again");
      found.push(observed(network, actions, `${name}.qf${i}`));
    }
  };
  const critics = family("critic");
  const saved = family("critic_target");
  const targetCritics = target && saved.length > 0 ? saved : critics;
  if (targetCritics.length !== critics.length)
    throw new FormatError(file, "'critic_target'", `has ${saved.length} networks for ${critics.length} critics`, "save the agent again");
  if (algorithm === "TD3" || algorithm === "DDPG") {
    const actor = observed(required("actor.mu", "Tanh"), 0, "actor.mu");
    const rawTarget = read("actor_target.mu", "Tanh");
    return deterministicActorCritic({
      critics,
      targetCritics,
      actor,
      targetActor: target && rawTarget ? observed(rawTarget, 0, "actor_target.mu") : actor,
      scale,
    });
  }
  const actor = stochasticActor(source, actions, required, file);
  const parts = {
    critics,
    targetCritics,
    actor: { ...actor, latent: observed(actor.latent, 0, "actor.latent_pi") },
    scale,
    temperature,
    soft,
  };
  if (algorithm === "SAC") return softActorCritic(parts);
  if (dropPerCritic >= quantiles)
    throw new FormatError(file, "top_quantiles_to_drop_per_net", `is ${dropPerCritic} of ${quantiles} quantiles`, "save the agent again");
  return truncatedQuantileCritics({ ...parts, dropPerCritic, mean });
}

function stochasticActor(
  source: StableBaselines3Checkpoint,
  actions: number,
  required: (prefix: string, last?: string) => Network,
  file: string,
): SquashedGaussian {
  const latent = required("actor.latent_pi", source.activation);
  const features = outputSize(latent);
  const logarithm = source.tensors.get("actor.log_std");
  const expectOutputs = (network: Network, prefix: string) => {
    if (outputSize(network) !== actions || inputSize(network) !== features)
      throw new FormatError(file, `'${prefix}'`, `does not map ${features} features to ${actions} actions`, "save the agent again");
    return network;
  };
  if (!logarithm) {
    return {
      latent,
      actions,
      mean: expectOutputs(required("actor.mu"), "actor.mu"),
      deviation: { kind: "network", logarithm: expectOutputs(required("actor.log_std"), "actor.log_std") },
    };
  }
  expectFinite(logarithm, "actor.log_std", file);
  if (logarithm.shape.length !== 2 || logarithm.shape[0] !== features || (logarithm.shape[1] !== 1 && logarithm.shape[1] !== actions)) {
    throw new FormatError(
      file,
      "'actor.log_std'",
      `has the shape [${logarithm.shape.join(", ")}], not [${features}, ${actions}]`,
      "train without sde_net_arch",
    );
  }
  return {
    latent,
    actions,
    mean: expectOutputs(required("actor.mu"), "actor.mu"),
    deviation: {
      kind: "state-dependent",
      sigma: explorationDeviation(logarithm.data, features, actions, source.useExpln),
      features,
      clipMean: source.clipMean > 0 ? source.clipMean : Infinity,
    },
  };
}

/** Columns of the file's order of keys moved to the sorted order; the action's stay last. */
function sortedColumns(first: Extract<Module, { kind: "linear" }>, space: Dict, order: readonly string[]): Float32Array | Float64Array {
  const from: number[] = [];
  const starts = new Map<string, number>();
  let at = 0;
  for (const key of order) {
    starts.set(key, at);
    at += flatDimension(space.spaces[key]);
  }
  for (const key of sortedKeys(space)) for (let i = 0; i < flatDimension(space.spaces[key]); i++) from.push(starts.get(key)! + i);
  for (let i = at; i < first.inputs; i++) from.push(i);
  return first.weight.map((_, k) => first.weight[k - (k % first.inputs) + from[k % first.inputs]]);
}

/**
 * The network as a function of the flat observation in sorted key order. Agents trained by the first hindsight replay saw
 * [observation, desired_goal]: told by the width of the first layer, whose columns are moved and padded with zeros for achieved_goal.
 */
export function arranged(network: Network, space: Space, actions: number, prefix: string, file: string): Network {
  const enters = inputSize(network);
  const size = flatDimension(space);
  const [first, ...rest] = network;
  if (enters === size + actions) {
    if (space.kind !== "dict" || !space.order) return network;
    if (first.kind !== "linear")
      throw new FormatError(
        file,
        `'${prefix}'`,
        "begins with no linear layer over a Dict whose keys are not sorted",
        "export the critic as ONNX",
      );
    return [{ ...first, weight: sortedColumns(first, space, space.order) }, ...rest];
  }
  if (space.kind === "dict" && first.kind === "linear") {
    const widths = new Map(sortedKeys(space).map((key) => [key, flatDimension(space.spaces[key])]));
    const old = ["observation", "desired_goal"].map((key) => widths.get(key) ?? 0);
    if (widths.has("achieved_goal") && enters === old[0] + old[1] + actions) {
      const weight = new Float32Array(first.outputs * (size + actions));
      const goal = widths.get("achieved_goal")!;
      // new column of each old one: observation, desired_goal, action
      const to = (i: number) => (i < old[0] ? goal + old[1] + i : i < old[0] + old[1] ? goal + i - old[0] : size + i - old[0] - old[1]);
      for (let o = 0; o < first.outputs; o++)
        for (let i = 0; i < enters; i++) weight[o * (size + actions) + to(i)] = first.weight[o * enters + i];
      return [{ ...first, inputs: size + actions, weight }, ...rest];
    }
  }
  throw new FormatError(
    file,
    `'${prefix}'`,
    `takes ${enters} numbers, but observation and action have ${size + actions}`,
    "save the agent again",
  );
}

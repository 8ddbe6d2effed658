import type { StateValueCritic } from "../critics/critic.ts";
import { applyNetwork, inputSize, type Network, outputSize, parameter } from "../critics/network.ts";
import { normalize } from "../critics/observation-normalization.ts";
import type { Moments, PolicyDistribution } from "../critics/policy-distribution.ts";
import { explorationDeviation } from "../critics/squashed-gaussian.ts";
import { stateValueCritic } from "../critics/state-value.ts";
import { add, exp, matmul, mul, pow, sqrt, type Value } from "../engine/index.ts";
import { flatDimension, type Space } from "../spaces/space.ts";
import { FormatError } from "./format-error.ts";
import { ReadTensors } from "./read-tensors.ts";
import { expectFinite, readSequential } from "./sequential.ts";
import { discountOf, type StableBaselines3Checkpoint } from "./stable-baselines3.ts";
import { arranged, type CheckpointDetails, type CriticOptions, goalSpace, type Surroundings } from "./stable-baselines3-critic.ts";
import { normalizationFor } from "./vec-normalize.ts";

/** A critic of PPO, A2C or TRPO, and what its file says besides. */
export type OnPolicyCritic = StateValueCritic & { readonly checkpoint: CheckpointDetails };

/**
 * V = value_net ∘ extractor of the value, π by action_net ∘ extractor of the policy. Older versions put layers that both share before
 * them (`mlp_extractor.shared_net`); an extractor without layers has no parameters.
 * @throws FormatError
 */
export function onPolicyCritic(source: StableBaselines3Checkpoint, around: Surroundings, options: CriticOptions = {}): OnPolicyCritic {
  const { file } = around;
  const { algorithm, actionSpace, activation } = source;
  const tensors = new ReadTensors(source.tensors);
  const observationSpace = goalSpace(source.observationSpace, around);
  const normalization = around.vecNormalize && normalizationFor(around.vecNormalize, observationSpace, file);
  const extractor = (name: string): Network =>
    readSequential(tensors, `mlp_extractor.${name}`, { activation, last: activation }, file) ?? [];
  const head = (name: string): Network => {
    const network = readSequential(tensors, name, { activation }, file);
    if (!network) throw new FormatError(file, `'${name}'`, "is missing from policy.pth", "save the agent again");
    return network;
  };
  const shared = extractor("shared_net");
  const latent = [...shared, ...extractor("policy_net")];
  const value = chained([...shared, ...extractor("value_net"), ...head("value_net")], "value_net", 1, file);
  const outputs = actionSpace.kind === "discrete" ? actionSpace.n : flatDimension(actionSpace);
  const action = chained([...latent, ...head("action_net")], "action_net", outputs, file);
  const observed = (network: Network, name: string) => arranged(network, observationSpace, 0, name, file);
  const [valueAt, actionAt] = [observed(value, "value_net"), observed(action, "action_net")];
  const seen = (observation: readonly Value[]) => normalize(observation, normalization);
  const deviationOf =
    actionSpace.kind === "box"
      ? explorationOf({ ...source, tensors }, latent.length === 0 ? [] : observed(latent, "policy_net"), outputs, file)
      : undefined;
  tensors.expectAllRead(file);
  const policy: PolicyDistribution =
    actionSpace.kind === "discrete"
      ? { kind: "softmax", space: actionSpace, logits: (observation) => applyNetwork(actionAt, seen(observation)) }
      : {
          kind: "gaussian",
          space: boxOf(actionSpace, file),
          moments(observation): Moments {
            const x = seen(observation);
            const mean = applyNetwork(actionAt, x);
            return { mean, deviation: deviationOf!(x, mean) };
          },
        };
  const environment = options.environment ?? around.environment;
  const name = `${algorithm.toLowerCase()} ${environment ?? file.slice(file.lastIndexOf("/") + 1)}`;
  const critic = stateValueCritic({
    name,
    algorithm,
    environment,
    observationSpace,
    actionSpace,
    heads: [
      {
        name: "V",
        critic: name,
        discount: options.gamma === undefined ? source.gamma : discountOf(options.gamma, file),
        rewardScale: options.rewardScale ?? around.vecNormalize?.rewardScale ?? 1,
        rewardOffset: 0,
      },
    ],
    stateValues: (observation) => applyNetwork(valueAt, seen(observation)),
    policy,
  });
  const checkpoint: CheckpointDetails = {
    networks: { value_net: (input) => applyNetwork(value, input), action_net: (input) => applyNetwork(action, input) },
    quantiles: 1,
    temperature: 0,
    normalization,
    timeFeature: around.timeFeature ?? false,
    tensors: source.tensors,
    activation,
    notes: around.vecNormalize?.notes,
  };
  return Object.assign(critic, { checkpoint });
}

function boxOf(space: Space, file: string) {
  if (space.kind !== "box")
    throw new FormatError(file, "action_space", "is a Dict, which is not read", "use a critic with one Discrete or Box action");
  return space;
}

/** Layers of several modules must still fit end to end. */
function chained(network: Network, name: string, outputs: number, file: string): Network {
  let width: number | undefined;
  for (const module of network) {
    if (module.kind === "activation") continue;
    const enters = module.kind === "linear" ? module.inputs : module.size;
    if (width !== undefined && enters !== width)
      throw new FormatError(file, `'${name}'`, `has a layer for ${enters} numbers after one that gives ${width}`, "save the agent again");
    width = module.kind === "linear" ? module.outputs : module.size;
  }
  if (width !== outputs) throw new FormatError(file, `'${name}'`, `gives ${width} numbers, not ${outputs}`, "save the agent again");
  return network;
}

/** σ(s) [N, m] of `log_std`: exp of m numbers everywhere, or gSDE's √(Σ_i h_i² σ_ij² + 1e-6) of the policy's latent features h. */
function explorationOf(
  source: StableBaselines3Checkpoint,
  latent: Network,
  actions: number,
  file: string,
): (observation: readonly Value[], mean: Value) => Value {
  const logarithm = source.tensors.get("log_std");
  if (!logarithm) throw new FormatError(file, "'log_std'", "is missing from policy.pth", "save the agent again");
  expectFinite(logarithm, "log_std", file);
  const { shape, data } = logarithm;
  const refuse = (wanted: string) =>
    new FormatError(file, "'log_std'", `has the shape [${shape.join(", ")}], not ${wanted}`, "train without sde_net_arch");
  if (!source.useSde) {
    if (data.length !== actions) throw refuse(`[${actions}]`);
    return (_observation, mean) => add(mul(mean, 0), exp(parameter(mean.graph, data, [actions])));
  }
  const features = latent.length === 0 ? flatDimension(source.observationSpace) : outputSize(latent);
  if (
    shape.length !== 2 ||
    shape[0] !== features ||
    (shape[1] !== 1 && shape[1] !== actions) ||
    (latent.length > 0 && inputSize(latent) === 0)
  )
    throw refuse(`[${features}, ${actions}]`);
  const variances = explorationDeviation(data, features, actions, source.useExpln).map((x) => x * x);
  return (observation, mean) => {
    const h = latent.length === 0 ? observation[0] : applyNetwork(latent, observation);
    return sqrt(add(matmul(pow(h, 2), parameter(mean.graph, variances, [features, actions])), 1e-6));
  };
}

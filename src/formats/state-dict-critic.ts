import { activations } from "../critics/activations.ts";
import { deterministicActorCritic } from "../critics/actor-critic.ts";
import type { Head } from "../critics/critic.ts";
import { deepQ, quantileDeepQ, type ValueFunctions } from "../critics/deep-q.ts";
import { inputSize, type Network, parameter } from "../critics/network.ts";
import { networkCritic } from "../critics/network-critic.ts";
import { mul, reduceSum, reshape, softmax, type Value } from "../engine/index.ts";
import { box, discrete, type Space } from "../spaces/space.ts";
import { boundedActions } from "./bounded-actions.ts";
import type { LayerOrder } from "./chain.ts";
import { FormatError } from "./format-error.ts";
import { type ContinuousNetworks, type DiscreteNetworks, type ReadNetwork, readNetworks } from "./networks.ts";
import { printable } from "./pickle.ts";
import type { Role } from "./roles.ts";
import { expectFinite } from "./sequential.ts";
import { discountOf } from "./stable-baselines3.ts";
import type { CheckpointCritic, CriticOptions } from "./stable-baselines3-critic.ts";
import type { CheckpointTensor, StateDict } from "./tensor.ts";

/** What tensors alone cannot say: given as options or in NAME.json beside the file. */
export interface StateDictOptions extends CriticOptions {
  /** torch.nn class between the layers. Default "ReLU". */
  readonly activation?: string;
  /** Quantiles an action of a network that gives quantiles × actions numbers. */
  readonly quantileCount?: number;
  /** Part of the tensors under each prefix, where names do not tell it. */
  readonly roles?: Readonly<Record<string, Role>>;
  /** On which side of its activation a normalisation stands. Default "norm-activation", and told. */
  readonly layerOrder?: LayerOrder;
  /** safetensors: names of all tensors in the order in which the layers were made. */
  readonly order?: readonly string[];
  /** Whether the file keeps the order in which layers were made. Default true. */
  readonly ordered?: boolean;
}

/**
 * A critic from bare tensors, its architecture read off the chain of their shapes: one network from observations to the values of all
 * actions (dueling too; a second copy whose name says target is its target), or an actor and one or two critics of (observation, action).
 * Every floating tensor must be a layer's or stand in the list of harmless ones.
 * @throws FormatError where the roles of the networks are not plain, or a tensor is left over
 */
export function stateDictCritic(tensors: StateDict, file: string, options: StateDictOptions): CheckpointCritic {
  const { activation = "ReLU" } = options;
  if (!Object.hasOwn(activations, activation))
    throw new FormatError(
      file,
      "activation",
      `is ${printable(activation)}, which is not read`,
      `use one of ${Object.keys(activations).join(", ")}`,
    );
  const notes: string[] = [];
  const told = (note: string) => {
    if (!notes.includes(note)) notes.push(note);
  };
  if (options.activation === undefined)
    told('bare tensors do not show what stands between layers: ReLU is taken; "activation" in a .json of the same name says otherwise');
  const found = readNetworks(tensors, { ...options, activation, ordered: options.ordered ?? true }, file, told);
  const discount = discountOf(options.gamma, file);
  const name = options.environment ?? file.slice(file.lastIndexOf("/") + 1);
  const parts =
    found.kind === "discrete"
      ? discreteParts(found, options.target === false ? found.online : (found.target ?? found.online), file, options)
      : continuousParts(found, file);
  const heads = parts.heads.map(
    (head): Head => ({
      name: head,
      critic: `${parts.algorithm.toLowerCase()} ${name}`,
      discount,
      rewardScale: options.rewardScale ?? 1,
      rewardOffset: 0,
    }),
  );
  const critic = networkCritic({
    ...parts,
    ...parts.functions,
    heads,
    name: `${parts.algorithm.toLowerCase()} ${name}`,
    environment: options.environment,
  });
  return Object.assign(critic, {
    checkpoint: {
      networks: Object.fromEntries(found.networks.map(({ name: key, apply }) => [key, (input: Value) => apply([input])])),
      quantiles: options.quantileCount ?? 1,
      temperature: 0,
      timeFeature: false,
      tensors,
      activation,
      layerOrder: options.layerOrder,
      roles: options.roles,
      notes,
    },
  });
}

interface Parts {
  readonly algorithm: string;
  readonly heads: readonly string[];
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  readonly functions: ValueFunctions;
}

function discreteParts(found: DiscreteNetworks, target: ReadNetwork, file: string, options: StateDictOptions): Parts {
  const { online, atoms } = found;
  if (atoms) return categoricalParts(online, target, atoms, file);
  const count = options.quantileCount ?? 1;
  const { outputs } = online;
  if (!Number.isInteger(count) || count < 1 || outputs % count !== 0)
    throw new FormatError(
      file,
      "quantileCount",
      `is ${count}, which does not divide the ${outputs} outputs of ${online.name}`,
      "give the number it was trained with",
    );
  const actions = outputs / count;
  const functions = { online: online.apply, target: target.apply, actions, start: 0 };
  const mean = options.quantiles === "mean";
  return {
    algorithm: count === 1 ? "DQN" : "QR-DQN",
    heads: count === 1 || mean ? ["Q"] : Array.from({ length: count }, (_, j) => `Q quantile ${j + 1}/${count}`),
    observationSpace: unbounded(online.inputs),
    actionSpace: discrete(actions),
    functions: count === 1 ? deepQ(functions) : quantileDeepQ({ ...functions, quantiles: count, mean }),
  };
}

/** C51 (Bellemare et al. 2017): Q(s, a) = Σ_j z_j softmax_j(logits[a, j]) over atoms z; one head, their mean. */
function categoricalParts(online: ReadNetwork, target: ReadNetwork, atoms: CheckpointTensor, file: string): Parts {
  const count = atoms.data.length;
  const { outputs } = online;
  expectFinite(atoms, "atoms", file);
  if (count < 2 || outputs % count !== 0)
    throw new FormatError(file, "'atoms'", `has ${count} numbers, which do not divide the ${outputs} outputs`, "save the agent again");
  const actions = outputs / count;
  const means = (network: ReadNetwork) => (observation: readonly Value[]) => {
    const logits = network.apply(observation);
    const table = reshape(logits, [...logits.shape.slice(0, -1), actions, count]);
    const last = table.shape.length - 1;
    return reduceSum(mul(softmax(table, last), parameter(table.graph, atoms.data, [count])), [last]);
  };
  return {
    algorithm: "C51",
    heads: ["Q"],
    observationSpace: unbounded(online.inputs),
    actionSpace: discrete(actions),
    functions: deepQ({ online: means(online), target: means(target), actions, start: 0 }),
  };
}

/** CleanRL saves (actor, critic[, critic]) as a tuple: an actor with action_scale and action_bias, and critics of (observation, action). */
function continuousParts(found: ContinuousNetworks, file: string): Parts {
  const { critics, half, middle } = found;
  const actor: Network = [...found.actor, { kind: "activation", name: "Tanh" }];
  const actionSpace = box(
    Array.from(middle, (m, i) => m - half[i]),
    Array.from(middle, (m, i) => m + half[i]),
  );
  // CleanRL's critics take actions in the environment's units, its actor gives tanh · scale + bias
  const scale = boundedActions(actionSpace, file, "'action_scale'");
  const scaled = { toUnit: (a: Value) => a, fromUnit: scale.fromUnit };
  return {
    algorithm: critics.length === 2 ? "TD3" : "DDPG",
    heads: critics.length === 2 ? ["Q1", "Q2"] : ["Q"],
    observationSpace: unbounded(inputSize(actor)),
    actionSpace,
    functions: deterministicActorCritic({
      critics,
      targetCritics: critics,
      actor,
      targetActor: actor,
      scale: scaled,
      criticActions: scale.fromUnit,
    }),
  };
}

function unbounded(size: number): Space {
  return box(Array(size).fill(-Infinity), Array(size).fill(Infinity));
}

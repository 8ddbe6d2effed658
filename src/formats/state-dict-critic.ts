import { activations } from "../critics/activations.ts";
import { deterministicActorCritic } from "../critics/actor-critic.ts";
import type { Head } from "../critics/critic.ts";
import { deepQ, quantileDeepQ, type ValueFunctions } from "../critics/deep-q.ts";
import { applyNetwork, inputSize, type Module, type Network, outputSize, parameter } from "../critics/network.ts";
import { networkCritic } from "../critics/network-critic.ts";
import { mul, reduceSum, reshape, softmax } from "../engine/index.ts";
import { box, discrete, type Space } from "../spaces/space.ts";
import { boundedActions } from "./bounded-actions.ts";
import { FormatError } from "./format-error.ts";
import { printable } from "./pickle.ts";
import { expectFinite, readSequential } from "./sequential.ts";
import { discountOf } from "./stable-baselines3.ts";
import type { CheckpointCritic, CriticOptions } from "./stable-baselines3-critic.ts";
import type { StateDict, Tensor } from "./tensor.ts";

/** What tensors alone cannot say: given as options or in NAME.json beside the file. */
export interface StateDictOptions extends CriticOptions {
  /** torch.nn class between the layers. Default "ReLU". */
  readonly activation?: string;
  /** Quantiles an action of a network that gives quantiles × actions numbers. */
  readonly quantileCount?: number;
}

const tell = "say its parts in a .json of the same name, or save it from Stable-Baselines3";

/**
 * A critic from bare tensors, its architecture read off their shapes: one network from observations to the values of all actions (a
 * second copy whose name says target is its target), or CleanRL's actor and one or two critics of (observation, action).
 * @throws FormatError where the roles of the networks are not plain
 */
export function stateDictCritic(tensors: StateDict, file: string, options: StateDictOptions): CheckpointCritic {
  const { activation = "ReLU" } = options;
  if (!(activation in activations))
    throw new FormatError(
      file,
      "activation",
      `is ${printable(activation)}, which is not read`,
      `use one of ${Object.keys(activations).join(", ")}`,
    );
  const networks = new Map<string, Network>();
  for (const prefix of prefixesOf(tensors)) networks.set(prefix, networkOf(tensors, prefix, activation, file));
  const names = [...networks.keys()];
  const discount = discountOf(options.gamma, file);
  const targets = names.filter((name) => name.includes("target"));
  const online = names.filter((name) => !name.includes("target"));
  const name = options.environment ?? file.slice(file.lastIndexOf("/") + 1);
  const parts =
    online.length === 1 && targets.length <= 1
      ? discreteParts(tensors, networks, online[0], options.target === false ? undefined : targets[0], file, options)
      : targets.length === 0
        ? continuousParts(tensors, networks, file)
        : undefined;
  if (!parts) throw new FormatError(file, "the state dict", `holds ${describe(names)}, whose roles are not plain`, tell);
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
      networks: Object.fromEntries(
        [...networks].map(([key, network]) => [key, (input: Parameters<typeof applyNetwork>[1]) => applyNetwork(network, input)]),
      ),
      quantiles: options.quantileCount ?? 1,
      temperature: 0,
      timeFeature: false,
      tensors,
      activation,
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

function discreteParts(
  tensors: StateDict,
  networks: Map<string, Network>,
  name: string,
  targetName: string | undefined,
  file: string,
  options: StateDictOptions,
): Parts {
  const online = networks.get(name)!;
  const target = targetName === undefined ? online : networks.get(targetName)!;
  const count = options.quantileCount ?? 1;
  const outputs = outputSize(online);
  const atoms = tensors.get(join(name.slice(0, Math.max(0, name.lastIndexOf("."))), "atoms"));
  if (atoms) return categoricalParts(online, target, atoms, file);
  if (!Number.isInteger(count) || count < 1 || outputs % count !== 0)
    throw new FormatError(
      file,
      "quantileCount",
      `is ${count}, which does not divide the ${outputs} outputs of ${name}`,
      "give the number it was trained with",
    );
  if (inputSize(target) !== inputSize(online) || outputSize(target) !== outputs)
    throw new FormatError(file, `'${targetName}'`, `does not have the shape of '${name}'`, "save the agent again");
  const actions = outputs / count;
  const functions = {
    online: (o: Parameters<ValueFunctions["stateValues"]>[0]) => applyNetwork(online, o),
    target: (o: Parameters<ValueFunctions["stateValues"]>[0]) => applyNetwork(target, o),
    actions,
    start: 0,
  };
  const mean = options.quantiles === "mean";
  return {
    algorithm: count === 1 ? "DQN" : "QR-DQN",
    heads: count === 1 || mean ? ["Q"] : Array.from({ length: count }, (_, j) => `Q quantile ${j + 1}/${count}`),
    observationSpace: unbounded(inputSize(online)),
    actionSpace: discrete(actions),
    functions: count === 1 ? deepQ(functions) : quantileDeepQ({ ...functions, quantiles: count, mean }),
  };
}

/** C51 (Bellemare et al. 2017): Q(s, a) = Σ_j z_j softmax_j(logits[a, j]) over atoms z; one head, their mean. */
function categoricalParts(online: Network, target: Network, atoms: Tensor, file: string): Parts {
  const count = atoms.data.length;
  const outputs = outputSize(online);
  expectFinite(atoms, "atoms", file);
  if (count < 2 || outputs % count !== 0 || outputSize(target) !== outputs || inputSize(target) !== inputSize(online))
    throw new FormatError(file, "'atoms'", `has ${count} numbers, which do not divide the ${outputs} outputs`, tell);
  const actions = outputs / count;
  const means = (network: Network) => (observation: Parameters<ValueFunctions["stateValues"]>[0]) => {
    const logits = applyNetwork(network, observation);
    const table = reshape(logits, [...logits.shape.slice(0, -1), actions, count]);
    const last = table.shape.length - 1;
    return reduceSum(mul(softmax(table, last), parameter(table.graph, atoms.data, [count])), [last]);
  };
  return {
    algorithm: "C51",
    heads: ["Q"],
    observationSpace: unbounded(inputSize(online)),
    actionSpace: discrete(actions),
    functions: deepQ({ online: means(online), target: means(target), actions, start: 0 }),
  };
}

/** CleanRL saves (actor, critic[, critic]) as a tuple: fc1, fc2, fc_mu with action_scale and action_bias, and fc1, fc2, fc3. */
function continuousParts(tensors: StateDict, networks: Map<string, Network>, file: string): Parts | undefined {
  const names = [...networks.keys()];
  const actorName = names.find((name) => tensors.has(join(name, "fc_mu.weight")));
  const critics = names.filter((name) => name !== actorName).map((name) => networks.get(name)!);
  if (actorName === undefined || critics.length === 0 || critics.length > 2) return undefined;
  const actor: Network = [...networks.get(actorName)!, { kind: "activation", name: "Tanh" }];
  const observation = inputSize(actor);
  const actions = outputSize(actor);
  if (!critics.every((critic) => outputSize(critic) === 1 && inputSize(critic) === observation + actions)) return undefined;
  const bound = (key: string): Tensor["data"] => {
    const tensor = tensors.get(join(actorName, key));
    if (!tensor || (tensor.data.length !== 1 && tensor.data.length !== actions))
      throw new FormatError(file, `'${key}'`, "is missing or does not fit the actions", tell);
    return tensor.data.length === actions ? tensor.data : new Float64Array(actions).fill(tensor.data[0]);
  };
  const [half, middle] = [bound("action_scale"), bound("action_bias")];
  const actionSpace = box(
    Array.from(middle, (m, i) => m - half[i]),
    Array.from(middle, (m, i) => m + half[i]),
  );
  // CleanRL's critics take actions in the environment's units, its actor gives tanh · scale + bias
  const scale = boundedActions(actionSpace, file, "'action_scale'");
  const scaled = { toUnit: (a: Parameters<typeof scale.toUnit>[0]) => a, fromUnit: scale.fromUnit };
  return {
    algorithm: critics.length === 2 ? "TD3" : "DDPG",
    heads: critics.length === 2 ? ["Q1", "Q2"] : ["Q"],
    observationSpace: unbounded(observation),
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

/** What stands before `.INDEX.weight` or `.fcINDEX.weight`, in order of appearance. */
function prefixesOf(tensors: StateDict): string[] {
  const prefixes = new Set<string>();
  for (const key of tensors.keys()) {
    const match = /^(?:(.*)\.)?(?:\d+|fc\w*)\.(?:weight|bias)$/.exec(key);
    if (match) prefixes.add(match[1] ?? "");
  }
  return [...prefixes];
}

function networkOf(tensors: StateDict, prefix: string, activation: string, file: string): Network {
  const named = [...tensors.keys()].filter((key) => key.startsWith(join(prefix, "fc")) && key.endsWith(".weight"));
  if (named.length === 0) {
    const network = readSequential(tensors, prefix, { activation }, file);
    if (network) return network;
    throw new FormatError(file, `'${printable(prefix)}'`, "is not a sequence of layers", tell);
  }
  const numbered = new Map<string, Tensor>();
  named.forEach((key, i) => {
    for (const part of ["weight", "bias"]) {
      const tensor = tensors.get(`${key.slice(0, -"weight".length)}${part}`);
      if (tensor) numbered.set(`fc.${2 * i}.${part}`, tensor);
    }
  });
  const network: readonly Module[] | undefined = readSequential(numbered, "fc", { activation }, file);
  return network!;
}

function join(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}.${name}`;
}

function describe(names: readonly string[]): string {
  if (names.length === 0) return "no networks";
  const shown = names.slice(0, 4).map((name) => `'${printable(name)}'`);
  return `the networks ${shown.join(", ")}${names.length > 4 ? ", …" : ""}`;
}

function unbounded(size: number): Space {
  return box(Array(size).fill(-Infinity), Array(size).fill(Infinity));
}

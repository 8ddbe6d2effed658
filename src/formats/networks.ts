import type { ObservationFunction } from "../critics/deep-q.ts";
import { applyNetwork, inputSize, type Network, outputSize } from "../critics/network.ts";
import { add, reduceMean, sub, type Value } from "../engine/index.ts";
import { type ChainOptions, chainOf, type Told } from "./chain.ts";
import { FormatError } from "./format-error.ts";
import { explain, type Layer, layersOf } from "./layers.ts";
import { printable } from "./pickle.ts";
import { policiesAlone, type Role, roleOf } from "./roles.ts";
import type { CheckpointTensor, StateDict } from "./tensor.ts";

/** A function from observations to numbers, found in a state dict. */
export interface ReadNetwork {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly apply: ObservationFunction;
}

export interface DiscreteNetworks {
  readonly kind: "discrete";
  readonly networks: readonly ReadNetwork[];
  readonly online: ReadNetwork;
  readonly target?: ReadNetwork;
  /** C51: where its distribution lies. */
  readonly atoms?: CheckpointTensor;
}

export interface ContinuousNetworks {
  readonly kind: "continuous";
  readonly networks: readonly ReadNetwork[];
  readonly actor: Network;
  readonly critics: readonly Network[];
  /** [m] half of the width of each action's range, and its middle. */
  readonly half: ArrayLike<number>;
  readonly middle: ArrayLike<number>;
}

export interface NetworkOptions extends ChainOptions {
  readonly roles?: Readonly<Record<string, Role>>;
}

interface Named {
  readonly layer: Layer;
  readonly role: Role;
}

export const sayRoles =
  'say {"roles": {"PREFIX": "online"}} (or target, actor, critic, value, advantage, ignored) in a .json of the same name, or export the critic as ONNX';

/** Names of the buffers that a critic's own rule needs besides its layers. */
const atomNames = new Set(["atoms", "support", "supports"]);
const actionNames = new Set(["action_scale", "action_bias"]);

/**
 * The networks of a state dict and their parts. No floating tensor is left over.
 * @throws FormatError
 */
export function readNetworks(tensors: StateDict, options: NetworkOptions, file: string, told: Told): DiscreteNetworks | ContinuousNetworks {
  for (const name of tensors.keys()) {
    const alone = options.roles === undefined ? policiesAlone.find(({ pattern }) => pattern.test(name)) : undefined;
    if (alone)
      throw new FormatError(file, "the state dict", `is ${alone.what}`, "give the zip that model.save wrote, which says γ and spaces too");
  }
  const kept = new Map([...tensors].filter(([name]) => given(name, options) !== "ignored"));
  for (const prefix of Object.keys(options.roles ?? {}))
    if (![...tensors.keys()].some((name) => under(name, prefix)))
      throw new FormatError(file, `roles['${printable(prefix)}']`, "is the prefix of no tensor", "correct it or leave it out");
  const { layers, rest } = layersOf(kept, file);
  const named = layers.map((layer): Named => ({ layer, role: given(layer.path, options) ?? roleOf(layer.path) }));
  const target = named.filter(({ role }) => role === "target").map(({ layer }) => layer);
  const online = named.filter(({ role }) => role !== "target");
  const last = (name: string) => name.slice(name.lastIndexOf(".") + 1);
  const found = continuous(online, kept, options, file, told) ?? discrete(online, target, kept, options, file, told);
  const used = found.kind === "continuous" ? actionNames : found.atoms ? atomNames : new Set<string>();
  const left = rest.find((name) => !used.has(last(name)));
  if (left !== undefined) throw new FormatError(file, `'${printable(left)}'`, "is a tensor that no layer uses", explain);
  if (found.kind === "continuous" && target.length > 0)
    throw new FormatError(
      file,
      `'${printable(target[0].path)}'`,
      "belongs to a target network beside an actor, which is not read",
      explain,
    );
  return found;
}

function under(name: string, prefix: string): boolean {
  return prefix === "" || name === prefix || name.startsWith(`${prefix}.`);
}

/** The role that the options give, by the longest prefix. */
function given(name: string, { roles }: NetworkOptions): Role | undefined {
  let best: string | undefined;
  for (const prefix of Object.keys(roles ?? {}))
    if (under(name, prefix) && (best === undefined || prefix.length > best.length)) best = prefix;
  return best === undefined ? undefined : roles?.[best];
}

function discrete(
  named: readonly Named[],
  targets: readonly Layer[],
  tensors: StateDict,
  options: NetworkOptions,
  file: string,
  told: Told,
): DiscreteNetworks {
  const layers = named.map(({ layer }) => layer);
  if (layers.length === 0) throw new FormatError(file, "the state dict", "holds no networks", "give the state dict of a critic, or ONNX");
  const copies = copiesIn(layers);
  const online = copies ? undefined : qNetwork(named, options, file, told);
  if (!online) throw unclear(named, copies, file);
  if (named.every(({ role }) => role === "actor") || named[named.length - 1].role === "actor")
    throw new FormatError(
      file,
      "the state dict",
      "is a policy alone, and a policy has no values",
      "give the critic that was trained with it",
    );
  if (online.outputs === 1)
    throw new FormatError(
      file,
      `'${printable(online.name)}'`,
      `gives a single number, a state value V(s) or a pair's Q(s, a) of ${online.inputs} numbers, and the actions are not said`,
      "save the actor (with action_scale and action_bias) and the critics as a tuple of state dicts, or export a module of (observation, action) with the outputs action_values and state_values as ONNX",
    );
  let target: ReadNetwork | undefined;
  if (targets.length > 0) {
    target = qNetwork(
      targets.map((layer) => ({ layer, role: branchOf(layer.path, options) })),
      options,
      file,
      told,
    );
    if (!target || target.inputs !== online.inputs || target.outputs !== online.outputs)
      throw new FormatError(
        file,
        `'${printable(target?.name ?? targets[0].path)}'`,
        `does not have the shape of '${printable(online.name)}'`,
        sayRoles,
      );
  }
  const atoms = [...tensors].find(([name]) => atomNames.has(name.slice(name.lastIndexOf(".") + 1)))?.[1];
  return { kind: "discrete", networks: target ? [online, target] : [online], online, target, atoms };
}

/** Value or advantage: the role of a target's layer besides its being a target's. */
function branchOf(path: string, options: NetworkOptions): Role {
  const role = given(path, options);
  if (role !== undefined && role !== "target") return role;
  return roleOf(path.replace(/[a-z]*targ(et)?|tgt|old|next|lagged|ema|slow/gi, ""));
}

/** One network of all these layers: a chain, or a trunk with a value and an advantage on it (Wang et al. 2016: Q = V + A − mean A). */
function qNetwork(named: readonly Named[], options: NetworkOptions, file: string, told: Told): ReadNetwork | undefined {
  const of = (role: Role) => named.filter((entry) => entry.role === role).map(({ layer }) => layer);
  const [values, advantages] = [of("value"), of("advantage")];
  const layers = named.map(({ layer }) => layer);
  const name = prefixOf(layers);
  if (values.length === 0 || advantages.length === 0) {
    const network = chainOf(layers, options, file, told);
    if (!network) return undefined;
    return { name, inputs: inputSize(network), outputs: outputSize(network), apply: (o) => applyNetwork(network, o) };
  }
  const trunkLayers = named.filter(({ role }) => role !== "value" && role !== "advantage").map(({ layer }) => layer);
  const trunk = trunkLayers.length === 0 ? [] : chainOf(trunkLayers, { ...options, open: true }, file, told);
  if (!trunk) return undefined;
  const inputs = trunk.length > 0 ? outputSize(trunk) : undefined;
  const [value, advantage] = [values, advantages].map((branch) => chainOf(branch, options, file, told, inputs));
  if (!value || !advantage || outputSize(value) !== 1 || outputSize(advantage) < 2 || inputSize(value) !== inputSize(advantage))
    return undefined;
  told("a value and an advantage beside each other are read as a dueling network, Q = V + A − mean A");
  const features: Network = trunk.length === 0 ? [] : [...trunk, { kind: "activation", name: options.activation }];
  return {
    name,
    inputs: inputSize(trunk.length > 0 ? trunk : value),
    outputs: outputSize(advantage),
    apply(observation) {
      const x: readonly Value[] = features.length === 0 ? observation : [applyNetwork(features, observation)];
      const a = applyNetwork(advantage, x);
      return add(sub(a, reduceMean(a, [a.shape.length - 1], true)), applyNetwork(value, x));
    },
  };
}

/** An actor whose actions have a scale, and one or two critics of (observation, action). */
function continuous(
  named: readonly Named[],
  tensors: StateDict,
  options: NetworkOptions,
  file: string,
  told: Told,
): ContinuousNetworks | undefined {
  const groups = groupsOf(named.map(({ layer }) => layer));
  const roleIn = (layers: readonly Layer[]) =>
    layers.some((layer) => named.find((entry) => entry.layer === layer)?.role === "actor") ? "actor" : "critic";
  const actors = groups.filter((group) => roleIn(group.layers) === "actor");
  const others = groups.filter((group) => roleIn(group.layers) === "critic");
  const scaleName = [...tensors.keys()].find((name) => name.endsWith("action_scale"));
  if (actors.length !== 1 || others.length === 0 || others.length > 2 || scaleName === undefined) return undefined;
  const actor = chainOf(actors[0].layers, options, file, told);
  const critics = others.map((group) => chainOf(group.layers, options, file, told));
  if (!actor) return undefined;
  const [observation, actions] = [inputSize(actor), outputSize(actor)];
  const fit = critics.filter((critic): critic is Network => critic !== undefined);
  if (fit.length !== others.length || !fit.every((critic) => outputSize(critic) === 1 && inputSize(critic) === observation + actions))
    return undefined;
  const prefix = scaleName.slice(0, -"action_scale".length);
  const bound = (key: string): CheckpointTensor["data"] => {
    const tensor = tensors.get(`${prefix}${key}`);
    if (!tensor || (tensor.data.length !== 1 && tensor.data.length !== actions))
      throw new FormatError(
        file,
        `'${key}'`,
        "is missing or does not fit the actions",
        "save the actor with its action_scale and action_bias",
      );
    return tensor.data.length === actions ? tensor.data : new Float64Array(actions).fill(tensor.data[0]);
  };
  return {
    kind: "continuous",
    networks: [actors[0], ...others].map((group, i) => {
      const network = [actor, ...fit][i];
      return { name: group.name, inputs: inputSize(network), outputs: outputSize(network), apply: (o) => applyNetwork(network, o) };
    }),
    actor,
    critics: fit,
    half: bound("action_scale"),
    middle: bound("action_bias"),
  };
}

interface Group {
  readonly name: string;
  readonly layers: readonly Layer[];
}

/** Layers by the first part of their names in which they differ. */
function groupsOf(layers: readonly Layer[]): Group[] {
  const prefix = prefixOf(layers);
  const out = new Map<string, Layer[]>();
  for (const layer of layers) {
    const [key] = layer.path.slice(prefix === "" ? 0 : prefix.length + 1).split(".", 1);
    const name = prefix === "" ? key : `${prefix}.${key}`;
    out.set(name, [...(out.get(name) ?? []), layer]);
  }
  return [...out].map(([name, group]) => ({ name, layers: group }));
}

/** The longest common prefix of whole parts; of one layer what stands before its last part. */
function prefixOf(layers: readonly Layer[]): string {
  const parts = layers.map((layer) => layer.path.split("."));
  let length = Math.min(...parts.map((path) => path.length - 1));
  while (length > 0 && !parts.every((path) => path.slice(0, length).join(".") === parts[0].slice(0, length).join("."))) length--;
  return parts[0]?.slice(0, Math.max(0, length)).join(".") ?? "";
}

/** Two groups of several layers each, of one structure: copies of one network, of which the names do not tell which is which. */
function copiesIn(layers: readonly Layer[]): readonly [Group, Group] | undefined {
  const shape = ({ name, layers: inner }: Group) =>
    inner
      .map(
        (layer) =>
          `${layer.path.slice(name.length)} ${layer.kind === "linear" ? `${layer.module.inputs} ${layer.module.outputs}` : layer.size}`,
      )
      .join(";");
  const groups = groupsOf(layers).filter((group) => group.layers.filter((layer) => layer.kind === "linear").length > 1);
  for (let i = 0; i < groups.length; i++)
    for (let j = i + 1; j < groups.length; j++) if (shape(groups[i]) === shape(groups[j])) return [groups[i], groups[j]];
  return undefined;
}

function unclear(named: readonly Named[], copies: readonly [Group, Group] | undefined, file: string): FormatError {
  const show = (layer: Layer) =>
    `${printable(layer.path)} ${layer.kind === "linear" ? `${layer.module.inputs}→${layer.module.outputs}` : `of ${layer.size}`}`;
  if (copies)
    return new FormatError(
      file,
      "the state dict",
      `holds '${printable(copies[0].name)}' and '${printable(copies[1].name)}' of one shape, and either could be the network that acts`,
      sayRoles,
    );
  const layers = named.map(({ layer }) => show(layer));
  const shown = layers.length > 8 ? `${layers.slice(0, 8).join(", ")}, …` : layers.join(", ");
  return new FormatError(file, "the state dict", `holds layers that are no one network (${shown})`, sayRoles);
}

import { activations } from "../critics/activations.ts";
import { type CoordinateEncoding, encodeCoordinates } from "../critics/coordinate-values.ts";
import { add, compile, concat, Graph, linear, mul, type Session, slice, type Value } from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";
import type { DynamicsFile, DynamicsOf, Tensors } from "./dynamics-of.ts";
import { featureGraph } from "./feature-graph.ts";
import { createFeatures } from "./features.ts";
import { type Integrator, integrators } from "./structure.ts";

/** Rows of a batch that are computed together, by one thread: more fall out of the cache, and more threads wait for each other on a busy machine. */
const CHUNK = 2048;

export interface NetworkSettings {
  /** Widths of the hidden layers. */
  readonly hidden: readonly number[];
  readonly integrator: Integrator;
  /** As in `activations`; "Tanh" where absent. */
  readonly activation?: string;
  /** What the network sees of the coordinates, and the units of its answer; where absent the features "linear" and the spread of the states. */
  readonly encoding?: EncodingNumbers;
}

/** A `CoordinateEncoding` as JSON holds it. */
export type EncodingNumbers = { readonly [Key in keyof CoordinateEncoding]: readonly number[] };

/** What enters the network beside the coordinates themselves: the features "linear", or with an encoding the actions alone. */
export function networkFeatures(
  { encoding }: NetworkSettings,
  ...[coordinates, actionSpace, centre, scale]: [Coordinates, Space, Float64Array, Float64Array]
): { readonly names: readonly string[]; matrix(states: Float64Array, actions: Float64Array, n: number): Float64Array } {
  if (!encoding) return createFeatures("linear", coordinates, actionSpace, centre, scale);
  if (actionSpace.kind !== "box")
    throw new TypeError(`a network with an encoding takes actions of a Box, not of a ${actionSpace.kind} space`);
  const { low, high } = actionSpace;
  const m = low.length;
  return {
    names: Array.from(low, (_, j) => `action ${j}`),
    matrix: (_states, actions) => actions.map((a, i) => (2 * a - high[i % m] - low[i % m]) / (high[i % m] - low[i % m])),
  };
}

/** One member of an ensemble: "weight i" [out, in], "bias i" [out], and "clock" [1] where positions follow their rates: τ in units of (spread of positions) / (spread of rates). */
export type NetworkParameters = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;

/**
 * Append f(s, a) = scale · network(φ(s, a)), positions integrated from their rates as in `Integrator`.
 * @param states [N, d] @param phi `networkFeatures` [N, features] @returns [N, d]
 */
export function networkChange(
  { hidden, integrator, activation = "Tanh", encoding }: NetworkSettings,
  { rateOf }: Coordinates,
  spread: Float64Array,
  states: Value,
  phi: Value,
  parameters: Readonly<Record<string, Value>>,
): Value {
  const { graph } = states;
  const seen = encoding && encodingOf(encoding);
  const scale = seen?.scale ?? spread;
  let layer = seen ? concat([encodeCoordinates(seen, states), phi], 1) : phi;
  for (let i = 0; i <= hidden.length; i++) {
    layer = linear(layer, parameters[`weight ${i}`], parameters[`bias ${i}`]);
    if (i < hidden.length) layer = activations[activation](layer);
  }
  const free = mul(layer, graph.constant(scale, [1, scale.length]));
  if (integrator === "free") return free;
  const column = (value: Value, i: number) => slice(value, i, i + 1, 1);
  return concat(
    rateOf.map((rate, i) => {
      if (rate === null) return column(free, i);
      const speed = integrator === "explicit" ? column(states, rate) : add(column(states, rate), column(free, rate));
      return mul(mul(speed, scale[i] / scale[rate]), parameters.clock);
    }),
    1,
  );
}

function encodingOf(numbers: EncodingNumbers): CoordinateEncoding {
  const array = (key: keyof CoordinateEncoding) => Float64Array.from(numbers[key]);
  return { centre: array("centre"), scale: array("scale"), gains: array("gains"), weights: array("weights"), phases: array("phases") };
}

export type NetworkDynamics = DynamicsOf<"network", NetworkSettings>;

export function networkDynamics(
  settings: NetworkSettings,
  coordinates: Coordinates,
  actionSpace: Space,
  centre: Float64Array,
  scale: Float64Array,
  members: readonly NetworkParameters[],
): NetworkDynamics {
  const d = coordinates.names.length;
  const features = networkFeatures(settings, coordinates, actionSpace, centre, scale);
  let session: Promise<Session> | undefined;
  const memberChanges = (states: Value, phi: Value) =>
    members.map((parameters) => {
      const held = Object.entries(parameters).map(([name, { shape, data }]) => [name, states.graph.constant(data, shape)] as const);
      return networkChange(settings, coordinates, scale, states, phi, Object.fromEntries(held));
    });
  const compiled = () => {
    const graph = new Graph();
    const states = graph.input("states", ["N", d]);
    const phi = graph.input("phi", ["N", features.names.length]);
    graph.output("changes", concat(memberChanges(states, phi), 1));
    return compile(graph, { chunk: CHUNK, threads: 1 });
  };
  /** Each member's f(s, a): [n, members, d]. */
  const changesOf = async (states: Float64Array, actions: Float64Array, n: number) => {
    session ??= compiled();
    return (await (await session).run({ states, phi: features.matrix(states, actions, n) })).changes.data as Float32Array;
  };
  const size = members.length;
  const mean = (changes: Float32Array, n: number) => {
    const out = new Float64Array(n * d);
    for (let i = 0; i < changes.length; i++) out[Math.floor(i / (size * d)) * d + (i % d)] += changes[i] / size;
    return out;
  };
  return {
    kind: "network",
    settings: { ...settings },
    tensors: {
      ...Object.fromEntries(
        members.flatMap((member, i) => Object.entries(member).map(([name, tensor]) => [`member ${i}/${name}`, tensor])),
      ),
      centre: { shape: [d], data: centre },
      scale: { shape: [d], data: scale },
    },
    async change(states, actions, n) {
      return mean(await changesOf(states, actions, n), n);
    },
    async deviation(states, actions, n) {
      const changes = await changesOf(states, actions, n);
      const centreOf = mean(changes, n);
      const out = new Float64Array(n * d);
      for (let i = 0; i < changes.length; i++) {
        const at = Math.floor(i / (size * d)) * d + (i % d);
        out[at] += (changes[i] - centreOf[at]) ** 2 / (size - 1 || 1);
      }
      return out.map(Math.sqrt);
    },
    graph(states, actions) {
      const all = featureGraph("linear", coordinates, actionSpace, centre, scale, states, actions);
      const [width, m] = [all.shape[1] as number, actions.shape[1] as number];
      // with an encoding of its own a network takes the actions alone, which stand last
      const phi = settings.encoding ? slice(all, width - m, width, 1) : all;
      const total = memberChanges(states, phi).reduce((a, b) => add(a, b));
      return add(states, mul(total, 1 / size));
    },
    async release() {
      await (await session)?.release();
      session = undefined;
    },
    describe() {
      const parameters = Object.values(members[0]).reduce((sum, { data }) => sum + data.length, 0);
      return { network: settings.hidden, integrator: settings.integrator, members: size, parameters };
    },
  };
}

/** The same from a file. */
export function readNetwork(
  { settings, tensors, float64, refuse }: DynamicsFile,
  coordinates: Coordinates,
  actionSpace: Space,
): NetworkDynamics {
  const { hidden, activation, encoding } = settings;
  const integrator = integrators.find((name) => name === settings.integrator);
  if (!integrator)
    throw refuse("dynamics.settings.integrator", `is ${JSON.stringify(settings.integrator)}, not one of ${integrators.join(", ")}`);
  if (!Array.isArray(hidden) || !hidden.every(Number.isInteger)) throw refuse("dynamics.settings.hidden", "is not a list of widths");
  if (activation !== undefined && !(typeof activation === "string" && Object.hasOwn(activations, activation)))
    throw refuse("dynamics.settings.activation", `is ${JSON.stringify(activation)}, which is unknown`);
  if (encoding !== undefined && (typeof encoding !== "object" || encoding === null))
    throw refuse("dynamics.settings.encoding", "is not an object");
  const read: NetworkSettings = {
    hidden: hidden as readonly number[],
    integrator,
    ...(activation === undefined ? {} : { activation }),
    ...(encoding === undefined ? {} : { encoding: encoding as EncodingNumbers }),
  };
  return networkDynamics(read, coordinates, actionSpace, float64("centre"), float64("scale"), membersOf(tensors));
}

function membersOf(tensors: Tensors): NetworkParameters[] {
  const members: Record<string, { shape: readonly number[]; data: Float32Array }>[] = [];
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const found = /^member (\d+)\/(.+)$/.exec(name);
    if (!found || !(data instanceof Float32Array)) continue;
    const member = Number(found[1]);
    members[member] ??= {};
    members[member][found[2]] = { shape, data };
  }
  return members;
}

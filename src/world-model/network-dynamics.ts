import { add, compile, concat, Graph, linear, mul, type Session, slice, tanh, type Value } from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";
import type { Dynamics } from "./dynamics.ts";
import { createFeatures } from "./features.ts";
import type { Integrator } from "./structure.ts";

export interface NetworkSettings {
  /** Widths of the tanh layers. */
  readonly hidden: readonly number[];
  readonly integrator: Integrator;
}

/** One member of an ensemble: "weight i" [out, in], "bias i" [out], and "clock" [1] where positions follow their rates: τ in units of (spread of positions) / (spread of rates). */
export type NetworkParameters = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;

/**
 * Append f(s, a) = scale · network(φ(s, a)), positions integrated from their rates as in `Integrator`.
 * @param states [N, d] @param phi [N, features] @returns [N, d]
 */
export function networkChange(
  { hidden, integrator }: NetworkSettings,
  { rateOf }: Coordinates,
  scale: Float64Array,
  states: Value,
  phi: Value,
  parameters: Readonly<Record<string, Value>>,
): Value {
  const { graph } = states;
  let layer = phi;
  for (let i = 0; i <= hidden.length; i++) {
    layer = linear(layer, parameters[`weight ${i}`], parameters[`bias ${i}`]);
    if (i < hidden.length) layer = tanh(layer);
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

export function networkDynamics(
  settings: NetworkSettings,
  coordinates: Coordinates,
  actionSpace: Space,
  centre: Float64Array,
  scale: Float64Array,
  members: readonly NetworkParameters[],
): Dynamics {
  const d = coordinates.names.length;
  const features = createFeatures("linear", coordinates, actionSpace, centre, scale);
  let session: Promise<Session> | undefined;
  const compiled = () => {
    const graph = new Graph();
    const states = graph.input("states", ["N", d]);
    const phi = graph.input("phi", ["N", features.names.length]);
    const changes = members.map((parameters) => {
      const held = Object.fromEntries(Object.entries(parameters).map(([name, { shape, data }]) => [name, graph.constant(data, shape)]));
      return networkChange(settings, coordinates, scale, states, phi, held);
    });
    graph.output("changes", concat(changes, 1));
    return compile(graph);
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
    describe() {
      const parameters = Object.values(members[0]).reduce((sum, { data }) => sum + data.length, 0);
      return { network: settings.hidden, integrator: settings.integrator, members: size, parameters };
    },
  };
}

import {
  add,
  cast,
  clip,
  concat,
  cos,
  floor,
  Graph,
  greaterOrEqual,
  jacobian,
  lessOrEqual,
  matmul,
  max,
  min,
  mul,
  oneHot,
  reduceSum,
  sin,
  slice,
  sub,
  type Value,
  where,
} from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";
import type { ContactMap } from "./contact.ts";
import type { ContinuousDefinition } from "./definition.ts";
import type { StructuredSettings } from "./dynamics.ts";
import { boundedPositions, CHEBYSHEV_DEGREE, createFeatures, type FeatureKind, products } from "./features.ts";
import { type NetworkParameters, type NetworkSettings, networkChange } from "./network-dynamics.ts";
import { createStructure } from "./structure.ts";

/**
 * One step of an amortised model as a graph: "states" [N, d], "actions" [N, m] → "next_states" [N, d], what `predict` answers
 * (and "jacobian" [d, N, d], ∂s'_k/∂s_j at [j, ·, k], where asked for).
 * @throws TypeError for a pointwise model: it solves an equation at every question
 */
export function stepGraph(definition: ContinuousDefinition, options: { readonly jacobian?: boolean } = {}): Graph {
  const { solver, actionSpace, system } = definition;
  if (solver.method !== "amortised")
    throw new TypeError(
      "a pointwise model solves an equation at every question, so there is no step to write: infer it with --method amortised",
    );
  const { coordinates, stateSize: d, actionSize } = system;
  const { settings, tensors, kind } = solver.dynamics;
  const [centre, scale] = [numbers(tensors.centre.data), numbers(tensors.scale.data)];
  const graph = new Graph();
  const states = graph.input("states", ["N", d]);
  const actions = graph.input("actions", ["N", actionSize]);
  let change: Value;
  if (kind === "structured") {
    const { integrator, features: feature } = settings as unknown as StructuredSettings;
    const phi = featureGraph(feature, coordinates, actionSpace, centre, scale, states, actions);
    const structure = createStructure(integrator, coordinates, createFeatures(feature, coordinates, actionSpace, centre, scale));
    change = structuredChange(structure, coordinates, numbers(tensors.theta.data), states, phi);
  } else {
    const all = featureGraph("linear", coordinates, actionSpace, centre, scale, states, actions);
    // with an encoding of its own a network takes the actions alone, which stand last
    const phi = (settings as unknown as NetworkSettings).encoding
      ? slice(all, (all.shape[1] as number) - actionSize, all.shape[1] as number, 1)
      : all;
    const members = membersOf(tensors).map((parameters) => {
      const held = Object.fromEntries(Object.entries(parameters).map(([name, { shape, data }]) => [name, graph.constant(data, shape)]));
      return networkChange(settings as unknown as NetworkSettings, coordinates, scale, states, phi, held);
    });
    change = mul(
      members.reduce((a, b) => add(a, b)),
      1 / members.length,
    );
  }
  const contacts = kind === "structured" ? ((settings as unknown as StructuredSettings).contacts ?? []) : [];
  const next = confined(touched(add(states, change), contacts, coordinates), coordinates);
  graph.output("next_states", next);
  if (options.jacobian) graph.output("jacobian", jacobian(next, states));
  return graph;
}

/** φ(s, a) of `createFeatures` [N, features]. */
function featureGraph(
  kind: FeatureKind,
  coordinates: Coordinates,
  actionSpace: Space,
  centre: Float64Array,
  scale: Float64Array,
  states: Value,
  actions: Value,
): Value {
  const column = (value: Value, i: number) => slice(value, i, i + 1, 1);
  const { angular, low, high } = coordinates;
  const seen = angular.flatMap((angle, i) => {
    const x = column(states, i);
    return angle ? [cos(x), sin(x)] : [mul(sub(x, centre[i]), 1 / scale[i])];
  });
  const moves = actionColumns(actionSpace, actions);
  const one = add(mul(column(states, 0), 0), 1);
  const all = [one, ...seen, ...moves];
  for (const [i, j] of products(kind, coordinates)) all.push(mul(seen[i], seen[j]));
  if (kind === "quadratic") for (const x of seen) for (const move of moves) all.push(mul(x, move));
  for (const i of kind === "chebyshev" ? boundedPositions(coordinates) : []) {
    const u = mul(sub(column(states, i), (low[i] + high[i]) / 2), 2 / (high[i] - low[i]));
    let [before, now] = [u, sub(mul(mul(u, u), 2), 1)];
    for (let k = 3; k <= CHEBYSHEV_DEGREE; k++) {
      [before, now] = [now, sub(mul(mul(u, now), 2), before)];
      all.push(now);
    }
  }
  return concat(all, 1);
}

function actionColumns(space: Space, actions: Value): Value[] {
  const column = (value: Value, i: number) => slice(value, i, i + 1, 1);
  if (space.kind === "discrete") {
    const code = oneHot(cast(sub(actions, space.start), "int64"), space.n);
    const flat = reduceSum(code, [1]);
    return Array.from({ length: space.n - 1 }, (_, i) => sub(column(flat, i + 1), 1 / space.n));
  }
  if (space.kind === "dict") throw new TypeError("actions must be a Box or a Discrete space, got a Dict");
  return Array.from(space.low, (low, i) => {
    const high = space.high[i];
    const bounded = Number.isFinite(low + high);
    return bounded ? mul(sub(column(actions, i), (low + high) / 2), 2 / (high - low)) : column(actions, i);
  });
}

function structuredChange(
  { learned, features, integrator }: ReturnType<typeof createStructure>,
  { rateOf }: Coordinates,
  theta: Float64Array,
  states: Value,
  phi: Value,
): Value {
  const width = features.names.length;
  const weights = new Float64Array(width * learned.length);
  for (let q = 0; q < learned.length; q++)
    for (let f = 0; f < width; f++) weights[f * learned.length + q] = theta[1 + q * width + f] * features.scale[learned[q]];
  const free = matmul(phi, phi.graph.constant(weights, [width, learned.length]));
  const column = (value: Value, i: number) => slice(value, i, i + 1, 1);
  const changeOf = (i: number) => column(free, learned.indexOf(i));
  return concat(
    rateOf.map((rate, i) => {
      if (rate === null || integrator === "free") return changeOf(i);
      const speed = column(states, rate);
      return mul(integrator === "semi-implicit" ? add(speed, changeOf(rate)) : speed, theta[0]);
    }),
    1,
  );
}

/** `applyContacts` of the states that a step would end in. */
function touched(raw: Value, maps: readonly ContactMap[], { low, high }: Coordinates): Value {
  const columns = low.map((_, i) => slice(raw, i, i + 1, 1));
  const before = columns.slice();
  for (const { coordinate, side, other, offset, slope } of maps) {
    const middle = (low[other] + high[other]) / 2;
    const on = side === "low" ? lessOrEqual(before[coordinate], low[coordinate]) : greaterOrEqual(before[coordinate], high[coordinate]);
    const mapped = add(mul(sub(columns[other], middle), slope), middle + (offset * (high[other] - low[other])) / 2);
    columns[other] = where(on, mapped, columns[other]);
  }
  return maps.length === 0 ? raw : concat(columns, 1);
}

/** Angles into (−π, π], the rest into the box of known states. */
function confined(states: Value, { angular, low, high }: Coordinates): Value {
  const turn = 2 * Math.PI;
  return concat(
    angular.map((angle, i) => {
      const x = slice(states, i, i + 1, 1);
      if (angle) return sub(x, mul(floor(mul(add(x, Math.PI), 1 / turn)), turn));
      if (Number.isFinite(low[i]) && Number.isFinite(high[i])) return clip(x, low[i], high[i]);
      return Number.isFinite(low[i]) ? max(x, low[i]) : Number.isFinite(high[i]) ? min(x, high[i]) : x;
    }),
    1,
  );
}

function membersOf(
  tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>,
): NetworkParameters[] {
  const members: Record<string, { shape: readonly number[]; data: Float32Array }>[] = [];
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const found = /^member (\d+)\/(.+)$/.exec(name);
    if (!found) continue;
    const member = Number(found[1]);
    members[member] ??= {};
    members[member][found[2]] = { shape, data: Float32Array.from(data) };
  }
  return members;
}

function numbers(data: ArrayLike<number>): Float64Array {
  return Float64Array.from(data);
}

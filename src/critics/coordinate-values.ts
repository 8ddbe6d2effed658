import { add, concat, gather, matmul, mul, sub, tanh, type Value } from "../engine/index.ts";
import type { Space } from "../spaces/space.ts";
import { actionScale } from "./action-scale.ts";
import type { Head, NetworkCritic } from "./critic.ts";
import type { ValueFunctions } from "./deep-q.ts";
import { applyNetwork, type Network, parameter, type Weights } from "./network.ts";
import { type NetworkDefinition, networkCritic } from "./network-critic.ts";

/** What networks see of coordinates x: z = (x − centre)/scale enters as gains · z and as tanh(z W + b), which saturates where geometry does (touching or not). */
export interface CoordinateEncoding {
  /** [d] */
  readonly centre: Weights;
  readonly scale: Weights;
  readonly gains: Weights;
  /** W [d, p] and b [p] */
  readonly weights: Weights;
  readonly phases: Weights;
}

export interface CoordinateValueParts {
  readonly encoding: CoordinateEncoding;
  /** [d] entries of the observation that are the coordinates */
  readonly indices: readonly number[];
  /** γ of every group of d heads */
  readonly discounts: readonly number[];
  /** u: encoded coordinates [N, d + p] to [N, heads] */
  readonly stateNetwork: Network;
  /** w: the same and actions in [−1, 1], [N, d + p + m], to [N, heads] */
  readonly actionNetwork: Network;
}

/** [N, d] → [N, d + p] */
export function encodeCoordinates({ centre, scale, gains, weights, phases }: CoordinateEncoding, x: Value): Value {
  const vector = (data: Weights) => parameter(x.graph, data, [data.length]);
  const z = mul(sub(x, vector(centre)), vector(scale.map((s) => 1 / s)));
  const saturating = tanh(add(matmul(z, parameter(x.graph, weights, [centre.length, phases.length])), vector(phases)));
  return concat([mul(z, vector(gains)), saturating], x.shape.length - 1);
}

/**
 * Values of the coordinates themselves: head (γ, j) accumulates r_j(s) = (1 − γ) x_j, so its value is the discounted mean of where coordinate j will be.
 *   V_j(s) = x_j + σ_j u_j(s),   Q_j(s, a) = x_j + γ σ_j w_j(s, a),   w_j(s, a) = E[(x'_j − x_j)/σ_j + u_j(s')].
 * Bellman's equation V_j(s') = (Q_j − r_j)/γ reads δ + u(s + δ) = w(s, a) in units of σ: one equation a coordinate and discount, whose Jacobian is I + ∂u/∂s.
 * Heads: all d coordinates at the first discount, then at the next.
 */
export function coordinateValues(parts: CoordinateValueParts & { readonly actionSpace: Space }): ValueFunctions & {
  rewards(observation: readonly Value[], action: Value): Value;
} {
  const { encoding, indices, discounts, stateNetwork, actionNetwork } = parts;
  const d = indices.length;
  const heads = d * discounts.length;
  const units = actionScale(parts.actionSpace);
  const perHead = (of: (discount: number, j: number) => number) =>
    Float64Array.from({ length: heads }, (_, i) => of(discounts[Math.floor(i / d)], i % d));
  const scales = perHead((_, j) => encoding.scale[j]);
  const discounted = perHead((discount, j) => discount * encoding.scale[j]);
  const now = perHead((discount) => 1 - discount);
  const coordinates = (observation: readonly Value[]) => {
    const whole = observation.length === 1 ? observation[0] : concat(observation, observation[0].shape.length - 1);
    return gather(whole, whole.graph.constant(indices, [d], "int64"), whole.shape.length - 1);
  };
  const repeated = (x: Value) => (discounts.length === 1 ? x : concat(Array<Value>(discounts.length).fill(x), x.shape.length - 1));
  const vector = (like: Value, data: Weights) => parameter(like.graph, data, [heads]);
  return {
    stateValues(observation) {
      const x = coordinates(observation);
      const u = applyNetwork(stateNetwork, encodeCoordinates(encoding, x));
      return add(repeated(x), mul(u, vector(u, scales)));
    },
    actionValues(observation, action) {
      const x = coordinates(observation);
      const w = applyNetwork(actionNetwork, [encodeCoordinates(encoding, x), units.toUnit(action)]);
      return add(repeated(x), mul(w, vector(w, discounted)));
    },
    rewards(observation) {
      const x = repeated(coordinates(observation));
      return mul(x, vector(x, now));
    },
  };
}

const partsOf = new WeakMap<NetworkCritic, CoordinateValueParts>();

/** A critic of coordinate values, whose own networks a solver can start from. */
export function coordinateCritic(
  identity: Omit<NetworkDefinition, "actionValues" | "stateValues">,
  parts: CoordinateValueParts,
): NetworkCritic {
  const { actionSpace } = identity;
  const critic = networkCritic({ ...identity, ...coordinateValues({ ...parts, actionSpace }), form: "coordinates" });
  partsOf.set(critic, parts);
  return critic;
}

/** What a critic made by `coordinateCritic` is made of. */
export function coordinateParts(critic: NetworkCritic): CoordinateValueParts | undefined {
  return partsOf.get(critic);
}

/** Heads of `coordinateValues`. @param names [d] */
export function coordinateHeads(critic: string, names: readonly string[], discounts: readonly number[]): Head[] {
  return discounts.flatMap((discount) =>
    names.map((name) => ({ name: `${name} γ ${discount}`, critic, discount, rewardScale: 1, rewardOffset: 0, cumulant: name })),
  );
}

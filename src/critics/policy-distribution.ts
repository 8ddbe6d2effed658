import {
  add,
  argMax,
  cast,
  clip,
  concat,
  div,
  erf,
  exp,
  max,
  min,
  mul,
  neg,
  pow,
  reduceSum,
  softmax,
  unsqueeze,
  type Value,
} from "../engine/index.ts";
import type { Box, Discrete } from "../spaces/space.ts";
import type { ObservationFunction } from "./deep-q.ts";
import { quadrature } from "./squashed-gaussian.ts";

/** π(a|s) of on-policy actor-critics. */
export type PolicyDistribution =
  | { readonly kind: "softmax"; readonly space: Discrete; readonly logits: ObservationFunction }
  /** Samples are clipped to the space before the environment sees them. */
  | { readonly kind: "gaussian"; readonly space: Box; readonly moments: (observation: readonly Value[]) => Moments };

/** [N, m] each */
export interface Moments {
  readonly mean: Value;
  readonly deviation: Value;
}

/** The likeliest action [N, m]. */
export function likeliest(policy: PolicyDistribution, observation: readonly Value[]): Value {
  if (policy.kind === "gaussian") return confined(policy.moments(observation).mean, policy.space);
  const logits = policy.logits(observation);
  const best = cast(argMax(logits, logits.shape.length - 1, true), "float32");
  return policy.space.start === 0 ? best : add(best, policy.space.start);
}

/** Actions [N, J, m] and probabilities [N, J]. */
export function expectationPoints(
  policy: PolicyDistribution,
  observation: readonly Value[],
): { readonly actions: Value; readonly probabilities: Value } {
  if (policy.kind === "softmax") {
    const logits = policy.logits(observation);
    const probabilities = softmax(logits, 1);
    const { n, start } = policy.space;
    const numbers = logits.graph.constant(
      Float64Array.from({ length: n }, (_, i) => start + i),
      [n, 1],
    );
    return { actions: add(mul(unsqueeze(probabilities, [2]), 0), numbers), probabilities };
  }
  const { space } = policy;
  const { mean, deviation } = policy.moments(observation);
  const m = space.low.length;
  if (m === 1) return clippedNormal(mean, deviation, space);
  const { points, nodes, weights } = quadrature(m);
  const spread = mul(unsqueeze(deviation, [1]), mean.graph.constant(nodes, [points, m]));
  const actions = confined(add(unsqueeze(mean, [1]), spread), space);
  const even = mul(reduceSum(actions, [2]), 0);
  return { actions, probabilities: add(even, mean.graph.constant(weights, [points])) };
}

/** Beyond this many deviations a Gaussian holds 6e-5 of its mass. */
const REACH = 4;
const NODES = 12;

/**
 * E g(clip(a)) of a ~ N(μ, σ²), one dimension: the part between the bounds by Gauss–Legendre nodes in z = (a − μ)/σ, what lies
 * beyond them as atoms Φ(z_low) and 1 − Φ(z_high) at the bounds themselves.
 */
function clippedNormal(mean: Value, deviation: Value, space: Box): { readonly actions: Value; readonly probabilities: Value } {
  const { graph } = mean;
  const end = (bound: number) => clip(div(add(neg(mean), Math.min(Math.max(bound, -1e30), 1e30)), deviation), -REACH, REACH);
  const [low, high] = [end(space.low[0]), end(space.high[0])];
  const half = mul(add(high, neg(low)), 0.5);
  const middle = mul(add(high, low), 0.5);
  const rule = gaussLegendre(NODES);
  const inner = add(middle, mul(half, graph.constant(rule.nodes, [NODES])));
  const density = mul(exp(mul(pow(inner, 2), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  const below = (z: Value) => mul(add(erf(mul(z, Math.SQRT1_2)), 1), 0.5);
  const masses = concat([below(low), mul(mul(density, half), graph.constant(rule.weights, [NODES])), below(neg(high))], 1);
  const z = concat([low, inner, high], 1);
  return {
    actions: unsqueeze(confined(add(mean, mul(deviation, z)), space), [2]),
    probabilities: div(masses, reduceSum(masses, [1], true)),
  };
}

function confined(actions: Value, { low, high }: Box): Value {
  const m = low.length;
  if (low.every((x) => x === low[0]) && high.every((x) => x === high[0]))
    return Number.isFinite(low[0]) || Number.isFinite(high[0])
      ? clip(actions, Math.max(low[0], -3.4e38), Math.min(high[0], 3.4e38))
      : actions;
  const bound = (data: Float64Array) =>
    actions.graph.constant(
      data.map((x) => Math.min(Math.max(x, -3.4e38), 3.4e38)),
      [m],
    );
  return min(max(actions, bound(low)), bound(high));
}

/** Roots of P_n on [−1, 1] by Newton's method and weights 2/((1 − x²) P_n'(x)²). */
function gaussLegendre(n: number): { readonly nodes: Float64Array; readonly weights: Float64Array } {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    let x = Math.cos((Math.PI * (k + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let step = 0; step < 50; step++) {
      let [p, before] = [1, 0];
      for (let j = 1; j <= n; j++) [p, before] = [((2 * j - 1) * x * p - (j - 1) * before) / j, p];
      slope = (n * (x * p - before)) / (x * x - 1);
      x -= p / slope;
    }
    nodes[k] = x;
    weights[k] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

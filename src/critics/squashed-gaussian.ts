import { add, clip, exp, log, matmul, mul, neg, pow, sqrt, sub, tanh, type Value } from "../engine/index.ts";
import { createRandom } from "../numbers/random.ts";
import { applyNetwork, type Network, parameter, type Weights } from "./network.ts";
import { remember } from "./remember.ts";

/** Actor of SAC and TQC: a Gaussian whose samples are squashed by tanh. */
export interface SquashedGaussian {
  /** Observation to latent features, its last activation included. */
  readonly latent: Network;
  readonly mean: Network;
  readonly deviation:
    | { readonly kind: "network"; readonly logarithm: Network }
    /** generalised state-dependent exploration: variance Σ_i h_i² σ_ij² over latent features h (Raffin et al. 2021) */
    | { readonly kind: "state-dependent"; readonly sigma: Weights; readonly features: number; readonly clipMean: number };
  readonly actions: number;
}

/** exp(log σ), or the bounded-growth form `use_expln`: exp(x) for x ≤ 0, log(1 + x) + 1 above. A single column serves every action. */
export function explorationDeviation(logarithm: Weights, features: number, actions: number, expln: boolean): Float64Array {
  const columns = logarithm.length / features;
  const sigma = new Float64Array(features * actions);
  for (let i = 0; i < features; i++) {
    for (let j = 0; j < actions; j++) {
      const x = logarithm[i * columns + (columns === 1 ? 0 : j)];
      sigma[i * actions + j] = expln && x > 0 ? Math.log1p(x) + 1 : Math.exp(x);
    }
  }
  return sigma;
}

/** Mean and standard deviation before squashing, [..., m] each. */
export function gaussianOf(actor: SquashedGaussian, observation: readonly Value[]): { readonly mean: Value; readonly deviation: Value } {
  const h = applyNetwork(actor.latent, observation);
  const mean = applyNetwork(actor.mean, h);
  const { deviation } = actor;
  if (deviation.kind === "network") return { mean, deviation: exp(clip(applyNetwork(deviation.logarithm, h), -20, 2)) };
  const variances = squares(deviation);
  const variance = matmul(pow(h, 2), parameter(h.graph, variances, [deviation.features, actor.actions]));
  return { mean: clip(mean, -deviation.clipMean, deviation.clipMean), deviation: sqrt(add(variance, 1e-6)) };
}

const squared = new WeakMap<Weights, Float64Array>();

function squares({ sigma }: { readonly sigma: Weights }): Float64Array {
  return remember(squared, sigma, () => Float64Array.from(sigma, (x) => x * x));
}

/** Points ε_k [points, m] and weights w_k with Σ w f(ε) ≈ E f(ε), ε standard normal. */
export interface Quadrature {
  readonly points: number;
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** Above this many dimensions the nodes ±√m eⱼ lie so far out that seeded samples do better. */
const cubatureDimensions = 4;
const pairs = 8;

/**
 * One dimension: five-node Gauss–Hermite, exact to degree 9. Two to four: the spherical-radial rule, nodes ±√m eⱼ of weight 1/2m, exact
 * to degree 3 (Arasaratnam and Haykin, "Cubature Kalman Filters", 2009). More: antithetic pairs drawn once with a fixed seed.
 */
export function quadrature(dimensions: number): Quadrature {
  if (dimensions === 1) {
    const outer = Math.sqrt(5 + Math.sqrt(10));
    const inner = Math.sqrt(5 - Math.sqrt(10));
    const [a, b] = [(7 - 2 * Math.sqrt(10)) / 60, (7 + 2 * Math.sqrt(10)) / 60];
    return { points: 5, nodes: Float64Array.of(-outer, -inner, 0, inner, outer), weights: Float64Array.of(a, b, 8 / 15, b, a) };
  }
  const half = dimensions <= cubatureDimensions ? dimensions : pairs;
  const random = createRandom(0);
  const nodes = new Float64Array(2 * half * dimensions);
  for (let k = 0; k < half; k++) {
    for (let j = 0; j < dimensions; j++) {
      const x = dimensions > cubatureDimensions ? random.normal() : k === j ? Math.sqrt(dimensions) : 0;
      nodes[k * dimensions + j] = x;
      nodes[(half + k) * dimensions + j] = -x;
    }
  }
  return { points: 2 * half, nodes, weights: new Float64Array(2 * half).fill(1 / (2 * half)) };
}

/**
 * Squashed samples a = tanh(μ + σ ε_k) [..., points, m] and log π(a|s) [..., points, 1]:
 * log π = Σ_j −½ε² − log σ − ½ log 2π − log(1 − a² + 1e-6), the last term as Stable-Baselines3 guards it.
 * @param mean [..., 1, m]
 * @param deviation [..., 1, m]
 */
export function squashedSamples(mean: Value, deviation: Value, rule: Quadrature): { readonly actions: Value; readonly logDensity: Value } {
  const m = rule.nodes.length / rule.points;
  const { graph } = mean;
  const actions = tanh(add(mean, mul(deviation, parameter(graph, rule.nodes, [rule.points, m]))));
  const normal = graph.constant(
    Float64Array.from({ length: rule.points }, (_, k) => {
      let sum = 0;
      for (let j = 0; j < m; j++) sum -= 0.5 * rule.nodes[k * m + j] ** 2 + 0.5 * Math.log(2 * Math.PI);
      return sum;
    }),
    [rule.points, 1],
  );
  const volume = add(log(deviation), log(add(neg(pow(actions, 2)), 1 + 1e-6)));
  const ones = graph.constant(new Float64Array(m).fill(1), [m, 1]);
  return { actions, logDensity: sub(normal, matmul(volume, ones)) };
}

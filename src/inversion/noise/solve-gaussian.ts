import type { BellmanSystem } from "../../bellman/system.ts";
import { stack } from "../../critics/stack.ts";
import type { Space } from "../../spaces/space.ts";
import type { NoiseKind } from "../../world-model/dynamics-of.ts";
import { meanUnderNoise, triangle } from "../../world-model/expected-values.ts";
import { createFeatures } from "../../world-model/features.ts";
import type { GaussianSettings } from "../../world-model/gaussian-model.ts";
import { type GaussianSolution, solveGaussian } from "../../world-model/gaussian-pointwise.ts";
import { mixFactors, noiseFeatures, withNoise } from "../../world-model/noise.ts";
import { splitRegions } from "../../world-model/regions.ts";
import { withSpread } from "../../world-model/spread.ts";
import { createStructure } from "../../world-model/structure.ts";
import { firstSigma, fitAmortised, headShare, residualSigma, type StructuredFit } from "../continuous/amortised.ts";
import { dynamicsOfFit, spreadOf } from "../continuous/answers.ts";
import { defaults } from "../defaults.ts";
import { type Equations, equationsAt, headRms } from "../samples.ts";
import type { ContinuousSettings, Problem, Solved } from "../solver.ts";
import { fitGaussian, type GaussianFit } from "./fit-gaussian.ts";
import { repeatFactor, underNoise } from "./under-noise.ts";

/** First guesses of the noise, in typical steps: the fit from each, the lowest kept. */
const FIRST_NOISE = [0.1, 0.5];
const ITERATIONS = 60;
/** Pairs and rounds that say how large errors, steps and noise are, pair by pair. */
const PAIRS = 300;
const ROUNDS = 5;
/** An error below this part of "nothing moves" is the rounding of float32 networks. */
const LEAST = 1e-5;

/** What was found of every sample. */
type Found = Pick<Solved, "solver" | "sigma" | "costRatio"> & { readonly nextStates: Float64Array; readonly factors: Float64Array };

/**
 * Mean and covariance of the next state: s' ~ N(m(s, a), L Lᵀ(s, a)) with E V_i(s') = y_i for every head. Next states are never used.
 * Amortised: a law that is linear in features and one noise for the region, or L linear in features too. Pointwise: a Gaussian for every pair.
 */
export async function solveNoise({ critics, settings, open }: Problem): Promise<Solved> {
  const { noise = "constant" } = settings;
  const critic = critics.length === 1 ? critics[0] : stack(critics);
  const system = await open(critic);
  const equations = await equationsAt(system, settings.samples);
  const found = await structured(system, critic.actionSpace, equations, noise, settings);
  return { system, equations, ...found };
}

/** The same for every pair by itself. */
export async function solveNoiseByPairs({ critics, settings, open }: Problem): Promise<Solved> {
  const system = await open(critics.length === 1 ? critics[0] : stack(critics));
  const equations = await equationsAt(system, settings.samples);
  return { system, equations, ...(await pairByPair(system, equations, settings)) };
}

/** One noise everywhere: a law is fitted to it as to a system without noise. */
function smoothed(system: BellmanSystem, factor: Float64Array): BellmanSystem {
  const d = system.stateSize;
  return {
    ...underNoise(system, factor),
    values: async (states) => Float32Array.from(await meanUnderNoise(system, states, repeatFactor(factor, states.length / d))),
  };
}

async function structured(
  system: BellmanSystem,
  actionSpace: Space,
  equations: Equations,
  noise: NoiseKind,
  options: ContinuousSettings,
): Promise<Found> {
  const { coordinates, stateSize: d } = system;
  const { states, actions, n, targets, centre, scale, here } = equations;
  const { huber = defaults.structured.huber, ridge = defaults.structured.ridge, onProgress } = options;
  const lower = triangle(d);
  const regions = splitRegions(states, d, scale, 5);
  const solve = async (
    law: StructuredFit,
    sigma: Float64Array,
    kind: NoiseKind,
    theta: Float64Array,
    weights: Float64Array,
  ): Promise<GaussianFit> => {
    const features = createFeatures(law.features, coordinates, actionSpace, centre, scale);
    return fitGaussian(system, {
      structure: createStructure(law.integrator, coordinates, features),
      states,
      phi: features.matrix(states, actions, n),
      psi: noiseFeatures(kind, coordinates, actionSpace, centre, scale).matrix(states, actions, n),
      targets,
      sigma,
      theta,
      weights,
      huber,
      ridge,
      fixedTimeStep: options.timeStep !== undefined,
      regions,
      iterations: ITERATIONS,
    });
  };
  const lowest = async (law: StructuredFit, sigma: Float64Array, guesses: readonly Float64Array[]) => {
    let best: GaussianFit | undefined;
    for (const guess of guesses) {
      const own = await solve(law, sigma, "constant", law.theta, guess);
      if (!best || own.cost < best.cost) best = own;
    }
    return best!;
  };
  onProgress?.(0, 4, "a law without noise");
  const { chosen: quiet } = await fitAmortised(system, actionSpace, equations, options);
  const step = spreadOf(
    new Float64Array(n * d),
    [await dynamicsOfFit(system, actionSpace, equations, quiet).change(states, actions, n)],
    d,
  );
  const guesses = FIRST_NOISE.map((share) => diagonal(step, share));
  onProgress?.(1, 4, "its noise");
  const first = await lowest(quiet, quiet.sigma, guesses);
  onProgress?.(2, 4, "the law again, under that noise");
  // curvature that was taken for motion may have asked for a richer class than the law needs
  const again = await fitAmortised(smoothed(system, first.weights), actionSpace, equations, options);
  const law = again.chosen;
  let found = await lowest(law, law.sigma, [first.weights, ...guesses]);
  const sigma = system.heads.length > 1 ? residualSigma(system, equations, { ...law, residuals: found.residuals }) : law.sigma;
  onProgress?.(3, 4, "law and noise together");
  const width = noiseFeatures(noise, coordinates, actionSpace, centre, scale).width;
  const start = new Float64Array(width * lower);
  start.set(found.weights);
  found = await solve(law, sigma, noise, found.theta, start);
  onProgress?.(4, 4, "done");
  const features = noiseFeatures(noise, coordinates, actionSpace, centre, scale);
  const final: StructuredFit = { ...law, ...found, sigma, costOfNothing: law.costOfNothing, iterations: ITERATIONS };
  const quietDynamics = dynamicsOfFit(system, actionSpace, equations, final);
  const change = await quietDynamics.change(states, actions, n);
  const others = await Promise.all(
    again.plausible.map((rival) => dynamicsOfFit(system, actionSpace, equations, rival).change(states, actions, n)),
  );
  const known = others.length === 0 ? quietDynamics : withSpread(quietDynamics, spreadOf(change, others, d));
  const factors = mixFactors(features.matrix(states, actions, n), found.weights, lower);
  const nothing = huberMean(here, targets, sigma, huber);
  return {
    solver: { method: "amortised", dynamics: withNoise(known, features, found.weights, d) },
    sigma,
    nextStates: change.map((x, i) => x + states[i]),
    factors,
    costRatio: huberMean(found.residuals, undefined, sigma, huber) / nothing,
  };
}

async function pairByPair(system: BellmanSystem, equations: Equations, options: ContinuousSettings): Promise<Found> {
  const { stateSize: d, coordinates } = system;
  const { states, targets, here, scale, n } = equations;
  const k = system.heads.length;
  const lower = triangle(d);
  const share = headShare(system, equations);
  const nothing = headRms(
    targets.map((y, at) => here[at] - y),
    k,
  );
  let sigma = firstSigma({ ...system, heads: system.heads.map((head) => ({ ...head, residual: undefined })) }, equations);
  let settings: GaussianSettings = {
    reach: Array.from(scale, (x) => 0.1 * x),
    noise: Array.from(scale, (x) => 0.1 * x),
    ...defaults.pointwiseNoise,
    seed: options.seed ?? 0,
    ...options.pointwise,
  };
  const pairs = Math.min(PAIRS, n);
  const few = states.subarray(0, pairs * d);
  const fewTargets = targets.subarray(0, pairs * k);
  for (let round = 0; round < ROUNDS; round++) {
    options.onProgress?.(round, ROUNDS + 1, "sizing errors, steps and noise");
    const found = await solveGaussian(system, few, fewTargets, sigma, settings);
    // what was fitted away is no evidence: k equations, d + d(d + 1)/2 unknowns a pair
    const freedom = Math.sqrt(k / Math.max(1, k - d - lower));
    sigma = headRms(found.residuals, k).map((rms, i) => Math.max(freedom * rms * share[i], LEAST * nothing[i]) || 1e-12);
    settings = { ...settings, ...sizes(found, few, settings, coordinates.angular) };
  }
  options.onProgress?.(ROUNDS, ROUNDS + 1, "solving every pair");
  const found = await solveGaussian(system, states, targets, sigma, settings);
  options.onProgress?.(ROUNDS + 1, ROUNDS + 1, "solved");
  const huber = settings.huber;
  return {
    solver: { method: "pointwise", settings },
    sigma,
    nextStates: found.means,
    factors: found.factors,
    costRatio: huberMean(found.residuals, undefined, sigma, huber) / huberMean(here, targets, sigma, huber),
  };
}

/** RMS of the steps, with what is not known of them added; noise is expected to be no larger than a step. Not the RMS of L: what a prior has shrunk would shrink the prior. */
function sizes({ means, deviation }: GaussianSolution, states: Float64Array, { reach }: GaussianSettings, angular: readonly boolean[]) {
  const d = reach.length;
  const n = states.length / d;
  const steps = new Float64Array(d);
  for (let at = 0; at < n * d; at++) {
    const step = means[at] - states[at];
    steps[at % d] += ((angular[at % d] ? Math.atan2(Math.sin(step), Math.cos(step)) : step) ** 2 + deviation[at] ** 2) / n;
  }
  const typical = Array.from(steps, (x, j) => Math.sqrt(x) || reach[j]);
  return { reach: typical, noise: typical };
}

function diagonal(step: Float64Array, share: number): Float64Array {
  const d = step.length;
  const out = new Float64Array(triangle(d));
  for (let j = 0; j < d; j++) out[triangle(j) + j] = share * (step[j] || 1e-6);
  return out;
}

/** Mean over samples of Σ_i ρ((a_i − b_i)/σ_i). */
function huberMean(a: ArrayLike<number>, b: ArrayLike<number> | undefined, sigma: Float64Array, huber: number): number {
  const k = sigma.length;
  let sum = 0;
  for (let at = 0; at < a.length; at++) {
    const u = Math.abs(a[at] - (b ? b[at] : 0)) / sigma[at % k];
    sum += u < huber ? u * u : huber * (2 * u - huber);
  }
  return (sum * k) / a.length;
}

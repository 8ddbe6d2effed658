import type { NetworkCritic } from "../critics/critic.ts";
import { restoreCritic } from "../critics/saved.ts";
import { collectTransitions } from "../environments/collect.ts";
import { wrapAngle } from "../environments/coordinates.ts";
import type { Coordinates } from "../environments/environment.ts";
import { noisyPhysics } from "../environments/noisy.ts";
import { pendulum } from "../environments/pendulum.ts";
import { physicsEnvironment } from "../environments/physics-environment.ts";
import { inferContinuous } from "../inversion/infer-continuous.ts";
import type { Samples } from "../inversion/samples.ts";
import { trainGeneralValues } from "../learning/invertible/general-value-functions.ts";
import { createRandom } from "../numbers/random.ts";
import type { NoiseKind } from "../world-model/dynamics-of.ts";
import { kept } from "./harness/kept.ts";
import type { Reproduce, Reproduction, ReproductionChart } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";
import { linearGaussianCoordinates, linearGaussianCritic, shakenSpring as world } from "./linear-gaussian.ts";

const SEEDS = 3;
/** Samples of an inference, and as many fresh pairs to score it on. */
const PAIRS = { planted: 200, pendulum: 600 };

const signals = { cumulants: 12, bandwidth: 1, discounts: [0.3, 0.6] };

/** Deviations of the pendulum's angle and rate, every step. */
const shaken = [0.1, 0.8];
/** Where the bounds of the rate do not cut the noise off: 8 is its limit. */
const FREE_RATE = 6;
/**
 * Signals that bend within the noise, low discounts, and temporal differences alone: the gradient through both sides of Bellman's equation is biased where next states scatter,
 * by the variance of V(s') (Baird 1995).
 */
const training = {
  cumulants: 16,
  bandwidth: 1,
  discounts: [0.3, 0.7],
  hidden: [128, 128],
  transitions: 100_000,
  batchSize: 512,
  targetSteps: 8000,
  residualSteps: 0,
};

/** As many updates, half of them through both sides. */
const residualTraining = { ...training, targetSteps: training.targetSteps / 2, residualSteps: training.targetSteps / 2 };

/** How loud the planted noise is in the chart, times its own factor. */
const LOUDNESS = [0.1, 0.3, 1, 2];

interface Truth {
  readonly samples: Samples;
  readonly fresh: Samples;
  /** [n, d] of the fresh pairs */
  readonly means: Float64Array;
  /** [n, d, d] */
  readonly covariances: Float64Array;
}

/**
 * What noise does to inversion and what it takes to see it: a linear Gaussian world whose values are known in closed form, and a pendulum with noise in angle and rate whose values are learned.
 * Errors of the mean are relative to the change; errors of the covariance to its size, entries in units of the deviations.
 */
export const reproduceNoise: Reproduce = async ({ seed, cache, onProgress }): Promise<Reproduction> => {
  const start = performance.now();
  const seeds = Array.from({ length: SEEDS }, (_, i) => seed + i);
  const details: unknown[] = [];
  const runs: Record<string, number>[] = [];
  const fileOf = (name: string) => `${cache ?? "runs/reproduce"}/noise/${name}.json`;
  for (const [at, own] of seeds.entries()) {
    const progress = (share: number, what: string) => onProgress?.(at + share, SEEDS + 1, `seed ${own}: ${what}`);
    progress(0, "a linear Gaussian world");
    const exact = await kept(fileOf(`planted-${own}`), { world, PAIRS, signals }, () => plantedScores(own));
    const swing = await kept(fileOf(`pendulum-${own}`), { training, PAIRS, shaken }, () => pendulumScores(own, training, progress));
    progress(0.8, "the pendulum by residual gradient");
    const biased = await kept(fileOf(`residual-gradient-${own}`), { residualTraining, PAIRS, shaken }, () =>
      residualGradientScore(own, progress),
    );
    runs.push({
      plantedMean: exact.region.mean,
      plantedCovariance: exact.region.covariance,
      plantedMeanWithoutNoise: exact.plain.mean,
      pairByPairMean: exact.pairs.mean,
      pairByPairCovariance: exact.pairs.covariance,
      pairByPairMeanWithoutNoise: exact.plainPairs.mean,
      pendulumMean: swing.region.mean,
      pendulumCovariance: swing.region.covariance,
      pendulumMeanWithoutNoise: swing.plain.mean,
      pendulumPairByPairMean: swing.pairs.mean,
      pendulumPairByPairCovariance: swing.pairs.covariance,
      pendulumPairByPairMeanWithoutNoise: swing.plainPairs.mean,
      pendulumCovarianceByResidualGradient: biased.covariance,
    });
    details.push({ seed: own, planted: exact, pendulum: swing, residualGradient: biased });
  }
  onProgress?.(SEEDS, SEEDS + 1, "noise of other sizes");
  const { figures, ranges } = summariseSeeds(runs);
  const chart = await kept(fileOf(`loudness-${seed}`), { world, PAIRS, signals, LOUDNESS }, () => loudnessChart(seed));
  onProgress?.(SEEDS + 1, SEEDS + 1, "done");
  return {
    figures,
    ranges,
    seeds,
    seconds: (performance.now() - start) / 1000,
    charts: [chart],
    details: {
      world: { ...world, signals, pairByPair: "noise grows with the action: √(1 + a²) L" },
      pendulum: { deviations: shaken, training, residualTraining },
      errors:
        "of the mean over the RMS change; of the covariance over its size, entries over the deviations of their coordinates; a covariance of 0 scores 1",
      runs: details,
    },
  };
};

/** With one noise for the region; and pair by pair, where it grows with the action. */
async function plantedScores(seed: number) {
  const coordinates = linearGaussianCoordinates(2);
  const constant = planted(seed, 0);
  const growing = planted(seed, 1);
  return {
    region: await score(constant.critic, coordinates, constant, "amortised", "constant"),
    plain: await score(constant.critic, coordinates, constant, "amortised"),
    pairs: await score(growing.critic, coordinates, growing, "pointwise", "constant"),
    plainPairs: await score(growing.critic, coordinates, growing, "pointwise"),
  };
}

async function pendulumScores(seed: number, settings: typeof training, onProgress: (share: number, what: string) => void) {
  const truth = await shakenPendulum(seed, settings, (share, what) => onProgress(0.2 + 0.4 * share, what));
  const { coordinates } = pendulum();
  onProgress(0.6, "the pendulum's noise");
  return {
    region: await score(truth.critic, coordinates, truth, "amortised", "constant"),
    plain: await score(truth.critic, coordinates, truth, "amortised"),
    pairs: await score(truth.critic, coordinates, truth, "pointwise", "constant"),
    plainPairs: await score(truth.critic, coordinates, truth, "pointwise"),
    residualOverSignal: truth.residualOverSignal,
  };
}

async function residualGradientScore(seed: number, onProgress: (share: number, what: string) => void) {
  const truth = await shakenPendulum(seed, residualTraining, (share, what) => onProgress(0.8 + 0.2 * share, what));
  return score(truth.critic, pendulum().coordinates, truth, "amortised", "constant");
}

/** Errors against how loud the noise is: the mean with and without noise assumed, and the covariance. */
async function loudnessChart(seed: number): Promise<ReproductionChart> {
  const coordinates = linearGaussianCoordinates(2);
  const errors: [number, number, number][] = [];
  for (const loudness of LOUDNESS) {
    const truth = planted(seed, 0, loudness);
    const noisy = await score(truth.critic, coordinates, truth, "amortised", "constant");
    const plain = await score(truth.critic, coordinates, truth, "amortised");
    errors.push([plain.mean, noisy.mean, noisy.covariance]);
  }
  const line = (name: string, at: number) => ({ name, x: LOUDNESS.map(Math.log10), y: errors.map((entry) => entry[at]) });
  return {
    title: "What noise does to inversion",
    text: "A linear Gaussian world with exact values: relative errors against the size of the noise.",
    x: "log₁₀ of the noise, over .2 of a standard deviation of the rate",
    y: "relative error",
    logarithmic: true,
    series: [line("mean, no noise assumed", 0), line("mean", 1), line("covariance", 2)],
  };
}

async function score(
  critic: NetworkCritic,
  coordinates: Coordinates,
  { samples, fresh, means, covariances }: Truth,
  method: "amortised" | "pointwise",
  noise?: NoiseKind,
) {
  const rewards = (_s: Float64Array, _a: Float64Array, n: number, out: Float64Array) => void out.fill(0, 0, n);
  const { model, identifiability } = await inferContinuous([critic], { coordinates, rewards, samples, method, noise });
  const { nextStates, covariance } = await model.predict(fresh.states, fresh.actions);
  await model.release();
  const d = coordinates.names.length;
  const errors = new Float64Array(d);
  const changes = new Float64Array(d);
  const difference = (a: number, b: number, j: number) => (coordinates.angular[j] ? wrapAngle(a - b) : a - b);
  for (let i = 0; i < fresh.n * d; i++) {
    errors[i % d] += difference(nextStates[i], means[i], i % d) ** 2;
    changes[i % d] += difference(means[i], fresh.states[i], i % d) ** 2;
  }
  let [apart, size] = [0, 0];
  const found = new Float64Array(d * d);
  for (let b = 0; b < fresh.n; b++)
    for (let x = 0; x < d; x++)
      for (let y = 0; y < d; y++) {
        const at = (b * d + x) * d + y;
        const unit = covariances[(b * d + x) * d + x] * covariances[(b * d + y) * d + y];
        apart += ((covariance?.[at] ?? 0) - covariances[at]) ** 2 / unit;
        size += covariances[at] ** 2 / unit;
        found[x * d + y] += (covariance?.[at] ?? 0) / fresh.n;
      }
  return {
    mean: Math.sqrt(errors.reduce((sum, error, j) => sum + error / changes[j], 0) / d),
    covariance: Math.sqrt(apart / size),
    dimensions: Array.from(errors, (error, j) => Math.sqrt(error / changes[j])),
    meanCovariance: Array.from(found),
    noise: identifiability.noise,
    verdict: identifiability.verdict,
  };
}

function planted(seed: number, growth: number, loudness = 1): Truth & { readonly critic: NetworkCritic } {
  const random = createRandom(seed);
  const noise = world.noise.map((row) => row.map((x) => loudness * x));
  const critic = linearGaussianCritic({ ...world, noise, growth }, signals, random);
  const n = PAIRS.planted;
  const draw = (): Samples => ({
    n,
    states: Float64Array.from({ length: 2 * n }, () => random.normal()),
    actions: Float64Array.from({ length: n }, () => 2 * random.uniform() - 1),
  });
  const [samples, fresh] = [draw(), draw()];
  const means = new Float64Array(2 * n);
  const covariances = new Float64Array(4 * n);
  const [l, m] = noise;
  const full = [l[0] ** 2, l[0] * m[0], l[0] * m[0], m[0] ** 2 + m[1] ** 2];
  for (let b = 0; b < n; b++) {
    const u = fresh.actions[b];
    for (let j = 0; j < 2; j++)
      means[2 * b + j] = world.a[j][0] * fresh.states[2 * b] + world.a[j][1] * fresh.states[2 * b + 1] + world.b[j][0] * u;
    for (let e = 0; e < 4; e++) covariances[4 * b + e] = (1 + growth * u * u) * full[e];
  }
  return { critic, samples, fresh, means, covariances };
}

async function shakenPendulum(seed: number, settings: typeof training, onProgress: (share: number, what: string) => void) {
  const physics = pendulum();
  const environment = physicsEnvironment("Pendulum-v1", noisyPhysics(physics, shaken, seed));
  const { critic } = await trainGeneralValues(environment, {
    ...settings,
    seed,
    onProgress: (done, total, what) => onProgress(done / total, what),
  });
  const visited = await collectTransitions(environment, (_observations, n) => new Float64Array(n), {
    n: 4 * PAIRS.pendulum,
    seed: seed + 100,
    epsilon: 1,
  });
  const next = new Float64Array(visited.states.length);
  physics.step(visited.states, visited.actions, visited.n, {
    nextStates: next,
    rewards: new Float64Array(visited.n),
    terminated: new Uint8Array(visited.n),
  });
  const free = Array.from({ length: visited.n }, (_, b) => b).filter((b) => Math.abs(next[2 * b + 1]) < FREE_RATE);
  const take = (from: number): Samples => {
    const rows = free.slice(from, from + PAIRS.pendulum);
    return {
      n: rows.length,
      states: Float64Array.from(rows.flatMap((b) => [...visited.states.subarray(2 * b, 2 * b + 2)])),
      actions: Float64Array.from(rows, (b) => visited.actions[b]),
    };
  };
  const [samples, fresh] = [take(0), take(PAIRS.pendulum)];
  const means = Float64Array.from(free.slice(PAIRS.pendulum, 2 * PAIRS.pendulum).flatMap((b) => [next[2 * b], next[2 * b + 1]]));
  const covariances = Float64Array.from({ length: 4 * fresh.n }, (_, at) =>
    at % 4 === 0 ? shaken[0] ** 2 : at % 4 === 3 ? shaken[1] ** 2 : 0,
  );
  const restored = restoreCritic(critic) as NetworkCritic;
  return { critic: restored, samples, fresh, means, covariances, residualOverSignal: critic.made?.residualOverSignal };
}

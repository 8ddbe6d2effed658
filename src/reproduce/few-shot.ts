import type { NetworkCritic } from "../critics/critic.ts";
import type { VisitedTransitions } from "../environments/collect.ts";
import { make } from "../environments/make.ts";
import { loadCritic } from "../formats/load-critic.ts";
import type { InferredContinuous } from "../inversion/assemble.ts";
import type { RealTransitions } from "../inversion/continuous/fit-with-transitions.ts";
import { inferDynamics } from "../inversion/infer.ts";
import { createRandom } from "../numbers/random.ts";
import { median } from "../numbers/statistics.ts";
import { scoreContinuous, scoringTransitions } from "../world-model/score.ts";
import type { Reproduce } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";

const tasks = [
  { id: "Pendulum-v1", key: "pendulum", critics: ["sac/Pendulum-v1"] },
  { id: "CartPole-v1", key: "cartPole", critics: ["dqn/CartPole-v1", "qrdqn/CartPole-v1"] },
] as const;
const counts = [5, 10] as const;
const NOISE = 0.3;
const seedCount = 5;

/**
 * A few real transitions beside the critics: the same classes of models fitted to the transitions alone, and with the Bellman residuals, weight and class by cross-validation in both.
 * Noise is normal, 30 % of the RMS change in every coordinate of the next state.
 */
export const reproduceFewShot: Reproduce = async ({ critics, seed, onProgress }) => {
  const start = performance.now();
  const seeds = Array.from({ length: seedCount }, (_, i) => seed + i);
  const total = tasks.length * seedCount;
  const errors: Record<string, number[]> = {};
  const note = (key: string, value: number) => {
    errors[key] ??= [];
    errors[key].push(value);
  };
  let done = 0;
  for (const { id, key, critics: names } of tasks) {
    const held = (await Promise.all(
      names.map((name) => loadCritic(`${critics ?? "."}/${name}_1/${name.split("/")[1]}.zip`, { quantiles: "mean" })),
    )) as NetworkCritic[];
    const environment = make(id);
    for (const own of seeds) {
      onProgress?.(done++, total, `${id}, seed ${own}`);
      const first = (await inferDynamics(held, { environment, seed: own })) as InferredContinuous;
      const truth = await scoringTransitions(first.model, environment, { seed: own + 1000 });
      note(`${key} critics alone`, (await scoreContinuous(first.model, truth)).error);
      const pool = await scoringTransitions(first.model, environment, { seed: own + 2000, n: 40 });
      for (const n of counts) {
        for (const noise of [0, NOISE]) {
          const transitions = someTransitions(pool, first.model.coordinates.names.length, n, noise, own);
          const { model, transitions: used } = (await inferDynamics(held, { environment, seed: own, transitions })) as InferredContinuous;
          const label = `${key} ${n} ${noise === 0 ? "clean" : "noisy"}`;
          note(`${label} with critics`, (await scoreContinuous(model, truth)).error);
          note(`${label} alone`, (await scoreContinuous(used!.supervisedModel, truth)).error);
        }
      }
    }
  }
  onProgress?.(total, total, "done");
  const gain = (key: string, n: number, i: number) =>
    1 - errors[`${key} ${n} noisy with critics`][i] / errors[`${key} ${n} noisy alone`][i];
  const { figures: medians, ranges } = summariseSeeds(
    seeds.map((_, i) => ({
      ...Object.fromEntries(tasks.flatMap(({ key }) => counts.map((n) => [`${key}Gain${n}`, gain(key, n, i)]))),
      cartPoleTenClean: errors["cartPole 10 clean with critics"][i],
    })),
  );
  const gains = (key: string) => counts.map((n) => medians[`${key}Gain${n}`]);
  return {
    figures: {
      ...medians,
      pendulumGain: Math.min(...gains("pendulum")),
      smallestGain: Math.min(...tasks.flatMap(({ key }) => gains(key))),
    },
    ranges,
    seeds,
    seconds: (performance.now() - start) / 1000,
    details: { medians: Object.fromEntries(Object.entries(errors).map(([key, values]) => [key, median(values)])), errors },
  };
};

/** The first n transitions of the pool that do not end an episode, with noise on the next states. */
function someTransitions(pool: VisitedTransitions, d: number, n: number, noise: number, seed: number): RealTransitions {
  const random = createRandom(seed + 77);
  const m = pool.actions.length / pool.n;
  const rows = Array.from({ length: pool.n }, (_, b) => b).filter((b) => !pool.terminated[b]);
  const rms = new Float64Array(d);
  for (const b of rows) for (let j = 0; j < d; j++) rms[j] += (pool.nextStates[b * d + j] - pool.states[b * d + j]) ** 2 / rows.length;
  const kept = rows.slice(0, n);
  const take = (from: Float64Array, width: number) =>
    Float64Array.from(kept.flatMap((b) => [...from.subarray(b * width, (b + 1) * width)]));
  return {
    n: kept.length,
    states: take(pool.states, d),
    actions: take(pool.actions, m),
    nextStates: take(pool.nextStates, d).map((x, i) => x + noise * Math.sqrt(rms[i % d]) * random.normal()),
  };
}

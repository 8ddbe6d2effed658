import { restoreCritic } from "../critics/saved.ts";
import { make } from "../environments/make.ts";
import { inferDynamics } from "../inversion/infer.ts";
import { GVF_DEFAULTS, trainGeneralValues } from "../learning/invertible/general-value-functions.ts";
import { mean } from "../numbers/statistics.ts";
import { scoreModel } from "../world-model/score.ts";
import type { Reproduce, Reproduction } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";

const SEEDS = 3;
/** Training uses seed, inference seed + 100, the score seed + 200: no state is used twice. */
const APART = 100;
const PAIRS = 1000;
const tasks = [
  { key: "pendulum", id: "Pendulum-v1" },
  { key: "cartPole", id: "CartPole-v1" },
] as const;

/**
 * Critics trained to be inverted: general value functions of random signals, then each next state pair by pair, without structure and without transitions.
 * Change-normalised error, mean over dimensions; medians over training seeds.
 */
export const reproduceIdentifiable: Reproduce = async ({ seed, onProgress }): Promise<Reproduction> => {
  const start = performance.now();
  const seeds = Array.from({ length: SEEDS }, (_, i) => seed + i);
  const runs: Record<string, number>[] = [];
  const details: Record<string, unknown>[] = [];
  for (const own of seeds) {
    const run: Record<string, number> = {};
    for (const { key, id } of tasks) {
      const environment = make(id);
      const { critic, updatesPerSecond } = await trainGeneralValues(environment, {
        seed: own,
        onProgress: (done, total, what) =>
          onProgress?.(
            seeds.indexOf(own) * tasks.length + (run.pendulum === undefined ? 0 : 1) + done / total,
            SEEDS * tasks.length,
            `${id}, seed ${own}: ${what}`,
          ),
      });
      const restored = restoreCritic(critic);
      const { model, identifiability } = await inferDynamics(restored, {
        environment: id,
        method: "pointwise",
        seed: own + APART,
        samples: PAIRS,
      });
      const score = await scoreModel(model, environment, { seed: own + 2 * APART, n: PAIRS });
      if (score.kind !== "continuous") throw new TypeError(`${id} has no continuous score`);
      run[key] = mean(score.dimensions.map(({ error }) => error));
      details.push({
        environment: id,
        seed: own,
        heads: critic.heads.length,
        updatesPerSecond,
        residualOverSignal: critic.made?.residualOverSignal,
        dimensions: score.dimensions,
        verdict: identifiability.verdict,
      });
    }
    runs.push(run);
  }
  const { figures, ranges } = summariseSeeds(runs);
  return { figures, ranges, seeds, seconds: (performance.now() - start) / 1000, details: { settings: GVF_DEFAULTS, runs: details } };
};

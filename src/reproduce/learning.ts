import { make } from "../environments/make.ts";
import { algorithms, presetOf } from "../learning/deep/algorithms.ts";
import { EPISODES, EVALUATION_SEED, EVALUATIONS, FRESH_EPISODES, FRESH_SEED } from "../learning/deep/run.ts";
import { evaluateCritic, trainLearner } from "../learning/deep/train.ts";
import { trainGeneralValues } from "../learning/invertible/general-value-functions.ts";
import { mountainCarTask } from "../learning/invertible/steps-to-go-tasks.ts";
import { mean } from "../numbers/statistics.ts";
import type { Reproduce, Reproduction } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";
import { mountainCarStudy, mountainCarValues } from "./mountain-car.ts";
import { reacherStudy } from "./reacher.ts";
import { scoreGoalCritic } from "./sparse-goals.ts";

const SEEDS = 3;
/** Evaluations of this mean return end a training early; what counts are 100 fresh episodes after it. */
const tasks = [
  { key: "cartPoleReturn", id: "CartPole-v1", algorithm: "dqn", enough: 500 },
  { key: "mountainCarReturn", id: "MountainCar-v0", algorithm: "dqn", enough: -105 },
  { key: "acrobotReturn", id: "Acrobot-v1", algorithm: "dqn", enough: -80 },
  { key: "pendulumReturn", id: "Pendulum-v1", algorithm: "sac", enough: -145 },
] as const;
const generals = ["Pendulum-v1", "CartPole-v1"] as const;

/** Critics of four sparse goals: those that ship for a seed are scored as they are, unless they are to be trained again (15 minutes each). */
function goalStudies() {
  const task = mountainCarTask();
  const { grid, tables } = mountainCarValues(task);
  return [
    { key: "reacher", study: reacherStudy() },
    { key: "mountainCarGoal", study: mountainCarStudy(task, grid, tables) },
  ] as const;
}

/**
 * Returns of our learners over fresh episodes, how surely critics of sparse goals lead to them (success over that of value iteration on a grid; for the
 * reacher, over a bound above it), and how little Bellman residual general value functions are left with. Medians over training seeds.
 */
export const reproduceLearning: Reproduce = async (options): Promise<Reproduction> => {
  const { seed, onProgress } = options;
  const start = performance.now();
  const seeds = Array.from({ length: SEEDS }, (_, i) => seed + i);
  const runs: Record<string, number>[] = [];
  const details: Record<string, unknown>[] = [];
  const studies = goalStudies();
  const parts = studies.length + tasks.length + generals.length;
  for (const own of seeds) {
    const run: Record<string, number> = {};
    let done = seeds.indexOf(own) * parts;
    for (const { key, study } of studies) {
      const { success, returnRatio, residualSteps, detail } = await scoreGoalCritic(study, own, options, (at, total, what) =>
        onProgress?.(done + at / total, SEEDS * parts, what),
      );
      run[`${key}Success`] = success;
      run[`${key}ReturnRatio`] = returnRatio;
      run[`${key}ResidualSteps`] = residualSteps;
      details.push({ environment: study.task.environment, algorithm: "steps-to-go", seed: own, ...detail });
      done++;
    }
    for (const { key, id, algorithm, enough } of tasks) {
      const begun = performance.now();
      const { steps, settings } = presetOf(id);
      const learner = await algorithms[algorithm].create(id, { ...settings, seed: own, steps });
      const best = await trainLearner(learner, {
        steps,
        evaluationSeed: EVALUATION_SEED + own,
        evaluateEvery: Math.ceil(steps / EVALUATIONS),
        episodes: EPISODES,
        enough,
        onProgress: (entry) =>
          onProgress?.(done + entry.steps / steps, SEEDS * parts, `${id}, seed ${own}: return ${entry.evaluation.toFixed(1)}`),
      });
      run[key] = mean(await evaluateCritic(best.critic, id, FRESH_EPISODES, FRESH_SEED + own));
      const seconds = (performance.now() - begun) / 1000;
      details.push({
        environment: id,
        algorithm,
        seed: own,
        meanReturn: run[key],
        steps: learner.steps,
        updates: learner.updates,
        seconds,
      });
      await learner.release();
      done++;
    }
    let worst = 0;
    for (const id of generals) {
      const { critic, signal, updatesPerSecond } = await trainGeneralValues(make(id), {
        seed: own,
        cumulants: 32,
        onProgress: (at, total) => onProgress?.(done + at / total, SEEDS * parts, `${id}, seed ${own}: general value functions`),
      });
      const ratio = Math.hypot(...critic.heads.map(({ residual }) => residual!)) / Math.hypot(...signal);
      worst = Math.max(worst, ratio);
      details.push({
        environment: id,
        algorithm: "gvf",
        seed: own,
        residualOverSignal: ratio,
        byDiscount: critic.made?.residualOverSignal,
        updatesPerSecond,
      });
      done++;
    }
    run.residualOverSignal = worst;
    runs.push(run);
  }
  const { figures, ranges } = summariseSeeds(runs);
  return { figures, ranges, seeds, seconds: (performance.now() - start) / 1000, details };
};

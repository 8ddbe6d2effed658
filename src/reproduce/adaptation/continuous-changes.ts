import { fileURLToPath } from "node:url";
import type { NetworkCritic } from "../../critics/critic.ts";
import type { Environment } from "../../environments/environment.ts";
import { make } from "../../environments/make.ts";
import { withEpisodes } from "../../environments/with-episodes.ts";
import { loadCritic } from "../../formats/load-critic.ts";
import type { ContinuousTask } from "../../planning/continuous-task.ts";
import { ownTask } from "../../planning/own-task.ts";
import { type GridOptions, planOnGrid } from "../../planning/plan-on-grid.ts";
import type { ContinuousPolicy } from "../../planning/policy.ts";
import { simulatorOfPhysics } from "../../planning/simulator.ts";
import type { FeatureKind } from "../../world-model/features.ts";

/** A world that becomes another, and who is to notice. */
export interface ContinuousChangeStudy {
  readonly name: string;
  readonly id: string;
  /** Options of `make` after the change. */
  readonly change: Readonly<Record<string, number>>;
  readonly algorithm: "dqn" | "sac";
  /** Until an evaluation is within this share of the optimum. */
  readonly training: {
    readonly steps: number;
    readonly within: number;
    readonly every: number;
    readonly settings: Readonly<Record<string, unknown>>;
  };
  /** How the learner goes on, beside what the grid chooses. */
  readonly continued: Readonly<Record<string, unknown>>;
  /** The critic that the model is inferred from. */
  critic(): Promise<NetworkCritic>;
  readonly features?: FeatureKind;
  /** Where it was trained, if not in the world as it is. */
  readonly everywhere?: Environment;
  readonly task: ContinuousTask;
  /** How plans are made: by the agent in its model, and in the exact laws for the optimum. */
  readonly grid: GridOptions;
}

/** The best policy by dynamic programming in the exact laws. */
export const optimal = (study: ContinuousChangeStudy, environment: Environment): Promise<ContinuousPolicy> =>
  planOnGrid(simulatorOfPhysics(environment.physics!), study.task, study.grid);

const shipped = async (id: string): Promise<NetworkCritic> => {
  const critic = await loadCritic(fileURLToPath(new URL(`../../../zoo/${id}`, import.meta.url)));
  if (critic.kind !== "network") throw new TypeError(`zoo/${id} is not a network critic`);
  return critic;
};

/** The pole outweighs the cart sixteen times. */
const heavierPole: ContinuousChangeStudy = {
  name: "heavier pole",
  id: "CartPole-v1",
  change: { poleMass: 16 },
  algorithm: "dqn",
  training: { steps: 120_000, within: 0.01, every: 2000, settings: { hidden: [128, 128] } },
  continued: { learningStarts: 0, explorationFraction: 1e-9, finalLearningRate: 1 },
  critic: () => shipped("CartPole-v1"),
  features: "quadratic",
  ...ownTask(make("CartPole-v1")),
};

/** The motor is as weak as before, the pendulum twice as heavy. */
const heavierPendulum: ContinuousChangeStudy = {
  name: "heavier pendulum",
  id: "Pendulum-v1",
  change: { mass: 2 },
  algorithm: "sac",
  training: { steps: 20_000, within: 0.05, every: 500, settings: { hidden: [64, 64], updatesPerStep: 2, finalLearningRate: 0.01 } },
  continued: { learningStarts: 0, finalLearningRate: 1 },
  critic: () => shipped("Pendulum-v1"),
  ...ownTask(make("Pendulum-v1")),
};

/** The engine has little more than a quarter of its power. */
const weakerEngine: ContinuousChangeStudy = {
  name: "weaker engine",
  id: "MountainCarContinuous-v0",
  change: { power: 0.0004 },
  algorithm: "sac",
  training: {
    steps: 40_000,
    within: 0.04,
    every: 500,
    settings: { hidden: [64, 64], persistence: 40, learningStarts: 3000, discount: 0.999 },
  },
  continued: { learningStarts: 0, finalLearningRate: 1 },
  critic: () => shipped("MountainCarContinuous-v0"),
  // an engine too weak to climb would show its critic no more than the valley's floor
  everywhere: withEpisodes(make("MountainCarContinuous-v0"), {
    starts: [
      [-1.2, 0.5],
      [-0.07, 0.07],
    ],
    horizon: 20,
  }),
  features: "chebyshev",
  ...ownTask(make("MountainCarContinuous-v0")),
};

export const continuousChanges: readonly ContinuousChangeStudy[] = [heavierPole, heavierPendulum, weakerEngine];

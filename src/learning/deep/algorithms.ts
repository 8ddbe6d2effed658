import type { Learner, LearnerOptions } from "../learner.ts";
import type { EnvironmentSource } from "./actors.ts";
import { dqn } from "./dqn.ts";
import { qrDqn } from "./qr-dqn.ts";
import { sac } from "./sac.ts";
import { ddpg, td3 } from "./td3.ts";

export interface Algorithm {
  /** One line. */
  readonly describe: string;
  create(environment: EnvironmentSource, options: LearnerOptions & Readonly<Record<string, unknown>>): Promise<Learner>;
}

/** Learners that act, remember and update; each is one file. */
export const algorithms: Readonly<Record<string, Algorithm>> = {
  ddpg: { describe: "deterministic actor-critic for Box actions (Lillicrap et al. 2016)", create: ddpg },
  dqn: { describe: "double deep Q-learning with n-step returns for Discrete actions", create: dqn },
  "qr-dqn": { describe: "quantiles of the return for Discrete actions (Dabney et al. 2018)", create: qrDqn },
  sac: { describe: "soft actor-critic with tuned temperature for Box actions (Haarnoja et al. 2018)", create: sac },
  td3: { describe: "twin delayed deterministic actor-critic for Box actions (Fujimoto et al. 2018)", create: td3 },
};

/** What an environment needs where the defaults do not do. */
export interface Preset {
  readonly steps: number;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export const presets: Readonly<Record<string, Preset>> = {
  "Acrobot-v1": { steps: 60_000 },
  // without noise on the target's actions, so that Q and V are of one policy, and long enough at a low rate for a critic to be inverted
  "ArmReach-v0": { steps: 12_000, settings: { discount: 0.95, hidden: [64, 64], starts: 500, targetNoise: 0, lastRate: 0.03 } },
  "CartPole-v1": { steps: 80_000 },
  "MountainCar-v0": { steps: 120_000, settings: { rate: 2e-3, explorationPart: 0.3, lookahead: 5, persistence: 12 } },
  "Pendulum-v1": { steps: 15_000 },
};
export const ordinary: Preset = { steps: 100_000 };

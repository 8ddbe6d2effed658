import type { Preset } from "../../environments/registration.ts";
import { registrationOf } from "../../environments/registry.ts";
import type { Learner, LearnerOptions } from "../learner.ts";
import type { EnvironmentSource } from "./actors.ts";
import { deepOptionNames } from "./deep-options.ts";
import { DQN_DEFAULTS, dqn } from "./dqn.ts";
import { QR_DQN_DEFAULTS, qrDqn } from "./qr-dqn.ts";
import { SAC_DEFAULTS, sac } from "./sac.ts";
import { ddpg, TD3_DEFAULTS, td3 } from "./td3.ts";

export interface Algorithm {
  /** One line. */
  readonly describe: string;
  /** Names of its options, beside `seed` and `steps`. */
  readonly options: readonly string[];
  /** @throws OptionError naming an option that it would not look at */
  create(environment: EnvironmentSource, options: LearnerOptions & Readonly<Record<string, unknown>>): Promise<Learner>;
}

function algorithm(name: string, describe: string, defaults: object, create: Algorithm["create"]): readonly [string, Algorithm] {
  return [name, { describe, options: deepOptionNames(defaults), create }];
}

/** Learners that act, remember and update; each is one file. */
export const algorithms: Readonly<Record<string, Algorithm>> = Object.fromEntries([
  algorithm("ddpg", "deterministic actor-critic for Box actions (Lillicrap et al. 2016)", TD3_DEFAULTS, ddpg),
  algorithm("dqn", "double deep Q-learning with n-step returns for Discrete actions", DQN_DEFAULTS, dqn),
  algorithm("qr-dqn", "quantiles of the return for Discrete actions (Dabney et al. 2018)", QR_DQN_DEFAULTS, qrDqn),
  algorithm("sac", "soft actor-critic with tuned temperature for Box actions (Haarnoja et al. 2018)", SAC_DEFAULTS, sac),
  algorithm("td3", "twin delayed deterministic actor-critic for Box actions (Fujimoto et al. 2018)", TD3_DEFAULTS, td3),
]);

/** What an environment that asks for nothing is learned with. */
const ordinary: Preset = { steps: 100_000 };

/** What is registered for an environment; a plain hundred thousand steps where nothing is. */
export function presetOf(id: string): Preset {
  return registrationOf(id)?.preset ?? ordinary;
}

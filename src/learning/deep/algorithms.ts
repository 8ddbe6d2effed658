import type { Preset } from "../../environments/registration.ts";
import { registrationOf } from "../../environments/registry.ts";
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

/** What an environment that asks for nothing is learned with. */
const ordinary: Preset = { steps: 100_000 };

/** What is registered for an environment; a plain hundred thousand steps where nothing is. */
export function presetOf(id: string): Preset {
  return registrationOf(id)?.preset ?? ordinary;
}

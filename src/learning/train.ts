import { checkOptions } from "../base/options.ts";
import type { NetworkCritic, TabularCritic } from "../critics/critic.ts";
import { restoreCritic, type SavedCritic } from "../critics/saved.ts";
import type { Environment } from "../environments/environment.ts";
import { make, prepare } from "../environments/make.ts";
import type { EnvironmentSource } from "./deep/actors.ts";
import type { DqnOptions } from "./deep/dqn.ts";
import type { QrDqnOptions } from "./deep/qr-dqn.ts";
import type { SacOptions } from "./deep/sac.ts";
import type { Td3Options } from "./deep/td3.ts";
import { LearningError } from "./errors.ts";
import type { CoordinateCriticOptions } from "./invertible/coordinate-critic.ts";
import type { GeneralValueOptions } from "./invertible/general-value-functions.ts";
import type { StepsToGoOptions } from "./invertible/steps-to-go.ts";
import type { StepsToGoGoals } from "./invertible/steps-to-go-tasks.ts";
import type { LearnerOptions } from "./learner.ts";
import { learners } from "./learners.ts";
import { renamedOptions } from "./renamed-options.ts";
import type { TableLearnerOptions } from "./tabular/train-tables.ts";

export interface DeepTrainingOptions {
  /** Environment steps (the environment's preset). */
  readonly steps?: number;
  /** Stop at an evaluation of this mean return. */
  readonly enough?: number;
  /** Heads of random signals beside the learner, so that the critic can be inverted by design. */
  readonly identifiable?: boolean;
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

export type DeepTraining<Name extends string, Options extends LearnerOptions> = DeepTrainingOptions &
  Omit<Options, "steps"> & { readonly algorithm: Name };

/** What is learned, by the name of its learner. */
export type NetworkTraining =
  | DeepTraining<"dqn", DqnOptions>
  | DeepTraining<"qr-dqn", QrDqnOptions>
  | DeepTraining<"sac", SacOptions>
  | DeepTraining<"td3" | "ddpg", Td3Options>
  | ({ readonly algorithm: "gvf" } & GeneralValueOptions)
  | ({ readonly algorithm: "steps-to-go" } & StepsToGoOptions & StepsToGoGoals)
  | ({ readonly algorithm: "coordinate-values" } & CoordinateCriticOptions);

export type TableTraining = { readonly algorithm: "q-learning" | "sarsa" | "value-iteration" } & TableLearnerOptions;

export interface Trained<C> {
  /** What `inferDynamics` and `saveCritic` take. */
  readonly critic: C;
  readonly algorithm: string;
  /** What the learner says of its training: settings, residuals, returns. */
  readonly made: Readonly<Record<string, unknown>>;
}

/**
 * Train a critic: every learner in one way.
 * @param environment an id of `make`, or what makes a copy of an environment of one's own
 * @throws OptionError where the learner would not look at an option
 * @throws LearningError where the learner and the environment do not belong together
 */
export function train(environment: EnvironmentSource, options: TableTraining): Promise<Trained<TabularCritic>>;
export function train(environment: EnvironmentSource, options: NetworkTraining): Promise<Trained<NetworkCritic>>;
export async function train(
  source: EnvironmentSource,
  options: TableTraining | NetworkTraining,
): Promise<Trained<TabularCritic> | Trained<NetworkCritic>> {
  const { algorithm, ...given } = options;
  const learner = Object.hasOwn(learners, algorithm) ? learners[algorithm] : undefined;
  if (!learner) throw new LearningError(`there is no learner '${algorithm}'; there are ${Object.keys(learners).join(", ")}`);
  checkOptions(given, { of: algorithm, takes: learner.options, renamed: learner.renames ? renamedOptions : {} });
  if (typeof source === "string") await prepare(source);
  const environment: Environment = typeof source === "string" ? make(source) : source();
  const saved: SavedCritic = await learner.train({ source, environment }, given);
  const critic = restoreCritic(saved);
  const rest = { algorithm, made: saved.made ?? {} };
  if (critic.kind === "tabular") return { critic, ...rest };
  if (critic.kind === "network") return { critic, ...rest };
  throw new LearningError(`${algorithm} gave a critic of state values alone`);
}

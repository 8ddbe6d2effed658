import type { SavedCritic } from "../critics/saved.ts";
import type { Environment } from "../environments/environment.ts";
import type { EnvironmentSource } from "./deep/actors.ts";
import { algorithms } from "./deep/algorithms.ts";
import { trainDeepCritic } from "./deep/train-deep-critic.ts";
import { COORDINATE_CRITIC_OPTIONS, type CoordinateCriticOptions, trainCoordinateCritic } from "./invertible/coordinate-critic.ts";
import { type GeneralValueOptions, GVF_DEFAULTS, trainGeneralValues } from "./invertible/general-value-functions.ts";
import { STEPS_TO_GO_DEFAULTS, type StepsToGoOptions, trainStepsToGo } from "./invertible/steps-to-go.ts";
import { type StepsToGoGoals, stepsToGoTaskOf } from "./invertible/steps-to-go-tasks.ts";
import { TABLE_OPTIONS, type TableLearnerOptions, trainTables } from "./tabular/train-tables.ts";

/** Where a critic is trained: what makes copies, and one copy that is ready. */
export interface TrainingPlace {
  readonly source: EnvironmentSource;
  readonly environment: Environment;
}

/** One entry of the table of learners. */
export interface LearnerEntry {
  /** One line. */
  readonly describe: string;
  /** Names of every option that it looks at. */
  readonly options: readonly string[];
  /** Whether options by their names of 0.1.0 are told by their new name. */
  readonly renames: boolean;
  /** @param options checked to be among `options` */
  train(place: TrainingPlace, options: object): Promise<SavedCritic>;
}

/** @param options names; `train` narrows what it is given, as `train` of the library types it by the learner's name */
function entry<Options extends object>(
  describe: string,
  options: readonly string[],
  train: (place: TrainingPlace, options: Options) => Promise<SavedCritic>,
): LearnerEntry {
  return { describe, options, renames: !options.includes("starts"), train: (place, given) => train(place, given as Options) };
}

const deep = Object.entries(algorithms).map(([name, { describe, options }]) => [
  name,
  entry(describe, ["seed", "steps", "enough", "identifiable", "onProgress", ...options], (place, given: { readonly seed: number }) =>
    trainDeepCritic(name, place, given),
  ),
]);

const ofTables = (algorithm: "q-learning" | "sarsa" | "value-iteration", describe: string) =>
  entry(describe, TABLE_OPTIONS[algorithm], async ({ environment }, given: TableLearnerOptions) =>
    trainTables(algorithm, environment, given),
  );

/** Every learner by its name. */
export const learners: Readonly<Record<string, LearnerEntry>> = {
  ...Object.fromEntries(deep),
  "coordinate-values": entry(
    "values of the coordinates themselves under random behaviour, for Box actions",
    COORDINATE_CRITIC_OPTIONS,
    ({ environment }, given: CoordinateCriticOptions) => trainCoordinateCritic(environment, given),
  ),
  gvf: entry(
    "general value functions of random signals, trained to be inverted",
    [...Object.keys(GVF_DEFAULTS), "seed", "folder", "resume", "threads", "onProgress", "onStart", "evaluations", "onEvaluation"],
    async ({ environment }, given: GeneralValueOptions) => (await trainGeneralValues(environment, given)).critic,
  ),
  "q-learning": ofTables("q-learning", "tables of action values, all goals at once (Watkins 1989, Kaelbling 1993)"),
  sarsa: ofTables("sarsa", "a table of the behaviour's own action values (Rummery and Niranjan 1994)"),
  "steps-to-go": entry(
    "steps to sparse goals, for Discrete actions and deterministic dynamics",
    [...Object.keys(STEPS_TO_GO_DEFAULTS), "seed", "folder", "goals", "onProgress"],
    ({ environment }, { goals, ...given }: StepsToGoOptions & StepsToGoGoals) => trainStepsToGo(stepsToGoTaskOf(environment, goals), given),
  ),
  "value-iteration": ofTables("value-iteration", "exact tables of action values"),
};

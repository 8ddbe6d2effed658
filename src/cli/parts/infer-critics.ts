import type { OnProgress } from "../../base/progress.ts";
import type { Critic, NetworkCritic, StateValueCritic, TabularCritic } from "../../critics/critic.ts";
import type { Coordinates, Environment } from "../../environments/environment.ts";
import type { RealTransitions } from "../../inversion/continuous/fit-with-transitions.ts";
import type { ContinuousInferOptions, TabularInferOptions } from "../../inversion/options.ts";
import type { ContinuousInference, TabularInference } from "../../report/index.ts";
import type { Score } from "../../world-model/score.ts";
import { knownEnvironment, makeEnvironment, recogniseGrid, refuseProgram } from "./environments.ts";
import { UsageError } from "./errors.ts";
import { givenReward, tableReward } from "./reward.ts";

export interface InferSettings {
  /** Gymnasium id; the critics' own where absent. */
  readonly environment?: string;
  readonly method?: string;
  readonly seed: number;
  /** States to ask at, for networks. */
  readonly states?: number;
  /** Recorded experience to ask about. */
  readonly data?: string;
  /** A .json that says what its observations are. */
  readonly coordinates?: string;
  /** Fit its transitions as well. */
  readonly fit?: boolean;
  /** Its held-out episodes measure the bounds. */
  readonly calibrate?: boolean;
  /** An .npz of real transitions. */
  readonly transitions?: string;
  /** Another that measures the bounds. */
  readonly calibration?: string;
  /** Where it is not the environment's: a number, "unknown", or a file. */
  readonly reward?: string;
  /** τ, where it is known. */
  readonly timeStep?: number;
  /** How next states scatter, where they do. */
  readonly noise?: string;
  /** What people should know on the way. */
  readonly note?: (text: string) => void;
  readonly onProgress?: OnProgress;
}

/** A model with all that a summary and a report say of it. */
export type Finding =
  | ({ readonly kind: "continuous"; readonly environment?: Environment } & ContinuousInference)
  | ({ readonly kind: "tabular"; readonly score?: Score } & TabularInference);

/** Critics in, a scored model out. The seed chooses the states that are asked about; the score is taken on those of the next seed. */
export async function inferCritics(critics: readonly Critic[], settings: InferSettings): Promise<Finding> {
  checkData(settings);
  await checkOptions(critics, settings);
  const tables = critics.filter((critic): critic is TabularCritic => critic.kind === "tabular");
  if (tables.length > 0) return inferTables(tables, settings);
  return inferNetworks(critics as readonly (NetworkCritic | StateValueCritic)[], settings);
}

function checkData({ data, coordinates, fit, calibrate, transitions, calibration }: InferSettings): void {
  for (const [flag, given] of Object.entries({ "--coordinates": coordinates !== undefined, "--fit": fit, "--calibrate": calibrate }))
    if (given && data === undefined) throw new UsageError(`${flag} says what --data FILE is for: give --data too`);
  if (data !== undefined && (transitions !== undefined || calibration !== undefined))
    throw new UsageError(`--data takes the place of ${transitions === undefined ? "--calibration" : "--transitions"}: give one of them`);
}

/** What the library would refuse is refused before a file is read, with its sentence. */
async function checkOptions(
  critics: readonly Critic[],
  { method, seed, states, data, fit, transitions, timeStep, noise, reward, environment }: InferSettings,
): Promise<void> {
  const { chooseSolver } = await import("../../inversion/check-options.ts");
  const ofNetworks = critics.some((critic) => critic.kind !== "tabular");
  await refused(async () =>
    chooseSolver(critics, {
      method,
      seed,
      samples: states,
      transitions: fit ? data : transitions,
      timeStep,
      noise,
      // of tables the command line takes care itself
      ...(ofNetworks ? { environment, [isNumber(reward) ? "reward" : "rewards"]: isNumber(reward) ? Number(reward) : reward } : {}),
    }),
  );
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== "" && Number.isFinite(Number(text));
}

/** What does not belong together is wrong usage; the stack stays in `cause`. */
async function refused<T>(work: () => Promise<T>): Promise<T> {
  const [{ OptionError }, { MismatchError }] = await Promise.all([import("../../base/options.ts"), import("../../base/mismatch-error.ts")]);
  try {
    return await work();
  } catch (error) {
    if (error instanceof MismatchError || error instanceof OptionError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

async function inferTables(critics: readonly TabularCritic[], settings: InferSettings): Promise<Finding> {
  if (settings.data !== undefined) throw new UsageError("--data is for networks; a table is asked about all its pairs");
  if (settings.calibration !== undefined) throw new UsageError("--calibration is for networks; a table's margins are exact");
  const [{ stack }, { trueTables }, { scoreTabular }] = await Promise.all([
    import("../../critics/stack.ts"),
    import("../../report/true-tables.ts"),
    import("../../world-model/score-tabular.ts"),
  ]);
  const critic = stack(critics);
  const environment =
    settings.environment === undefined
      ? ((await knownEnvironment(critic.environment)) ?? (await recogniseGrid(critic)))
      : await makeEnvironment(settings.environment);
  const truth = environment && trueTables(critic, environment);
  if (settings.environment !== undefined && !truth) {
    throw new UsageError(`${settings.environment} does not have the states and actions of ${critic.name}`);
  }
  const rewards = settings.reward === undefined ? undefined : await tableReward(settings.reward, critic);
  const { inferDynamics } = await import("../../inversion/infer.ts");
  const { method, seed, onProgress } = settings;
  // where several distributions fit, the one over the fewest states is meant
  const options = method === "projection" ? { method, seed, onProgress, tabular: { undetermined: "fewest" } } : { seed, onProgress };
  const { model, identifiability } = await refused(() =>
    inferDynamics(rewards ? { ...critic, rewards: rewards.table } : critic, options as TabularInferOptions),
  );
  return {
    kind: "tabular",
    model,
    critic,
    identifiability,
    environment: truth && environment,
    truth,
    score: truth && (await scoreTabular(model, truth)),
  };
}

async function inferNetworks(critics: readonly (NetworkCritic | StateValueCritic)[], settings: InferSettings): Promise<Finding> {
  const { seed, onProgress } = settings;
  const from = critics.find((critic) => critic.environment);
  if (settings.data === undefined) await refuseProgram(settings.environment, from?.environment, from?.name ?? "");
  const environment =
    settings.environment === undefined ? await knownEnvironment(from?.environment) : await makeEnvironment(settings.environment);
  onProgress?.(0, 1, "visiting states");
  const coordinates =
    settings.coordinates === undefined
      ? undefined
      : await (await import("./coordinates.ts")).readCoordinates(settings.coordinates, critics[0], environment);
  const world = environment ? environment.coordinates : coordinates;
  const recorded = settings.data === undefined ? undefined : await askRecorded(settings.data, critics, environment, world, settings);
  const transitions =
    settings.transitions === undefined
      ? settings.fit
        ? recorded?.measured("asked")
        : undefined
      : await realTransitions(settings.transitions, critics[0], environment);
  const reward = settings.reward === undefined ? (recorded?.reward ?? {}) : await givenReward(settings.reward);
  const { inferDynamics } = await import("../../inversion/infer.ts");
  const { method, timeStep, noise } = settings;
  const samples = recorded?.samples ?? settings.states;
  const options = { environment: environment?.id, coordinates, method, seed, samples, timeStep, noise, transitions, ...reward, onProgress };
  // `checkOptions` has seen that method and noise are known and belong together
  const found = await refused(() => inferDynamics(critics, options as ContinuousInferOptions));
  const { identifiability, equations } = found;
  const measuring =
    settings.calibration === undefined
      ? settings.calibrate
        ? recorded?.measured("held")
        : undefined
      : await realTransitions(settings.calibration, critics[0], environment);
  const model = measuring ? await (await import("../../world-model/calibrate.ts")).calibrateBounds(found.model, measuring) : found.model;
  const continuous = { kind: "continuous", model, identifiability, states: equations.states } as const;
  const { scoreContinuous, scoringTransitions } = await import("../../world-model/score.ts");
  if (!environment) {
    const held = settings.calibrate ? undefined : recorded?.held();
    return held ? { ...continuous, score: await scoreContinuous(model, held) } : continuous;
  }
  onProgress?.(0, 1, "scoring");
  const visited = await scoringTransitions(model, environment, { seed: seed + 1 });
  return { ...continuous, environment, transitions: visited, score: await scoreContinuous(model, visited, seed + 1) };
}

const RECORDED = 2000;

/** What a recorded file gives: where to ask, what was paid there, and steps that measure. */
async function askRecorded(
  path: string,
  critics: readonly (NetworkCritic | StateValueCritic)[],
  environment: Environment | undefined,
  world: Coordinates | undefined,
  { seed, states, reward, fit, calibrate, note }: InferSettings,
) {
  const [{ readRecorded }, { recordedExperience }, { flatBox, identityCoordinates }, { withoutTerminals }] = await Promise.all([
    import("../../formats/recorded.ts"),
    import("../../experience/recorded-experience.ts"),
    import("../../environments/identity-coordinates.ts"),
    import("../../inversion/transitions.ts"),
  ]);
  const [critic] = critics;
  const found = await readRecorded(path);
  for (const sentence of found.lacks) note?.(`${path}: ${sentence}`);
  const coordinates = world ?? identityCoordinates(flatBox(critic.observationSpace));
  const experience = recordedExperience(found, coordinates, critic.actionSize, seed);
  const { rewards, ...samples } = experience.samples(states ?? RECORDED);
  // heads with a reward of their own know it, and an environment of ours says it everywhere
  const blind = critics.some((one) => one.kind !== "network" || !one.rewardGraph);
  const asks = blind && !environment?.physics && reward === undefined;
  if (asks && !rewards) throw new UsageError(`${path} holds no rewards, and ${critic.name} needs them: give --reward, a number or unknown`);
  const rows = (which: "asked" | "held") => experience.transitions(experience[which]);
  const measured = (which: "asked" | "held") => {
    const all = withoutTerminals(rows(which));
    if (all.n > 0) return all;
    throw new UsageError(`${path} holds no next states, which ${which === "asked" ? "--fit" : "--calibrate"} needs`);
  };
  if (fit) measured("asked");
  if (calibrate) measured("held");
  return {
    samples,
    reward: asks && rewards ? { rewards } : {},
    measured,
    /** Steps to score on; nothing where none is known. */
    held() {
      const all = rows("held");
      return all.terminated.includes(0) ? all : undefined;
    },
  };
}

async function realTransitions(
  path: string,
  critic: NetworkCritic | StateValueCritic,
  environment: Environment | undefined,
): Promise<RealTransitions> {
  const [{ readTransitions }, { inCoordinates, withoutTerminals }, { flatBox, identityCoordinates }] = await Promise.all([
    import("../../formats/transitions.ts"),
    import("../../inversion/transitions.ts"),
    import("../../environments/identity-coordinates.ts"),
  ]);
  const coordinates = environment?.physics?.coordinates ?? identityCoordinates(flatBox(critic.observationSpace));
  return withoutTerminals(inCoordinates(await readTransitions(path), coordinates, critic.actionSize, path));
}

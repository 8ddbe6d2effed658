import type { OnProgress } from "../../base/progress.ts";
import type { Critic, NetworkCritic, StateValueCritic, TabularCritic } from "../../critics/critic.ts";
import type { Environment } from "../../environments/environment.ts";
import type { RealTransitions } from "../../inversion/continuous/fit-with-transitions.ts";
import type { InferOptions, Inferred, Method } from "../../inversion/infer.ts";
import type { ContinuousInference, TabularInference } from "../../report/index.ts";
import type { NoiseKind } from "../../world-model/noise.ts";
import type { Score } from "../../world-model/score.ts";
import { knownEnvironment, makeEnvironment, recogniseGrid } from "./environments.ts";
import { RefusalError, UsageError } from "./errors.ts";
import { givenReward, tableReward } from "./reward.ts";

export const methods: readonly Method[] = ["matching", "projection", "amortised", "network", "pointwise"];

export interface InferSettings {
  /** Gymnasium id; the critics' own where absent. */
  readonly environment?: string;
  readonly method?: Method;
  readonly seed: number;
  /** States to ask at, for networks. */
  readonly states?: number;
  /** An .npz of real transitions. */
  readonly transitions?: string;
  /** Another that measures the bounds. */
  readonly calibration?: string;
  /** Where it is not the environment's: a number, "unknown", or a file. */
  readonly reward?: string;
  /** τ, where it is known. */
  readonly timeStep?: number;
  /** How next states scatter, where they do. */
  readonly noise?: NoiseKind;
  readonly onProgress?: OnProgress;
}

/** A model with all that a summary and a report say of it. */
export type Finding =
  | ({ readonly kind: "continuous"; readonly environment?: Environment } & ContinuousInference)
  | ({ readonly kind: "tabular"; readonly score?: Score } & TabularInference);

/** Critics in, a scored model out. The seed chooses the states that are asked about; the score is taken on those of the next seed. */
export async function inferCritics(critics: readonly Critic[], settings: InferSettings): Promise<Finding> {
  const tables = critics.filter((critic): critic is TabularCritic => critic.kind === "tabular");
  if (tables.length === critics.length) return inferTables(tables, settings);
  return inferNetworks(critics as readonly (NetworkCritic | StateValueCritic)[], settings);
}

async function inferTables(critics: readonly TabularCritic[], settings: InferSettings): Promise<Finding> {
  if (settings.transitions !== undefined) throw new UsageError("--transitions is for networks; a table is solved by its values alone");
  if (settings.noise !== undefined) throw new UsageError("--noise is for networks; a table takes --method projection");
  if (settings.calibration !== undefined) throw new UsageError("--calibration is for networks; a table's margins are exact");
  if (settings.timeStep !== undefined) throw new UsageError("--time-step is for networks; a table has no rates");
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
  const { model, identifiability } = await infer([rewards ? { ...critic, rewards: rewards.table } : critic], settings);
  if (model.kind !== "tabular" || "kind" in identifiability) throw new TypeError("a table gave a continuous model");
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
  const environment =
    settings.environment === undefined
      ? await knownEnvironment(critics.find((critic) => critic.environment)?.environment)
      : await makeEnvironment(settings.environment);
  onProgress?.(0, 1, "visiting states");
  const transitions = settings.transitions === undefined ? undefined : await realTransitions(settings.transitions, critics[0], environment);
  const reward = settings.reward === undefined ? {} : await givenReward(settings.reward);
  const found = await infer(critics, { ...settings, environment: environment?.id }, { transitions, ...reward });
  if (!("equations" in found)) throw new TypeError("a network gave a table");
  const { identifiability, equations } = found;
  const measuring = settings.calibration === undefined ? undefined : await realTransitions(settings.calibration, critics[0], environment);
  const model = measuring ? await (await import("../../world-model/calibrate.ts")).calibrateBounds(found.model, measuring) : found.model;
  const continuous = { kind: "continuous", model, identifiability, states: equations.states } as const;
  if (!environment) return continuous;
  onProgress?.(0, 1, "scoring");
  const { scoreContinuous, scoringTransitions } = await import("../../world-model/score.ts");
  const visited = await scoringTransitions(model.definition, environment, { seed: seed + 1 });
  return { ...continuous, environment, transitions: visited, score: await scoreContinuous(model, visited, seed + 1) };
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

/** What does not belong together is wrong usage, what cannot be answered a refusal; the stack stays in `cause`. */
async function infer(
  critics: readonly Critic[],
  { environment, method, seed, states, timeStep, noise, onProgress }: InferSettings,
  more: Pick<InferOptions, "transitions" | "reward" | "rewards"> = {},
): Promise<Inferred> {
  const [{ inferDynamics }, { MismatchError }] = await Promise.all([
    import("../../inversion/infer.ts"),
    import("../../inversion/mismatch-error.ts"),
  ]);
  try {
    return await inferDynamics(critics, {
      environment,
      method,
      seed,
      samples: states,
      timeStep,
      noise,
      onProgress,
      tabular: { undetermined: "fewest" },
      ...more,
    });
  } catch (error) {
    if (error instanceof MismatchError) throw new UsageError(error.message, { cause: error });
    if (error instanceof RangeError) throw new RefusalError(error.message, { cause: error });
    throw error;
  }
}

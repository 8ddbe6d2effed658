import type { Rewards } from "../bellman/rewards.ts";
import { type BellmanSystem, bellmanSystem } from "../bellman/system.ts";
import type { Critic, NetworkCritic, StateValueCritic, TabularCritic } from "../critics/critic.ts";
import { stack } from "../critics/stack.ts";
import { withoutReward } from "../critics/without-reward.ts";
import { collectStates } from "../environments/collect.ts";
import type { Coordinates, Environment, Physics } from "../environments/environment.ts";
import { flatBox, identityCoordinates } from "../environments/identity-coordinates.ts";
import { make, prepare } from "../environments/make.ts";
import { identifyTabular, type TabularIdentifiability } from "../identifiability/tabular.ts";
import { createRandom } from "../numbers/random.ts";
import { type Element, flatDimension, flatten, type Space, sample } from "../spaces/space.ts";
import type { TabularWorldModel } from "../world-model/world-model.ts";
import { type InferContinuousOptions, type InferredContinuous, inferContinuous } from "./continuous/infer-continuous.ts";
import { inferFromStateValues } from "./continuous/infer-state-values.ts";
import { MismatchError } from "./mismatch-error.ts";
import type { Samples } from "./samples.ts";
import { inferFew, isPlain } from "./tabular/infer-few.ts";
import { type InferTabularOptions, inferTabular } from "./tabular/infer-tabular.ts";

const SAMPLES = 2000;
const SPARSE_SAMPLES = 30_000;
const COORDINATE_SAMPLES = 100_000;

export type Method = "matching" | "projection" | "pointwise" | "amortised" | "network";

export interface InferOptions
  extends Pick<
    InferContinuousOptions,
    "kinematic" | "features" | "huber" | "ridge" | "timeStep" | "network" | "pointwise" | "transitions" | "noise" | "onProgress"
  > {
  /** An id or an environment: it says what the coordinates are and what the reward was. Never asked for a next state. */
  readonly environment?: string | Environment;
  readonly method?: Method;
  readonly seed?: number;
  /** Where to ask: how many states to visit with the critic's own policy (2000), or states and actions of one's own. */
  readonly samples?: number | Samples;
  /** Share of random actions while visiting (0.3). */
  readonly epsilon?: number;
  /** The reward of every step, where it is not the environment's or that is not known (0). */
  readonly reward?: number;
  readonly coordinates?: Coordinates;
  /** r(s, a) instead of the environment's; "unknown" compares heads that share it with each other. */
  readonly rewards?: Rewards | "unknown";
  readonly tabular?: Omit<InferTabularOptions, "method">;
}

export interface InferredTabular {
  readonly model: TabularWorldModel;
  readonly identifiability: TabularIdentifiability;
}

export type Inferred = InferredContinuous | InferredTabular;

/**
 * A dynamics model from one critic or several of the same environment, and what can be known of it.
 * @throws TypeError where critics, environment and method do not belong together
 */
export async function inferDynamics(given: Critic | readonly Critic[], options: InferOptions = {}): Promise<Inferred> {
  const critics = Array.isArray(given) ? (given as readonly Critic[]) : [given as Critic];
  if (critics.length === 0) throw new MismatchError("inferDynamics needs a critic");
  checkNumbers(options);
  const tables = critics.filter((critic): critic is TabularCritic => critic.kind === "tabular");
  const withReward = critics.filter((critic): critic is NetworkCritic => critic.kind === "network");
  const unknown = options.rewards === "unknown";
  const networks = unknown && withReward.length > 0 ? [cancelReward(withReward)] : withReward;
  const stateValues = critics.filter((critic): critic is StateValueCritic => critic.kind === "state-values");
  const differentiable = [...networks, ...stateValues];
  if (tables.length > 0 && differentiable.length > 0) throw new MismatchError("tables and networks cannot be inverted together");
  const { method } = options;
  if (tables.length > 0) {
    if (method !== undefined && method !== "matching" && method !== "projection")
      throw new MismatchError(`method '${method}' is for networks; a table takes matching or projection`);
    for (const name of ["transitions", "timeStep", "rewards", "noise"] as const) {
      if (options[name] !== undefined) throw new MismatchError(`option '${name}' is for networks; a table is solved by its values alone`);
    }
    const critic = tables.length === 1 ? tables[0] : stack(tables);
    const model = await tabularModel(critic, { ...options.tabular, method }, options.onProgress);
    const distances = method === "projection" ? undefined : await distancesOf(model);
    return { model, identifiability: identifyTabular(critic, { distances }) };
  }
  if (method === "matching" || method === "projection")
    throw new MismatchError(`method '${method}' is for tables; a network takes amortised, network or pointwise`);
  if (typeof options.environment === "string") await prepare(options.environment);
  const environment = typeof options.environment === "string" ? make(options.environment) : options.environment;
  const physics = environment?.physics;
  const goalConditioned = differentiable.find(({ observationSpace: space }) => space.kind === "dict" && "desired_goal" in space.spaces);
  if (environment?.simulation?.goals && goalConditioned)
    throw new MismatchError(
      `${goalConditioned.name} is goal-conditioned: ask it about goals with withGoals(critic, goals), and infer in coordinates of your own without an environment (docs/how-to/goals.md)`,
    );
  if (environment && !environment.coordinates)
    throw new MismatchError(`${environment.id} has no continuous state, so a network critic of it cannot be inverted`);
  differentiable.forEach((critic) => {
    assertFits(critic, differentiable[0], environment);
  });
  const { reward = 0, seed = 0 } = options;
  const blind = differentiable.find((critic) => critic.kind !== "network" || !critic.rewardGraph);
  if (blind && environment && !physics && options.reward === undefined && options.rewards === undefined)
    throw new MismatchError(
      `${environment.id} pays for where an action leads, which is not known before: give the reward of ${blind.name} (--reward)`,
    );
  const coordinates = options.coordinates ?? environment?.coordinates ?? identityCoordinates(flatBox(differentiable[0].observationSpace));
  if (options.noise && stateValues.length > 0)
    throw new MismatchError("noise is inferred from the values of actions; state values average over them");
  if (unknown && stateValues.length > 0) throw new MismatchError("state values average the reward away: they need to know it");
  const known = options.rewards === "unknown" ? undefined : options.rewards;
  const own = unknown || options.reward !== undefined ? undefined : physics?.rewards.bind(physics);
  const rewards: Rewards = known ?? own ?? ((_states, _actions, n, out) => void out.fill(reward, 0, n));
  const samples =
    typeof options.samples === "object" ? options.samples : await visit(differentiable[0], coordinates, rewards, environment, options);
  const settings: InferContinuousOptions = {
    ...options,
    method,
    seed,
    coordinates,
    rewards,
    samples,
    environment: environment?.id,
    reward: environment && options.reward === undefined ? undefined : reward,
    provenance: {
      critics: differentiable.map(({ name, algorithm }) => ({ name, algorithm })),
      seed,
      samples: samples.n,
      // a constant is kept in `reward`, the environment's own is known by its id, and heads without their reward need none
      ...(known && options.reward === undefined ? { rewards: "given" } : {}),
      ...(options.coordinates ? { coordinates: "given" } : {}),
    },
  };
  return stateValues.length > 0 ? inferFromStateValues(networks, stateValues, settings) : inferContinuous(networks, settings);
}

/** Beyond this many states every pair is projected on the columns near its target. */
const LARGE = 400;

async function tabularModel(critic: TabularCritic, options: InferTabularOptions, onProgress: InferOptions["onProgress"]) {
  const { rewards = critic.rewards, weights } = options;
  const large = critic.states > LARGE && options.method === "projection" && options.undetermined === "fewest";
  const whole = !options.candidates && !options.mask && options.noneAbove === undefined;
  if (!large || !whole || !isPlain(critic, rewards)) return inferTabular(critic, options);
  return inferFew(critic, { rewards, weights, onProgress: (done, total) => onProgress?.(done, total, "projecting") });
}

const CHUNK = 65_536;

async function distancesOf(model: TabularWorldModel): Promise<Float64Array> {
  const { states, actions } = model;
  const distances = new Float64Array(states * actions);
  for (let from = 0; from < distances.length; from += CHUNK) {
    const n = Math.min(CHUNK, distances.length - from);
    const at = Int32Array.from({ length: n }, (_, k) => Math.floor((from + k) / actions));
    const taken = Int32Array.from({ length: n }, (_, k) => (from + k) % actions);
    distances.set((await model.predict(at, taken)).residual, from);
  }
  return distances;
}

function checkNumbers({ timeStep, epsilon, huber, ridge, samples }: InferOptions): void {
  const refuse = (name: string, value: number, expected: string) => new RangeError(`${name} must be ${expected}, got ${value}`);
  if (timeStep !== undefined && !(timeStep > 0 && Number.isFinite(timeStep))) throw refuse("timeStep", timeStep, "a number above 0");
  if (epsilon !== undefined && !(epsilon >= 0 && epsilon <= 1)) throw refuse("epsilon", epsilon, "a share from 0 to 1");
  if (huber !== undefined && !(huber > 0)) throw refuse("huber", huber, "above 0");
  if (ridge !== undefined && !(ridge >= 0)) throw refuse("ridge", ridge, "0 or above");
  if (typeof samples === "number" && !(Number.isInteger(samples) && samples > 0)) throw refuse("samples", samples, "a positive integer");
}

function cancelReward(networks: readonly NetworkCritic[]): NetworkCritic {
  try {
    return withoutReward(stack(networks));
  } catch (error) {
    throw error instanceof TypeError ? new MismatchError(error.message, { cause: error }) : error;
  }
}

/** States visited by the critic's own policy; without an environment to walk in, uniform over its observation space. */
async function visit(
  critic: NetworkCritic | StateValueCritic,
  coordinates: Coordinates,
  rewards: Rewards,
  environment: Environment | undefined,
  { samples, seed = 0, epsilon = 0.3 }: InferOptions,
): Promise<Samples> {
  const form = critic.kind === "network" ? critic.form : "values";
  const sparse = form === "steps-to-go";
  const many = sparse ? SPARSE_SAMPLES : form === "coordinates" ? COORDINATE_SAMPLES : SAMPLES;
  const n = (samples as number | undefined) ?? many;
  if (!environment) return uniformSamples(critic, n, seed);
  if (sparse) return startSamples(environment.physics!, n, seed);
  if (environment.simulation?.visit) {
    const { states, actions } = environment.simulation.visit(n, seed);
    return { n, states, actions };
  }
  const system: BellmanSystem = await bellmanSystem(critic, coordinates, rewards);
  const { policy, actionSize } = system;
  try {
    return await collectStates(
      environment,
      (observations, rows) => (policy ? policy(coordinates.fromObservations(observations, rows)) : new Float64Array(rows * actionSize)),
      { n, seed, epsilon: policy ? epsilon : 1 },
    );
  } finally {
    await system.release();
  }
}

/** Starting states, and actions at random: walls are seldom met, and goals of a critic's policy are where its values are silent. */
function startSamples(physics: Physics, n: number, seed: number): Samples {
  const { coordinates, actionSpace } = physics;
  const random = createRandom(seed);
  const d = coordinates.names.length;
  const m = actionSpace.kind === "discrete" ? 1 : flatDimension(actionSpace);
  const states = new Float64Array(n * d);
  const actions = new Float64Array(n * m);
  for (let b = 0; b < n; b++) {
    physics.initialState(random, states, b * d);
    const action: Element = sample(actionSpace, random);
    actions.set(typeof action === "number" ? [action] : (action as Float64Array), b * m);
  }
  return { n, states, actions };
}

function uniformSamples({ observationSpace, actionSpace, actionSize }: NetworkCritic | StateValueCritic, n: number, seed: number): Samples {
  const space = flatBox(observationSpace);
  const unbounded = space.low.findIndex((low, j) => !Number.isFinite(low) || !Number.isFinite(space.high[j]) || space.high[j] - low > 1e6);
  if (unbounded >= 0)
    throw new MismatchError(
      `observation ${unbounded} of this critic has no bounds to draw states from: name its environment (--env), or give states and actions of your own`,
    );
  const random = createRandom(seed);
  const states = new Float64Array(n * space.low.length);
  const actions = new Float64Array(n * actionSize);
  for (let b = 0; b < n; b++) {
    states.set(flatten(space, sample(space, random)), b * space.low.length);
    const action: Element = sample(actionSpace, random);
    actions.set(typeof action === "number" ? [action] : (action as Float64Array), b * actionSize);
  }
  return { n, states, actions };
}

function assertFits(
  critic: NetworkCritic | StateValueCritic,
  first: NetworkCritic | StateValueCritic,
  environment: Environment | undefined,
): void {
  const describe = (space: Space) => (space.kind === "discrete" ? `Discrete(${space.n})` : `${flatDimension(space)} numbers`);
  const other = environment
    ? { ...environment, name: environment.id, observationSpace: environment.observationSpace, actionSpace: environment.actionSpace }
    : first;
  if (describe(critic.actionSpace) !== describe(other.actionSpace))
    throw new MismatchError(
      `${critic.name} acts in ${describe(critic.actionSpace)}, ${other.name} in ${describe(other.actionSpace)}: they are not of one environment`,
    );
  if (flatDimension(critic.observationSpace) !== flatDimension(other.observationSpace))
    throw new MismatchError(
      `${critic.name} observes ${flatDimension(critic.observationSpace)} numbers, ${other.name} ${flatDimension(other.observationSpace)}: they are not of one environment`,
    );
}

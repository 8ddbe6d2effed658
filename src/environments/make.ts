import { type AcrobotOptions, acrobot } from "./acrobot.ts";
import { type CartPoleOptions, cartPole } from "./cart-pole.ts";
import { type CliffWalkingOptions, cliffWalking } from "./cliff-walking.ts";
import type { Environment, Physics } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { type FourRoomsOptions, fourRooms, fourRooms104, gridWorldEnvironment } from "./four-rooms.ts";
import { type FrozenLakeOptions, frozenLake } from "./frozen-lake.ts";
import { type MountainCarOptions, mountainCar } from "./mountain-car.ts";
import { type MountainCarContinuousOptions, mountainCarContinuous } from "./mountain-car-continuous.ts";
import { type PendulumOptions, pendulum } from "./pendulum.ts";
import { physicsEnvironment } from "./physics-environment.ts";
import { type TaxiOptions, taxi } from "./taxi.ts";

/** The options of each environment, by id. All know `maxEpisodeSteps`. */
export interface EnvironmentOptions {
  "Acrobot-v1": AcrobotOptions;
  "CartPole-v1": CartPoleOptions;
  "CliffWalking-v1": CliffWalkingOptions;
  "FourRooms-v0": FourRoomsOptions;
  "FourRooms104-v0": FourRoomsOptions;
  "FrozenLake-v1": FrozenLakeOptions;
  "FrozenLake8x8-v1": FrozenLakeOptions;
  "GridWorld-v0": FourRoomsOptions;
  "MountainCar-v0": MountainCarOptions;
  "MountainCarContinuous-v0": MountainCarContinuousOptions;
  "Pendulum-v1": PendulumOptions;
  "Taxi-v3": TaxiOptions;
  "Taxi-v4": TaxiOptions;
}

export type EnvironmentId = keyof EnvironmentOptions;

interface Registration<Options> {
  /** Names of the options beside `maxEpisodeSteps`. */
  readonly options: readonly string[];
  build(id: string, options: Options): Environment;
}

const gridOptions = ["map", "goals", "starts", "variant", "teleports", "stepReward", "goalReward", "done", "missReward"];
const lakeOptions = ["map_name", "desc", "is_slippery", "success_rate", "reward_schedule"];

const registry: { readonly [Id in EnvironmentId]: Registration<EnvironmentOptions[Id]> } = {
  "Acrobot-v1": physical(acrobot),
  "CartPole-v1": physical(cartPole),
  "CliffWalking-v1": finite(cliffWalking, "is_slippery"),
  "FourRooms-v0": finite(fourRooms, ...gridOptions),
  "FourRooms104-v0": finite(fourRooms104, ...gridOptions),
  "FrozenLake-v1": finite(frozenLake, ...lakeOptions),
  "FrozenLake8x8-v1": finite((options, id) => frozenLake({ map_name: "8x8", maxEpisodeSteps: 200, ...options }, id), ...lakeOptions),
  "GridWorld-v0": finite(gridWorldEnvironment, ...gridOptions),
  "MountainCar-v0": physical(mountainCar, "goalVelocity"),
  "MountainCarContinuous-v0": physical(mountainCarContinuous, "goalVelocity"),
  "Pendulum-v1": physical(pendulum, "g"),
  "Taxi-v3": finite(taxi, "is_rainy", "rainy_probability"),
  "Taxi-v4": finite(taxi, "is_rainy", "rainy_probability"),
};

function physical<Options>(laws: (options: Options) => Physics, ...options: string[]): Registration<Options> {
  return { options, build: (id, chosen) => physicsEnvironment(id, laws(chosen)) };
}

function finite<Options>(build: (options: Options, id: string) => Environment, ...options: string[]): Registration<Options> {
  return { options, build: (id, chosen) => build(chosen, id) };
}

/** Ids that `make` knows, sorted. */
export function environmentIds(): EnvironmentId[] {
  return (Object.keys(registry) as EnvironmentId[]).sort();
}

/**
 * An environment by its Gymnasium id.
 * @throws EnvironmentError for an id or an option that does not exist; the message lists those that do
 */
export function make<Id extends EnvironmentId>(id: Id, options?: EnvironmentOptions[Id]): Environment;
export function make(id: string, options?: Readonly<Record<string, unknown>>): Environment;
export function make(id: string, options: Readonly<Record<string, unknown>> = {}): Environment {
  if (!Object.hasOwn(registry, id)) throw new EnvironmentError(`there is no environment '${id}'; there are ${environmentIds().join(", ")}`);
  const registration = registry[id as EnvironmentId] as Registration<Readonly<Record<string, unknown>>>;
  const known = ["maxEpisodeSteps", ...registration.options];
  for (const key of Object.keys(options))
    if (!known.includes(key)) throw new EnvironmentError(`${id} has no option '${key}'; it has ${known.join(", ")}`);
  const limit = options.maxEpisodeSteps;
  if (limit !== undefined && !(typeof limit === "number" && limit >= 1))
    throw new EnvironmentError(`${id}: maxEpisodeSteps is a number of steps from 1 on, got ${String(limit)}`);
  return registration.build(id, options);
}

import { type AcrobotOptions, acrobot } from "./acrobot.ts";
import { loadMujoco } from "./arm/mujoco.ts";
import { type ArmPickAndPlaceOptions, armPickAndPlace } from "./arm/pick-and-place.ts";
import { type ArmReachOptions, armReach } from "./arm/reach.ts";
import { type BlackjackOptions, blackjack } from "./blackjack.ts";
import { type BreakoutOptions, breakout } from "./breakout.ts";
import { type CartPoleOptions, cartPole } from "./cart-pole.ts";
import { type CliffWalkingOptions, cliffWalking } from "./cliff-walking.ts";
import type { Environment, Physics, Simulation } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { type FourRoomsOptions, fourRooms, fourRooms104, gridWorldEnvironment } from "./four-rooms.ts";
import { type FrozenLakeOptions, frozenLake } from "./frozen-lake.ts";
import { type MountainCarOptions, mountainCar } from "./mountain-car.ts";
import { type MountainCarContinuousOptions, mountainCarContinuous } from "./mountain-car-continuous.ts";
import { type MountainCarGoalOptions, mountainCarGoals } from "./mountain-car-goal.ts";
import { type MountainCarReachOptions, mountainCarReach } from "./mountain-car-reach.ts";
import { type PendulumOptions, pendulum } from "./pendulum.ts";
import { physicsEnvironment, simulationEnvironment } from "./physics-environment.ts";
import { type ReacherOptions, reacher } from "./reacher.ts";
import { type SokobanOptions, sokoban } from "./sokoban.ts";
import { type TaxiOptions, taxi } from "./taxi.ts";
import { type TicTacToeOptions, ticTacToe } from "./tic-tac-toe.ts";

/** The options of each environment, by id. All know `maxEpisodeSteps`. */
export interface EnvironmentOptions {
  "Acrobot-v1": AcrobotOptions;
  "ArmPickAndPlace-v0": ArmPickAndPlaceOptions;
  "ArmReach-v0": ArmReachOptions;
  "Blackjack-v1": BlackjackOptions;
  "Breakout-v0": BreakoutOptions;
  "CartPole-v1": CartPoleOptions;
  "CliffWalking-v1": CliffWalkingOptions;
  "FourRooms-v0": FourRoomsOptions;
  "FourRooms104-v0": FourRoomsOptions;
  "FrozenLake-v1": FrozenLakeOptions;
  "FrozenLake8x8-v1": FrozenLakeOptions;
  "GridWorld-v0": FourRoomsOptions;
  "MountainCar-v0": MountainCarOptions;
  "MountainCarContinuous-v0": MountainCarContinuousOptions;
  "MountainCarGoal-v0": MountainCarGoalOptions;
  "MountainCarReach-v0": MountainCarReachOptions;
  "Pendulum-v1": PendulumOptions;
  "Reacher-v0": ReacherOptions;
  "Sokoban-v0": SokobanOptions;
  "Taxi-v3": TaxiOptions;
  "Taxi-v4": TaxiOptions;
  "TicTacToe-v0": TicTacToeOptions;
  "TicTacToePerfect-v0": TicTacToeOptions;
}

export type EnvironmentId = keyof EnvironmentOptions;

interface Registration<Options> {
  /** Names of the options beside `maxEpisodeSteps`. */
  readonly options: readonly string[];
  /** What must have run before it can be built. */
  readonly prepare?: () => Promise<unknown>;
  build(id: string, options: Options): Environment;
}

const gridOptions = ["map", "goals", "starts", "variant", "teleports", "stepReward", "goalReward", "done", "missReward"];
const lakeOptions = ["map_name", "desc", "is_slippery", "success_rate", "reward_schedule"];

const registry: { readonly [Id in EnvironmentId]: Registration<EnvironmentOptions[Id]> } = {
  "Acrobot-v1": physical(acrobot),
  "ArmPickAndPlace-v0": arm(
    armPickAndPlace,
    ...["goal", "reward", "radius", "cubeMass", "jointStrength", "actionTurn", "actionDrift", "turn", "yaw"],
  ),
  "ArmReach-v0": arm(armReach, "goal", "reward", "radius", "jointStrength"),
  "Blackjack-v1": finite(blackjack, "natural", "sab"),
  "Breakout-v0": game(breakout),
  "CartPole-v1": physical(cartPole, "poleMass", "halfLength", "force"),
  "CliffWalking-v1": finite(cliffWalking, "is_slippery"),
  "FourRooms-v0": finite(fourRooms, ...gridOptions),
  "FourRooms104-v0": finite(fourRooms104, ...gridOptions),
  "FrozenLake-v1": finite(frozenLake, ...lakeOptions),
  "FrozenLake8x8-v1": finite((options, id) => frozenLake({ map_name: "8x8", maxEpisodeSteps: 200, ...options }, id), ...lakeOptions),
  "GridWorld-v0": finite(gridWorldEnvironment, ...gridOptions),
  "MountainCar-v0": physical(mountainCar, "goalVelocity", "force"),
  "MountainCarContinuous-v0": physical(mountainCarContinuous, "goalVelocity", "power"),
  "MountainCarGoal-v0": physical(mountainCarGoals, "target", "radius", "start"),
  "MountainCarReach-v0": game(mountainCarReach, "radius", "goal"),
  "Pendulum-v1": physical(pendulum, "g", "mass", "length", "maxTorque"),
  "Reacher-v0": physical(reacher, "target", "radius"),
  "Sokoban-v0": finite(sokoban, "level", "maxStates", "stepReward", "boxReward", "solveReward"),
  "Taxi-v3": finite(taxi, "is_rainy", "rainy_probability"),
  "Taxi-v4": finite(taxi, "is_rainy", "rainy_probability"),
  "TicTacToe-v0": finite(ticTacToe, "opponent", "first"),
  "TicTacToePerfect-v0": finite((options, id) => ticTacToe({ opponent: "perfect", ...options }, id), "opponent", "first"),
};

function physical<Options>(laws: (options: Options) => Physics, ...options: string[]): Registration<Options> {
  return { options, build: (id, chosen) => physicsEnvironment(id, laws(chosen)) };
}

function game<Options>(laws: (options: Options) => Simulation, ...options: string[]): Registration<Options> {
  return { options, build: (id, chosen) => simulationEnvironment(id, laws(chosen)) };
}

function arm<Options>(laws: (options: Options) => Simulation, ...options: string[]): Registration<Options> {
  return { ...game(laws, ...options), prepare: loadMujoco };
}

function finite<Options>(build: (options: Options, id: string) => Environment, ...options: string[]): Registration<Options> {
  return { options, build: (id, chosen) => build(chosen, id) };
}

/** Ids that `make` knows, sorted. */
export function environmentIds(): EnvironmentId[] {
  return (Object.keys(registry) as EnvironmentId[]).sort();
}

/** Load what an environment runs in, where it runs in something: MuJoCo for the arms. Others need nothing, and calling twice is free. */
export async function prepare(id: string): Promise<void> {
  if (Object.hasOwn(registry, id)) await registry[id as EnvironmentId].prepare?.();
}

/**
 * An environment by its Gymnasium id. An arm needs `await prepare(id)` before.
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

import { registration as acrobot } from "./acrobot.ts";
import { registration as armPickAndPlace } from "./arm/pick-and-place.ts";
import { registration as armReach } from "./arm/reach.ts";
import { registration as blackjack } from "./blackjack.ts";
import { registration as breakout } from "./breakout.ts";
import { registration as cartPole } from "./cart-pole.ts";
import { registration as cliffWalking } from "./cliff-walking.ts";
import { fourRooms104Registration, fourRoomsRegistration, gridWorldRegistration } from "./four-rooms.ts";
import { registration as frozenLake } from "./frozen-lake.ts";
import { registration as mountainCar } from "./mountain-car.ts";
import { registration as mountainCarContinuous } from "./mountain-car-continuous.ts";
import { registration as mountainCarGoal } from "./mountain-car-goal.ts";
import { registration as mountainCarReach } from "./mountain-car-reach.ts";
import { registration as pendulum } from "./pendulum.ts";
import { registration as reacher } from "./reacher.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { registration as sokoban } from "./sokoban.ts";
import { registration as taxi } from "./taxi.ts";
import { registration as ticTacToe } from "./tic-tac-toe.ts";

/** Our own environments. Adding one is its file and a line here. */
const own = [
  acrobot,
  armPickAndPlace,
  armReach,
  blackjack,
  breakout,
  cartPole,
  cliffWalking,
  fourRoomsRegistration,
  fourRooms104Registration,
  gridWorldRegistration,
  frozenLake,
  mountainCar,
  mountainCarContinuous,
  mountainCarGoal,
  mountainCarReach,
  pendulum,
  reacher,
  sokoban,
  taxi,
  ticTacToe,
] as const;

type Own = (typeof own)[number];

/** The options of each of our environments, by id. All know `maxEpisodeSteps`. */
export type EnvironmentOptions = { [R in Own as R["ids"][number]]: Parameters<R["build"]>[0] };

export type EnvironmentId = keyof EnvironmentOptions;

const registrations = new Map<string, EnvironmentRegistration>(
  own.flatMap((registration) => registration.ids.map((id) => [id, registration])),
);

/** What is registered for an id; undefined where nothing is. */
export function registrationOf(id: string): EnvironmentRegistration | undefined {
  return registrations.get(id);
}

/** For `registerEnvironment`, which has checked it. */
export function addRegistration(id: string, registration: EnvironmentRegistration): void {
  registrations.set(id, registration);
}

/** Ids of all registrations, sorted. */
export function environmentIds(): string[] {
  return [...registrations.keys()].sort();
}

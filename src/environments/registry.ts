import { acrobotRegistration } from "./acrobot.ts";
import { armPickAndPlaceRegistration } from "./arm/pick-and-place.ts";
import { armReachRegistration } from "./arm/reach.ts";
import { blackjackRegistration } from "./blackjack.ts";
import { breakoutRegistration } from "./breakout.ts";
import { cartPoleRegistration } from "./cart-pole.ts";
import { cliffWalkingRegistration } from "./cliff-walking.ts";
import { fourRooms104Registration, fourRoomsRegistration, gridWorldRegistration } from "./four-rooms.ts";
import { frozenLakeRegistration } from "./frozen-lake.ts";
import { mountainCarRegistration } from "./mountain-car.ts";
import { mountainCarContinuousRegistration } from "./mountain-car-continuous.ts";
import { mountainCarGoalRegistration } from "./mountain-car-goal.ts";
import { mountainCarReachRegistration } from "./mountain-car-reach.ts";
import { pendulumRegistration } from "./pendulum.ts";
import { reacherRegistration } from "./reacher.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { sokobanRegistration } from "./sokoban.ts";
import { taxiRegistration } from "./taxi.ts";
import { ticTacToeRegistration } from "./tic-tac-toe.ts";

/** Our own environments. Adding one is its file and a line here. */
const own = [
  acrobotRegistration,
  armPickAndPlaceRegistration,
  armReachRegistration,
  blackjackRegistration,
  breakoutRegistration,
  cartPoleRegistration,
  cliffWalkingRegistration,
  fourRoomsRegistration,
  fourRooms104Registration,
  gridWorldRegistration,
  frozenLakeRegistration,
  mountainCarRegistration,
  mountainCarContinuousRegistration,
  mountainCarGoalRegistration,
  mountainCarReachRegistration,
  pendulumRegistration,
  reacherRegistration,
  sokobanRegistration,
  taxiRegistration,
  ticTacToeRegistration,
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

import own, { type EnvironmentOptions } from "./own.ts";
import type { EnvironmentRegistration } from "./registration.ts";

export type EnvironmentId = keyof EnvironmentOptions;

const registrations = new Map<string, EnvironmentRegistration>(
  own.flatMap((registration) => registration.ids.map((id: EnvironmentId) => [id, registration])),
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

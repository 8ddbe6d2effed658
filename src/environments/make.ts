import type { Environment } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { type OptionRule, shown } from "./options.ts";
import type { EnvironmentOptions } from "./own.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { type EnvironmentId, environmentIds, registrationOf } from "./registry.ts";

export type { EnvironmentOptions } from "./own.ts";
export { type EnvironmentId, environmentIds } from "./registry.ts";

/** Load what an environment runs in, where it runs in something: MuJoCo for the arms. Others need nothing, and calling twice is free. */
export async function prepare(id: string): Promise<void> {
  await registrationOf(id)?.prepare?.();
}

/**
 * An environment by its id: one of ours, which are Gymnasium's where it has them, or one that was registered. An arm needs `await prepare(id)` before.
 * @throws EnvironmentError for an id or an option that does not exist, and for a value that an option does not take
 */
export function make<Id extends EnvironmentId>(id: Id, options?: EnvironmentOptions[Id]): Environment;
export function make(id: string, options?: Readonly<Record<string, unknown>>): Environment;
export function make(id: string, options: object = {}): Environment {
  const registration = registrationOf(id);
  if (!registration)
    throw new EnvironmentError(`there is no environment '${id}'; there are ${environmentIds().join(", ")}`, {
      field: "id",
      fix: "choose one of these, or register it first (registerEnvironment)",
    });
  checkOptions(id, registration, options);
  const environment = registration.build(options, id);
  if (environment?.id !== id)
    throw new EnvironmentError(
      `${id}: its registration builds an environment with the id ${shown(environment?.id)}; build(options, id) hands the id on`,
      {
        field: "build",
        fix: `give the environment the id '${id}'`,
      },
    );
  return environment;
}

function checkOptions(id: string, { options: rules }: EnvironmentRegistration, options: unknown): void {
  const known: Readonly<Record<string, OptionRule>> = { maxEpisodeSteps: horizon, ...rules };
  const names = Object.keys(known).join(", ");
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new EnvironmentError(`${id}: options are a record of ${names}, got ${shown(options)}`, { fix: `give { name: value }` });
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name))
      throw new EnvironmentError(`${id} has no option '${name}'; it has ${names}`, {
        field: name,
        fix: "leave it out, or give one of these",
      });
    if (value !== undefined && !known[name].holds(value))
      throw new EnvironmentError(`${id}: ${name} is ${known[name].is}, got ${shown(value)}`, {
        field: name,
        fix: `give ${known[name].is}`,
      });
  }
}

const horizon: OptionRule = { is: "a number of steps from 1 on", holds: (value) => typeof value === "number" && value >= 1 };

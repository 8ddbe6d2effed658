import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { EnvironmentError } from "../environments/errors.ts";
import { shown } from "../environments/options.ts";
import { registerEnvironment } from "../environments/register.ts";
import type { EnvironmentRegistration } from "../environments/registration.ts";
import { registrationOf } from "../environments/registry.ts";
import { normalAddress } from "./address.ts";
import { registrationOfLaws } from "./module-laws.ts";

/**
 * Run a module and register the environment that its default export is, under the address of the module. The export is laws of single states
 * (`ModuleLaws`), or { build(options, id), options, … } as `registerEnvironment` takes it, for laws in batch.
 * Called for addresses that a person gave, never for one that a file holds: the module is a program.
 * @returns the id: the address from the working folder
 * @throws EnvironmentError
 */
export async function loadEnvironmentModule(address: string): Promise<string> {
  const id = normalAddress(address);
  if (registrationOf(id)) return id;
  const refuse = (problem: string, fix: string) => new EnvironmentError(`${id} ${problem}; ${fix}`, { file: id, fix });
  if (/[^\w.:/-]/.test(id)) throw refuse("has a space or a sign in its path that an id cannot have", "move it, or start in its folder");
  const path = resolve(address);
  let source: Uint8Array;
  try {
    source = await readFile(path);
  } catch {
    throw refuse("cannot be read", "give --env the path of a module");
  }
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (error) {
    const message = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new EnvironmentError(`${id} cannot be loaded as a module: ${message}; mend it first`, { file: id, cause: error });
  }
  const found = loaded.default;
  if (typeof found !== "object" || found === null || Array.isArray(found))
    throw refuse(
      `has ${found === undefined ? "no default export" : `the default export ${shown(found)}`}`,
      "export default { coordinates, actionSpace, reset, step, reward }",
    );
  const record = found as Readonly<Record<string, unknown>>;
  const module = { sha256: createHash("sha256").update(source).digest("hex") };
  // what the registration lacks or has wrong, registerEnvironment says
  const registration =
    "build" in record ? ({ options: {}, ...record, ids: [id] } as unknown as EnvironmentRegistration) : registrationOfLaws(id, record);
  registerEnvironment({ ...registration, module });
  return id;
}

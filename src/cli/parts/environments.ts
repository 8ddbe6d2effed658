import type { Coordinates, Environment } from "../../environments/environment.ts";
import type { Numbering } from "../../report/true-tables.ts";
import { flatDimension, type Space } from "../../spaces/space.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import { UsageError } from "./errors.ts";

/** @throws UsageError for an id or an option that does not exist */
export async function makeEnvironment(id: string, options: object = {}): Promise<Environment> {
  const { make, prepare } = await import("../../environments/make.ts");
  try {
    await prepare(id);
    return make(id, { ...options });
  } catch (error) {
    if (error instanceof Error && error.name === "EnvironmentError") throw new UsageError(error.message);
    throw error;
  }
}

/**
 * Options of an environment out of words.
 * @throws UsageError for what is not name=number
 */
export function optionsOf(words: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    words.map((word) => {
      const [name, text, more] = word.split("=");
      const value = Number(text);
      if (!name || text === undefined || text.trim() === "" || more !== undefined || !Number.isFinite(value))
        throw new UsageError(`--change takes name=number, e.g. mass=2, got '${word}'`);
      return [name, value];
    }),
  );
}

/** @throws UsageError where a model is of other coordinates or actions than an environment */
export function checkSameWorld(
  model: ContinuousWorldModel,
  { id, coordinates, actionSpace }: { readonly id: string; readonly coordinates: Coordinates; readonly actionSpace: Space },
  folder: string,
): void {
  const names = (of: Coordinates) => of.names.join(", ");
  if (names(model.coordinates) !== names(coordinates))
    throw new UsageError(`${id} has the coordinates ${names(coordinates)}, the model in ${folder} ${names(model.coordinates)}`);
  const known = "definition" in model ? (model.definition as { readonly actionSpace?: Space }).actionSpace : undefined;
  const describe = (space: Space) => (space.kind === "discrete" ? `Discrete(${space.n})` : `Box(${flatDimension(space)})`);
  if (known && describe(known) !== describe(actionSpace))
    throw new UsageError(`${id} has the actions ${describe(actionSpace)}, the model in ${folder} ${describe(known)}`);
}

/**
 * A file may name a program, and a program runs only where a person asks for it.
 * @throws UsageError where none was given and a file names one
 */
export async function refuseProgram(given: string | undefined, said: string | undefined, file: string): Promise<void> {
  if (given !== undefined || said === undefined) return;
  const { addressKind } = await import("../../experience/address.ts");
  if (addressKind(said) !== "id") throw new UsageError(`${file} was made with ${said}; give --env ${said}`);
}

/** The environment a file names, where it is one of ours. */
export async function knownEnvironment(id: string | undefined): Promise<Environment | undefined> {
  if (id === undefined) return undefined;
  const { environmentIds, make, prepare } = await import("../../environments/make.ts");
  if (!environmentIds().includes(id)) return undefined;
  await prepare(id);
  return make(id);
}

/** The world that a table with cells for names is about, where it is a registered one. */
export async function recogniseGrid(numbering: Numbering): Promise<Environment | undefined> {
  const { cellsOf, trueTables } = await import("../../report/true-tables.ts");
  if (!cellsOf(numbering.stateNames)) return undefined;
  const [{ environmentIds, make, prepare }, { registrationOf }] = await Promise.all([
    import("../../environments/make.ts"),
    import("../../environments/registry.ts"),
  ]);
  // worlds whose goals can be taken away: the table may be of any of their tasks
  for (const id of environmentIds().filter((each) => registrationOf(each)?.withoutTask)) {
    await prepare(id);
    const candidate = make(id);
    if (trueTables(numbering, candidate)) return candidate;
  }
  return undefined;
}

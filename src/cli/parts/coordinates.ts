import { readFile } from "node:fs/promises";
import type { NetworkCritic, StateValueCritic } from "../../critics/critic.ts";
import type { Coordinates, Environment } from "../../environments/environment.ts";
import { UsageError } from "./errors.ts";

/**
 * --coordinates FILE.json: a list of declarations that says what a critic observes.
 * @throws UsageError where the file says it wrongly, or the environment says it already
 */
export async function readCoordinates(
  file: string,
  critic: NetworkCritic | StateValueCritic,
  environment: Environment | undefined,
): Promise<Coordinates> {
  if (environment) throw new UsageError(`${environment.id} says its coordinates itself: leave --coordinates out`);
  let json: unknown;
  const text = await readFile(file, "utf8");
  try {
    json = JSON.parse(text);
  } catch {
    throw new UsageError(`${file} is not JSON; give a list like [{ "name": "x", "low": -1, "high": 1 }]`);
  }
  const [{ declaredCoordinates }, { EnvironmentError }, { flatDimension }] = await Promise.all([
    import("../../environments/declared-coordinates.ts"),
    import("../../environments/errors.ts"),
    import("../../spaces/space.ts"),
  ]);
  try {
    const { coordinates, observationSpace } = declaredCoordinates(json, file);
    const [given, seen] = [observationSpace.low.length, flatDimension(critic.observationSpace)];
    if (given !== seen) throw new UsageError(`${file} says ${given} numbers of an observation, and ${critic.name} observes ${seen}`);
    return coordinates;
  } catch (error) {
    if (error instanceof EnvironmentError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

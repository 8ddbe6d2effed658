import { valuesProblem } from "../critics/families.ts";
import type { SavedCritic } from "../critics/saved.ts";
import { flatDimension, type Space } from "../spaces/space.ts";

/** Most numbers of an observation, and of an action. */
const widest = { observation: 65_536, action: 1_024 } as const;
const deepest = 32;

type Refuse = (field: string, problem: string) => Error;

/**
 * What is in the JSON of a saved critic has the types and sizes that it says, so that no graph is built, and no memory asked for, on its word alone.
 * @throws what `refuse` makes
 */
export function checkSavedCritic(saved: SavedCritic, refuse: Refuse): void {
  for (const field of ["name", "algorithm"] as const) if (typeof saved[field] !== "string") throw refuse(field, "is not a name");
  if (saved.environment !== undefined && typeof saved.environment !== "string") throw refuse("environment", "is not a name");
  if (!Array.isArray(saved.heads) || saved.heads.length === 0) throw refuse("heads", "is missing");
  saved.heads.forEach((head, i) => {
    const whole =
      typeof head?.name === "string" &&
      typeof head.critic === "string" &&
      inUnit(head.discount) &&
      Number.isFinite(head.rewardScale) &&
      Number.isFinite(head.rewardOffset);
    if (!whole) throw refuse(`heads[${i}]`, "does not say its name, critic, discount, rewardScale and rewardOffset");
  });
  checkSpace(saved.observationSpace, widest.observation, "observationSpace", refuse);
  checkSpace(saved.actionSpace, widest.action, "actionSpace", refuse);
  if (typeof saved.values?.kind !== "string") throw refuse("values", "is missing");
  const problem = valuesProblem(saved.values);
  if (problem) throw refuse(problem.field, problem.problem);
  checkModules(saved.values, "values", 0, refuse);
}

function inUnit(x: unknown): boolean {
  return typeof x === "number" && x >= 0 && x <= 1;
}

function checkSpace(space: Space | undefined, most: number, field: string, refuse: Refuse): void {
  if (typeof space !== "object" || space === null) throw refuse(field, "is missing");
  if (space.kind === "discrete") {
    if (!Number.isSafeInteger(space.n) || space.n < 1 || space.n > 1e6 || !Number.isSafeInteger(space.start))
      throw refuse(field, "is not a number of choices");
  } else if (space.kind === "box") {
    const { low, high, shape } = space;
    if (!isNumbers(low) || !isNumbers(high) || low.length !== high.length || low.length === 0 || !Array.isArray(shape))
      throw refuse(field, "has no bounds");
    if (low.length > most) throw refuse(field, `has more than ${most} numbers`);
  } else if (space.kind === "dict") {
    const inner = Object.values(space.spaces ?? {});
    if (inner.length === 0 || inner.length > 64 || inner.some((entry) => entry?.kind === "dict")) throw refuse(field, "is not a flat Dict");
    for (const entry of inner) checkSpace(entry, most, field, refuse);
    if (flatDimension(space) > most) throw refuse(field, `has more than ${most} numbers`);
  } else throw refuse(field, "is not a space");
}

/** Layers hold as many finite numbers as their shape says; counts are counts. */
function checkModules(value: unknown, path: string, depth: number, refuse: Refuse): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  if (depth > deepest) throw refuse(path, "is nested too deeply");
  const entries = value as Readonly<Record<string, unknown>>;
  if (entries.kind === "linear") {
    const { inputs, outputs, weight, bias } = entries;
    if (!isCount(inputs) || !isCount(outputs) || !finiteNumbers(weight, inputs * outputs)) throw refuse(path, "is not a linear layer");
    if (bias !== undefined && !finiteNumbers(bias, outputs)) throw refuse(path, "is not a linear layer");
  } else if (entries.kind === "layer-norm") {
    const { size, scale, bias, epsilon } = entries;
    if (
      !isCount(size) ||
      !finiteNumbers(scale, size) ||
      (bias !== undefined && !finiteNumbers(bias, size)) ||
      !(typeof epsilon === "number" && epsilon > 0)
    )
      throw refuse(path, "is not a layer normalisation");
  }
  for (const name of ["quantiles", "states", "actions", "features"])
    if (typeof entries[name] === "number" && !isCount(entries[name])) throw refuse(`${path}.${name}`, "is not a count");
  for (const [key, entry] of Object.entries(entries)) checkModules(entry, `${path}.${key}`, depth + 1, refuse);
}

function isNumbers(value: unknown): value is Float32Array | Float64Array {
  return value instanceof Float32Array || value instanceof Float64Array;
}

function finiteNumbers(value: unknown, length: number): boolean {
  return isNumbers(value) && value.length === length && value.every(Number.isFinite);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= 2 ** 26;
}

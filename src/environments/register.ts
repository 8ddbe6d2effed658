import type { ErrorDetails } from "../base/error.ts";
import { EnvironmentError } from "./errors.ts";
import { shown } from "./options.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { addRegistration, registrationOf } from "./registry.ts";

const fields = ["ids", "options", "prepare", "build", "preset", "task", "withoutTask", "draw", "scene", "module"];
const planners = ["grid", "waypoints"];

/**
 * Make an environment of one's own known by its id: to `make`, to learners, planners and pictures, and to models of it that are loaded later in
 * this process.
 * @throws EnvironmentError for an id that stands already, and for a registration that is not whole; nothing is registered then
 */
export function registerEnvironment<Options extends object>(registration: EnvironmentRegistration<Options>): void {
  check(registration);
  for (const id of registration.ids) addRegistration(id, registration);
}

/** Registrations come from programs without types, too. */
function check(given: unknown): void {
  if (!isRecord(given)) throw refusal(`a registration is a record with ids, options and build, got ${shown(given)}`, {});
  for (const field of Object.keys(given))
    if (!fields.includes(field))
      throw refusal(`a registration has no field '${field}'; it has ${fields.join(", ")}`, { field, fix: "leave it out" });
  const { ids, options, build, preset, task, withoutTask, scene } = given;
  checkIds(ids);
  const [id] = ids as string[];
  const wrong = (field: string, is: string, got: unknown) =>
    refusal(`${id}: ${field} is ${is}, got ${shown(got)}`, { field, fix: `give ${is}` });
  if (!isRecord(options)) throw wrong("options", "a record of rules, {} where there are no options", options);
  for (const [name, rule] of Object.entries(options)) {
    if (name === "maxEpisodeSteps")
      throw refusal(`${id}: every environment has the option maxEpisodeSteps`, {
        field: "options.maxEpisodeSteps",
        fix: "leave its rule out",
      });
    if (!isRecord(rule) || typeof rule.is !== "string" || typeof rule.holds !== "function")
      throw wrong(`options.${name}`, "a rule { is: words, holds: function }", rule);
  }
  if (typeof build !== "function") throw wrong("build", "a function of (options, id)", build);
  for (const field of ["prepare", "draw"]) {
    const value = given[field];
    if (value !== undefined && typeof value !== "function") throw wrong(field, "a function", value);
  }
  if (preset !== undefined && !(isRecord(preset) && isCount(preset.steps, 1)))
    throw wrong("preset", "{ steps, settings? } with a whole number of steps", preset);
  if (task !== undefined) checkTask(task, wrong);
  if (withoutTask !== undefined && !(isRecord(withoutTask) && Object.keys(withoutTask).every((name) => Object.hasOwn(options, name))))
    throw wrong("withoutTask", `a record of its options (${Object.keys(options).join(", ") || "it has none"})`, withoutTask);
  if (scene !== undefined && !(isRecord(scene) && [scene.state, scene.actions].every((part) => part === undefined || Array.isArray(part))))
    throw wrong("scene", "{ state?, actions? }, lists of numbers", scene);
}

function checkIds(ids: unknown): void {
  if (!Array.isArray(ids) || ids.length === 0)
    throw refusal(`ids of a registration are a list of names, got ${shown(ids)}`, { field: "ids", fix: 'give ids: ["Mine-v0"]' });
  for (const id of ids as unknown[]) {
    if (typeof id !== "string" || !/^[\w.:/-]+$/.test(id))
      throw refusal(`an id is letters, digits and - _ . : / without spaces, got ${shown(id)}`, {
        field: "ids",
        fix: 'name it like "Mine-v0"',
      });
    if (registrationOf(id)) throw refusal(`there is an environment '${id}' already`, { field: "ids", fix: "choose another id" });
  }
  if (new Set(ids).size !== ids.length) throw refusal(`ids hold ${shown(ids)}, one of them twice`, { field: "ids", fix: "name each once" });
}

function checkTask(task: unknown, wrong: (field: string, is: string, got: unknown) => EnvironmentError): void {
  if (!isRecord(task) || !planners.includes(task.planner as string))
    throw wrong("task.planner", planners.map((name) => `"${name}"`).join(" or "), isRecord(task) ? task.planner : task);
  if (task.planner !== "grid") return;
  const { discount, sizes, box, levels, tolerance } = task;
  if (!(typeof discount === "number" && discount > 0 && discount < 1))
    throw wrong("task.discount", "a number above 0 and below 1", discount);
  if (!Array.isArray(sizes) || sizes.length === 0 || !sizes.every((size) => isCount(size, 2)))
    throw wrong("task.sizes", "a list of whole numbers from 2 on, one a coordinate", sizes);
  if (box !== undefined && !(Array.isArray(box) && box.length === sizes.length && box.every((x) => Number.isFinite(x) && x > 0)))
    throw wrong("task.box", `a list of ${sizes.length} numbers above 0`, box);
  if (levels !== undefined && !isCount(levels, 2)) throw wrong("task.levels", "a whole number from 2 on", levels);
  if (!(typeof tolerance === "number" && tolerance > 0)) throw wrong("task.tolerance", "a number above 0", tolerance);
}

function refusal(problem: string, details: ErrorDetails): EnvironmentError {
  return new EnvironmentError(details.fix ? `${problem}; ${details.fix}` : problem, details);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least;
}

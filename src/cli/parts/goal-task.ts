import type { Candidates } from "../../agents/tabular/candidates.ts";
import type { GoalWorld } from "../../agents/tabular/goal-world.ts";
import type { Environment } from "../../environments/environment.ts";
import type { TabularWorldModel, WorldModel } from "../../world-model/world-model.ts";
import { makeEnvironment } from "./environments.ts";
import { UsageError } from "./errors.ts";
import type { CommonOptions } from "./run.ts";

export interface GoalOptions extends CommonOptions {
  readonly env: string;
  readonly goal?: string;
  readonly start?: string;
  readonly discount: number;
}

export interface GivenGoalTask {
  readonly model: TabularWorldModel;
  readonly environment: Environment;
  readonly world: GoalWorld;
  readonly candidates: Candidates;
  /** −1 where none was given */
  readonly goal: number;
}

/** A tabular model that infer wrote, the world it is of without that world's own task, and a goal in it. */
export async function loadGoalTask(folder: string, options: GoalOptions): Promise<GivenGoalTask> {
  const [{ registrationOf }, { loadWorldModel }, { goalWorld }] = await Promise.all([
    import("../../environments/registry.ts"),
    import("../../world-model/load.ts"),
    import("../../agents/tabular/goal-world.ts"),
  ]);
  const model: WorldModel = await loadWorldModel(folder);
  if (model.kind !== "tabular") throw new UsageError(`${folder} holds a continuous model; this needs a tabular one`);
  // goals of the environment itself would end episodes on the way
  const environment = await makeEnvironment(options.env, registrationOf(options.env)?.withoutTask);
  const { tables } = environment;
  if (!tables || tables.states !== model.states || tables.actions !== model.actions)
    throw new UsageError(`${options.env} does not have the ${model.states} states and ${model.actions} actions of the model in ${folder}`);
  const start = options.start === undefined ? tables.initial.findIndex((p) => p > 0) : stateOf(environment, options.start, "--start");
  const horizon = Number.isFinite(environment.horizon) ? environment.horizon : 4 * tables.states;
  const world = goalWorld(options.env, tables, { start, discount: options.discount, horizon });
  const { offsets, nextStates, probabilities } = model.transitions();
  const candidates = { states: model.states, actions: model.actions, offsets, next: nextStates, weights: probabilities };
  return { model, environment, world, candidates, goal: options.goal === undefined ? -1 : stateOf(environment, options.goal, "--goal") };
}

/** A state by its number, or by row,column in a world on a grid. */
export function stateOf({ id, tables, grid }: Environment, text: string, flag: string): number {
  const numbers = text.split(",").map(Number);
  if (!numbers.every(Number.isInteger) || numbers.length > 2)
    throw new UsageError(`${flag} is the number of a state or row,column, got '${text}'`);
  const [first, second] = numbers;
  if (second !== undefined && !grid) throw new UsageError(`${id} has no rows and columns; ${flag} is the number of a state`);
  const inside = second === undefined || (first >= 0 && second >= 0 && first < grid!.rows && second < grid!.columns);
  const state = second === undefined ? first : inside ? grid!.stateAt[first * grid!.columns + second] : -1;
  if (!(state >= 0 && state < tables!.states)) throw new UsageError(`${flag} ${text} is no state of ${id}`);
  return state;
}

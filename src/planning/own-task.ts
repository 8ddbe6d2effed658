import type { Environment } from "../environments/environment.ts";
import { EnvironmentError } from "../environments/errors.ts";
import type { GridTask } from "../environments/registration.ts";
import { environmentIds, registrationOf } from "../environments/registry.ts";
import type { Space } from "../spaces/space.ts";
import type { ContinuousTask } from "./continuous-task.ts";
import type { GridOptions } from "./plan-on-grid.ts";

/** What an environment pays, as a function of transitions (s, a, s') that may be imagined, and a grid on which plans for it are good. */
export interface OwnTask {
  readonly task: ContinuousTask;
  readonly grid: GridOptions;
}

/** Ids of the environments whose own task is planned on a grid, sorted. */
export function environmentsWithTask(): string[] {
  return environmentIds().filter((id) => gridTaskOf(id) !== undefined);
}

/**
 * The task that an environment sets itself: r(s, a, s') and d(s') of its laws, whatever options it was made with.
 * @throws EnvironmentError for an environment that is not in `environmentsWithTask()`
 */
export function ownTask({ id, physics }: Environment): OwnTask {
  const rule = gridTaskOf(id);
  if (!rule || !physics)
    throw new EnvironmentError(
      `the own task of ${id} cannot be planned on a grid; choose one of ${environmentsWithTask().join(", ")}, or register ${id} with a task`,
      { field: "task" },
    );
  const { coordinates, actionSpace } = physics;
  const { discount, sizes, box, levels = 5, tolerance } = rule;
  if (sizes.length !== coordinates.names.length)
    throw new EnvironmentError(
      `${id}: task.sizes has ${sizes.length} numbers for ${coordinates.names.length} coordinates; register it with as many`,
      { field: "task.sizes", fix: "give one a coordinate" },
    );
  return {
    task: {
      discount,
      reward: (states, actions, nextStates, n, out) => physics.reward(states, actions, nextStates, n, out),
      end: (states, n, out) => physics.ended(states, n, out),
    },
    grid: {
      low: box?.map((x) => -x) ?? coordinates.low,
      high: box ?? coordinates.high,
      sizes,
      ...choicesOf(actionSpace, levels),
      tolerance,
    },
  };
}

function gridTaskOf(id: string): GridTask | undefined {
  const task = registrationOf(id)?.task;
  return task?.planner === "grid" ? task : undefined;
}

/**
 * All actions of a Discrete space, or so many levels of each part of a Box: [choices, m].
 * @throws RangeError for a Box without bounds, and for a Dict
 */
export function choicesOf(space: Space, levels: number): { readonly choices: Float64Array; readonly actionSize: number } {
  if (space.kind === "discrete") return { choices: Float64Array.from({ length: space.n }, (_, a) => space.start + a), actionSize: 1 };
  if (space.kind !== "box" || ![...space.low, ...space.high].every(Number.isFinite))
    throw new RangeError("plans need Discrete actions, or a Box with bounds");
  const m = space.low.length;
  const count = levels ** m;
  return {
    actionSize: m,
    choices: Float64Array.from({ length: count * m }, (_, i) => {
      const j = i % m;
      const level = Math.floor(Math.floor(i / m) / levels ** j) % levels;
      return space.low[j] + ((space.high[j] - space.low[j]) * level) / (levels - 1);
    }),
  };
}

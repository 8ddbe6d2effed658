import type { Environment } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";
import type { ContinuousTask, GridOptions } from "./plan-on-grid.ts";

/** What an environment pays, as a function of transitions (s, a, s') that may be imagined, and a grid on which plans for it are good. */
export interface OwnTask {
  readonly task: ContinuousTask;
  readonly grid: GridOptions;
}

interface Rule {
  /** γ of plans: so near 1 that the undiscounted return is what is planned for. */
  readonly discount: number;
  /** Arriving in state [d] at the offset ends the episode. */
  readonly end?: (states: Float64Array, at: number, options: TaskOptions) => boolean;
  /** Paid on ending, beside r(s, a). */
  readonly arrival?: number;
  readonly sizes: readonly number[];
  /** [d] the box that is planned in; that of the coordinates where absent */
  readonly box?: readonly number[];
  /** Levels of an action of a Box. */
  readonly levels?: number;
  readonly tolerance: number;
}

/** Options of `make` that belong to the task and not to the laws. */
export interface TaskOptions {
  readonly goalVelocity?: number;
}

const uphill =
  (position: number) =>
  (states: Float64Array, at: number, { goalVelocity = 0 }: TaskOptions) =>
    states[at] >= position && states[at + 1] >= goalVelocity;

const rules: Readonly<Record<string, Rule>> = {
  "CartPole-v1": {
    discount: 0.99,
    end: (states, at) => Math.abs(states[at]) > 2.4 || Math.abs(states[at + 2]) > (12 * Math.PI) / 180,
    sizes: [11, 15, 23, 23],
    box: [2.4, 2.5, 0.21, 2],
    tolerance: 1e-6,
  },
  "MountainCar-v0": { discount: 0.999, end: uphill(0.5), sizes: [151, 121], tolerance: 1e-3 },
  "MountainCarContinuous-v0": { discount: 0.9995, end: uphill(0.45), arrival: 100, sizes: [151, 121], levels: 21, tolerance: 1e-3 },
  "Pendulum-v1": { discount: 0.995, sizes: [121, 121], levels: 21, tolerance: 1e-3 },
};

/** Ids of the environments whose own task is known, sorted. */
export const environmentsWithTask: readonly string[] = Object.keys(rules).sort();

/**
 * The task that an environment sets itself.
 * @throws RangeError for an environment that is not in `environmentsWithTask`
 */
export function ownTask({ id, physics }: Environment, options: TaskOptions = {}): OwnTask {
  const rule = rules[id];
  if (!rule || !physics) throw new RangeError(`the task of ${id} is not known as a function of transitions`);
  const { coordinates, actionSpace } = physics;
  const d = coordinates.names.length;
  const { discount, end, arrival = 0, sizes, box, levels = 5, tolerance } = rule;
  return {
    task: {
      discount,
      reward(states, actions, nextStates, n, out) {
        physics.rewards(states, actions, n, out);
        if (arrival !== 0 && end) for (let b = 0; b < n; b++) if (end(nextStates, b * d, options)) out[b] += arrival;
      },
      end:
        end &&
        ((states, n, out) => {
          for (let b = 0; b < n; b++) out[b] = end(states, b * d, options) ? 1 : 0;
        }),
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

import type { Coordinates, Physics } from "../../environments/environment.ts";
import { createRandom } from "../../numbers/random.ts";
import { cemOver } from "../../planning/cem.ts";
import { choicesOf } from "../../planning/own-task.ts";
import type { ContinuousPolicy } from "../../planning/policy.ts";
import { reachGoal } from "../../planning/reach.ts";
import type { Simulator } from "../../planning/simulator.ts";
import { changeOf, distil, type LinearModel, linearModel, type StateActions } from "../../world-model/linear-model.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import { inferredPrecision, type LinearBelief, linearBelief } from "./linear-belief.ts";

/** Look for places that were never visited, where a reward may be; or for steps that tell most about the model. */
export type ExplorationAim = "places" | "information";

export interface ContinuousExplorerOptions {
  readonly seen: Pick<Physics, "coordinates" | "actionSpace">;
  /** Inferred from a critic. */
  readonly model: ContinuousWorldModel;
  /** Where the model is asked what it knows: states and actions, no steps. */
  readonly at: StateActions;
  readonly seed: number;
  /** "places" when absent. */
  readonly seek?: ExplorationAim;
  /** Places along each coordinate (16): of its bounds, or of what `at` spans. */
  readonly resolution?: number;
  /** False: the same agent that knows the class of models and the size of its noise, and nothing of how the world moves: to compare with. */
  readonly informed?: boolean;
  /** Plans are made in these instead: the true laws, to see what a better model could give. */
  readonly laws?: Simulator;
}

/** Most steps of a plan to the nearest place, and how it is searched for. */
const SEARCH = { horizon: 120, population: 256, rounds: 8, later: { population: 16, rounds: 0 } };
/** Of plans for information. */
const INFORMED = { horizon: 24, population: 64, iterations: 2 };
/** Levels of each part of a Box of actions. */
const LEVELS = 3;
/** Random actions of an agent that knows nothing, until its first plans, a weight. */
const WARM_UP = 2;
/** The least noise, in units of what a step changes. */
const EXACT = 1e-4;

/** Looks for new places of a continuous world, or for what its model does not know yet. */
export interface ContinuousExplorer {
  /** The inferred model, corrected by the steps so far. */
  readonly model: LinearModel;
  /** Places visited. */
  readonly visited: number;
  /** An action [m] in a state [d]. */
  act(state: ArrayLike<number>): Promise<Float64Array>;
  observe(state: Float64Array, action: Float64Array, next: Float64Array): void;
  /** A new episode begins. */
  reset(): void;
}

/**
 * Explores a continuous world in the model that a critic gave, as `createExplorer` does a table: it goes where nothing was visited yet along
 * the fewest steps that the model knows of, or, to improve the model, along the plan that would tell most of its weights. Every step corrects
 * the model.
 */
export async function createContinuousExplorer(options: ContinuousExplorerOptions): Promise<ContinuousExplorer> {
  const { seen, model, at, informed = true } = options;
  const { model: mean, error } = await distil(model, seen.actionSpace, at);
  const noise = changesOf(mean, at).map((x) => x * Math.max(EXACT, error));
  if (!informed) {
    const nothing = linearModel(mean.coordinates, mean.features, new Float64Array(mean.theta.length));
    return new PlanningExplorer(options, linearBelief(nothing, { noise }), WARM_UP * mean.features.names.length);
  }
  const precision = await inferredPrecision(model, mean, at, { noise });
  return new PlanningExplorer(options, linearBelief(mean, { noise, precision }), 0);
}

class PlanningExplorer implements ContinuousExplorer {
  private readonly options: ContinuousExplorerOptions;
  private readonly belief: LinearBelief;
  private readonly places: Places;
  private readonly random: ReturnType<typeof createRandom>;
  private readonly planner: ContinuousPolicy;
  private readonly choices: Float64Array;
  private readonly actionSize: number;
  private steps = 0;
  private readonly warmUp: number;

  constructor(options: ContinuousExplorerOptions, belief: LinearBelief, warmUp: number) {
    const { seen, at, seed, seek = "places", resolution = 16 } = options;
    this.options = options;
    this.belief = belief;
    this.warmUp = warmUp;
    this.random = createRandom(seed);
    this.places = createPlaces(seen.coordinates, at, resolution);
    const { choices, actionSize } = choicesOf(seen.actionSpace, LEVELS);
    this.choices = choices;
    this.actionSize = actionSize;
    this.planner = seek === "places" ? this.toPlaces() : this.toInformation();
  }

  get model(): LinearModel {
    return this.belief.model;
  }

  get visited(): number {
    return this.places.visited;
  }

  async act(state: ArrayLike<number>): Promise<Float64Array> {
    if (this.steps >= this.warmUp) return this.planner.act(state);
    const choice = this.random.integer(this.choices.length / this.actionSize);
    return this.choices.slice(choice * this.actionSize, (choice + 1) * this.actionSize);
  }

  observe(state: Float64Array, action: Float64Array, next: Float64Array): void {
    this.steps++;
    this.belief.add({ n: 1, states: state, actions: action, nextStates: next });
    this.places.visit(state);
    // a new place reached: the next is looked for from scratch
    if (this.places.visit(next) && (this.options.seek ?? "places") === "places") this.planner.reset();
  }

  reset(): void {
    this.planner.reset();
  }

  private simulator(): Simulator {
    const { belief } = this;
    if (this.options.laws) return this.options.laws;
    return {
      stateSize: this.options.seen.coordinates.names.length,
      step: (states, actions, n) => belief.model.step(states, actions, n),
    };
  }

  private toPlaces(): ContinuousPolicy {
    const { places, choices, actionSize } = this;
    return reachGoal(
      { model: this.simulator(), choices, actionSize, horizon: SEARCH.horizon, distance: places.distance },
      { random: this.random, ...SEARCH },
    );
  }

  private toInformation(): ContinuousPolicy {
    const { belief } = this;
    const world = this.simulator();
    // a step pays what it would tell of the weights
    const model: Simulator = {
      stateSize: world.stateSize,
      async step(states, actions, n) {
        const rewards = new Float64Array(n);
        belief.information(states, actions, n, rewards);
        return { ...(await world.step(states, actions, n)), rewards };
      },
    };
    return cemOver(
      this.options.seen.actionSpace,
      { model, horizon: INFORMED.horizon },
      { random: this.random, population: INFORMED.population, iterations: INFORMED.iterations },
    );
  }
}

/** The box of states in cells. */
interface Places {
  readonly visited: number;
  /** @returns whether it was new */
  visit(state: ArrayLike<number>): boolean;
  /** −1 where nothing was yet, else the more the more often it was visited, below 1. */
  distance(states: Float64Array, n: number, out: Float64Array): void;
}

/** Deviations of the states that are asked about, to either side, that count as their span where a coordinate has no bounds. */
const SPAN = 2;

function createPlaces({ names, angular, low, high }: Coordinates, { states, n }: StateActions, resolution: number): Places {
  const d = names.length;
  const from = new Float64Array(d);
  const size = new Float64Array(d);
  for (let j = 0; j < d; j++) {
    let [mean, square] = [0, 0];
    for (let b = 0; b < n; b++) mean += states[b * d + j] / n;
    for (let b = 0; b < n; b++) square += (states[b * d + j] - mean) ** 2 / n;
    const bounded = Number.isFinite(high[j] - low[j]);
    const [a, z] = angular[j]
      ? [-Math.PI, Math.PI]
      : bounded
        ? [low[j], high[j]]
        : [-1, 1].map((side) => mean + side * SPAN * (Math.sqrt(square) || 1));
    from[j] = a;
    size[j] = (z - a) / resolution;
  }
  const counts = new Map<number, number>();
  const cellOf = (states: ArrayLike<number>, at: number): number => {
    let cell = 0;
    for (let j = 0; j < d; j++) {
      const k = Math.floor((states[at + j] - from[j]) / size[j]);
      cell = cell * resolution + Math.max(0, Math.min(resolution - 1, k));
    }
    return cell;
  };
  return {
    get visited() {
      return counts.size;
    },
    visit(state) {
      const cell = cellOf(state, 0);
      const count = counts.get(cell) ?? 0;
      counts.set(cell, count + 1);
      return count === 0;
    },
    distance(states, n, out) {
      for (let b = 0; b < n; b++) {
        const count = counts.get(cellOf(states, b * d));
        out[b] = count === undefined ? -1 : count / (1 + count);
      }
    },
  };
}

/** [d] RMS of the changes that a model expects; a little where it expects none. */
function changesOf(model: LinearModel, { states, actions, n }: StateActions): number[] {
  const { coordinates, features } = model;
  const nextStates = model.nextStates(states, actions, n);
  return Array.from(features.scale, (unit, j) => {
    let square = 0;
    for (let b = 0; b < n; b++) square += changeOf(coordinates, states, nextStates, b * features.scale.length + j, j) ** 2 / n;
    return Math.sqrt(square) || EXACT * unit;
  });
}

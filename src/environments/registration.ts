import type { Environment } from "./environment.ts";
import type { OptionRule } from "./options.ts";
import type { Drawing } from "./shapes.ts";

/** Everything that is known of an environment, in one place. `registerEnvironment` takes one, and each of ours stands beside its laws. */
export interface EnvironmentRegistration<Options extends object = object> {
  /** What `make` calls it. Further ids are the same laws with other defaults; they share the page of the first. */
  readonly ids: readonly [string, ...string[]];
  /** Its options beside `maxEpisodeSteps`, which all have, and what their values must be. */
  readonly options: { readonly [Name in Exclude<keyof Options, "maxEpisodeSteps">]-?: OptionRule };
  /** Load what it runs in, before it can be built. */
  prepare?(): Promise<unknown>;
  /** Build it; the options have been checked. Its `id` is the one that was asked for. */
  build(options: Options, id: string): Environment;
  /** What learners need where their defaults do not do. */
  readonly preset?: Preset;
  /** How its own task is planned; absent where no planner of ours is good at it. */
  readonly task?: EnvironmentTask;
  /** Options that take its own task away: nothing is a goal, and nothing ends an episode. */
  readonly withoutTask?: Partial<Options>;
  /** Draw a state [d] (all that `state` holds), given what the last reset or step told. */
  draw?(state: Float64Array, info: Readonly<Record<string, unknown>>): Drawing;
  /** The program that it is, where it was loaded from one: models of it keep this. */
  readonly module?: { readonly sha256: string };
  /** A start that shows what it is about, and actions to take from there: the picture on its page. */
  readonly scene?: { readonly state?: readonly number[]; readonly actions?: readonly number[] };
}

/** What learners are told of an environment. */
export interface Preset {
  readonly steps: number;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** "grid": dynamic programming over a grid of states. "waypoints": places that the arm is led through. */
export type EnvironmentTask = GridTask | { readonly planner: "waypoints" };

/** A grid on which plans for the own task of a continuous environment are good. */
export interface GridTask {
  readonly planner: "grid";
  /** γ of plans: so near 1 that the undiscounted return is what is planned for. */
  readonly discount: number;
  /** [d] nodes along each coordinate */
  readonly sizes: readonly number[];
  /** [d] the box that is planned in, from minus this to this; that of the coordinates where absent */
  readonly box?: readonly number[];
  /** Levels of an action of a Box (5). */
  readonly levels?: number;
  /** Proven sup-norm error of the values on the grid. */
  readonly tolerance: number;
}

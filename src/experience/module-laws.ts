import { type DeclaredCoordinates, declaredCoordinates } from "../environments/declared-coordinates.ts";
import type { Environment, Physics } from "../environments/environment.ts";
import { EnvironmentError } from "../environments/errors.ts";
import { finite, shown } from "../environments/options.ts";
import { physicsEnvironment } from "../environments/physics-environment.ts";
import type { EnvironmentRegistration } from "../environments/registration.ts";
import type { Random } from "../numbers/random.ts";
import { createRandom } from "../numbers/random.ts";
import { box, discrete, type Space, sample } from "../spaces/space.ts";

type Numbers = ArrayLike<number>;
type Options = Readonly<Record<string, number>>;

/**
 * An environment in twenty lines: the default export of a module. States and actions come and go one at a time, as lists of numbers, and all
 * functions are pure: the state is all that there is.
 */
export interface ModuleLaws {
  /** What a state is, and how it is observed; see `CoordinateDeclaration`. */
  readonly coordinates: unknown;
  /** { n } or { low, high } */
  readonly actionSpace: { readonly n: number } | { readonly low: readonly number[]; readonly high: readonly number[] };
  /** Steps after which an episode is truncated (no limit). */
  readonly maxEpisodeSteps?: number;
  /** Numbers that the laws depend on, with their defaults: what `--change name=number` changes. */
  readonly options?: Options;
  reset(random: Random, options: Options): Numbers;
  /** The next state [d]. */
  step(state: Float64Array, action: Float64Array, options: Options): Numbers;
  /** What a step that does not end the episode pays. */
  reward(state: Float64Array, action: Float64Array, options: Options): number;
  /** Whether arriving in a state ends the episode (never). */
  ended?(state: Float64Array, options: Options): boolean;
  /** What a step that ends the episode pays (as any other). */
  finalReward?(state: Float64Array, action: Float64Array, nextState: Float64Array, options: Options): number;
  readonly preset?: EnvironmentRegistration["preset"];
  readonly task?: EnvironmentRegistration["task"];
}

const fields = [
  "coordinates",
  "actionSpace",
  "maxEpisodeSteps",
  "options",
  "reset",
  "step",
  "reward",
  "ended",
  "finalReward",
  "preset",
  "task",
];

/** The registration of an environment that a module describes. @throws EnvironmentError naming the module, the field and the fix */
export function registrationOfLaws(id: string, given: Readonly<Record<string, unknown>>): EnvironmentRegistration {
  const refuse = (field: string, problem: string, fix: string) =>
    new EnvironmentError(`${id}: ${field} ${problem}; ${fix}`, { file: id, field, fix });
  for (const field of Object.keys(given))
    if (!fields.includes(field)) throw refuse(`'${field}'`, "is not a field of an environment", `it may have ${fields.join(", ")}`);
  for (const field of ["reset", "step", "reward"])
    if (typeof given[field] !== "function")
      throw refuse(field, given[field] === undefined ? "is missing" : `is a function, got ${shown(given[field])}`, `export ${field}(…)`);
  for (const field of ["ended", "finalReward"])
    if (given[field] !== undefined && typeof given[field] !== "function")
      throw refuse(field, `is a function, got ${shown(given[field])}`, "leave it out, or give a function");
  const { options = {}, maxEpisodeSteps } = given;
  if (typeof options !== "object" || options === null || Array.isArray(options) || !Object.values(options).every(finite.holds))
    throw refuse("options", `are names with finite numbers, got ${shown(options)}`, "give options: { mass: 1 }");
  if (maxEpisodeSteps !== undefined && !(typeof maxEpisodeSteps === "number" && maxEpisodeSteps >= 1))
    throw refuse(
      "maxEpisodeSteps",
      `is a number of steps from 1 on, got ${shown(maxEpisodeSteps)}`,
      "leave it out where there is no limit",
    );
  const seen = declaredCoordinates(given.coordinates, id);
  const actionSpace = spaceOf(given.actionSpace, refuse);
  const laws = given as unknown as ModuleLaws; // its fields have just been looked at
  const registration: EnvironmentRegistration = {
    ids: [id],
    options: Object.fromEntries(Object.keys(options).map((name) => [name, finite])),
    build: (changed) => build(id, laws, seen, actionSpace, { ...options, ...changed }),
    ...(laws.preset === undefined ? {} : { preset: laws.preset }),
    ...(laws.task === undefined ? {} : { task: laws.task }),
  };
  tryOut(registration.build({}, id));
  return registration;
}

function spaceOf(given: unknown, refuse: (field: string, problem: string, fix: string) => Error): Space {
  const { n, low, high } = (typeof given === "object" && given !== null ? given : {}) as Record<string, unknown>;
  if (n !== undefined) {
    if (!Number.isInteger(n) || (n as number) < 1)
      throw refuse("actionSpace.n", `is a number of actions from 1 on, got ${shown(n)}`, "give { n: 3 }");
    return discrete(n as number);
  }
  const whole = (side: unknown): side is number[] => Array.isArray(side) && side.length > 0 && side.every(Number.isFinite);
  if (!whole(low) || !whole(high) || low.length !== high.length || low.some((x, k) => x >= high[k]))
    throw refuse(
      "actionSpace",
      `is { n } or { low, high } with each low below its high, got ${shown(given)}`,
      "give { low: [-1], high: [1] }",
    );
  return box(low, high);
}

function build(
  id: string,
  laws: ModuleLaws,
  { coordinates, observationSpace, observations }: DeclaredCoordinates,
  actionSpace: Space,
  { maxEpisodeSteps = laws.maxEpisodeSteps ?? Infinity, ...options }: Readonly<Record<string, number>>,
): Environment {
  const d = coordinates.names.length;
  const m = actionSpace.kind === "box" ? actionSpace.low.length : 1;
  const write = (what: string, found: Numbers, out: Float64Array, at: number) => {
    if (found?.length !== d)
      throw wrong(
        id,
        what,
        `gives ${found?.length === undefined ? shown(found) : `${found.length} numbers`}`,
        `return the ${d} coordinates`,
      );
    for (let j = 0; j < d; j++) {
      if (!Number.isFinite(found[j])) throw wrong(id, what, `gives ${found[j]} for ${coordinates.names[j]}`, "return finite numbers");
      out[at + j] = found[j];
    }
  };
  const number = (what: string, found: unknown): number => {
    if (typeof found !== "number" || !Number.isFinite(found)) throw wrong(id, what, `gives ${shown(found)}`, "return a finite number");
    return found;
  };
  const state = (states: Float64Array, i: number) => states.slice(i * d, (i + 1) * d);
  const action = (actions: Float64Array, i: number) => actions.slice(i * m, (i + 1) * m);
  const ends = (next: Float64Array) => laws.ended?.(next, options) === true;
  const pays = (s: Float64Array, a: Float64Array, next: Float64Array, over: boolean) =>
    over && laws.finalReward ? number("finalReward", laws.finalReward(s, a, next, options)) : number("reward", laws.reward(s, a, options));
  const physics: Physics = {
    coordinates,
    observationSpace,
    actionSpace,
    horizon: maxEpisodeSteps,
    initialState(random, out = new Float64Array(d), offset = 0) {
      write("reset", laws.reset(random, options), out, offset);
      return out;
    },
    observations,
    rewards(states, actions, n, out) {
      for (let i = 0; i < n; i++) out[i] = number("reward", laws.reward(state(states, i), action(actions, i), options));
    },
    ended(states, n, out) {
      for (let i = 0; i < n; i++) out[i] = ends(state(states, i)) ? 1 : 0;
    },
    reward(states, actions, nextStates, n, out) {
      for (let i = 0; i < n; i++) {
        const next = state(nextStates, i);
        out[i] = pays(state(states, i), action(actions, i), next, ends(next));
      }
    },
    step(states, actions, n, { nextStates, rewards, terminated }) {
      for (let i = 0; i < n; i++) {
        const [s, a] = [state(states, i), action(actions, i)];
        write("step", laws.step(s.slice(), a.slice(), options), nextStates, i * d);
        const next = state(nextStates, i);
        const over = ends(next);
        rewards[i] = pays(s, a, next, over);
        terminated[i] = over ? 1 : 0;
      }
    },
  };
  return physicsEnvironment(id, physics);
}

/** A few steps: what goes wrong at once is said before anything is trained on it. */
function tryOut(environment: Environment): void {
  const random = createRandom(0);
  const attempt = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof EnvironmentError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new EnvironmentError(`${environment.id}: ${what} fails: ${message}; mend it in the module`, {
        file: environment.id,
        field: what,
      });
    }
  };
  attempt("reset", () => environment.reset({ seed: 0 }));
  for (let t = 0; t < 20; t++) {
    const step = attempt("step", () => environment.step(sample(environment.actionSpace, random) as Float64Array | number));
    if (step.terminated || step.truncated) attempt("reset", () => environment.reset());
  }
}

function wrong(id: string, what: string, problem: string, fix: string): EnvironmentError {
  return new EnvironmentError(`${id}: ${what} ${problem}; ${fix}`, { file: id, field: what, fix });
}

import { createRandom, type RestorableRandom } from "../numbers/random.ts";
import type { Space } from "../spaces/space.ts";
import { actionSize } from "./action.ts";
import type { Environment, Simulation, Tables } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { make } from "./make.ts";
import { sampleOutcome, sampleStart, startsOf } from "./tables.ts";

/**
 * n copies of one environment as a structure of arrays. A step writes into the same arrays again and allocates nothing.
 * An episode that ends starts anew within the step. Copy i does what `make` does when reset with seed + i.
 */
export interface VectorEnvironment {
  readonly id: string;
  readonly n: number;
  /** d: coordinates of a state; 1 where states are numbered. */
  readonly stateSize: number;
  /** o; 1 where observations are the numbers of states. */
  readonly observationSize: number;
  /** m; 1 for Discrete. */
  readonly actionSize: number;
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  /** [n, d] where the copies are now: after a start, where one was due */
  readonly states: Float64Array;
  /** [n, o] of `states` */
  readonly observations: Float64Array;
  /** [n, d] where the last step led, before any new start */
  readonly nextStates: Float64Array;
  /** [n, o] of `nextStates` */
  readonly nextObservations: Float64Array;
  readonly rewards: Float64Array;
  /** [n] 0 or 1 */
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** [n] steps of the running episodes */
  readonly elapsed: Int32Array;
  /** Start an episode in every copy; without a seed the generators go on. */
  reset(seed?: number): void;
  /** @param actions flat [n, m], not checked */
  step(actions: ArrayLike<number>): void;
}

/** n copies of an environment: by id (with the options of `make`), or of one that is at hand, which is left as it is. */
export function vectorize(environment: string | Environment, n: number, options?: Readonly<Record<string, unknown>>): VectorEnvironment {
  if (!Number.isInteger(n) || n < 1)
    throw new EnvironmentError(`vectorize: the number of copies is a positive integer, got ${n}`, { field: "n", fix: "give 1 or more" });
  const one = typeof environment === "string" ? make(environment, options) : environment;
  if (one.simulation) return build(one, n, simulationLaws(one.simulation, n));
  if (one.tables) return build(one, n, tablesLaws(one.tables, n));
  throw new EnvironmentError(`vectorize: ${one.id} has neither a simulation nor tables`, {
    field: "environment",
    fix: "build it with physicsEnvironment, simulationEnvironment or tablesEnvironment",
  });
}

type Generators = readonly RestorableRandom[];

/** What differs between continuous and finite environments. */
interface Laws {
  readonly stateSize: number;
  readonly observationSize: number;
  step(states: Float64Array, actions: Float64Array, into: Results, generators: Generators): void;
  start(random: RestorableRandom, state: Float64Array): void;
  observe(states: Float64Array, n: number, out: Float64Array): void;
}

interface Results {
  readonly nextStates: Float64Array;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
}

function simulationLaws(simulation: Simulation, n: number): Laws {
  const d = simulation.stateSize;
  return {
    stateSize: d,
    observationSize: simulation.observationSpace.low.length,
    step: (states, actions, into) => simulation.step(states, actions, n, into),
    start: (random, state) => simulation.initialState(random, state, 0),
    observe: (states, count, out) => simulation.observations(states, count, out),
  };
}

function tablesLaws(tables: Tables, n: number): Laws {
  const starts = startsOf(tables);
  return {
    stateSize: 1,
    observationSize: 1,
    step(states, actions, { nextStates, rewards, terminated }, generators) {
      for (let i = 0; i < n; i++) {
        const k = sampleOutcome(tables, states[i] * tables.actions + actions[i], generators[i]);
        nextStates[i] = tables.nextStates[k];
        rewards[i] = tables.rewards[k];
        terminated[i] = tables.terminated[k];
      }
    },
    start(random, state) {
      state[0] = sampleStart(starts, random);
    },
    observe: (states, _count, out) => out.set(states),
  };
}

function build(one: Environment, n: number, laws: Laws): VectorEnvironment {
  const { stateSize, observationSize } = laws;
  const size = actionSize(one.actionSpace);
  const states = new Float64Array(n * stateSize);
  const observations = new Float64Array(n * observationSize);
  const nextObservations = new Float64Array(n * observationSize);
  const results = { nextStates: new Float64Array(n * stateSize), rewards: new Float64Array(n), terminated: new Uint8Array(n) };
  const truncated = new Uint8Array(n);
  const elapsed = new Int32Array(n);
  const held = new Float64Array(n * size);
  const first = new Float64Array(stateSize);
  const seen = new Float64Array(observationSize);
  let generators: RestorableRandom[] = Array.from({ length: n }, (_, i) => createRandom(i));
  const start = (i: number) => {
    laws.start(generators[i], first);
    laws.observe(first, 1, seen);
    for (let k = 0; k < stateSize; k++) states[i * stateSize + k] = first[k];
    for (let k = 0; k < observationSize; k++) observations[i * observationSize + k] = seen[k];
    elapsed[i] = 0;
  };
  const environment: VectorEnvironment = {
    id: one.id,
    n,
    stateSize,
    observationSize,
    actionSize: size,
    observationSpace: one.observationSpace,
    actionSpace: one.actionSpace,
    states,
    observations,
    nextObservations,
    ...results,
    truncated,
    elapsed,
    reset(seed) {
      if (seed !== undefined) generators = Array.from({ length: n }, (_, i) => createRandom(seed + i));
      for (let i = 0; i < n; i++) start(i);
    },
    step(actions) {
      held.set(actions);
      laws.step(states, held, results, generators);
      laws.observe(results.nextStates, n, nextObservations);
      states.set(results.nextStates);
      observations.set(nextObservations);
      for (let i = 0; i < n; i++) {
        truncated[i] = ++elapsed[i] >= one.horizon ? 1 : 0;
        if (results.terminated[i] | truncated[i]) start(i);
      }
    },
  };
  environment.reset();
  return environment;
}

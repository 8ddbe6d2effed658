import { createRandom, type Random } from "../numbers/random.ts";
import type { Space } from "../spaces/space.ts";
import type { Environment, Physics } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { type VectorEnvironment, vectorize } from "./vector-environment.ts";

/** Actions [n, m] for observations [n, o], in batch. */
export type BatchPolicy = (observations: Float64Array, n: number) => Promise<ArrayLike<number>> | ArrayLike<number>;

export interface CollectOptions {
  /** States to return. */
  readonly n: number;
  readonly seed: number;
  /** Share of actions drawn uniformly from the action space (0.3). */
  readonly epsilon?: number;
  /** Environments that run side by side (40). */
  readonly copies?: number;
  /** Transitions visited for one that is returned (4): neighbours in time are much alike. */
  readonly thinning?: number;
}

/** n states and what was done in them, in random order. */
export interface Visited {
  readonly n: number;
  /** [n, d] */
  readonly states: Float64Array;
  /** [n, m] */
  readonly actions: Float64Array;
}

/** Visited states with what followed: for scoring, not for inference. */
export interface VisitedTransitions extends Visited {
  /** [n, d] */
  readonly nextStates: Float64Array;
  readonly rewards: Float64Array;
  /** [n] 0 or 1 */
  readonly terminated: Uint8Array;
}

/** States that an ε-random policy visits and its actions there. What followed is not returned: inference may not see it. */
export async function collectStates(environment: Environment, policy: BatchPolicy, options: CollectOptions): Promise<Visited> {
  const { n, states, actions } = await collectTransitions(environment, policy, options);
  return { n, states, actions };
}

/** Transitions of an ε-random policy, in random order; those that end an episode are among them. The same seed gives the same bytes. */
export async function collectTransitions(
  environment: Environment,
  policy: BatchPolicy,
  options: CollectOptions,
): Promise<VisitedTransitions> {
  const { n, seed, epsilon = 0.3, copies = 40, thinning = 4 } = options;
  if (!Number.isInteger(n) || n < 1)
    throw new EnvironmentError(`collect: n is a positive number of states, got ${n}`, { field: "n", fix: "give 1 or more" });
  const vector = vectorize(environment, copies);
  const random = createRandom(seed);
  vector.reset(random.integer(2 ** 31));
  const rounds = Math.ceil((n * thinning) / copies);
  const total = rounds * copies;
  const { stateSize: d, actionSize: m } = vector;
  const visited = {
    states: new Float64Array(total * d),
    actions: new Float64Array(total * m),
    nextStates: new Float64Array(total * d),
    rewards: new Float64Array(total),
    terminated: new Uint8Array(total),
  };
  const actions = new Float64Array(copies * m);
  for (let round = 0; round < rounds; round++) {
    const chosen = await policy(vector.observations, copies);
    if (chosen.length !== copies * m)
      throw new EnvironmentError(`collect: the policy gave ${chosen.length} numbers for ${copies} actions of ${m}`, {
        field: "policy",
        fix: "return flat actions [n, m]",
      });
    for (let k = 0; k < actions.length; k++) actions[k] = chosen[k];
    explore(vector, epsilon, random, actions);
    const at = round * copies;
    visited.states.set(vector.states, at * d);
    visited.actions.set(actions, at * m);
    vector.step(actions);
    visited.nextStates.set(vector.nextStates, at * d);
    visited.rewards.set(vector.rewards, at);
    visited.terminated.set(vector.terminated, at);
  }
  const order = random.permutation(total).subarray(0, n);
  return {
    n,
    states: pick(visited.states, order, d),
    actions: pick(visited.actions, order, m),
    nextStates: pick(visited.nextStates, order, d),
    rewards: pick(visited.rewards, order, 1),
    terminated: Uint8Array.from(order, (i) => visited.terminated[i]),
  };
}

/**
 * n pairs of states anywhere within the bounds of their coordinates, the others as episodes begin, and of actions anywhere in their space: where a model of how the world moves
 * can be asked without knowing it.
 */
export function drawAnywhere(physics: Physics, n: number, seed: number): Visited {
  const { coordinates, actionSpace } = physics;
  const random = createRandom(seed);
  const { low, high } = coordinates;
  const d = low.length;
  const m = actionSpace.kind === "box" ? actionSpace.low.length : 1;
  const states = new Float64Array(n * d);
  const actions = new Float64Array(n * m);
  for (let b = 0; b < n; b++) {
    physics.initialState(random, states, b * d);
    for (let j = 0; j < d; j++) if (Number.isFinite(high[j] - low[j])) states[b * d + j] = low[j] + (high[j] - low[j]) * random.uniform();
    drawAction(actionSpace, random, actions, b * m);
  }
  return { n, states, actions };
}

/** A policy that draws uniformly from an action space. */
export function randomPolicy(space: Space, seed: number): BatchPolicy {
  const random = createRandom(seed);
  return (_observations, n) => {
    const size = space.kind === "box" ? space.low.length : 1;
    const actions = new Float64Array(n * size);
    for (let i = 0; i < n; i++) drawAction(space, random, actions, i * size);
    return actions;
  };
}

function explore({ n, actionSpace, actionSize }: VectorEnvironment, epsilon: number, random: Random, actions: Float64Array): void {
  for (let i = 0; i < n; i++) if (random.uniform() < epsilon) drawAction(actionSpace, random, actions, i * actionSize);
}

function drawAction(space: Space, random: Random, out: Float64Array, at: number): void {
  if (space.kind === "discrete") out[at] = space.start + random.integer(space.n);
  else if (space.kind === "box")
    for (let k = 0; k < space.low.length; k++) out[at + k] = space.low[k] + (space.high[k] - space.low[k]) * random.uniform();
  else
    throw new EnvironmentError("collect: actions that are dictionaries cannot be drawn", {
      field: "actionSpace",
      fix: "use a Box or a Discrete space",
    });
}

function pick(rows: Float64Array, order: Int32Array, width: number): Float64Array {
  const out = new Float64Array(order.length * width);
  for (let i = 0; i < order.length; i++) for (let k = 0; k < width; k++) out[i * width + k] = rows[order[i] * width + k];
  return out;
}

import { MismatchError } from "../base/mismatch-error.ts";
import type { Rewards } from "../bellman/rewards.ts";
import { bellmanSystem } from "../bellman/system.ts";
import type { NetworkCritic, StateValueCritic } from "../critics/critic.ts";
import { collectStates } from "../environments/collect.ts";
import type { Coordinates, Environment, Physics } from "../environments/environment.ts";
import { flatBox } from "../environments/identity-coordinates.ts";
import { createRandom } from "../numbers/random.ts";
import { type Element, flatDimension, flattenElement, sample } from "../spaces/space.ts";
import type { Samples } from "./samples.ts";
import type { ContinuousSolver } from "./solvers.ts";

export interface Visit {
  readonly n: number;
  readonly from: ContinuousSolver["from"];
  readonly seed: number;
  /** Share of random actions. */
  readonly epsilon: number;
}

/** States visited by the critic's own policy; without an environment to walk in, uniform over its observation space. */
export async function visit(
  critic: NetworkCritic | StateValueCritic,
  coordinates: Coordinates,
  rewards: Rewards,
  environment: Environment | undefined,
  { n, from, seed, epsilon }: Visit,
): Promise<Samples> {
  if (!environment) return uniformSamples(critic, n, seed);
  if (from === "starts" && environment.physics) return startSamples(environment.physics, n, seed);
  if (environment.simulation?.visit) {
    const { states, actions } = environment.simulation.visit(n, seed);
    return { n, states, actions };
  }
  const system = await bellmanSystem(critic, coordinates, rewards);
  const { policy, actionSize } = system;
  try {
    return await collectStates(
      environment,
      (observations, rows) => (policy ? policy(coordinates.fromObservations(observations, rows)) : new Float64Array(rows * actionSize)),
      { n, seed, epsilon: policy ? epsilon : 1 },
    );
  } finally {
    await system.release();
  }
}

/** Starting states, and actions at random: walls are seldom met, and goals of a critic's policy are where its values are silent. */
function startSamples(physics: Physics, n: number, seed: number): Samples {
  const { coordinates, actionSpace } = physics;
  const random = createRandom(seed);
  const d = coordinates.names.length;
  const m = actionSpace.kind === "discrete" ? 1 : flatDimension(actionSpace);
  const states = new Float64Array(n * d);
  const actions = new Float64Array(n * m);
  for (let b = 0; b < n; b++) {
    physics.initialState(random, states, b * d);
    const action: Element = sample(actionSpace, random);
    actions.set(typeof action === "number" ? [action] : (action as Float64Array), b * m);
  }
  return { n, states, actions };
}

function uniformSamples({ observationSpace, actionSpace, actionSize }: NetworkCritic | StateValueCritic, n: number, seed: number): Samples {
  const space = flatBox(observationSpace);
  const unbounded = space.low.findIndex((low, j) => !Number.isFinite(low) || !Number.isFinite(space.high[j]) || space.high[j] - low > 1e6);
  if (unbounded >= 0)
    throw new MismatchError(
      `observation ${unbounded} of this critic has no bounds to draw states from: name its environment (--env), or give recorded states and actions (--data FILE)`,
    );
  const random = createRandom(seed);
  const states = new Float64Array(n * space.low.length);
  const actions = new Float64Array(n * actionSize);
  for (let b = 0; b < n; b++) {
    states.set(flattenElement(space, sample(space, random)), b * space.low.length);
    const action: Element = sample(actionSpace, random);
    actions.set(typeof action === "number" ? [action] : (action as Float64Array), b * actionSize);
  }
  return { n, states, actions };
}

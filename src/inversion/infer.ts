import { MismatchError } from "../base/mismatch-error.ts";
import type { Rewards } from "../bellman/rewards.ts";
import type { Critic, NetworkCritic, StateValueCritic, TabularCritic } from "../critics/critic.ts";
import { stack } from "../critics/stack.ts";
import { withoutReward } from "../critics/without-reward.ts";
import type { Environment } from "../environments/environment.ts";
import { flatBox, identityCoordinates } from "../environments/identity-coordinates.ts";
import { make, prepare } from "../environments/make.ts";
import { identifyTabular, type TabularIdentifiability } from "../identifiability/tabular.ts";
import { flatDimension, type Space } from "../spaces/space.ts";
import type { TabularWorldModel } from "../world-model/world-model.ts";
import type { InferredContinuous } from "./assemble.ts";
import { type Chosen, chooseSolver } from "./check-options.ts";
import { defaults } from "./defaults.ts";
import { inferContinuous } from "./infer-continuous.ts";
import type {
  AmortisedInferOptions,
  ContinuousInferOptions,
  ContinuousOnlyOptions,
  InferOptions,
  TabularInferOptions,
  TabularOnlyOptions,
} from "./options.ts";
import type { ContinuousSettings } from "./solver.ts";
import { distancesOf } from "./tabular/solve-table.ts";
import { visit } from "./visit.ts";

export interface InferredTabular {
  readonly model: TabularWorldModel;
  readonly identifiability: TabularIdentifiability;
}

export type Inferred = InferredContinuous | InferredTabular;

/** A critic that is inverted by its derivatives. */
export type Differentiable = NetworkCritic | StateValueCritic;

/**
 * A dynamics model from one critic or several of the same environment, and what can be known of it.
 * @throws OptionError for an option that is unknown, out of its range, or not used by the method and this kind of critic
 * @throws MismatchError where critics, environment and method do not belong together
 */
export function inferDynamics(critics: TabularCritic | readonly TabularCritic[], options?: TabularInferOptions): Promise<InferredTabular>;
export function inferDynamics(
  critics: Differentiable | readonly Differentiable[],
  options?: ContinuousInferOptions,
): Promise<InferredContinuous>;
export function inferDynamics(critics: Critic | readonly Critic[], options: TabularOnlyOptions): Promise<InferredTabular>;
export function inferDynamics(critics: Critic | readonly Critic[], options: ContinuousOnlyOptions): Promise<InferredContinuous>;
export function inferDynamics(critics: Critic | readonly Critic[], options?: InferOptions): Promise<Inferred>;
export async function inferDynamics(given: Critic | readonly Critic[], options: InferOptions = {}): Promise<Inferred> {
  const critics = Array.isArray(given) ? (given as readonly Critic[]) : [given as Critic];
  const chosen = chooseSolver(critics, { ...options });
  return chosen.kind === "tabular"
    ? inferTables(chosen, options as TabularInferOptions)
    : inferNetworks(chosen, options as ContinuousInferOptions);
}

async function inferTables(
  { critics, solver }: Extract<Chosen, { kind: "tabular" }>,
  options: TabularInferOptions,
): Promise<InferredTabular> {
  const critic = stack(critics);
  const model = await solver.solve(critic, { ...options.tabular, onProgress: options.onProgress });
  const distances = model.method === "projection" ? undefined : await distancesOf(model);
  return { model, identifiability: identifyTabular(critic, { distances }) };
}

async function inferNetworks(
  { networks: withReward, stateValues, solver }: Extract<Chosen, { kind: "continuous" }>,
  options: ContinuousInferOptions,
): Promise<InferredContinuous> {
  const unknown = options.rewards === "unknown";
  const networks = unknown && withReward.length > 0 ? [withoutReward(stack(withReward))] : withReward;
  const differentiable = [...networks, ...stateValues];
  if (typeof options.environment === "string") await prepare(options.environment);
  const environment = typeof options.environment === "string" ? make(options.environment) : options.environment;
  checkEnvironment(differentiable, environment, options);
  const { reward = 0, seed = 0, epsilon = defaults.visiting.epsilon } = options;
  const { physics } = environment ?? {};
  const coordinates = options.coordinates ?? environment?.coordinates ?? identityCoordinates(flatBox(differentiable[0].observationSpace));
  checkKinematic(options, coordinates.rateOf);
  const known = options.rewards === "unknown" ? undefined : options.rewards;
  const own = unknown || options.reward !== undefined ? undefined : physics?.rewards.bind(physics);
  const rewards: Rewards = known ?? own ?? ((_states, _actions, n, out) => void out.fill(reward, 0, n));
  const { samples: asked = solver.samples } = options;
  const samples =
    typeof asked === "object"
      ? asked
      : await visit(differentiable[0], coordinates, rewards, environment, { n: asked, from: solver.from, seed, epsilon });
  const settings: ContinuousSettings = {
    ...options,
    seed,
    coordinates,
    rewards,
    samples,
    environment: environment?.id,
    reward: environment && options.reward === undefined ? undefined : reward,
    provenance: {
      critics: differentiable.map(({ name, algorithm }) => ({ name, algorithm })),
      seed,
      samples: samples.n,
      // a constant is kept in `reward`, the environment's own is known by its id, and heads without their reward need none
      ...(known ? { rewards: "given" } : {}),
      ...(options.coordinates && !options.coordinates.declared ? { coordinates: "given" } : {}),
    },
  };
  return inferContinuous(networks, settings, stateValues);
}

/** @throws MismatchError where critics and environment are not of one world, or the reward cannot be known */
function checkEnvironment(
  critics: readonly Differentiable[],
  environment: Environment | undefined,
  { reward, rewards }: ContinuousInferOptions,
): void {
  const goalConditioned = critics.find(({ observationSpace: space }) => space.kind === "dict" && "desired_goal" in space.spaces);
  if (environment?.simulation?.goals && goalConditioned)
    throw new MismatchError(
      `${goalConditioned.name} is goal-conditioned: ask it about goals with withGoals(critic, goals), and infer in coordinates of your own without an environment (docs/how-to/goals.md)`,
    );
  if (environment && !environment.coordinates)
    throw new MismatchError(`${environment.id} has no continuous state, so a network critic of it cannot be inverted`);
  for (const critic of critics) assertFits(critic, critics[0], environment);
  const blind = critics.find((critic) => critic.kind !== "network" || !critic.rewardGraph);
  if (blind && environment && !environment.physics && reward === undefined && rewards === undefined)
    throw new MismatchError(
      `${environment.id} pays for where an action leads, which is not known before: give the reward of ${blind.name} (--reward)`,
    );
}

/** Kinematics need rates. */
function checkKinematic(options: ContinuousInferOptions, rateOf: readonly (number | null)[]): void {
  if (rateOf.some((rate) => rate !== null)) return;
  const { kinematic, timeStep } = options as Pick<AmortisedInferOptions, "kinematic" | "timeStep">;
  if (kinematic === true) throw new MismatchError("kinematic structure needs coordinates that say which is whose rate");
  if (timeStep !== undefined) throw new MismatchError("a time step (--time-step) needs coordinates that say which is whose rate");
}

function assertFits(critic: Differentiable, first: Differentiable, environment: Environment | undefined): void {
  const describe = (space: Space) => (space.kind === "discrete" ? `Discrete(${space.n})` : `${flatDimension(space)} numbers`);
  const other = environment
    ? { ...environment, name: environment.id, observationSpace: environment.observationSpace, actionSpace: environment.actionSpace }
    : first;
  if (describe(critic.actionSpace) !== describe(other.actionSpace))
    throw new MismatchError(
      `${critic.name} acts in ${describe(critic.actionSpace)}, ${other.name} in ${describe(other.actionSpace)}: they are not of one environment`,
    );
  if (flatDimension(critic.observationSpace) !== flatDimension(other.observationSpace))
    throw new MismatchError(
      `${critic.name} observes ${flatDimension(critic.observationSpace)} numbers, ${other.name} ${flatDimension(other.observationSpace)}: they are not of one environment`,
    );
}

import type { ContinuousAdaptiveAgent } from "../../agents/continuous/adapt-continuous.ts";
import { JUDGED_EPISODES, JUDGED_FROM } from "../../agents/continuous/adaptation-run.ts";
import type { NetworkCritic } from "../../critics/critic.ts";
import { restoreCritic, type SavedCritic } from "../../critics/saved.ts";
import { collectTransitions } from "../../environments/collect.ts";
import type { Environment } from "../../environments/environment.ts";
import { evaluateIn } from "../../learning/deep/train.ts";
import type { Learner } from "../../learning/learner.ts";
import { mean } from "../../numbers/statistics.ts";
import { type ContinuousTask, settle } from "../../planning/continuous-task.ts";

/** The steps on which critics are judged. */
const JUDGED = 10_000_000;
const PAIRS = 1000;

/** Mean return of a learner's best actions over the episodes that every policy is judged by. */
export async function returnOfLearner(
  learner: Pick<Learner, "act">,
  environment: Environment,
  episodes = JUDGED_EPISODES,
): Promise<number> {
  return mean(await evaluateIn(environment, learner, episodes, JUDGED_FROM));
}

/** A critic in the changed world, before and after it caught up without a real step. */
export interface CaughtUp {
  readonly updates: number;
  /** RMS of r + γ(1 − d)V(s') − Q(s, a) over that of V(s') − V(s), on real steps of the changed world that neither has seen. */
  readonly residual: { readonly before: number; readonly after: number };
  /** Returns of the learner's own policy. */
  readonly policy: { readonly before: number; readonly after: number };
}

/** Judged on real steps of both policies, before and after, half of each; the agent sees none of them. */
export async function catchUp(
  agent: ContinuousAdaptiveAgent,
  {
    world,
    task,
    updates,
    seed,
  }: { readonly world: Environment; readonly task: ContinuousTask; readonly updates: number; readonly seed: number },
): Promise<CaughtUp> {
  const met = (salt: number) =>
    collectTransitions(world, (observations, n) => agent.learnersPolicy().act(observations, n), {
      n: PAIRS,
      seed: JUDGED + 2 * seed + salt,
      copies: 10,
      thinning: 2,
    });
  const judge = async (salt: number) => ({
    critic: agent.critic(),
    met: await met(salt),
    policy: await returnOfLearner(agent.learnersPolicy(), world),
  });
  const before = await judge(0);
  await agent.catchUp(updates);
  const after = await judge(1);
  const sets = [before.met, after.met];
  const residual = async (critic: SavedCritic) => bellmanResidual(restoreCritic(critic) as NetworkCritic, world, task, sets);
  return {
    updates,
    residual: { before: await residual(before.critic), after: await residual(after.critic) },
    policy: { before: before.policy, after: after.policy },
  };
}

type StateActions = Pick<Awaited<ReturnType<typeof collectTransitions>>, "n" | "states" | "actions" | "nextStates">;

/** RMS of r + γ(1 − d)V(s') − Q(s, a) over that of V(s') − V(s), all heads together. */
async function bellmanResidual(
  critic: NetworkCritic,
  world: Environment,
  task: ContinuousTask,
  sets: readonly StateActions[],
): Promise<number> {
  const physics = world.physics!;
  const k = critic.heads.length;
  let [residual, signal] = [0, 0];
  for (const { n, states, actions, nextStates } of sets) {
    const observed = (from: Float64Array) => {
      const out = new Float64Array(n * physics.observationSpace.low.length);
      physics.observations(from, n, out);
      return out;
    };
    const [q, v, ahead] = await Promise.all([
      critic.actionValues(observed(states), actions),
      critic.stateValues(observed(states)),
      critic.stateValues(observed(nextStates)),
    ]);
    const { rewards, ended } = settle(task, states, actions, nextStates, n);
    for (let b = 0; b < n; b++) {
      for (let i = 0; i < k; i++) {
        const at = b * k + i;
        residual += (rewards[b] + (ended[b] ? 0 : critic.heads[i].discount * ahead[at]) - q[at]) ** 2;
        signal += (ahead[at] - v[at]) ** 2;
      }
    }
  }
  return Math.sqrt(residual / signal);
}

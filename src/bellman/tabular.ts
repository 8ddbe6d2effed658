import { RefusalError } from "../base/refusal-error.ts";
import type { TabularCritic } from "../critics/critic.ts";
import type { Tables } from "../environments/environment.ts";

/**
 * Columns of the discrete Bellman equation, Q_i(s,a) − r_i(s,a) = c_i(s'):
 *
 *     c_i(s') = T_i(s') − r_i   where head i ends in s' (T_i is everything it gets on arrival)
 *     c_i(s') = γ_i V_i(s')     elsewhere
 *
 * @param rewards [heads] the reward r_i taken off terminal entries: it must be the one taken off the targets
 * @returns [states, heads]
 */
export function bellmanColumns(critic: TabularCritic, rewards?: ArrayLike<number>): Float64Array {
  const { states, v, terminalValue } = critic;
  const heads = critic.heads.length;
  const columns = new Float64Array(states * heads);
  for (let i = 0; i < heads; i++) {
    const discount = critic.heads[i].discount;
    const reward = rewards?.[i] ?? 0;
    for (let s = 0; s < states; s++) {
      const terminal = terminalValue ? terminalValue[i * states + s] : Number.NaN;
      columns[s * heads + i] = Number.isFinite(terminal) ? terminal - reward : discount * v[i * states + s];
    }
  }
  return columns;
}

/** Pairs (s, a) that pay every head with terminal entries the same: within a class, one set of columns serves all targets. */
export interface RewardClasses {
  /** [states · actions] */
  readonly classOf: Int32Array;
  /** of each class, [heads] the rewards to take off terminal entries */
  readonly rewards: readonly Float64Array[];
}

/** Beyond this many the columns would have to be built anew for nearly every pair. */
const MOST_CLASSES = 64;

/**
 * Where rewards shift the targets and a head is worth T_i(s') on arrival, reward included, T_i(s') − r_i(s,a) depends on the pair.
 * @throws RefusalError where rewards take more values than can be handled
 */
export function rewardClasses(critic: TabularCritic, rewards: Float64Array | undefined): RewardClasses {
  const heads = critic.heads.length;
  const pairs = critic.states * critic.actions;
  const ending: number[] = [];
  for (let i = 0; rewards && critic.terminalValue && i < heads; i++)
    if (critic.terminalValue.subarray(i * critic.states, (i + 1) * critic.states).some((x) => Number.isFinite(x))) ending.push(i);
  const classOf = new Int32Array(pairs);
  if (!rewards || ending.length === 0) return { classOf, rewards: [new Float64Array(heads)] };
  const known = new Map<string, number>();
  const found: Float64Array[] = [];
  for (let k = 0; k < pairs; k++) {
    const key = ending.map((i) => rewards[i * pairs + k]).join();
    let number = known.get(key);
    if (number === undefined) {
      number = found.length;
      if (number === MOST_CLASSES)
        throw new RefusalError(
          `critic ${critic.name}: rewards of heads with terminal values differ in more than ${MOST_CLASSES} ways; fold them into terminalValue`,
        );
      known.set(key, number);
      const of = new Float64Array(heads);
      for (const i of ending) of[i] = rewards[i * pairs + k];
      found.push(of);
    }
    classOf[k] = number;
  }
  return { classOf, rewards: found };
}

/**
 * Left sides Q_i(s,a) − r_i(s,a) of all pairs.
 * @param rewards [heads, states, actions]; zero when absent
 * @returns [states · actions, heads]
 */
export function bellmanTargets(critic: TabularCritic, rewards?: Float64Array): Float64Array {
  const heads = critic.heads.length;
  const pairs = critic.states * critic.actions;
  const targets = new Float64Array(pairs * heads);
  for (let i = 0; i < heads; i++)
    for (let k = 0; k < pairs; k++) targets[k * heads + i] = critic.q[i * pairs + k] - (rewards ? rewards[i * pairs + k] : 0);
  return targets;
}

/**
 * Residual e_i(s,a) = Σ_s' P(s'|s,a) [T_i(s') or r_i(s,a) + γ_i (1 − d(s')) V_i(s')] − Q_i(s,a) under the true tables: for scores and tests, never for inference.
 * Rewards are the critic's own where it knows them, else those of the tables in the critic's scale.
 * @returns [heads, states, actions]
 */
export function tabularResidual(critic: TabularCritic, tables: Tables): Float64Array {
  const { states, actions, q, v, rewards, terminalValue } = critic;
  if (tables.states !== states || tables.actions !== actions)
    throw new RangeError(`critic ${critic.name} has ${states} × ${actions} pairs, the environment ${tables.states} × ${tables.actions}`);
  const pairs = states * actions;
  const residual = new Float64Array(critic.heads.length * pairs);
  critic.heads.forEach((head, i) => {
    for (let k = 0; k < pairs; k++) {
      let expected = 0;
      for (let o = tables.offsets[k]; o < tables.offsets[k + 1]; o++) {
        const next = tables.nextStates[o];
        const terminal = terminalValue ? terminalValue[i * states + next] : Number.NaN;
        const reward = rewards ? rewards[i * pairs + k] : head.rewardScale * tables.rewards[o] + head.rewardOffset;
        const value = Number.isFinite(terminal) ? terminal : reward + (tables.terminated[o] ? 0 : head.discount * v[i * states + next]);
        expected += tables.probabilities[o] * value;
      }
      residual[i * pairs + k] = expected - q[i * pairs + k];
    }
  });
  return residual;
}

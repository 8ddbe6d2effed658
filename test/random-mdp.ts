import type { Head, TabularCritic } from "../src/critics/critic.ts";
import { tabularCritic } from "../src/critics/tabular.ts";
import type { Tables } from "../src/environments/environment.ts";
import type { Random } from "../src/numbers/random.ts";
import { valueIteration } from "../src/planning/value-iteration.ts";

/** @param support how many next states a pair has at most */
export function randomTables(random: Random, states: number, actions: number, support = 1): Tables {
  const offsets = new Int32Array(states * actions + 1);
  const nextStates: number[] = [];
  const probabilities: number[] = [];
  for (let k = 0; k < states * actions; k++) {
    const next = random.permutation(states).subarray(0, 1 + random.integer(Math.min(support, states)));
    const raw = Array.from(next, () => 0.1 + random.uniform());
    const sum = raw.reduce((a, b) => a + b, 0);
    nextStates.push(...next);
    probabilities.push(...raw.map((x) => x / sum));
    offsets[k + 1] = nextStates.length;
  }
  const n = nextStates.length;
  return {
    states,
    actions,
    offsets,
    nextStates: Int32Array.from(nextStates),
    probabilities: Float64Array.from(probabilities),
    rewards: new Float64Array(n),
    terminated: new Uint8Array(n),
    initial: new Float64Array(states).fill(1 / states),
  };
}

export interface ExactHeads {
  readonly discounts: readonly number[];
  /** Normal rewards r_i(s, a); zero when false. */
  readonly rewards?: boolean;
  /** Each head ends in a goal of its own, where it gets 1. */
  readonly goals?: boolean;
}

/** Exact values (to 1e-12) of several tasks in one world. */
export function exactCritic(random: Random, tables: Tables, heads: ExactHeads): TabularCritic {
  const { states, actions, offsets } = tables;
  const pairs = states * actions;
  const k = heads.discounts.length;
  const rewards = new Float64Array(k * pairs);
  if (heads.rewards ?? true) for (let i = 0; i < rewards.length; i++) rewards[i] = random.normal();
  const terminalValue = heads.goals ? new Float64Array(k * states).fill(Number.NaN) : undefined;
  const q = new Float64Array(k * pairs);
  const v = new Float64Array(k * states);
  heads.discounts.forEach((discount, i) => {
    const own = terminalValue?.subarray(i * states, (i + 1) * states);
    if (own) own[random.integer(states)] = 1;
    const perOutcome = new Float64Array(tables.nextStates.length);
    for (let pair = 0; pair < pairs; pair++) perOutcome.fill(rewards[i * pairs + pair], offsets[pair], offsets[pair + 1]);
    const exact = valueIteration(tables, { discount, rewards: perOutcome, terminalValue: own, tolerance: 1e-12 });
    q.set(exact.q, i * pairs);
    v.set(exact.v, i * states);
  });
  const named = heads.discounts.map(
    (discount, i): Head => ({ name: `head ${i}`, critic: "exact", discount, rewardScale: 1, rewardOffset: 0 }),
  );
  return tabularCritic({ name: "exact", states, actions, heads: named, q, v, rewards, terminalValue });
}

/** The same critic with every V_i(s) and Q_i(s, a) off by exactly ± errors[i]: the worst that a sup norm allows. */
export function disturb(random: Random, critic: TabularCritic, errors: ArrayLike<number>): TabularCritic {
  const shake = (table: Float64Array) =>
    table.map((x, k) => x + (random.uniform() < 0.5 ? 1 : -1) * errors[Math.floor((k * critic.heads.length) / table.length)]);
  return { ...critic, q: shake(critic.q), v: shake(critic.v) };
}

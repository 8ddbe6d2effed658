import type { Random } from "../numbers/random.ts";
import { sum } from "../numbers/statistics.ts";
import type { Tables } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";

export type AddOutcome = (nextState: number, probability: number, reward: number, terminated: boolean) => void;

/**
 * Collect the outcomes of every (state, action) pair, in order.
 * @param initial probability of starting in each state, or the one state in which every episode starts
 */
export function buildTables(
  states: number,
  actions: number,
  initial: Float64Array | number,
  outcomes: (state: number, action: number, add: AddOutcome) => void,
): Tables {
  const offsets = new Int32Array(states * actions + 1);
  let capacity = states * actions;
  let nextStates = new Int32Array(capacity);
  let probabilities = new Float64Array(capacity);
  let rewards = new Float64Array(capacity);
  let terminated = new Uint8Array(capacity);
  let count = 0;
  const grow = () => {
    capacity = 2 * capacity + 8;
    const wider = <T extends Int32Array | Float64Array | Uint8Array>(into: T, from: T): T => {
      into.set(from);
      return into;
    };
    nextStates = wider(new Int32Array(capacity), nextStates);
    probabilities = wider(new Float64Array(capacity), probabilities);
    rewards = wider(new Float64Array(capacity), rewards);
    terminated = wider(new Uint8Array(capacity), terminated);
  };
  const add: AddOutcome = (nextState, probability, reward, ends) => {
    if (count === capacity) grow();
    nextStates[count] = nextState;
    probabilities[count] = probability;
    rewards[count] = reward;
    terminated[count] = ends ? 1 : 0;
    count++;
  };
  for (let s = 0; s < states; s++) {
    for (let a = 0; a < actions; a++) {
      outcomes(s, a, add);
      offsets[s * actions + a + 1] = count;
    }
  }
  const start = typeof initial === "number" ? new Float64Array(states) : initial;
  if (typeof initial === "number") start[initial] = 1;
  return {
    states,
    actions,
    offsets,
    nextStates: nextStates.slice(0, count),
    probabilities: probabilities.slice(0, count),
    rewards: rewards.slice(0, count),
    terminated: terminated.slice(0, count),
    initial: start,
  };
}

/** What is wrong with tables: rows that do not sum to one, states out of range, a start that is not a distribution. */
export function tableProblems(tables: Tables): string[] {
  const problems: string[] = [];
  const { states, actions, offsets, nextStates, probabilities, rewards, terminated, initial } = tables;
  if (offsets.length !== states * actions + 1) problems.push(`offsets has ${offsets.length} entries, not states · actions + 1`);
  const outcomes = offsets[offsets.length - 1];
  for (const [name, list] of Object.entries({ nextStates, probabilities, rewards, terminated }))
    if (list.length !== outcomes) problems.push(`${name} has ${list.length} entries, not ${outcomes}`);
  for (let pair = 0; pair < states * actions && problems.length < 10; pair++) {
    let sum = 0;
    for (let k = offsets[pair]; k < offsets[pair + 1]; k++) {
      sum += probabilities[k];
      if (!(probabilities[k] >= 0)) problems.push(`a probability of ${where(pair, actions)} is ${probabilities[k]}`);
      if (nextStates[k] < 0 || nextStates[k] >= states)
        problems.push(`${where(pair, actions)} leads to state ${nextStates[k]}, which is none`);
      if (!Number.isFinite(rewards[k])) problems.push(`a reward of ${where(pair, actions)} is ${rewards[k]}`);
    }
    if (!(Math.abs(sum - 1) <= 1e-9)) problems.push(`the probabilities of ${where(pair, actions)} sum to ${sum}`);
  }
  const total = sum(initial);
  if (initial.length !== states || !(Math.abs(total - 1) <= 1e-9))
    problems.push(`initial is no distribution over ${states} states (sum ${total})`);
  return problems;
}

function where(pair: number, actions: number): string {
  return `state ${Math.floor(pair / actions)}, action ${pair % actions}`;
}

/** Draw an outcome of a pair: its index into the tables' lists. A pair with one outcome draws nothing. */
export function sampleOutcome(tables: Tables, pair: number, random: Random): number {
  const begin = tables.offsets[pair];
  const last = tables.offsets[pair + 1] - 1;
  if (last < begin) throw new EnvironmentError(`tables have no outcome for ${where(pair, tables.actions)}`);
  if (last === begin) return begin;
  let rest = random.uniform();
  for (let k = begin; k < last; k++) {
    rest -= tables.probabilities[k];
    if (rest < 0) return k;
  }
  return last;
}

/** States in which an episode can start, with their running sums of probability. */
export interface Starts {
  readonly states: Int32Array;
  readonly cumulative: Float64Array;
}

export function startsOf(tables: Tables): Starts {
  const states = Int32Array.from(tables.initial.keys()).filter((s) => tables.initial[s] > 0);
  let sum = 0;
  const cumulative = Float64Array.from(states, (s) => {
    sum += tables.initial[s];
    return sum;
  });
  return { states, cumulative };
}

export function sampleStart({ states, cumulative }: Starts, random: Random): number {
  if (states.length === 1) return states[0];
  const u = random.uniform() * cumulative[cumulative.length - 1];
  let low = 0;
  let high = states.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] > u) high = middle;
    else low = middle + 1;
  }
  return states[low];
}

import { discrete } from "../spaces/space.ts";
import type { Head, Numbers, TabularCritic } from "./critic.ts";

/** What a table must say of itself; spaces and look-ups follow. */
export interface TabularDefinition {
  readonly name: string;
  readonly algorithm?: string;
  readonly environment?: string;
  readonly states: number;
  readonly actions: number;
  readonly heads: readonly Head[];
  /** [heads, states, actions] */
  readonly q: Float64Array;
  /** [heads, states]; max over actions of `q` when absent */
  readonly v?: Float64Array;
  /** [heads, states, actions] */
  readonly rewards?: Float64Array;
  /** [heads, states], NaN where arriving does not end the episode */
  readonly terminalValue?: Float64Array;
  readonly stateNames?: readonly string[];
  readonly actionNames?: readonly string[];
}

/** @throws RangeError naming the table whose length does not fit */
export function tabularCritic(values: TabularDefinition): TabularCritic {
  const { states, actions, heads } = values;
  if (values.q.length !== heads.length * states * actions)
    throw new RangeError(`tabular critic ${values.name}: q has ${values.q.length} entries, expected ${heads.length * states * actions}`);
  const v = values.v ?? greedyValues(values.q, heads.length, states, actions);
  const expected: readonly [string, Float64Array | undefined, number][] = [
    ["v", v, heads.length * states],
    ["rewards", values.rewards, heads.length * states * actions],
    ["terminalValue", values.terminalValue, heads.length * states],
  ];
  for (const [name, table, length] of expected)
    if (table && table.length !== length)
      throw new RangeError(`tabular critic ${values.name}: ${name} has ${table.length} entries, expected ${length}`);
  return {
    ...values,
    kind: "tabular",
    algorithm: values.algorithm ?? "tabular",
    v,
    observationSpace: discrete(states),
    actionSpace: discrete(actions),
    async actionValues(observations, chosen) {
      const s = stateNumbers(observations, states);
      const a = stateNumbers(chosen, actions);
      const out = new Float64Array(s.length * heads.length);
      for (let k = 0; k < s.length; k++)
        for (let i = 0; i < heads.length; i++) out[k * heads.length + i] = values.q[(i * states + s[k]) * actions + a[k]];
      return out;
    },
    async stateValues(observations) {
      const s = stateNumbers(observations, states);
      const out = new Float64Array(s.length * heads.length);
      for (let k = 0; k < s.length; k++) for (let i = 0; i < heads.length; i++) out[k * heads.length + i] = v[i * states + s[k]];
      return out;
    },
  };
}

/** V_i(s) = max_a Q_i(s, a): [heads, states, actions] → [heads, states] */
export function greedyValues(q: Float64Array, heads: number, states: number, actions: number): Float64Array {
  const v = new Float64Array(heads * states).fill(Number.NEGATIVE_INFINITY);
  for (let k = 0; k < v.length; k++) for (let a = 0; a < actions; a++) v[k] = Math.max(v[k], q[k * actions + a]);
  return v;
}

function stateNumbers(numbers: Numbers, n: number): Int32Array {
  const out = new Int32Array(numbers.length);
  for (let k = 0; k < out.length; k++) {
    const entry = numbers[k];
    const value = typeof entry === "number" ? entry : entry[0];
    if (!Number.isInteger(value) || value < 0 || value >= n)
      throw new RangeError(`entry ${k} is ${value}, expected an integer in 0 … ${n - 1}`);
    out[k] = value;
  }
  return out;
}

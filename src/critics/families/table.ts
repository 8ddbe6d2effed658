import { type CriticFamily, optional, rules } from "../family.ts";
import { tabularCritic } from "../tabular.ts";

/** A table. */
export interface TableValues {
  readonly kind: "table";
  readonly states: number;
  readonly actions: number;
  readonly q: Float64Array;
  readonly v?: Float64Array;
  readonly rewards?: Float64Array;
  readonly terminalValue?: Float64Array;
  readonly stateNames?: readonly string[];
  readonly actionNames?: readonly string[];
}

const numbers = optional(rules.numbers);
const names = optional(rules.list);

export const tableFamily: CriticFamily<TableValues> = {
  fields: {
    states: rules.count,
    actions: rules.count,
    q: rules.numbers,
    v: numbers,
    rewards: numbers,
    terminalValue: numbers,
    stateNames: names,
    actionNames: names,
  },
  restore({ name, algorithm, environment, heads }, values) {
    const tables = Object.fromEntries(
      (["q", "v", "rewards", "terminalValue"] as const).flatMap((key) => (values[key] ? [[key, Float64Array.from(values[key])]] : [])),
    );
    return tabularCritic({ ...values, ...tables, name, algorithm, environment, heads });
  },
};

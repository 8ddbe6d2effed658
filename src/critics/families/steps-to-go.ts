import { type CriticFamily, discreteActions, networkFamily, rules, through } from "../family.ts";
import type { Network } from "../network.ts";
import { type SparseGoal, stepsToGo, type WaveEncoding } from "../steps-to-go.ts";

/** Steps to sparse goals. */
export interface StepsToGoValues {
  readonly kind: "steps-to-go";
  readonly encoding: WaveEncoding;
  readonly goals: readonly SparseGoal[];
  readonly network: Network;
}

export const stepsToGoFamily: CriticFamily<StepsToGoValues> = networkFamily({
  fields: { encoding: rules.record, goals: rules.list, network: rules.network },
  functions: ({ encoding, goals, network }, space) => stepsToGo({ encoding, goals, network: through(network), ...discreteActions(space) }),
  form: () => "steps-to-go",
});

import type { Space } from "../../spaces/space.ts";
import { type CriticFamily, networkFamily, optional, rules, through } from "../family.ts";
import { type FixedPolicy, type GeneralValueFunctions, generalValueFunctions } from "../general-value-functions.ts";
import type { Network } from "../network.ts";

/** Values of random signals under a fixed policy. */
export interface GeneralValues {
  readonly kind: "general-value-functions";
  readonly discounts: readonly number[];
  readonly policy: FixedPolicy;
  readonly continuation: Network;
  readonly centre: Float32Array;
  readonly scale: Float32Array;
  readonly weights: Float32Array;
  readonly phases: Float32Array;
  readonly increments?: Float32Array;
}

export const generalValuesFamily: CriticFamily<GeneralValues> = networkFamily({
  fields: {
    discounts: rules.list,
    policy: rules.record,
    continuation: rules.network,
    centre: rules.numbers,
    scale: rules.numbers,
    weights: rules.numbers,
    phases: rules.numbers,
    increments: optional(rules.numbers),
  },
  functions: generalValues,
});

export function generalValues(values: GeneralValues, actionSpace: Space): GeneralValueFunctions {
  return generalValueFunctions({ ...values, actionSpace, continuation: through(values.continuation) });
}

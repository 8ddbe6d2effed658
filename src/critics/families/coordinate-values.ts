import { type CoordinateValueParts, coordinateCritic, coordinateValues } from "../coordinate-values.ts";
import { type CriticFamily, rules } from "../family.ts";

/** Discounted means of the coordinates themselves. */
export interface CoordinateValuesValues extends CoordinateValueParts {
  readonly kind: "coordinate-values";
}

export const coordinateValuesFamily: CriticFamily<CoordinateValuesValues> = {
  fields: {
    encoding: rules.record,
    indices: rules.list,
    discounts: rules.list,
    stateNetwork: rules.network,
    actionNetwork: rules.network,
  },
  restore: (identity, values) => coordinateCritic(identity, values),
  functions: (values, actionSpace) => coordinateValues({ ...values, actionSpace }),
};

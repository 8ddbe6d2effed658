import { MismatchError } from "../../base/mismatch-error.ts";
import { type CriticFamily, type FamilyValues, networkFamily, rules } from "../family.ts";
import { withCumulants } from "../with-cumulants.ts";
import { type GeneralValues, generalValues } from "./general-value-functions.ts";

/** Heads of the reward, and after them heads of random signals that say where the next state is. */
export interface ValuesWithCumulants<Control extends FamilyValues = FamilyValues> {
  readonly kind: "with-cumulants";
  readonly control: Control;
  readonly general: GeneralValues;
}

export const withCumulantsFamily: CriticFamily<ValuesWithCumulants> = networkFamily({
  fields: { control: rules.values, general: rules.values },
  functions({ control, general }, actionSpace, heads, familyOf) {
    const rewarded = heads - general.phases.length * general.discounts.length;
    const family = familyOf(control);
    if (!family.functions) throw new MismatchError(`values of kind '${control.kind}' cannot stand beside heads of random signals`);
    return withCumulants(family.functions(control, actionSpace, rewarded, familyOf), generalValues(general, actionSpace), rewarded);
  },
  policy: ({ control }, familyOf) => familyOf(control).policy?.(control, familyOf),
});

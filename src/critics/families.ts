import { MismatchError } from "../base/mismatch-error.ts";
import { type CoordinateValuesValues, coordinateValuesFamily } from "./families/coordinate-values.ts";
import { type DeepQValues, deepQFamily } from "./families/deep-q.ts";
import { type DeterministicActorCriticValues, deterministicActorCriticFamily } from "./families/deterministic-actor-critic.ts";
import { type GeneralValues, generalValuesFamily } from "./families/general-value-functions.ts";
import { type GraphValues, graphsFamily } from "./families/graphs.ts";
import { type QuantileDeepQValues, quantileDeepQFamily } from "./families/quantile-deep-q.ts";
import { type StateValueGraphValues, stateValueGraphsFamily } from "./families/state-value-graphs.ts";
import { type StepsToGoValues, stepsToGoFamily } from "./families/steps-to-go.ts";
import { type StochasticActorCriticValues, stochasticActorCriticFamily } from "./families/stochastic-actor-critic.ts";
import { type TableValues, tableFamily } from "./families/table.ts";
import { type ValuesWithCumulants, withCumulantsFamily } from "./families/with-cumulants.ts";
import type { CriticFamily, FamilyValues, FieldRule } from "./family.ts";
import type { FixedPolicy } from "./general-value-functions.ts";

/** The numbers of a saved critic. */
export type SavedValues =
  | CoordinateValuesValues
  | DeepQValues
  | DeterministicActorCriticValues
  | GeneralValues
  | GraphValues
  | QuantileDeepQValues
  | StateValueGraphValues
  | StepsToGoValues
  | StochasticActorCriticValues
  | TableValues
  | ValuesWithCumulants<SavedValues>;

/** Every family of critics by the `kind` of its values. */
const families: { readonly [Kind in SavedValues["kind"]]: CriticFamily<Extract<SavedValues, { readonly kind: Kind }>> } = {
  "coordinate-values": coordinateValuesFamily,
  "deep-q": deepQFamily,
  "deterministic-actor-critic": deterministicActorCriticFamily,
  "general-value-functions": generalValuesFamily,
  graphs: graphsFamily,
  "quantile-deep-q": quantileDeepQFamily,
  "state-value-graphs": stateValueGraphsFamily,
  "steps-to-go": stepsToGoFamily,
  "stochastic-actor-critic": stochasticActorCriticFamily,
  table: tableFamily,
  "with-cumulants": withCumulantsFamily,
};

/** @throws MismatchError where there is no such family */
export function familyOf({ kind }: FamilyValues): CriticFamily {
  const byName: Readonly<Record<string, CriticFamily>> = families;
  if (!Object.hasOwn(byName, kind))
    throw new MismatchError(`'${kind}' is not a family of critics; there are ${Object.keys(families).join(", ")}`);
  return byName[kind];
}

/** The first field that the family of a saved critic cannot read, values inside values included; undefined where there is none. */
export function valuesProblem(values: FamilyValues, path = "values"): ValuesProblem | undefined {
  if (!Object.hasOwn(families, values.kind))
    return { field: `${path}.kind`, problem: `is '${values.kind}', not one of ${Object.keys(families).join(", ")}` };
  const entries: Readonly<Record<string, unknown>> = { ...values };
  for (const [field, { fits, problem, nested }] of Object.entries<FieldRule>(familyOf(values).fields)) {
    const value = entries[field];
    if (!fits(value)) return { field: `${path}.${field}`, problem: value === undefined ? "is missing" : problem };
    const inner = nested && valuesProblem(value as FamilyValues, `${path}.${field}`);
    if (inner) return inner;
  }
  return undefined;
}

interface ValuesProblem {
  readonly field: string;
  readonly problem: string;
}

/** What a saved critic does, as a policy that other heads can value; undefined where its family has none. */
export function savedPolicy(values: SavedValues): FixedPolicy | undefined {
  return familyOf(values).policy?.(values, familyOf);
}

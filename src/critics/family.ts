import { concat, type Value } from "../engine/index.ts";
import type { Space } from "../spaces/space.ts";
import type { Critic, CriticForm, Head } from "./critic.ts";
import type { ValueFunctions } from "./deep-q.ts";
import type { FixedPolicy } from "./general-value-functions.ts";
import { applyNetwork, type Network } from "./network.ts";
import { type NetworkDefinition, networkCritic } from "./network-critic.ts";

/** The numbers of a saved critic: `kind` names the family, which knows the other fields. */
export interface FamilyValues {
  readonly kind: string;
}

/** What a saved critic says of itself beside its values. */
export interface CriticIdentity {
  readonly name: string;
  readonly algorithm: string;
  readonly environment?: string;
  readonly heads: readonly Head[];
  readonly observationSpace: Space;
  readonly actionSpace: Space;
}

export type NetworkFunctions = ValueFunctions & Pick<NetworkDefinition, "rewards">;

/** One field of a family's values. */
export interface FieldRule {
  readonly fits: (value: unknown) => boolean;
  /** What is said of one that does not fit. */
  readonly problem: string;
  /** The field holds values of another family. */
  readonly nested?: boolean;
}

/** One way in which values follow from numbers. Each family is an entry of the table in families.ts. */
export interface CriticFamily<Values extends FamilyValues = FamilyValues> {
  /** Every field but `kind`. */
  readonly fields: { readonly [Field in Exclude<keyof Values, "kind">]-?: FieldRule };
  /** The critic that was saved. @param familyOf the family of values that stand inside these */
  restore(identity: CriticIdentity, values: Values, familyOf: FamilyOf): Critic;
  /** Its value functions, where others can stand beside them. @param heads how many heads there are */
  functions?(values: Values, actionSpace: Space, heads: number, familyOf: FamilyOf): NetworkFunctions;
  /** What the critic does, as a policy that other heads can value. */
  policy?(values: Values, familyOf: FamilyOf): FixedPolicy | undefined;
}

export type FamilyOf = (values: FamilyValues) => CriticFamily;

/** A family of network critics: restored from its value functions. @param parts.form "values" where absent */
export function networkFamily<Values extends FamilyValues>(
  parts: Omit<CriticFamily<Values>, "restore"> & {
    functions: NonNullable<CriticFamily<Values>["functions"]>;
    form?(values: Values, heads: readonly Head[]): CriticForm;
  },
): CriticFamily<Values> {
  const { form, ...family } = parts;
  return {
    ...family,
    restore: (identity, values, familyOf) =>
      networkCritic({
        ...identity,
        ...family.functions(values, identity.actionSpace, identity.heads.length, familyOf),
        form: form?.(values, identity.heads) ?? "values",
      }),
  };
}

/** The network as a function of what enters it. */
export function through(network: Network): (input: Value | readonly Value[]) => Value {
  return (input) => applyNetwork(network, input);
}

/** Pieces of an observation as one. */
export function joined(pieces: readonly Value[]): Value {
  return pieces.length === 1 ? pieces[0] : concat(pieces, pieces[0].shape.length - 1);
}

/** @throws TypeError where the actions are not Discrete */
export function discreteActions(space: Space): { readonly actions: number; readonly start: number } {
  if (space.kind !== "discrete") throw new TypeError(`a Q network of all actions needs Discrete actions, not a ${space.kind} space`);
  return { actions: space.n, start: space.start };
}

const isValues = (value: unknown) => isRecord(value) && typeof (value as Partial<FamilyValues>).kind === "string";
const isRecord = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
const isNetwork = (value: unknown) => Array.isArray(value) && value.every((entry) => typeof entry?.kind === "string");

/** Rules that fields share. How large layers are is checked for every family alike, where files are read. */
export const rules = {
  network: { fits: isNetwork, problem: "is not a network" },
  networks: { fits: (value) => Array.isArray(value) && value.length > 0 && value.every(isNetwork), problem: "is not a list of networks" },
  numbers: { fits: (value) => value instanceof Float32Array || value instanceof Float64Array, problem: "is not a tensor of numbers" },
  bytes: { fits: (value) => value instanceof Uint8Array, problem: "is not an ONNX model" },
  list: { fits: Array.isArray, problem: "is not a list" },
  record: { fits: isRecord, problem: "is not an object" },
  number: { fits: Number.isFinite, problem: "is not a number" },
  count: { fits: (value) => Number.isSafeInteger(value) && (value as number) > 0, problem: "is not a count" },
  values: { fits: isValues, problem: "is not the values of a critic", nested: true },
  text: { fits: (value) => typeof value === "string", problem: "is not a text" },
} satisfies Record<string, FieldRule>;

/** A field that may be absent. */
export function optional({ fits, problem }: FieldRule): FieldRule {
  return { fits: (value) => value === undefined || fits(value), problem };
}

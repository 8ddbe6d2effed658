import { MismatchError } from "../base/mismatch-error.ts";
import { concat, type Value } from "../engine/index.ts";
import { flatDimension } from "../spaces/space.ts";
import type { Critic, Head, NetworkCritic, StateValueCritic, TabularCritic } from "./critic.ts";
import { networkCritic } from "./network-critic.ts";
import { stackStateValues } from "./state-value.ts";
import { tabularCritic } from "./tabular.ts";

/**
 * Several critics of one environment as one: the heads of all, in order. Critics that share a name get a number, so that each counts once.
 * @throws MismatchError where kinds, spaces or sizes differ
 */
export function stack(critics: readonly NetworkCritic[]): NetworkCritic;
export function stack(critics: readonly TabularCritic[]): TabularCritic;
export function stack(critics: readonly StateValueCritic[]): StateValueCritic;
export function stack(critics: readonly Critic[]): Critic;
export function stack(critics: readonly Critic[]): Critic {
  if (critics.length === 0) throw new RangeError("nothing to stack");
  if (critics.length === 1) return critics[0];
  const heads = renamed(critics);
  const name = critics.map((critic) => critic.name).join(" + ");
  const algorithm = [...new Set(critics.map((critic) => critic.algorithm))].join(" + ");
  const environment = critics.find((critic) => critic.environment)?.environment;
  if (critics.every((critic) => critic.kind === "network")) return stackNetworks(critics, { name, algorithm, environment, heads });
  if (critics.every((critic) => critic.kind === "tabular")) return stackTables(critics, { name, algorithm, environment, heads });
  if (critics.every((critic) => critic.kind === "state-values")) {
    assertAlike(critics);
    return stackStateValues(critics, { name, algorithm, environment, heads });
  }
  throw new MismatchError("a table, a network of action values and one of state values cannot be stacked");
}

interface Identity {
  readonly name: string;
  readonly algorithm: string;
  readonly environment?: string;
  readonly heads: readonly Head[];
}

function stackNetworks(critics: readonly NetworkCritic[], identity: Identity): NetworkCritic {
  const [first] = critics;
  assertAlike(critics);
  const joined = (values: readonly Value[]) => concat(values, values[0].shape.length - 1);
  const whole = (observation: readonly Value[]) =>
    observation.length === 1 ? observation[0] : concat(observation, observation[0].shape.length - 1);
  const acting = critics.find((critic) => critic.policyGraph);
  const own = critics.filter((critic) => critic.rewardGraph);
  if (own.length > 0 && own.length < critics.length)
    throw new MismatchError(`${own[0].name} has rewards of its own and others have the environment's: invert them apart`);
  // values of coordinates are inverted one critic at a time: several together are values like any others
  const form = first.form !== "coordinates" && critics.every((critic) => critic.form === first.form) ? first.form : "values";
  return networkCritic({
    ...identity,
    form,
    observationSpace: first.observationSpace,
    actionSpace: first.actionSpace,
    actionValues: (observation, action) => {
      const o = whole(observation);
      return joined(critics.map((critic) => critic.actionValueGraph(o, action)));
    },
    stateValues: (observation) => {
      const o = whole(observation);
      return joined(critics.map((critic) => critic.stateValueGraph(o)));
    },
    rewards:
      own.length === 0
        ? undefined
        : (observation, action) => {
            const o = whole(observation);
            return joined(critics.map((critic) => critic.rewardGraph!(o, action)));
          },
    policy: acting?.policyGraph && ((observation) => acting.policyGraph!(whole(observation))),
  });
}

function assertAlike(critics: readonly (NetworkCritic | StateValueCritic)[]): void {
  const [first] = critics;
  for (const critic of critics) {
    const same =
      flatDimension(critic.observationSpace) === flatDimension(first.observationSpace) &&
      critic.actionSpace.kind === first.actionSpace.kind &&
      flatDimension(critic.actionSpace) === flatDimension(first.actionSpace);
    if (!same) throw new MismatchError(`${critic.name} and ${first.name} do not observe or act alike`);
  }
}

function stackTables(critics: readonly TabularCritic[], identity: Identity): TabularCritic {
  const [{ states, actions, stateNames, actionNames }] = critics;
  for (const critic of critics) {
    if (critic.states !== states || critic.actions !== actions)
      throw new MismatchError(`${critic.name} and ${critics[0].name} have different states or actions`);
  }
  return tabularCritic({
    ...identity,
    states,
    actions,
    stateNames,
    actionNames,
    q: joinArrays(critics.map((critic) => critic.q)),
    v: joinArrays(critics.map((critic) => critic.v)),
    rewards: critics.every((critic) => critic.rewards) ? joinArrays(critics.map((critic) => critic.rewards!)) : undefined,
    terminalValue: critics.some((critic) => critic.terminalValue)
      ? joinArrays(critics.map((critic) => critic.terminalValue ?? new Float64Array(critic.v.length).fill(Number.NaN)))
      : undefined,
  });
}

/** One array after the other. */
export function joinArrays(arrays: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}

function renamed(critics: readonly Critic[]): Head[] {
  const used = new Set<string>();
  return critics.flatMap((critic) => {
    const names = new Map<string, string>();
    for (const { critic: group } of critic.heads) {
      if (names.has(group)) continue;
      let name = group;
      for (let i = 2; used.has(name); i++) name = `${group} #${i}`;
      names.set(group, name);
    }
    for (const name of names.values()) used.add(name);
    return critic.heads.map((head) => ({ ...head, critic: names.get(head.critic)! }));
  });
}

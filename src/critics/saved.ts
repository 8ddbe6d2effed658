import type { Critic } from "./critic.ts";
import { familyOf, type SavedValues } from "./families.ts";
import type { CriticIdentity } from "./family.ts";

/** A critic as data alone: numbers, and the rule by which values follow from them. */
export interface SavedCritic extends CriticIdentity {
  readonly values: SavedValues;
  /** Command, seed, returns, residuals: for people. */
  readonly made?: Readonly<Record<string, unknown>>;
}

/** What each restored critic was restored from: networks, not the graphs that were made of them. */
const sources = new WeakMap<Critic, SavedCritic>();

/** The data that a critic was restored from; undefined for one that was built otherwise. */
export function sourceOf(critic: Critic): SavedCritic | undefined {
  return sources.get(critic);
}

/**
 * The critic that was saved.
 * @throws MismatchError where the kind of its values is not a family of critics
 */
export function restoreCritic(saved: SavedCritic): Critic {
  const { values, name, algorithm, environment, heads, observationSpace, actionSpace } = saved;
  const critic = familyOf(values).restore({ name, algorithm, environment, heads, observationSpace, actionSpace }, values, familyOf);
  sources.set(critic, saved);
  return critic;
}

import { savedPolicy } from "../../critics/families.ts";
import type { FixedPolicy } from "../../critics/general-value-functions.ts";
import type { SavedCritic } from "../../critics/saved.ts";
import { LearningError } from "../errors.ts";

/** What a trained critic does, as a policy to value: softmax of its action values, or its actor's mode. */
export function policyOf({ name, values }: Pick<SavedCritic, "name" | "values">): FixedPolicy {
  const policy = savedPolicy(values);
  if (policy) return policy;
  throw new LearningError(`${name} has no policy that general value functions can follow: give a critic of dqn, sac, td3 or ddpg`);
}

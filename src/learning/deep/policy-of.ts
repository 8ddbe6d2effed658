import type { FixedPolicy } from "../../critics/general-value-functions.ts";
import type { SavedCritic } from "../../critics/saved.ts";
import { LearningError } from "../errors.ts";

/** What a trained critic does, as a policy to value: softmax of its action values, or its actor's mode. */
export function policyOf({ name, values }: Pick<SavedCritic, "name" | "values">): FixedPolicy {
  switch (values.kind) {
    case "with-cumulants":
      return policyOf({ name, values: values.control });
    case "deep-q":
      return { kind: "softmax", logits: values.online };
    case "deterministic-actor-critic":
      return { kind: "actor", actor: values.actor };
    case "stochastic-actor-critic":
      return { kind: "actor", actor: [...values.actor.latent, ...values.actor.mean, { kind: "activation", name: "Tanh" }] };
    default:
      throw new LearningError(`${name} has no policy that general value functions can follow: give a critic of dqn, sac, td3 or ddpg`);
  }
}

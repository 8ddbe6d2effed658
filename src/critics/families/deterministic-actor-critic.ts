import { actionScale } from "../action-scale.ts";
import { deterministicActorCritic } from "../actor-critic.ts";
import { type CriticFamily, networkFamily, rules } from "../family.ts";
import type { Network } from "../network.ts";

/** DDPG and TD3. */
export interface DeterministicActorCriticValues {
  readonly kind: "deterministic-actor-critic";
  readonly critics: readonly Network[];
  readonly targetCritics: readonly Network[];
  readonly actor: Network;
  readonly targetActor: Network;
}

export const deterministicActorCriticFamily: CriticFamily<DeterministicActorCriticValues> = networkFamily({
  fields: { critics: rules.networks, targetCritics: rules.networks, actor: rules.network, targetActor: rules.network },
  functions: (values, space) => deterministicActorCritic({ ...values, scale: actionScale(space) }),
  policy: ({ actor }) => ({ kind: "actor", actor }),
});

import { actionScale } from "../action-scale.ts";
import { softActorCritic } from "../actor-critic.ts";
import { type CriticFamily, networkFamily, rules } from "../family.ts";
import type { Network } from "../network.ts";
import type { SquashedGaussian } from "../squashed-gaussian.ts";

/** SAC. */
export interface StochasticActorCriticValues {
  readonly kind: "stochastic-actor-critic";
  readonly critics: readonly Network[];
  readonly targetCritics: readonly Network[];
  readonly actor: SquashedGaussian;
  readonly temperature: number;
}

export const stochasticActorCriticFamily: CriticFamily<StochasticActorCriticValues> = networkFamily({
  fields: { critics: rules.networks, targetCritics: rules.networks, actor: rules.record, temperature: rules.number },
  functions: (values, space) => softActorCritic({ ...values, scale: actionScale(space), soft: true }),
  policy: ({ actor }) => ({ kind: "actor", actor: [...actor.latent, ...actor.mean, { kind: "activation", name: "Tanh" }] }),
});

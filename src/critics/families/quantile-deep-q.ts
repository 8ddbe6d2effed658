import { quantileDeepQ } from "../deep-q.ts";
import { type CriticFamily, discreteActions, networkFamily, rules, through } from "../family.ts";
import type { Network } from "../network.ts";

/** QR-DQN: quantiles of every action's return, online and target. */
export interface QuantileDeepQValues {
  readonly kind: "quantile-deep-q";
  readonly online: Network;
  readonly target: Network;
  readonly quantiles: number;
}

export const quantileDeepQFamily: CriticFamily<QuantileDeepQValues> = networkFamily({
  fields: { online: rules.network, target: rules.network, quantiles: rules.count },
  functions: ({ online, target, quantiles }, space) =>
    quantileDeepQ({ online: through(online), target: through(target), quantiles, mean: false, ...discreteActions(space) }),
});

import { deepQ } from "../deep-q.ts";
import { type CriticFamily, discreteActions, networkFamily, rules, through } from "../family.ts";
import type { Network } from "../network.ts";

/** DQN: Q of every action, online and target. */
export interface DeepQValues {
  readonly kind: "deep-q";
  readonly online: Network;
  readonly target: Network;
}

export const deepQFamily: CriticFamily<DeepQValues> = networkFamily({
  fields: { online: rules.network, target: rules.network },
  functions: ({ online, target }, space) => deepQ({ online: through(online), target: through(target), ...discreteActions(space) }),
  policy: ({ online }) => ({ kind: "softmax", logits: online }),
});

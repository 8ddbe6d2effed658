import { concat, matmul, type Value } from "../engine/index.ts";
import type { ValueFunctions } from "./deep-q.ts";
import type { GeneralValueFunctions } from "./general-value-functions.ts";

/**
 * Heads of the environment's reward, then heads of cumulants of their own; it acts as the first do.
 * @param rewarded how many of the reward there are: their own rewards are given as 0
 */
export function withCumulants(control: ValueFunctions, general: GeneralValueFunctions, rewarded: number): WithCumulants {
  const joined = (a: Value, b: Value) => concat([a, b], a.shape.length - 1);
  return {
    actionValues: (observation, action) => joined(control.actionValues(observation, action), general.actionValues(observation, action)),
    stateValues: (observation) => joined(control.stateValues(observation), general.stateValues(observation)),
    rewards(observation, action) {
      const own = general.rewards(observation, action);
      const width = own.shape[own.shape.length - 1] as number;
      const none = matmul(own, own.graph.constant(new Float32Array(width * rewarded), [width, rewarded]));
      return joined(none, own);
    },
    policy: control.policy,
  };
}

export type WithCumulants = ValueFunctions & Pick<GeneralValueFunctions, "rewards">;

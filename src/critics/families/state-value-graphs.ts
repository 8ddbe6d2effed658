import { fromOnnx, inline } from "../../engine/index.ts";
import { type CriticFamily, rules } from "../family.ts";
import { stateValuesFrom } from "../state-value.ts";

/** ONNX models of state values, with "observations" to "actions" [N, J, m] and "weights" [N, J, heads] of the policy. */
export interface StateValueGraphValues {
  readonly kind: "state-value-graphs";
  readonly stateValues: Uint8Array;
  readonly policy: Uint8Array;
  readonly distribution: Uint8Array;
  readonly family: string;
}

export const stateValueGraphsFamily: CriticFamily<StateValueGraphValues> = {
  fields: { stateValues: rules.bytes, policy: rules.bytes, distribution: rules.bytes, family: rules.text },
  restore(identity, values) {
    const [state, policy, distribution] = [values.stateValues, values.policy, values.distribution].map((bytes) => fromOnnx(bytes));
    return stateValuesFrom(identity, {
      policy: values.family,
      stateValueGraph: (observations) => inline(state, observations.graph, { observations }).values,
      policyGraph: (observations) => inline(policy, observations.graph, { observations }).actions,
      policyDistribution(observations) {
        const { actions, weights } = inline(distribution, observations.graph, { observations });
        return { actions, weights };
      },
    });
  },
};

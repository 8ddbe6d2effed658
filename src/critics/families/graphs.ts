import { fromOnnx, inline } from "../../engine/index.ts";
import { type CriticFamily, joined, networkFamily, optional, rules } from "../family.ts";

/** ONNX models: "observations" [N, o] (and "actions" [N, m]) to "values" [N, heads] ("rewards" besides) and to "actions" [N, m]. */
export interface GraphValues {
  readonly kind: "graphs";
  readonly actionValues: Uint8Array;
  readonly stateValues: Uint8Array;
  readonly policy?: Uint8Array;
}

export const graphsFamily: CriticFamily<GraphValues> = networkFamily({
  fields: { actionValues: rules.bytes, stateValues: rules.bytes, policy: optional(rules.bytes) },
  functions(values) {
    const [action, state] = [fromOnnx(values.actionValues), fromOnnx(values.stateValues)];
    const policy = values.policy && fromOnnx(values.policy);
    return {
      actionValues: (o, actions) => inline(action, actions.graph, { observations: joined(o), actions }).values,
      stateValues: (o) => inline(state, o[0].graph, { observations: joined(o) }).values,
      rewards: action.outputs.has("rewards")
        ? (o, actions) => inline(action, actions.graph, { observations: joined(o), actions }).rewards
        : undefined,
      policy: policy && ((o) => inline(policy, o[0].graph, { observations: joined(o) }).actions),
    };
  },
  form: (_, heads) => (heads.every((head) => head.silentAbove !== undefined) ? "steps-to-go" : "values"),
});

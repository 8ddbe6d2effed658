import { compile, concat, Graph, matmul, mul, type Session, unsqueeze } from "../engine/index.ts";
import { flatDimension, type Space } from "../spaces/space.ts";
import type { Head, Numbers, StateValueCritic } from "./critic.ts";
import type { ObservationFunction } from "./deep-q.ts";
import { toFlat } from "./numbers.ts";
import { expectationPoints, likeliest, type PolicyDistribution } from "./policy-distribution.ts";

/** What a critic of state values is made of; observations in pieces along the last axis, [N, o_i]. */
export interface StateValueDefinition {
  readonly name: string;
  readonly algorithm: string;
  readonly environment?: string;
  readonly heads: readonly Head[];
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  /** V [N, heads] */
  readonly stateValues: ObservationFunction;
  readonly policy: PolicyDistribution;
}

export function stateValueCritic(definition: StateValueDefinition): StateValueCritic {
  const { policy, stateValues, heads, actionSpace } = definition;
  const actions = actionSpace.kind === "discrete" ? `${actionSpace.n} actions` : `${flatDimension(actionSpace)}-dimensional actions`;
  return stateValuesFrom(definition, {
    policy: policy.kind === "softmax" ? `softmax of ${actions}` : `Gaussian of ${actions}, clipped to their bounds`,
    stateValueGraph: (observations) => stateValues([observations]),
    policyGraph: (observations) => likeliest(policy, [observations]),
    policyDistribution(observations) {
      const { actions, probabilities } = expectationPoints(policy, [observations]);
      const ones = observations.graph.constant(new Float64Array(heads.length).fill(1), [heads.length]);
      return { actions, weights: mul(unsqueeze(probabilities, [2]), ones) };
    },
  });
}

export type StateValueGraphs = Pick<StateValueCritic, "policy" | "stateValueGraph" | "policyGraph" | "policyDistribution">;
export type StateValueIdentity = Pick<
  StateValueDefinition,
  "name" | "algorithm" | "environment" | "heads" | "observationSpace" | "actionSpace"
>;

/** Several critics as one: every head keeps its own policy, so each one's actions weigh nothing for the others. */
export function stackStateValues(
  critics: readonly StateValueCritic[],
  identity: Omit<StateValueIdentity, "observationSpace" | "actionSpace">,
): StateValueCritic {
  const [first] = critics;
  return stateValuesFrom(
    { ...identity, observationSpace: first.observationSpace, actionSpace: first.actionSpace },
    {
      policy: [...new Set(critics.map((critic) => critic.policy))].join(" + "),
      stateValueGraph: (o) =>
        concat(
          critics.map((critic) => critic.stateValueGraph(o)),
          1,
        ),
      policyGraph: (o) => first.policyGraph(o),
      policyDistribution(o) {
        const parts = critics.map((critic) => critic.policyDistribution(o));
        const all = identity.heads.length;
        let from = 0;
        const weights = parts.map(({ weights }, i) => {
          const own = critics[i].heads.length;
          const place = new Float64Array(own * all);
          for (let h = 0; h < own; h++) place[h * all + from + h] = 1;
          from += own;
          return matmul(weights, o.graph.constant(place, [own, all]));
        });
        return {
          actions: concat(
            parts.map(({ actions }) => actions),
            1,
          ),
          weights: concat(weights, 1),
        };
      },
    },
  );
}

/** The critic of these graphs. */
export function stateValuesFrom(
  { name, algorithm, environment, heads, observationSpace, actionSpace }: StateValueIdentity,
  graphs: StateValueGraphs,
): StateValueCritic {
  const observationSize = flatDimension(observationSpace);
  let session: Promise<Session> | undefined;
  return {
    kind: "state-values",
    name,
    algorithm,
    environment,
    heads,
    observationSpace,
    actionSpace,
    observationSize,
    actionSize: actionSpace.kind === "discrete" ? 1 : flatDimension(actionSpace),
    ...graphs,
    async actionValues() {
      throw new TypeError(`${name} has state values only: no value of a single action is known`);
    },
    async stateValues(observations: Numbers) {
      const states = toFlat(observations, observationSize, "observations");
      if (states.length === 0) return new Float64Array(0);
      if (!session) {
        const graph = new Graph();
        graph.output("values", graphs.stateValueGraph(graph.input("observations", ["N", observationSize])));
        session = compile(graph);
      }
      return Float64Array.from((await (await session).run({ observations: states })).values.data as Float32Array);
    },
  };
}

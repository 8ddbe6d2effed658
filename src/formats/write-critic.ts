import type { Critic, NetworkCritic, StateValueCritic, TabularCritic } from "../critics/critic.ts";
import { type SavedCritic, sourceOf } from "../critics/saved.ts";
import { Graph, jacobian, toOnnx } from "../engine/index.ts";
import { writeNpz } from "./write-npz.ts";

export interface OnnxOptions {
  /** Write ∂V_i/∂o_j besides. */
  readonly jacobian?: boolean;
}

/**
 * A critic as one ONNX model: "observations" [N, o] (and "actions" [N, m]; Discrete: the action's number) to "action_values" [N, heads],
 * "state_values" [N, heads], and "jacobian" [o, N, heads] where asked for. State values come without actions.
 */
export function criticOnnx(critic: NetworkCritic | StateValueCritic, options: OnnxOptions = {}): Uint8Array {
  const graph = new Graph();
  const observations = graph.input("observations", ["N", critic.observationSize]);
  if (critic.kind === "network")
    graph.output("action_values", critic.actionValueGraph(observations, graph.input("actions", ["N", critic.actionSize])));
  const values = critic.stateValueGraph(observations);
  graph.output("state_values", values);
  if (options.jacobian) graph.output("jacobian", jacobian(values, observations));
  return toOnnx(graph);
}

/** A table as the arrays that `loadCritic` reads back: q, v, gamma, and rewards and terminal_value where it has them. */
export function criticNpz({ heads, states, actions, q, v, rewards, terminalValue }: TabularCritic): Uint8Array {
  const pairs = [heads.length, states, actions];
  return writeNpz({
    q: { shape: pairs, data: q },
    v: { shape: [heads.length, states], data: v },
    gamma: { shape: [heads.length], data: Float64Array.from(heads, (head) => head.discount) },
    ...(rewards ? { rewards: { shape: pairs, data: rewards } } : {}),
    ...(terminalValue ? { terminal_value: { shape: [heads.length, states], data: terminalValue } } : {}),
  });
}

/** Any critic as data: what it was restored from, else a table by its numbers and all else by the graphs of its values. */
export function savedForm(critic: Critic): SavedCritic {
  return sourceOf(critic) ?? builtForm(critic);
}

function builtForm(critic: Critic): SavedCritic {
  const { name, algorithm, environment, heads, observationSpace, actionSpace } = critic;
  const identity = { name, algorithm, environment, heads, observationSpace, actionSpace };
  if (critic.kind === "tabular") {
    const { states, actions, q, v, rewards, terminalValue, stateNames, actionNames } = critic;
    return { ...identity, values: { kind: "table", states, actions, q, v, rewards, terminalValue, stateNames, actionNames } };
  }
  const o = critic.observationSize;
  const state = new Graph();
  state.output("values", critic.stateValueGraph(state.input("observations", ["N", o])));
  const policy = critic.policyGraph && new Graph();
  if (policy) policy.output("actions", critic.policyGraph!(policy.input("observations", ["N", o])));
  const stateValues = toOnnx(state);
  if (critic.kind === "state-values") {
    const distribution = new Graph();
    for (const [key, value] of Object.entries(critic.policyDistribution(distribution.input("observations", ["N", o]))))
      distribution.output(key, value);
    return {
      ...identity,
      values: {
        kind: "state-value-graphs",
        stateValues,
        policy: toOnnx(policy!),
        distribution: toOnnx(distribution),
        family: critic.policy,
      },
    };
  }
  const action = new Graph();
  const observations = action.input("observations", ["N", o]);
  const actions = action.input("actions", ["N", critic.actionSize]);
  action.output("values", critic.actionValueGraph(observations, actions));
  if (critic.rewardGraph) action.output("rewards", critic.rewardGraph(observations, actions));
  return { ...identity, values: { kind: "graphs", actionValues: toOnnx(action), stateValues, policy: policy && toOnnx(policy) } };
}

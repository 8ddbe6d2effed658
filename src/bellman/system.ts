import { RefusalError } from "../base/refusal-error.ts";
import type { Head, NetworkCritic, StateValueCritic } from "../critics/critic.ts";
import { compile, Graph, inline, jacobian, type Session } from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";
import { type Expectation, expectation } from "./expectation.ts";
import type { Rewards } from "./rewards.ts";

/**
 * What is saved of a critic with a model: "x" → "values"; "x", "actions" → "actionValues" (and "rewards" where heads have cumulants of their own),
 * or of state values "x" → "actions" [N, J, m], "weights" [N, J, k], "values" [N, k]; "x" → "actions".
 */
export interface SystemGraphs {
  readonly values: Graph;
  readonly actionValues?: Graph;
  readonly distribution?: Graph;
  readonly policy?: Graph;
}

/**
 * The Bellman equations of a critic on the next state, in the coordinates of an environment:
 *   V_i(s') = (Q_i(s, a) − r_i(s, a)) / γ_i,   i = 1 … k.
 * The left side is differentiable in s'; the right side is known. Nothing here knows where a state goes.
 */
export interface BellmanSystem {
  readonly coordinates: Coordinates;
  readonly heads: readonly Head[];
  /** d */
  readonly stateSize: number;
  /** m */
  readonly actionSize: number;
  /** input "x" [N, d] → "values" [N, k], "jacobian" [d, N, k] */
  readonly session: Session;
  /** V_i of n states [n, d]: flat [n, k]. */
  values(states: Float64Array): Promise<Float32Array>;
  /** V_i and ∂V_i/∂x_j: flat [n, k] and [d, n, k]. */
  linearise(states: Float64Array): Promise<{ readonly values: Float32Array; readonly jacobian: Float32Array }>;
  /** (Q_i − r_i) / γ_i: flat [n, k]. With state values (V_i(s) − E r)/γ_i, whatever the actions: what their expectation over the policy's actions must be. */
  targets(states: Float64Array, actions: Float64Array): Promise<Float64Array>;
  /** The critic's own action in n states: flat [n, m]; undefined where it has no policy. */
  readonly policy?: (states: Float64Array) => Promise<Float32Array>;
  /** Critics of state values: one equation a state, over the actions of the policy together. */
  readonly expectation?: Expectation;
  readonly graphs: SystemGraphs;
  readonly rewards: Rewards;
  release(): Promise<void>;
}

/**
 * @param critic heads with γ > 0
 * @param coordinates how the critic sees a state
 * @param rewards what the critic's training paid, before any scaling of the heads
 * @param observeNext how it sees the next state, where that differs: a time feature is one step on
 */
export function bellmanSystem(
  critic: NetworkCritic | StateValueCritic,
  coordinates: Coordinates,
  rewards: Rewards,
  observeNext: Coordinates["observe"] = coordinates.observe,
): Promise<BellmanSystem> {
  const d = coordinates.names.length;
  const values = new Graph();
  values.output("values", critic.stateValueGraph(observeNext(values.input("x", ["N", d]))));
  const policy = critic.policyGraph && new Graph();
  if (policy) policy.output("actions", critic.policyGraph!(coordinates.observe(policy.input("x", ["N", d]))));
  if (critic.kind === "state-values") {
    const distribution = new Graph();
    const observed = coordinates.observe(distribution.input("x", ["N", d]));
    for (const [name, value] of Object.entries(critic.policyDistribution(observed))) distribution.output(name, value);
    distribution.output("values", critic.stateValueGraph(observed));
    return assembleSystem({ values, distribution, policy }, critic.heads, coordinates, critic.actionSize, rewards);
  }
  const actionValues = new Graph();
  const x = actionValues.input("x", ["N", d]);
  const actions = actionValues.input("actions", ["N", critic.actionSize]);
  const observed = coordinates.observe(x);
  actionValues.output("actionValues", critic.actionValueGraph(observed, actions));
  if (critic.rewardGraph) actionValues.output("rewards", critic.rewardGraph(observed, actions));
  return assembleSystem({ values, actionValues, policy }, critic.heads, coordinates, critic.actionSize, rewards);
}

/** All or none: where one graph does not compile, the sessions of the others are released. */
async function compileAll({ values, actionValues, distribution, policy }: SystemGraphs) {
  const opened: Session[] = [];
  const open = async (graph: Graph, chunk?: number) => {
    const session = await compile(graph, { chunk });
    opened.push(session);
    return session;
  };
  try {
    return {
      values: await open(values, CHUNK),
      linear: await open(withJacobian(values)),
      ...(actionValues ? { actionValues: await open(actionValues, CHUNK) } : {}),
      ...(distribution ? { distribution: await open(distribution, CHUNK) } : {}),
      ...(policy ? { policy: await open(policy, CHUNK) } : {}),
    };
  } catch (error) {
    await Promise.all(opened.map((session) => session.release()));
    throw error;
  }
}

/** Rows that are computed together. */
const CHUNK = 1024;

/** The same from graphs that were saved. */
export async function assembleSystem(
  graphs: SystemGraphs,
  heads: readonly Head[],
  coordinates: Coordinates,
  actionSize: number,
  rewards: Rewards,
): Promise<BellmanSystem> {
  const d = coordinates.names.length;
  const k = heads.length;
  for (const head of heads) {
    if (!(head.discount > 0))
      throw new RefusalError(`head '${head.name}' has discount ${head.discount}: its value says nothing of the next state`);
  }
  // where heads of the reward stand beside heads of cumulants, these are named
  const everyOwn = heads.every(({ cumulant }) => cumulant === undefined);
  const sessions = await compileAll(graphs);
  const act = sessions.policy;
  const expected = sessions.distribution && expectation(sessions.distribution, heads, d, rewards);
  const ask = sessions.actionValues;
  if (!ask && !expected) throw new TypeError("a system needs the values of actions, or of states with the policy's distribution");
  return {
    coordinates,
    heads,
    stateSize: d,
    actionSize,
    session: sessions.linear,
    graphs,
    rewards,
    async values(states) {
      return (await sessions.values.run({ x: states })).values.data as Float32Array;
    },
    async linearise(states) {
      const out = await sessions.linear.run({ x: states });
      return { values: out.values.data as Float32Array, jacobian: out.jacobian.data as Float32Array };
    },
    expectation: expected,
    async targets(states, actions) {
      if (!ask) return expected!.targets(states);
      const n = states.length / d;
      const out = await ask.run({ x: states, actions });
      const q = out.actionValues.data as Float32Array;
      const own = out.rewards?.data as Float32Array | undefined;
      const reward = new Float64Array(n);
      rewards(states, actions, n, reward);
      return Float64Array.from(q, (value, at) => {
        const head = heads[at % k];
        if (own && (head.cumulant !== undefined || everyOwn)) return (value - own[at]) / head.discount;
        return (value - (reward[Math.floor(at / k)] * head.rewardScale + head.rewardOffset)) / head.discount;
      });
    },
    policy: act && (async (states) => (await act.run({ x: states })).actions.data as Float32Array),
    async release() {
      await Promise.all(Object.values(sessions).map((session) => session.release()));
    },
  };
}

function withJacobian(values: Graph): Graph {
  const graph = new Graph();
  const x = graph.input("x", values.inputs[0].shape);
  const copied = inline(values, graph, { x });
  graph.output("values", copied.values);
  graph.output("jacobian", jacobian(copied.values, x));
  return graph;
}

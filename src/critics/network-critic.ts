import { compile, Graph, type Session, type Value } from "../engine/index.ts";
import { flatDimension, type Space } from "../spaces/space.ts";
import type { CriticForm, Head, NetworkCritic, Numbers } from "./critic.ts";
import { toFlat } from "./numbers.ts";

/**
 * What a network critic is made of. Observations come in pieces along the last axis ([..., o_i], Σ o_i = o) with any leading axes that
 * broadcast against each other and against the actions' [..., m]; values leave as [..., heads].
 */
export interface NetworkDefinition {
  readonly name: string;
  readonly algorithm: string;
  readonly environment?: string;
  readonly heads: readonly Head[];
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  actionValues(observation: readonly Value[], action: Value): Value;
  stateValues(observation: readonly Value[]): Value;
  /** r_i(s, a) where heads have cumulants of their own. */
  rewards?(observation: readonly Value[], action: Value): Value;
  policy?(observation: readonly Value[]): Value;
  /** "values" when absent. */
  readonly form?: CriticForm;
}

const definitions = new WeakMap<object, NetworkDefinition>();

/** The definition behind a critic made by `networkCritic`. */
export function definitionOf(critic: NetworkCritic): NetworkDefinition | undefined {
  return definitions.get(critic);
}

/** A critic whose two value functions are compiled when they are first asked for. */
export function networkCritic(definition: NetworkDefinition): NetworkCritic {
  const { name, algorithm, environment, heads, observationSpace, actionSpace, policy, rewards } = definition;
  const observationSize = flatDimension(observationSpace);
  const actionSize = actionSpace.kind === "discrete" ? 1 : flatDimension(actionSpace);
  let actionSession: Promise<Session> | undefined;
  let stateSession: Promise<Session> | undefined;

  const compiled = (build: (graph: Graph, observations: Value) => Value): Promise<Session> => {
    const graph = new Graph();
    const observations = graph.input("observations", ["N", observationSize]);
    graph.output("values", build(graph, observations));
    return compile(graph);
  };
  const run = async (session: Session, feeds: Record<string, Float64Array>, rows: number): Promise<Float64Array> => {
    if (rows === 0) return new Float64Array(0);
    const { values } = await session.run(feeds);
    return Float64Array.from(values.data as Float32Array);
  };

  const critic: NetworkCritic = {
    kind: "network",
    form: definition.form ?? "values",
    name,
    algorithm,
    environment,
    heads,
    observationSpace,
    actionSpace,
    observationSize,
    actionSize,
    actionValueGraph: (observations, actions) => definition.actionValues([observations], actions),
    stateValueGraph: (observations) => definition.stateValues([observations]),
    rewardGraph: rewards && ((observations, actions) => rewards([observations], actions)),
    policyGraph: policy && ((observations) => policy([observations])),
    async actionValues(observations: Numbers, actions: Numbers) {
      const states = toFlat(observations, observationSize, "observations");
      const moves = toFlat(actions, actionSize, "actions");
      const rows = states.length / observationSize;
      if (moves.length !== rows * actionSize) throw new RangeError(`${rows} observations but ${moves.length / actionSize} actions`);
      actionSession ??= compiled((graph, o) => definition.actionValues([o], graph.input("actions", ["N", actionSize])));
      return run(await actionSession, { observations: states, actions: moves }, rows);
    },
    async stateValues(observations: Numbers) {
      const states = toFlat(observations, observationSize, "observations");
      stateSession ??= compiled((_, o) => definition.stateValues([o]));
      return run(await stateSession, { observations: states }, states.length / observationSize);
    },
  };
  definitions.set(critic, definition);
  return critic;
}

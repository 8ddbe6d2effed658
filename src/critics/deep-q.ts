import { argMax, cast, mul, oneHot, reduceMax, reduceMean, reduceSum, reshape, sort, sub, unsqueeze, type Value } from "../engine/index.ts";

/** Pieces of an observation [..., o_i] to what a network gives, [..., outputs]. */
export type ObservationFunction = (observation: readonly Value[]) => Value;

export interface DeepQ {
  /** Q of every action, online. */
  readonly online: ObservationFunction;
  /** What training bootstrapped from. */
  readonly target: ObservationFunction;
  readonly actions: number;
  /** Number of the first action. */
  readonly start: number;
}

export interface ValueFunctions {
  actionValues(observation: readonly Value[], action: Value): Value;
  stateValues(observation: readonly Value[]): Value;
  policy?(observation: readonly Value[]): Value;
}

/** Q(s,a) of the online network; V(s) = max_a Q_target(s,a). One head. Mnih et al. 2015. */
export function deepQ({ online, target, actions, start }: DeepQ): ValueFunctions {
  return {
    actionValues: (observation, action) => pick(online(observation), action, actions, start),
    stateValues: (observation) => {
      const q = target(observation);
      return reduceMax(q, [q.shape.length - 1], true);
    },
    policy: (observation) => number(greedy(online(observation)), start),
  };
}

export interface QuantileDeepQ extends DeepQ {
  readonly quantiles: number;
  /** One head for the mean instead of one a quantile. */
  readonly mean: boolean;
}

/**
 * Quantiles of Q(s,a), ascending; V(s): quantiles of the target network at its own greedy action a* = argmax_a mean_j θ_j(s,a), ascending.
 * Dabney et al., "Distributional Reinforcement Learning with Quantile Regression", 2018.
 */
export function quantileDeepQ({ online, target, actions, start, quantiles, mean }: QuantileDeepQ): ValueFunctions {
  /** [..., quantiles, actions], the order in which Stable-Baselines3 lays out the last layer */
  const table = (network: ObservationFunction, observation: readonly Value[]): Value => {
    const flat = network(observation);
    return reshape(flat, [...flat.shape.slice(0, -1), quantiles, actions]);
  };
  const finish = (column: Value): Value => {
    const last = column.shape.length - 1;
    return mean ? reduceMean(column, [last], true) : sort(column, last, { descending: false })[0];
  };
  const means = (theta: Value) => reduceMean(theta, [theta.shape.length - 2]);
  return {
    actionValues: (observation, action) => finish(column(table(online, observation), codes(action, actions, start))),
    stateValues: (observation) => {
      const theta = table(target, observation);
      return finish(column(theta, oneHot(greedy(means(theta)), actions)));
    },
    policy: (observation) => number(greedy(means(table(online, observation))), start),
  };
}

/** One-hot code [..., actions] of action numbers [..., 1]. */
function codes(action: Value, actions: number, start: number): Value {
  const numbers = cast(sub(action, start), "int64");
  const code = oneHot(numbers, actions);
  return reduceSum(code, [code.shape.length - 2]);
}

function pick(q: Value, action: Value, actions: number, start: number): Value {
  const chosen = mul(q, codes(action, actions, start));
  return reduceSum(chosen, [chosen.shape.length - 1], true);
}

/** [..., quantiles, actions] × code [..., actions] → [..., quantiles] */
function column(theta: Value, code: Value): Value {
  const chosen = mul(theta, unsqueeze(code, [code.shape.length - 1]));
  return reduceSum(chosen, [chosen.shape.length - 1]);
}

/** [..., actions] → number of the best, [...] */
function greedy(q: Value): Value {
  return argMax(q, q.shape.length - 1, false);
}

function number(index: Value, start: number): Value {
  const action = cast(unsqueeze(index, [index.shape.length]), "float32");
  return start === 0 ? action : sub(action, -start);
}

import {
  add,
  concat,
  matmul,
  min,
  mul,
  reduceMean,
  reduceSum,
  slice,
  sort,
  sub,
  tanh,
  topK,
  unsqueeze,
  type Value,
} from "../engine/index.ts";
import type { ActionScale } from "./action-scale.ts";
import type { ValueFunctions } from "./deep-q.ts";
import { applyNetwork, type Network, outputSize, parameter } from "./network.ts";
import { gaussianOf, quadrature, type SquashedGaussian, squashedSamples } from "./squashed-gaussian.ts";

export interface DeterministicActorCritic {
  readonly critics: readonly Network[];
  readonly targetCritics: readonly Network[];
  /** Its tanh included. */
  readonly actor: Network;
  readonly targetActor: Network;
  readonly scale: ActionScale;
  /** What the critics see of the actor's action in [−1, 1]; the action itself where left out. */
  readonly criticActions?: (unit: Value) => Value;
}

/** V(s) = min_i Q'_i(s, π'(s)) for every critic's head: DDPG (one critic, Lillicrap et al. 2016), TD3 (two, Fujimoto et al. 2018). */
export function deterministicActorCritic(parts: DeterministicActorCritic): ValueFunctions {
  const { critics, targetCritics, actor, targetActor, scale, criticActions = (unit: Value) => unit } = parts;
  return {
    actionValues: (observation, action) => join(critics.map((critic) => applyNetwork(critic, [...observation, scale.toUnit(action)]))),
    stateValues: (observation) => {
      const action = criticActions(applyNetwork(targetActor, observation));
      const values = targetCritics.map((critic) => applyNetwork(critic, [...observation, action]));
      return repeat(
        values.reduce((a, b) => min(a, b)),
        critics.length,
      );
    },
    policy: (observation) => scale.fromUnit(applyNetwork(actor, observation)),
  };
}

export interface StochasticActorCritic {
  readonly critics: readonly Network[];
  readonly targetCritics: readonly Network[];
  readonly actor: SquashedGaussian;
  readonly scale: ActionScale;
  /** α; 0 where the entropy term is left out. */
  readonly temperature: number;
  /** false: V at the mode of the policy, without entropy. */
  readonly soft: boolean;
}

/** V(s) = E_{a~π}[min_i Q'_i(s,a) − α log π(a|s)] for every critic's head. SAC, Haarnoja et al. 2018. */
export function softActorCritic(parts: StochasticActorCritic): ValueFunctions {
  const { critics, targetCritics, scale } = parts;
  return {
    ...stochasticPolicy(parts),
    actionValues: (observation, action) => join(critics.map((critic) => applyNetwork(critic, [...observation, scale.toUnit(action)]))),
    stateValues: (observation) =>
      repeat(
        expectation(parts, observation, (pieces) =>
          targetCritics.map((critic) => applyNetwork(critic, pieces)).reduce((a, b) => min(a, b)),
        ),
        critics.length,
      ),
  };
}

export interface TruncatedQuantileCritics extends StochasticActorCritic {
  readonly dropPerCritic: number;
  /** One head a critic for the mean instead of one a quantile. */
  readonly mean: boolean;
}

/**
 * V(s) = E_{a~π}[z_(j)(s,a)] − α log π: the targets' quantiles of all critics pooled, sorted, the `dropPerCritic` · critics largest left
 * out, and what remains read at the critics' own n quantile midpoints. TQC, Kuznetsov et al. 2020.
 */
export function truncatedQuantileCritics(parts: TruncatedQuantileCritics): ValueFunctions {
  const { critics, targetCritics, scale, mean } = parts;
  const n = outputSize(critics[0]);
  const dropped = parts.dropPerCritic * targetCritics.length;
  const kept = n * targetCritics.length - dropped;
  const read = quantileWeights(kept, n);
  return {
    ...stochasticPolicy(parts),
    actionValues: (observation, action) =>
      join(
        critics.map((critic) => {
          const z = applyNetwork(critic, [...observation, scale.toUnit(action)]);
          const last = z.shape.length - 1;
          return mean ? reduceMean(z, [last], true) : sort(z, last, { descending: false })[0];
        }),
      ),
    stateValues(observation) {
      const pooled = expectation(parts, observation, (pieces) => {
        const z = join(targetCritics.map((critic) => applyNetwork(critic, pieces)));
        return mean ? meanWithoutLargest(z, dropped) : sortedWithoutLargest(z, dropped);
      });
      return repeat(mean ? pooled : matmul(pooled, parameter(pooled.graph, read, [kept, n])), critics.length);
    },
  };
}

/** [..., pooled] → [..., pooled − dropped], ascending */
function sortedWithoutLargest(z: Value, dropped: number): Value {
  const last = z.shape.length - 1;
  const length = z.shape[last] as number;
  return slice(sort(z, last, { descending: false })[0], 0, length - dropped, last);
}

/** (Σ z − Σ of the largest)/kept, [..., 1]: only the largest are sorted, so that derivatives gather a few columns and not all. */
function meanWithoutLargest(z: Value, dropped: number): Value {
  const last = z.shape.length - 1;
  const kept = (z.shape[last] as number) - dropped;
  const all = reduceSum(z, [last], true);
  const sum = dropped === 0 ? all : sub(all, reduceSum(topK(z, dropped, last)[0], [last], true));
  return mul(sum, 1 / kept);
}

/** Linear interpolation of `from` sorted numbers at the midpoints of `to` equal parts: [from, to], column j reads position (j + ½)·from/to − ½. */
export function quantileWeights(from: number, to: number): Float64Array {
  const weights = new Float64Array(from * to);
  for (let j = 0; j < to; j++) {
    const t = ((j + 0.5) * from) / to - 0.5;
    const low = Math.min(Math.max(Math.floor(t), 0), from - 1);
    const high = Math.min(low + 1, from - 1);
    const part = Math.min(Math.max(t - low, 0), 1);
    weights[low * to + j] += 1 - part;
    weights[high * to + j] += part;
  }
  return weights;
}

function stochasticPolicy({ actor, scale }: StochasticActorCritic): Pick<ValueFunctions, "policy"> {
  return { policy: (observation) => scale.fromUnit(tanh(gaussianOf(actor, observation).mean)) };
}

/** E_{a~π}[Q(s,a) − α log π(a|s)] with the actions of a quadrature along a new axis before the last; Q [..., points, k] → [..., k]. */
function expectation(parts: StochasticActorCritic, observation: readonly Value[], q: (pieces: readonly Value[]) => Value): Value {
  const { actor, temperature, soft } = parts;
  const { mean, deviation } = gaussianOf(actor, observation);
  if (!soft) return q([...observation, tanh(mean)]);
  const rule = quadrature(actor.actions);
  const apart = (x: Value) => unsqueeze(x, [x.shape.length - 1]);
  const { actions, logDensity } = squashedSamples(apart(mean), apart(deviation), rule);
  const values = add(q([...observation.map(apart), actions]), mul(logDensity, -temperature));
  const weighted = mul(values, values.graph.constant(rule.weights, [rule.points, 1]));
  return reduceSum(weighted, [weighted.shape.length - 2]);
}

function join(values: readonly Value[]): Value {
  return values.length === 1 ? values[0] : concat(values, values[0].shape.length - 1);
}

function repeat(value: Value, times: number): Value {
  return join(Array.from({ length: times }, () => value));
}

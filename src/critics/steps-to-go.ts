import {
  add,
  argMin,
  cast,
  concat,
  cos,
  less,
  log,
  matmul,
  max,
  mul,
  neg,
  oneHot,
  reduceMin,
  reduceSum,
  reshape,
  sin,
  slice,
  softplus,
  sub,
  unsqueeze,
  type Value,
  where,
} from "../engine/index.ts";
import type { Head, NetworkCritic } from "./critic.ts";
import type { ValueFunctions } from "./deep-q.ts";
import { parameter } from "./network.ts";
import { networkCritic } from "./network-critic.ts";

/** Within `radius` of `target` in some numbers of the observation. */
export interface SparseGoal {
  readonly indices: readonly number[];
  readonly target: readonly number[];
  readonly radius: number;
}

/** What the network sees of an observation o: u = (o − centre)/scale enters as u L, cos(u W) and sin(u W). */
export interface WaveEncoding {
  readonly centre: Float64Array;
  readonly scale: Float64Array;
  /** L [o, p] and W [o, q], row-major */
  readonly linear: Float64Array;
  readonly waves: Float64Array;
}

export interface StepsToGoParts {
  readonly encoding: WaveEncoding;
  readonly goals: readonly SparseGoal[];
  readonly actions: number;
  /** Number of the first action. */
  readonly start: number;
  /** Encoded observations [N, e] to [N, actions · goals] before `stepsOf`. */
  readonly network: (input: Value) => Value;
}

/** Steps are softplus of the network's answer, times this: tens of steps for answers of order 1. */
const UNIT = 20;
/** An equation whose known side says that the next state is in the goal, or one step from it at most, has nothing to say of where it is. */
export const SILENT_ABOVE = -1.5;

/** [N, p + 2 q] */
export function encode({ centre, scale, linear, waves }: WaveEncoding, observations: Value): Value {
  const { graph } = observations;
  const o = centre.length;
  const u = mul(
    sub(observations, parameter(graph, centre, [o])),
    parameter(
      graph,
      scale.map((s) => 1 / s),
      [o],
    ),
  );
  const parts: Value[] = [];
  if (linear.length > 0) parts.push(matmul(u, parameter(graph, linear, [o, linear.length / o])));
  if (waves.length > 0) {
    const phase = matmul(u, parameter(graph, waves, [o, waves.length / o]));
    parts.push(cos(phase), sin(phase));
  }
  return concat(parts, parts[0].shape.length - 1);
}

/** Length of what `encode` gives. */
export function encodedSize({ centre, linear, waves }: WaveEncoding): number {
  return (linear.length + 2 * waves.length) / centre.length;
}

/** Steps still to go after each action's first, k ≥ 0: [..., actions, goals]. */
export function stepsAfter({ encoding, goals, actions, network }: Omit<StepsToGoParts, "start">, observations: Value): Value {
  const out = mul(softplus(network(encode(encoding, observations))), UNIT);
  return reshape(out, [...out.shape.slice(0, -1), actions, goals.length]);
}

/** [..., goals], true inside. */
export function insideGoals(goals: readonly SparseGoal[], observations: Value): Value {
  const last = observations.shape.length - 1;
  const distances = goals.map(({ indices, target, radius }) => {
    const squares = indices.map((index, i) => {
      const difference = sub(slice(observations, index, index + 1, last), target[i]);
      return mul(difference, difference);
    });
    return mul(
      squares.reduce((a, b) => add(a, b)),
      1 / (radius * radius),
    );
  });
  return less(concat(distances, last), 1);
}

/**
 * Values of sparse goals in steps, n = 1 + log Q / log γ: the undiscounted values of a task that pays −1 a step until the goal is reached,
 *   Q_g(s, a) = −(1 + k_g(s, a)),   V_g(s) = 0 in the goal, else max_a Q_g(s, a),   Q_g(s, a) = −1 + V_g(s').
 * They change by about 1 a step everywhere, where γⁿ is flat far from its goal.
 */
export function stepsToGo(parts: StepsToGoParts): ValueFunctions {
  const { actions, start, goals } = parts;
  const whole = (pieces: readonly Value[]) => (pieces.length === 1 ? pieces[0] : concat(pieces, pieces[0].shape.length - 1));
  return {
    actionValues(observation, action) {
      const k = stepsAfter(parts, whole(observation));
      const code = oneHot(cast(sub(action, start), "int64"), actions);
      const chosen = reduceSum(code, [code.shape.length - 2]);
      const last = chosen.shape.length;
      return neg(add(reduceSum(mul(k, unsqueeze(chosen, [last])), [last - 1]), 1));
    },
    stateValues(observation) {
      const o = whole(observation);
      const k = stepsAfter(parts, o);
      const value = neg(add(reduceMin(k, [k.shape.length - 2]), 1));
      return where(insideGoals(goals, o), mul(value, 0), value);
    },
    // towards the goal that is nearest
    policy(observation) {
      const k = stepsAfter(parts, whole(observation));
      const nearest = reduceMin(k, [k.shape.length - 1]);
      return add(cast(unsqueeze(argMin(nearest, nearest.shape.length - 1), [nearest.shape.length - 1]), "float32"), start);
    },
  };
}

/** The heads of `goals`: no discount, −1 a step whatever the environment pays. */
export function stepsToGoHeads(name: string, goals: readonly SparseGoal[]): Head[] {
  return goals.map(({ target }) => ({
    name: `steps to ${target.join(", ")}`,
    critic: name,
    discount: 1,
    rewardScale: 0,
    rewardOffset: -1,
    goal: target,
    cumulant: `steps to ${target.join(", ")}`,
    silentAbove: SILENT_ABOVE,
  }));
}

/** A value below this is as many steps away as can be told. */
const FAINTEST = 1e-6;

/**
 * A critic of the discounted values of sparse goals, Q = γ^k with 1 for arriving and 0 elsewhere, in steps: k = log Q / log γ.
 * @param goals one a head, in the head's order
 * @throws RangeError where goals and heads do not match, or a head has no discount to count steps by
 */
export function inSteps(critic: NetworkCritic, goals: readonly SparseGoal[]): NetworkCritic {
  if (goals.length !== critic.heads.length)
    throw new RangeError(`${critic.name} has ${critic.heads.length} heads, but ${goals.length} goals are given`);
  const undiscounted = critic.heads.find(({ discount }) => !(discount > 0 && discount < 1));
  if (undiscounted)
    throw new RangeError(`head '${undiscounted.name}' has discount ${undiscounted.discount}: steps are counted by one between 0 and 1`);
  const perLog = critic.heads.map(({ discount }) => 1 / Math.log(discount));
  const steps = (values: Value) => neg(add(mul(log(max(values, FAINTEST)), values.graph.constant(perLog)), 1));
  const whole = (pieces: readonly Value[]) => (pieces.length === 1 ? pieces[0] : concat(pieces, pieces[0].shape.length - 1));
  return networkCritic({
    ...critic,
    form: "steps-to-go",
    name: `${critic.name} in steps`,
    heads: stepsToGoHeads(`${critic.name} in steps`, goals),
    actionValues: (observation, action) => steps(critic.actionValueGraph(whole(observation), action)),
    stateValues(observation) {
      const o = whole(observation);
      const value = steps(critic.stateValueGraph(o));
      return where(insideGoals(goals, o), mul(value, 0), value);
    },
    rewards: undefined,
    policy: critic.policyGraph && ((observation) => critic.policyGraph!(whole(observation))),
  });
}

import {
  add,
  argMax,
  cast,
  concat,
  cos,
  matmul,
  mul,
  oneHot,
  reduceSum,
  reshape,
  softmax,
  sub,
  unsqueeze,
  type Value,
} from "../engine/index.ts";
import type { Space } from "../spaces/space.ts";
import { actionScale } from "./action-scale.ts";
import type { ValueFunctions } from "./deep-q.ts";
import { applyNetwork, type Network, parameter, type Weights } from "./network.ts";

/** What the values are of. */
export type FixedPolicy =
  /** Every action alike; in a Box, of 2m or 3 actions that have the mean and variance of uniform ones. */
  | { readonly kind: "uniform" }
  /** Probabilities softmax(logits) of the actions of a Discrete space; acts greedily. */
  | { readonly kind: "softmax"; readonly logits: Network }
  /** Actions in [−1, 1] of a Box, the network's last tanh included. */
  | { readonly kind: "actor"; readonly actor: Network };

export interface GeneralValueParts {
  readonly actionSpace: Space;
  /** [o] mean and deviation that observations are standardised by */
  readonly centre: Weights;
  readonly scale: Weights;
  /** w [o, C] and b [C] of the cumulants */
  readonly weights: Weights;
  readonly phases: Weights;
  /** γ of every group of C heads */
  readonly discounts: readonly number[];
  readonly policy: FixedPolicy;
  /** σ [heads]: where given, the network says how values change in units of σ, not what comes after a step */
  readonly increments?: Weights;
  /** N, or D where there are increments: standardised observations [N, o] to [N, A, heads] flat (Discrete), or observations and actions in [−1, 1] joined, [N, o + m], to [N, heads] (Box). */
  readonly continuation: (input: Value) => Value;
}

export interface GeneralValueFunctions extends ValueFunctions {
  rewards(observation: readonly Value[], action: Value): Value;
  /** N_i(s, a), the value to come: (Q_i − r_i)/γ_i. */
  continuation(observation: Value, action: Value): Value;
}

/**
 * General value functions (Sutton et al., "Horde", 2011) of random smooth signals of the standardised observation x (Rahimi and Recht 2007), at several discounts:
 *   r_c(s) = cos(w_c · x + b_c),  Q_i(s, a) = r_i(s) + γ_i N_i(s, a),  V_i(s) = Σ_a π(a|s) Q_i(s, a).
 * The signal is known, so the network has only what comes after it to learn: Bellman's equation reads N_i(s, a) = V_i(s').
 * With increments it has only the change to learn, of which it is as sure as of large values, however small: N_i(s, a) = V_i(s) + σ_i D_i(s, a), so that
 *   V_i(s) = (r_c(s) + γ_i σ_i Σ_a π(a|s) D_i(s, a)) / (1 − γ_i).
 * Heads: all C cumulants at the first discount, then at the next.
 */
export function generalValueFunctions(parts: GeneralValueParts): GeneralValueFunctions {
  const { actionSpace, discounts, policy } = parts;
  const o = parts.centre.length;
  const cumulants = parts.phases.length;
  const heads = cumulants * discounts.length;
  const inverse = parts.scale.map((s) => 1 / s);
  const negative = parts.centre.map((x) => -x);
  const gammas = Float64Array.from({ length: heads }, (_, i) => discounts[Math.floor(i / cumulants)]);
  const vector = (like: Value, data: Weights) => parameter(like.graph, data, [data.length]);
  const whole = (pieces: readonly Value[]) => (pieces.length === 1 ? pieces[0] : concat(pieces, pieces[0].shape.length - 1));
  const standard = (observation: Value) => mul(add(observation, vector(observation, negative)), vector(observation, inverse));
  const signals = (x: Value) => {
    const r = cos(add(matmul(x, parameter(x.graph, parts.weights, [o, cumulants])), vector(x, parts.phases)));
    return discounts.length === 1 ? r : concat(Array(discounts.length).fill(r), r.shape.length - 1);
  };
  const discounted = (x: Value, n: Value) => add(signals(x), mul(n, vector(n, gammas)));
  const { increments } = parts;
  const whatIsLeft = gammas.map((gamma) => 1 / (1 - gamma));
  const grown = increments && gammas.map((gamma, i) => gamma * increments[i]);
  /** V from the policy's mean of what the network says. */
  const stateValue = (x: Value, mean: Value) =>
    grown ? mul(add(signals(x), mul(mean, vector(mean, grown))), vector(mean, whatIsLeft)) : discounted(x, mean);
  /** N from what the network says of an action, and V. */
  const after = (said: Value, value: () => Value) => (increments ? add(value(), mul(said, vector(said, increments))) : said);
  /** @param values V(s) @param follow N(s, a), of raw and of standardised observations */
  const formulas = (
    values: (raw: Value, x: Value) => Value,
    follow: (raw: Value, x: Value, action: Value) => Value,
    chosen: GeneralValueFunctions["policy"],
  ): GeneralValueFunctions => ({
    continuation: (observation, action) => follow(observation, standard(observation), action),
    actionValues(observation, action) {
      const raw = whole(observation);
      const x = standard(raw);
      return discounted(x, follow(raw, x, action));
    },
    stateValues(observation) {
      const raw = whole(observation);
      return values(raw, standard(raw));
    },
    rewards: (observation) => signals(standard(whole(observation))),
    policy: chosen,
  });

  if (actionSpace.kind === "discrete") {
    const { n: actions, start } = actionSpace;
    const uniform = new Float64Array(actions).fill(1 / actions);
    /** [N, A, heads] */
    const all = (x: Value) => {
      const flat = parts.continuation(x);
      return reshape(flat, [...flat.shape.slice(0, -1), actions, heads]);
    };
    const mixed = (n: Value, probabilities: Value) => {
      const last = n.shape.length - 1;
      return reduceSum(mul(n, unsqueeze(probabilities, [probabilities.shape.length])), [last - 1]);
    };
    const codes = (action: Value) => {
      const code = oneHot(cast(sub(action, start), "int64"), actions);
      return reduceSum(code, [code.shape.length - 2]);
    };
    const logits = policy.kind === "softmax" ? policy.logits : undefined;
    if (policy.kind === "actor") throw new TypeError("an actor in [−1, 1] has no Discrete actions");
    const values = (raw: Value, x: Value, said: Value) =>
      stateValue(x, mixed(said, logits ? softmax(applyNetwork(logits, raw)) : vector(x, uniform)));
    const follow = (raw: Value, x: Value, action: Value) => {
      const said = all(x);
      return after(mixed(said, codes(action)), () => values(raw, x, said));
    };
    return formulas(
      (raw, x) => values(raw, x, all(x)),
      follow,
      logits &&
        ((observation) => {
          const scores = applyNetwork(logits, whole(observation));
          const best = cast(argMax(scores, scores.shape.length - 1, true), "float32");
          return start === 0 ? best : add(best, start);
        }),
    );
  }

  const units = actionScale(actionSpace);
  const size = actionSpace.kind === "box" ? actionSpace.low.length : 0;
  const nodes = uniformNodes(size);
  const said = (x: Value, unit: Value) => parts.continuation(concat([x, unit], x.shape.length - 1));
  const actor = policy.kind === "actor" ? policy.actor : undefined;
  if (policy.kind === "softmax") throw new TypeError("softmax chooses among Discrete actions");
  const values = (raw: Value, x: Value) => {
    if (actor) return stateValue(x, said(x, applyNetwork(actor, raw)));
    const nothing = mul(matmul(x, x.graph.constant(new Float64Array(o * size), [o, size])), 0);
    const weighted = nodes.map(({ action, weight }) => mul(said(x, add(nothing, vector(x, action))), weight));
    return stateValue(
      x,
      weighted.reduce((a, b) => add(a, b)),
    );
  };
  const follow = (raw: Value, x: Value, action: Value) => after(said(x, units.toUnit(action)), () => values(raw, x));
  return formulas(values, follow, actor && ((observation) => units.fromUnit(applyNetwork(actor, whole(observation)))));
}

/** Actions in [−1, 1]ᵐ and their probabilities: Gauss–Legendre's three for m = 1, else ±√(m/3) along each axis, exact to degree 3. */
function uniformNodes(m: number): readonly { readonly action: Float64Array; readonly weight: number }[] {
  if (m === 1) {
    const out = Math.sqrt(0.6);
    return [-out, 0, out].map((u) => ({ action: Float64Array.of(u), weight: u === 0 ? 8 / 18 : 5 / 18 }));
  }
  const reach = Math.min(1, Math.sqrt(m / 3));
  return Array.from({ length: 2 * m }, (_, k) => ({
    action: Float64Array.from({ length: m }, (_, j) => (j === k >> 1 ? (k % 2 ? reach : -reach) : 0)),
    weight: 1 / (2 * m),
  }));
}

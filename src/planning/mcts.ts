import type { Tables } from "../environments/environment.ts";
import type { Random } from "../numbers/random.ts";

export interface MctsOptions {
  readonly random: Random;
  readonly simulations?: number;
  /** γ */
  readonly discount?: number;
  /** c: how much a choice that has been tried little is tried more; in units of the return. */
  readonly exploration?: number;
  /** Probabilities of the actions of a state, [actions]: with them the rule is PUCT, without UCT. */
  readonly prior?: (state: number) => ArrayLike<number>;
  /** Value of a state that has not been in the tree; without it, a random playout. */
  readonly value?: (state: number) => number;
  /** Steps of a simulation, in and out of the tree. */
  readonly depth?: number;
  /** Share of the outcomes that an adversary picks; the rest are drawn. 1 where the other side plays to win. */
  readonly pessimism?: number;
  /** Outcomes less likely than this are not an adversary's to pick: inferred models have traces of everything. */
  readonly possible?: number;
}

export interface SearchResult {
  /** the most visited action, the first of equals */
  readonly action: number;
  /** [actions] */
  readonly visits: Float64Array;
  /** [actions] mean returns; NaN where never visited */
  readonly values: Float64Array;
}

export interface TreeSearch {
  /** Search from a state; the tree of earlier searches is kept. */
  search(state: number): SearchResult;
  reset(): void;
}

interface Node {
  visits: number;
  /** [actions] */
  readonly tried: Float64Array;
  readonly total: Float64Array;
  readonly prior: ArrayLike<number> | undefined;
}

/**
 * Monte Carlo tree search in a model with the adversary, if there is one, among its outcomes.
 *   UCT  (Kocsis and Szepesvári 2006): argmax_a Q(s,a) + c √(ln N(s) / n(s,a))
 *   PUCT (Silver et al. 2017):         argmax_a Q(s,a) + c p(s,a) √N(s) / (1 + n(s,a))
 * States reached by several ways share one node.
 */
export function mcts(tables: Tables, options: MctsOptions): TreeSearch {
  const { actions, offsets, nextStates, probabilities, rewards, terminated } = tables;
  const {
    random,
    simulations = 1000,
    discount = 1,
    exploration = Math.SQRT2,
    prior,
    value,
    depth = 200,
    pessimism = 0,
    possible = 1e-2,
  } = options;
  const nodes = new Map<number, Node>();
  // of each outcome: how often it was met and the mean return after it, for the adversary
  const met = new Float64Array(pessimism > 0 ? nextStates.length : 0);
  const after = new Float64Array(met.length);
  const path = { pairs: new Int32Array(depth), outcomes: new Int32Array(depth), states: new Int32Array(depth) };

  const grow = (state: number): Node => {
    const node = { visits: 0, tried: new Float64Array(actions), total: new Float64Array(actions), prior: prior?.(state) };
    nodes.set(state, node);
    return node;
  };
  const choose = (node: Node): number => {
    let best = Number.NEGATIVE_INFINITY;
    let chosen = 0;
    let ties = 0;
    const spread = node.prior ? Math.sqrt(node.visits) : Math.log(Math.max(1, node.visits));
    for (let a = 0; a < actions; a++) {
      const n = node.tried[a];
      if (n === 0 && !node.prior) {
        if (best < Number.POSITIVE_INFINITY) ties = 0;
        best = Number.POSITIVE_INFINITY;
        if (random.uniform() * ++ties < 1) chosen = a;
        continue;
      }
      const mean = n > 0 ? node.total[a] / n : 0;
      const bound = mean + exploration * (node.prior ? (node.prior[a] * spread) / (1 + n) : Math.sqrt(spread / n));
      if (bound > best) {
        best = bound;
        chosen = a;
      }
    }
    return chosen;
  };
  const draw = (pair: number): number => {
    const end = offsets[pair + 1] - 1;
    let rest = random.uniform();
    for (let o = offsets[pair]; o < end; o++) {
      rest -= probabilities[o];
      if (rest < 0) return o;
    }
    return end;
  };
  const oppose = (pair: number, tried: number): number => {
    let least = Number.POSITIVE_INFINITY;
    let chosen = offsets[pair];
    for (let o = offsets[pair]; o < offsets[pair + 1]; o++) {
      if (probabilities[o] < possible) continue;
      if (met[o] === 0) return o;
      const bound = after[o] - exploration * Math.sqrt(Math.log(1 + tried) / met[o]);
      if (bound < least) {
        least = bound;
        chosen = o;
      }
    }
    return chosen;
  };
  const playout = (start: number, left: number): number => {
    if (value) return value(start);
    let total = 0;
    let weight = 1;
    let state = start;
    for (let t = 0; t < left; t++) {
      const o = draw(state * actions + random.integer(actions));
      total += weight * rewards[o];
      if (terminated[o]) break;
      weight *= discount;
      state = nextStates[o];
    }
    return total;
  };
  const simulate = (root: number): void => {
    let state = root;
    let length = 0;
    let last = 0;
    while (length < depth) {
      const known = nodes.get(state);
      if (!known) {
        grow(state);
        last = playout(state, depth - length);
        break;
      }
      const a = choose(known);
      const pair = state * actions + a;
      const o = pessimism > 0 && random.uniform() < pessimism ? oppose(pair, known.tried[a]) : draw(pair);
      path.pairs[length] = a;
      path.outcomes[length] = o;
      path.states[length++] = state;
      if (terminated[o]) break;
      state = nextStates[o];
    }
    let back = last;
    for (let i = length - 1; i >= 0; i--) {
      const o = path.outcomes[i];
      back = rewards[o] + (terminated[o] ? 0 : discount * back);
      const node = nodes.get(path.states[i])!;
      node.visits++;
      node.tried[path.pairs[i]]++;
      node.total[path.pairs[i]] += back;
      if (pessimism > 0) after[o] += (back - after[o]) / ++met[o];
    }
  };
  return {
    search(state) {
      if (!nodes.has(state)) grow(state);
      for (let n = 0; n < simulations; n++) simulate(state);
      const node = nodes.get(state)!;
      let action = 0;
      for (let a = 1; a < actions; a++) if (node.tried[a] > node.tried[action]) action = a;
      return {
        action,
        visits: node.tried.slice(),
        values: node.total.map((total, a) => (node.tried[a] > 0 ? total / node.tried[a] : Number.NaN)),
      };
    },
    reset() {
      nodes.clear();
      met.fill(0);
      after.fill(0);
    },
  };
}

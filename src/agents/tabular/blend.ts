import { bellmanColumns, bellmanTargets } from "../../bellman/tabular.ts";
import type { TabularCritic } from "../../critics/critic.ts";
import { createSimplexSolver, type SimplexSolver } from "../../inversion/tabular/simplex-least-squares.ts";
import { cholesky, choleskySolve } from "../../numbers/dense.ts";
import type { Candidates } from "./candidates.ts";

export interface BlendOptions {
  /** τ, the critic's error in units of value; 1e-3 when absent. */
  readonly tau?: number;
  /** Weight of the prior in steps, where the heads do not fit what was seen. */
  readonly strength?: number;
  /** Staying is possible everywhere. Heads cannot tell it from what comes of staying long enough: where rows must be right and not only worth the same, steps decide. */
  readonly staying?: boolean;
}

/** Residuals of the heads, in units of τ, up to which a blend is believed. */
const BELIEVED = 4;
/** ν in ν²n‖p − counts/n‖²: what a seen step weighs. */
const NU = 2;
/** Ridge towards the uniform distribution before anything was seen, in units of value. */
const RIDGE = 1e-3;

/** Outcomes of every pair: next states and their probabilities. */
export interface OutcomeRows {
  readonly next: (readonly number[])[];
  readonly chance: (readonly number[])[];
  /** [pairs] share of each row that is a guess, 0 to 1; none when absent */
  readonly doubt?: Float64Array;
}

/** Rows that steps correct. */
export interface LearnedOutcomes extends OutcomeRows {
  readonly states: number;
  readonly actions: number;
  /** [pairs] */
  readonly visits: Float64Array;
  observe(state: number, action: number, next: number): void;
}

/** Steps that a prior row weighs. */
const STRENGTH = 5;

/** The lists of a sparse model as rows. */
export function rowsOf({ offsets, next, weights }: Candidates): OutcomeRows {
  const pairs = offsets.length - 1;
  const lists = <T extends Int32Array | Float64Array>(from: T) =>
    Array.from({ length: pairs }, (_, k) => Array.from(from.subarray(offsets[k], offsets[k + 1])));
  return { next: lists(next), chance: lists(weights) };
}

/** Rows of any model for a prior, mixed with what was counted as Dirichlet's are: (κ p + n_s')/(κ + n). */
export function countedRows(prior: OutcomeRows, states: number, actions: number, strength = STRENGTH): LearnedOutcomes {
  const pairs = states * actions;
  const visits = new Float64Array(pairs);
  const doubt = new Float64Array(pairs).fill(1);
  const next = prior.next.map((list) => [...list]);
  const chance = prior.chance.map((list) => [...list]);
  return {
    states,
    actions,
    next,
    chance,
    visits,
    doubt,
    observe(state, action, to) {
      const pair = state * actions + action;
      const total = strength + visits[pair]++;
      const list = chance[pair];
      for (let j = 0; j < list.length; j++) list[j] *= total / (total + 1);
      let at = next[pair].indexOf(to);
      if (at < 0) {
        at = next[pair].push(to) - 1;
        list.push(0);
      }
      list[at] += 1 / (total + 1);
      doubt[pair] = strength / (total + 1);
    },
  };
}

/**
 * P̂ of a world that is not deterministic, from heads and real steps together. The support of (s, ·) is what was seen to follow s under any action; on it
 *   p(s,a) = argmin over the simplex of Σ_i (c_i·p − Q_i)²/τ² + ν² n ‖p − counts/n‖²
 * stands where every head fits within 4τ; elsewhere counts and the heads' own answer are mixed as Dirichlet's are.
 */
export class BlendedModel implements LearnedOutcomes {
  readonly states: number;
  readonly actions: number;
  readonly next: number[][];
  readonly chance: number[][];
  /** [pairs] */
  readonly visits: Float64Array;
  /** [pairs] standard deviation along the direction that heads and steps tell least of; what the prior weighs where they do not agree */
  readonly doubt: Float64Array;
  private readonly counts: Map<number, number>[];
  private readonly supports: number[][];
  private readonly columns: Float64Array;
  private readonly targets: Float64Array;
  private readonly heads: number;
  private readonly critic: TabularCritic;
  private readonly tau: number;
  private readonly strength: number;
  private readonly solvers = new Map<number, SimplexSolver>();
  private readonly prior: { readonly next: number[][]; readonly chance: number[][] };

  constructor(critic: TabularCritic, { tau = 1e-3, strength = STRENGTH, staying = false }: BlendOptions = {}) {
    this.critic = critic;
    this.states = critic.states;
    this.actions = critic.actions;
    this.heads = critic.heads.length;
    this.tau = tau;
    this.strength = strength;
    const pairs = this.states * this.actions;
    this.columns = bellmanColumns(critic);
    this.targets = bellmanTargets(critic, critic.rewards);
    this.visits = new Float64Array(pairs);
    this.doubt = new Float64Array(pairs).fill(1);
    this.counts = Array.from({ length: pairs }, () => new Map());
    this.supports = Array.from({ length: this.states }, (_, s) => (staying ? [s] : []));
    this.prior = { next: [], chance: [] };
    for (let k = 0; k < pairs; k++) this.inferAlone(k);
    this.next = this.prior.next.map((list) => list.slice());
    this.chance = this.prior.chance.map((list) => list.slice());
  }

  observe(state: number, action: number, next: number): void {
    const pair = state * this.actions + action;
    this.visits[pair]++;
    this.counts[pair].set(next, (this.counts[pair].get(next) ?? 0) + 1);
    const support = this.supports[state];
    if (!support.includes(next)) {
      support.push(next);
      for (let a = 0; a < this.actions; a++) this.update(state * this.actions + a);
    } else if (this.visits[pair] <= 3 || this.visits[pair] % 4 === 0) this.update(pair);
  }

  private speaking(state: number): number[] {
    const { terminalValue } = this.critic;
    const list: number[] = [];
    for (let i = 0; i < this.heads; i++) if (!terminalValue || !Number.isFinite(terminalValue[i * this.states + state])) list.push(i);
    return list;
  }

  private solverOf(dimension: number): SimplexSolver {
    let solver = this.solvers.get(dimension);
    if (!solver) {
      solver = createSimplexSolver(dimension);
      this.solvers.set(dimension, solver);
    }
    return solver;
  }

  /** Before anything was seen: the heads with a ridge, every state possible. */
  private inferAlone(pair: number): void {
    const { states, heads, columns, targets } = this;
    const spoken = this.speaking(Math.floor(pair / this.actions));
    const size = spoken.length + states;
    const points = new Float64Array(states * size);
    const target = new Float64Array(size).fill(RIDGE / states, spoken.length);
    spoken.forEach((i, j) => {
      target[j] = targets[pair * heads + i];
    });
    for (let t = 0; t < states; t++) {
      spoken.forEach((i, j) => {
        points[t * size + j] = columns[t * heads + i];
      });
      points[t * size + spoken.length + t] = RIDGE;
    }
    const { active, weights, count } = this.solverOf(size).solve(points, states, target);
    this.prior.next[pair] = Array.from(active.subarray(0, count));
    this.prior.chance[pair] = Array.from(weights.subarray(0, count));
  }

  private update(pair: number): void {
    const { heads, columns, targets, tau } = this;
    const state = Math.floor(pair / this.actions);
    const support = this.supports[state];
    const spoken = this.speaking(state);
    const n = this.visits[pair];
    if (spoken.length > 0) {
      const m = support.length;
      const size = spoken.length + (n > 0 ? m : 0);
      const points = new Float64Array(m * size);
      const target = new Float64Array(size);
      const step = NU * Math.sqrt(n);
      spoken.forEach((i, j) => {
        target[j] = targets[pair * heads + i] / tau;
        for (let t = 0; t < m; t++) points[t * size + j] = columns[support[t] * heads + i] / tau;
      });
      if (n > 0)
        for (let t = 0; t < m; t++) {
          points[t * size + spoken.length + t] = step;
          target[spoken.length + t] = (step * (this.counts[pair].get(support[t]) ?? 0)) / n;
        }
      const { active, weights, count } = this.solverOf(size).solve(points, m, target);
      let worst = 0;
      for (let j = 0; j < spoken.length; j++) {
        let sum = -target[j];
        for (let c = 0; c < count; c++) sum += weights[c] * points[active[c] * size + j];
        worst = Math.max(worst, Math.abs(sum));
      }
      if (worst < BELIEVED) {
        this.next[pair] = Array.from(active.subarray(0, count), (t) => support[t]);
        this.chance[pair] = Array.from(weights.subarray(0, count));
        this.doubt[pair] = weakest(points, m, size, spoken.length, NU * NU * n);
        return;
      }
    }
    this.doubt[pair] = this.strength / (this.strength + n);
    const mixed = new Map<number, number>();
    const { next, chance } = this.prior;
    next[pair].forEach((t, j) => {
      mixed.set(t, (this.strength * chance[pair][j]) / (this.strength + n));
    });
    for (const [t, times] of this.counts[pair]) mixed.set(t, (mixed.get(t) ?? 0) + times / (this.strength + n));
    this.next[pair] = [...mixed.keys()];
    this.chance[pair] = [...mixed.values()];
  }
}

/** Σ_o p_o [T(s'_o) or γ V(s'_o)] */
export function rowValue(
  { next, chance }: OutcomeRows,
  pair: number,
  v: Float64Array,
  arrival: ArrayLike<number>,
  discount: number,
): number {
  const list = next[pair];
  const p = chance[pair];
  let sum = 0;
  for (let j = 0; j < list.length; j++) {
    const end = arrival[list[j]];
    sum += p[j] * (!Number.isNaN(end) ? end : discount * v[list[j]]);
  }
  return sum;
}

/**
 * 1/√λ with λ the least curvature of ½‖Ap‖² over Σ p = 0, of m points whose first `heads` entries are the heads', and of the counts: by λ ≥ 1/tr G⁻¹, G the Gram matrix of the
 * differences to the first point.
 */
function weakest(points: Float64Array, m: number, size: number, heads: number, counted: number): number {
  const d = m - 1;
  if (d === 0) return 0;
  const gram = new Float64Array(d * d);
  for (let x = 0; x < d; x++)
    for (let y = 0; y < d; y++) {
      let sum = x === y ? counted + 1e-9 : 0;
      for (let i = 0; i < heads; i++) sum += (points[(x + 1) * size + i] - points[i]) * (points[(y + 1) * size + i] - points[i]);
      gram[x * d + y] = sum;
    }
  if (!cholesky(gram, d)) return 1;
  let trace = 0;
  const column = new Float64Array(d);
  for (let x = 0; x < d; x++) {
    column.fill(0);
    column[x] = 1;
    choleskySolve(gram, d, column);
    trace += column[x];
  }
  return Math.min(1, Math.sqrt(trace));
}

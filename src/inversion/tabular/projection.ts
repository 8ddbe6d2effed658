import { headScale } from "../../identifiability/column-index.ts";
import { createFewestSolver } from "./fewest-states.ts";
import type { CandidateSets } from "./matching.ts";
import { createEntropySolver } from "./maximum-entropy.ts";
import { createSimplexSolver, type SimplexSolver } from "./simplex-least-squares.ts";

export interface ProjectionProblem {
  readonly heads: number;
  /** M, [states, heads] */
  readonly columns: Float64Array;
  /** Q_i(s,a) − r_i(s,a), [n, heads] */
  readonly targets: Float64Array;
  /** [heads]; equal when absent */
  readonly weights?: ArrayLike<number>;
  /** [n, heads] */
  readonly mask?: Uint8Array;
  /** Known supports; every state when absent. */
  readonly candidates?: CandidateSets;
  /** Also say how far every other distribution is from fitting as well. */
  readonly separation?: boolean;
  /** Where other distributions fit as well. The vertex when absent. */
  readonly undetermined?: Undetermined;
}

/**
 * Of all distributions that fit: the vertex that the solver met first; the one of greatest entropy; or one over fewer states than the equations could tell apart by chance
 * (`createFewestSolver`), and that of greatest entropy where none is found.
 */
export type Undetermined = "vertex" | "entropy" | "fewest";

/** A separation below this share of the distance of the candidates from the target counts as none. */
const SEPARATE = 1e-7;
/** How far, in the same measure, the mean of the distribution of greatest entropy may miss what the vertex fits. */
const MISS = 1e-7;
/** Probabilities below this are left out of it. */
const NOTHING = 1e-12;

/** Distributions P(·|s,a), one sparse list a query. */
export interface Projections {
  /** [n + 1] */
  readonly offsets: Int32Array;
  /** Most likely first. */
  readonly states: Int32Array;
  readonly probabilities: Float64Array;
  /** [n] ‖M p − target‖, weighted root mean square over heads; NaN where no head speaks or there is no candidate */
  readonly distance: Float64Array;
  /** [n] duality gap: ½ distance² exceeds its minimum by at most this */
  readonly gap: Float64Array;
  /**
   * [n] σ, where asked for, NaN otherwise: a distribution whose M p' is within E of M p puts at most E/σ outside the states listed.
   * 0 where another distribution fits as well; Infinity where no other state is possible.
   */
  readonly separation: Float64Array;
}

/** P(·|s,a) = argmin over the simplex of ‖M p − (Q − r)(s,a)‖², M_{i,s'} = c_i(s'), exact up to the reported gap. */
export function projectColumns(problem: ProjectionProblem): Projections {
  const { heads, columns, targets, mask, candidates } = problem;
  if (columns.length % heads || targets.length % heads || (mask && mask.length !== targets.length))
    throw new RangeError(`projection: columns, targets and mask must be whole rows of ${heads} heads`);
  const states = columns.length / heads;
  const n = targets.length / heads;
  const scale = headScale(heads, problem.weights);
  const solvers = new Map<number, SimplexSolver>();
  const solverOf = (dimension: number): SimplexSolver => {
    const solver = solvers.get(dimension) ?? createSimplexSolver(dimension);
    solvers.set(dimension, solver);
    return solver;
  };
  const offsets = new Int32Array(n + 1);
  const chosen: number[] = [];
  const probabilities: number[] = [];
  const distance = new Float64Array(n).fill(Number.NaN);
  const gap = new Float64Array(n).fill(Number.NaN);
  const separation = new Float64Array(n).fill(Number.NaN);
  const used = new Int32Array(heads);
  const points = new Float64Array(columns.length);
  let gathered = "";
  for (let k = 0; k < n; k++) {
    let width = 0;
    let share = 0;
    for (let i = 0; i < heads; i++)
      if ((!mask || mask[k * heads + i]) && scale[i] > 0) {
        used[width++] = i;
        share += scale[i] ** 2;
      }
    const set = candidates ? Math.floor(k / candidates.queriesPerSet) : -1;
    const pool = candidates?.states.subarray(candidates.offsets[set], candidates.offsets[set + 1]);
    const count = pool ? pool.length : states;
    offsets[k + 1] = offsets[k];
    if (width === 0 || count === 0) continue;
    const stretch = 1 / Math.sqrt(share);
    const target = Float64Array.from({ length: width }, (_, j) => targets[k * heads + used[j]] * scale[used[j]] * stretch);
    const signature = `${set}:${mask ? used.subarray(0, width).join() : ""}`;
    if (signature !== gathered) {
      for (let c = 0; c < count; c++)
        for (let j = 0; j < width; j++) points[c * width + j] = columns[(pool ? pool[c] : c) * heads + used[j]] * scale[used[j]] * stretch;
      gathered = signature;
    }
    const solver = solverOf(width);
    const found = solver.solve(points, count, target);
    const order = Array.from({ length: found.count }, (_, c) => c).sort(
      (a, b) => found.weights[b] - found.weights[a] || found.active[a] - found.active[b],
    );
    distance[k] = found.distance;
    gap[k] = found.gap;
    const { undetermined = "vertex" } = problem;
    const closed = undetermined === "vertex";
    if (problem.separation || !closed) separation[k] = solver.separation(points, count, target);
    const spread = closed ? 0 : rootMeanSquare(points, count, target);
    const isOpen = !closed && separation[k] <= SEPARATE * spread && found.distance <= MISS * spread;
    const spreadOut = isOpen ? createEntropySolver(width).solve(points, count, target, MISS * spread) : undefined;
    const few = isOpen && undetermined === "fewest" ? fewest(points, count, target, spreadOut) : undefined;
    const choice = few && few.distance <= MISS * spread ? few : spreadOut && likeliest(spreadOut, missOf(points, spreadOut, target));
    if (choice) {
      for (const [c, p] of choice.ranked) {
        chosen.push(pool ? pool[c] : c);
        probabilities.push(p);
      }
      distance[k] = choice.distance;
      offsets[k + 1] = chosen.length;
      continue;
    }
    for (const c of order) {
      chosen.push(pool ? pool[found.active[c]] : found.active[c]);
      probabilities.push(found.weights[c]);
    }
    offsets[k + 1] = chosen.length;
  }
  return { offsets, states: Int32Array.from(chosen), probabilities: Float64Array.from(probabilities), distance, gap, separation };
}

interface Choice {
  /** Candidates and their probabilities, the likeliest first. */
  readonly ranked: readonly (readonly [number, number])[];
  readonly distance: number;
}

function likeliest(p: ArrayLike<number>, distance: number): Choice {
  const some = Array.from(p, (share, c) => [c, share] as const).filter(([, share]) => share > NOTHING);
  return { ranked: some.sort((a, b) => b[1] - a[1] || a[0] - b[0]), distance };
}

function fewest(points: Float64Array, count: number, target: Float64Array, first: Float64Array | undefined): Choice | undefined {
  const width = target.length;
  const states = createFewestSolver(width).solve(points, count, target, first);
  if (!states) return undefined;
  const own = new Float64Array(states.length * width);
  states.forEach((c, l) => {
    own.set(points.subarray(c * width, (c + 1) * width), l * width);
  });
  const { active, weights, count: used, distance } = createSimplexSolver(width).solve(own, states.length, target);
  const p = new Float64Array(count);
  for (let l = 0; l < used; l++) p[states[active[l]]] = weights[l];
  return likeliest(p, distance);
}

/** Of the candidates' distances from the target. */
function rootMeanSquare(points: Float64Array, count: number, target: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < count * target.length; at++) sum += (points[at] - target[at % target.length]) ** 2;
  return Math.sqrt(sum / count);
}

/** ‖Σ_s p_s c_s − q‖ */
function missOf(points: Float64Array, p: Float64Array, target: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < target.length; i++) {
    let mean = 0;
    for (let s = 0; s < p.length; s++) mean += p[s] * points[s * target.length + i];
    sum += (mean - target[i]) ** 2;
  }
  return Math.sqrt(sum);
}

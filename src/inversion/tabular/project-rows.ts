import { buildKdTree, type KdTreeData } from "../../identifiability/build-kd-tree.ts";
import { headScale } from "../../identifiability/column-index.ts";
import { createNearColumns } from "../../identifiability/near-columns.ts";
import { createFewestSolver } from "./fewest-states.ts";
import { createSimplexSolver } from "./simplex-least-squares.ts";
import { createTripleSolver } from "./sparse-projection.ts";

/** Columns to project on as plain tables, so that threads can share them. */
export interface ProjectionIndexData {
  readonly heads: number;
  readonly states: number;
  /** [heads] √(w_i / Σ w) */
  readonly scale: Float64Array;
  /** [states, heads], scaled */
  readonly columns: Float64Array;
  readonly tree: KdTreeData;
}

export interface RowProjectionSettings {
  /**
   * "few": next states are few, so a support of three among the columns near the target that meets it is looked for, then one of at most as many as there are heads.
   * "any": least squares over all columns, whatever the support.
   */
  readonly support: "few" | "any";
  /** A distance up to this meets the target. */
  readonly tolerance: number;
  /** Rows that follow each other and are of one state: where one of its actions leads, others may lead too, however far that column is from the target. 1: none are. */
  readonly actions: number;
}

/** Answers of n rows; `width` = heads + 1 places each. */
export interface ProjectionRows {
  /** [n, width], the likeliest first */
  readonly states: Int32Array;
  readonly probabilities: Float64Array;
  /** [n] how many */
  readonly counts: Int32Array;
  /** [n] ‖M p − target‖ */
  readonly distance: Float64Array;
  /** [n] 1 where the support is so small that it meets the target by no coincidence; 0 where it is a least-squares vertex and others may fit as well */
  readonly sure: Uint8Array;
}

export interface RowProjector {
  /** @param targets [n, heads] @param first number of the first row among all: row k is of state ⌊(first + k) / actions⌋ */
  project(targets: Float64Array, out: ProjectionRows, first?: number): void;
}

/** Columns near the target among which three are looked for; then up to as many as there are heads among the last. */
const NEAR = [12, 32, 96];
/** Columns that the least squares begins with. */
const FIRST = 32;
/** Columns priced in before it is given up. */
const ROUNDS = 200;
/** Neighbours of a state that are tried in pairs. */
const MOST_KNOWN = 12;
/** Distributions that are tried as patterns, and the least part of the sure rows that have one. */
const PATTERNS = 4;
const LEAST_SHARE = 0.01;
/** A guessed column may miss by so many tolerances: it is divided by a probability. */
const GUESS = 30;
/** A state that is less likely is rounding. */
const NOTHING = 1e-9;

/** @param columns [states, heads] */
export function projectionIndex(columns: Float64Array, heads: number, weights?: ArrayLike<number>): ProjectionIndexData {
  const scale = headScale(heads, weights);
  const scaled = columns.map((x, at) => x * scale[at % heads]);
  return { heads, states: columns.length / heads, scale, columns: scaled, tree: buildKdTree(scaled, heads) };
}

/**
 * P(·|s,a) of row after row over 10⁴ to 10⁶ columns: an expectation lies near the columns it is of, so those near the target are tried first (k-d tree).
 * Least squares is by column generation: solve over some columns, add the one that the residual points at most (found by branch and bound over the tree), until none lowers it.
 */
export function createRowProjector(data: ProjectionIndexData, { support, tolerance, actions }: RowProjectionSettings): RowProjector {
  const { heads, states, scale, columns, tree } = data;
  const width = heads + 1;
  const near = createNearColumns(tree);
  const most = Math.min(states, Math.max(...NEAR, FIRST));
  const indices = new Int32Array(most);
  const squared = new Float64Array(most);
  const target = new Float64Array(heads);
  const origin = new Float64Array(heads);
  const triples = createTripleSolver(heads);
  const fewest = createFewestSolver(heads);
  const simplex = createSimplexSolver(heads);
  const x = new Float64Array((most + ROUNDS) * heads);
  const pool = new Int32Array(most + ROUNDS);
  const residual = new Float64Array(heads);
  const guess = new Float64Array(heads);

  const gather = (at: number, state: number): void => {
    pool[at] = state;
    for (let i = 0; i < heads; i++) x[at * heads + i] = columns[state * heads + i] - target[i];
  };
  const write = (out: ProjectionRows, k: number, chosen: readonly (readonly [number, number])[], distance: number, sure: boolean): void => {
    const kept = chosen.filter(([, p]) => p > NOTHING).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    const total = kept.reduce((sum, [, p]) => sum + p, 0);
    out.counts[k] = kept.length;
    out.distance[k] = distance;
    out.sure[k] = sure ? 1 : 0;
    kept.forEach(([state, p], m) => {
      out.states[k * width + m] = state;
      out.probabilities[k * width + m] = p / total;
    });
  };
  const amongGathered = (out: ProjectionRows, k: number, count: number): boolean => {
    const found = triples.solve(x, count);
    if (!(found.distance <= tolerance)) return false;
    const chosen = Array.from({ length: found.count }, (_, m) => [pool[found.chosen[m]], found.probabilities[m]] as const);
    write(out, k, chosen, found.distance, found.runnerUp > tolerance);
    return true;
  };
  const byTriples = (out: ProjectionRows, k: number, reach: number): boolean => {
    const count = near.nearest(target, 0, Math.min(reach, states), indices, squared);
    for (let c = 0; c < count; c++) gather(c, indices[c]);
    return amongGathered(out, k, count);
  };
  /** The row's own state, those where its other actions surely lead, and those that surely lead to it. */
  const neighboursOf = (out: ProjectionRows, k: number, first: number, into: ReadonlyMap<number, Set<number>>): Set<number> => {
    const state = Math.floor((first + k) / actions);
    const neighbours = new Set<number>(into.get(state));
    neighbours.add(state);
    for (let l = Math.max(0, state * actions - first); l < Math.min((state + 1) * actions - first, out.counts.length); l++)
      if (out.sure[l]) for (let m = 0; m < out.counts[l]; m++) neighbours.add(out.states[l * width + m]);
    return neighbours;
  };
  /** Two neighbours and a third state that is none, where a row is slipped from as others surely are: its column is then (target − p_a c_a − p_b c_b)/p_c. A guess, that the equations must bear out. */
  const byPattern = (out: ProjectionRows, k: number, known: ReadonlySet<number>, patterns: readonly (readonly number[])[]): boolean => {
    const list = [...known].slice(0, MOST_KNOWN);
    const limit = (GUESS * tolerance) ** 2;
    for (const pattern of patterns)
      for (let last = 0; last < pattern.length; last++) {
        const [p, second = 0] = pattern.filter((_, m) => m !== last);
        for (const a of list)
          for (const b of second > 0 ? list : [a]) {
            if (second > 0 && (a === b || (p === second && a > b))) continue;
            for (let i = 0; i < heads; i++)
              guess[i] = (target[i] - p * columns[a * heads + i] - second * columns[b * heads + i]) / pattern[last];
            if (near.nearest(guess, 0, 1, indices, squared) === 0 || !(squared[0] <= limit)) continue;
            const chosen = [...new Set([a, b, indices[0]])];
            chosen.forEach((state, at) => {
              gather(at, state);
            });
            if (amongGathered(out, k, chosen.length)) return true;
          }
      }
    return false;
  };
  /** Again, with the neighbours among the columns. */
  const byNeighbours = (out: ProjectionRows, k: number, known: ReadonlySet<number>): boolean => {
    const neighbours = new Set(known);
    const count = near.nearest(target, 0, Math.min(NEAR[1], states), indices, squared);
    for (let c = 0; c < count; c++) neighbours.add(indices[c]);
    let at = 0;
    for (const neighbour of neighbours) if (at < most) gather(at++, neighbour);
    return amongGathered(out, k, at);
  };
  /** Until nothing new is told: an answer makes neighbours known to others. Returns the rows that are left. */
  const spread = (out: ProjectionRows, targets: Float64Array, open: readonly number[], first: number): readonly number[] => {
    const into = new Map<number, Set<number>>();
    const note = (k: number): void => {
      for (let m = 0; m < out.counts[k]; m++) {
        const next = out.states[k * width + m];
        if (!into.has(next)) into.set(next, new Set());
        into.get(next)!.add(Math.floor((first + k) / actions));
      }
    };
    for (let k = 0; k < out.counts.length; k++) if (out.sure[k]) note(k);
    const patterns = patternsOf(out, width);
    for (let left = open; ; ) {
      const still = left.filter((k) => {
        aim(targets, k);
        const known = neighboursOf(out, k, first, into);
        if (!byNeighbours(out, k, known) && !byPattern(out, k, known, patterns)) return true;
        note(k);
        return false;
      });
      if (still.length === left.length) return still;
      left = still;
    }
  };
  const aim = (targets: Float64Array, k: number): void => {
    for (let i = 0; i < heads; i++) target[i] = targets[k * heads + i] * scale[i];
  };
  const byFewest = (out: ProjectionRows, k: number): boolean => {
    const count = near.nearest(target, 0, Math.min(NEAR[NEAR.length - 1], states), indices, squared);
    for (let c = 0; c < count; c++) gather(c, indices[c]);
    const chosen = fewest.solve(x, count, origin);
    if (!chosen) return false;
    const own = new Float64Array(chosen.length * heads);
    chosen.forEach((c, l) => {
      own.set(x.subarray(c * heads, (c + 1) * heads), l * heads);
    });
    const found = simplex.solve(own, chosen.length, origin);
    if (!(found.distance <= tolerance)) return false;
    const answer = Array.from({ length: found.count }, (_, m) => [pool[chosen[found.active[m]]], found.weights[m]] as const);
    write(out, k, answer, found.distance, found.count <= heads);
    return true;
  };
  const byLeastSquares = (out: ProjectionRows, k: number): void => {
    let count = near.nearest(target, 0, Math.min(FIRST, states), indices, squared);
    for (let c = 0; c < count; c++) gather(c, indices[c]);
    for (let round = 0; ; round++) {
      const found = simplex.solve(x, count, origin);
      residual.fill(0);
      for (let m = 0; m < found.count; m++)
        for (let i = 0; i < heads; i++) residual[i] += found.weights[m] * x[found.active[m] * heads + i];
      let offset = 0;
      for (let i = 0; i < heads; i++) offset += residual[i] * target[i];
      const lowest = near.lowest(residual);
      // r·x_j ≥ ‖r‖² for all j is optimality; what is missed by is the gap
      const gap = found.distance ** 2 - (lowest.value - offset);
      const known = pool.subarray(0, count).includes(lowest.index);
      if (found.distance <= tolerance || gap <= tolerance * found.distance || known || round === ROUNDS) {
        const answer = Array.from({ length: found.count }, (_, m) => [pool[found.active[m]], found.weights[m]] as const);
        write(out, k, answer, found.distance, false);
        return;
      }
      gather(count++, lowest.index);
    }
  };

  return {
    project(targets, out, first = 0) {
      let open: readonly number[] = Array.from({ length: out.counts.length }, (_, k) => k);
      out.sure.fill(0);
      if (support === "few") {
        for (const reach of NEAR) {
          open = open.filter((k) => {
            aim(targets, k);
            return !byTriples(out, k, reach);
          });
          if (reach > NEAR[0] && actions > 1) open = spread(out, targets, open, first);
        }
        open = open.filter((k) => {
          aim(targets, k);
          return !byFewest(out, k);
        });
      }
      for (const k of open) {
        aim(targets, k);
        byLeastSquares(out, k);
      }
    },
  };
}

/** The commonest probabilities of two or three next states among the rows that are sure. */
function patternsOf({ probabilities, counts, sure }: ProjectionRows, width: number): number[][] {
  const found = new Map<string, { readonly pattern: number[]; times: number }>();
  let total = 0;
  for (let k = 0; k < counts.length; k++) {
    if (!sure[k]) continue;
    total++;
    if (counts[k] < 2 || counts[k] > 3) continue;
    const pattern = Array.from(probabilities.subarray(k * width, k * width + counts[k]));
    const key = pattern.map((p) => p.toFixed(6)).join();
    const known = found.get(key);
    if (known) known.times++;
    else found.set(key, { pattern, times: 1 });
  }
  return [...found.values()]
    .filter(({ times }) => times >= LEAST_SHARE * total)
    .sort((a, b) => b.times - a.times)
    .slice(0, PATTERNS)
    .map(({ pattern }) => pattern);
}

/** Of a chunk that is not full. */
export function firstProjections({ states, probabilities, counts, distance, sure }: ProjectionRows, n: number): ProjectionRows {
  const width = states.length / counts.length;
  return {
    states: states.subarray(0, n * width),
    probabilities: probabilities.subarray(0, n * width),
    counts: counts.subarray(0, n),
    distance: distance.subarray(0, n),
    sure: sure.subarray(0, n),
  };
}

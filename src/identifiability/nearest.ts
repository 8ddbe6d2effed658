/**
 * What a nearest-column search has found so far: the best distance, everything within `tolerance` of it (the tie), and the nearest of the rest.
 * Doubles live in a typed array so that a search allocates nothing.
 */
export interface Nearest {
  /** [BEST, TIE, RUNNER_UP, LIMIT]: squared distances */
  readonly squared: Float64Array;
  /** Indices in the tie, `count` of them, in the order met. */
  ties: Int32Array;
  /** Their squared distances. */
  tieSquared: Float64Array;
  count: number;
  tolerance: number;
  readonly runnerUp: boolean;
}

export const BEST = 0;
/** (best + tolerance)² */
export const TIE = 1;
export const RUNNER_UP = 2;
/** Nothing beyond this can change the answer. */
export const LIMIT = 3;

/**
 * @param tolerance in units of distance, ≥ 0
 * @param runnerUp whether the distance to the nearest column outside the tie is wanted: it widens the search
 */
export function createNearest(tolerance: number, runnerUp = true): Nearest {
  if (!(tolerance >= 0)) throw new RangeError(`tolerance must be at least 0, got ${tolerance}`);
  return {
    squared: new Float64Array(4).fill(Number.POSITIVE_INFINITY),
    ties: new Int32Array(16),
    tieSquared: new Float64Array(16),
    count: 0,
    tolerance,
    runnerUp,
  };
}

export function beginSearch(nearest: Nearest): void {
  nearest.squared.fill(Number.POSITIVE_INFINITY);
  nearest.count = 0;
}

/** Take a column at squared distance `d` ≤ LIMIT into account. */
export function offer(nearest: Nearest, index: number, d: number): void {
  const { squared } = nearest;
  if (d > squared[TIE]) {
    if (d < squared[RUNNER_UP]) {
      squared[RUNNER_UP] = d;
      if (nearest.runnerUp) squared[LIMIT] = d;
    }
    return;
  }
  if (d < squared[BEST]) {
    squared[BEST] = d;
    squared[TIE] = Math.max(d, (Math.sqrt(d) + nearest.tolerance) ** 2);
    demote(nearest);
    squared[LIMIT] = nearest.runnerUp ? squared[RUNNER_UP] : squared[TIE];
  }
  if (nearest.count === nearest.ties.length) grow(nearest);
  nearest.ties[nearest.count] = index;
  nearest.tieSquared[nearest.count++] = d;
}

/** Those of the old tie that the new best has left behind. */
function demote(nearest: Nearest): void {
  const { squared, ties, tieSquared } = nearest;
  let kept = 0;
  for (let k = 0; k < nearest.count; k++) {
    if (tieSquared[k] <= squared[TIE]) {
      ties[kept] = ties[k];
      tieSquared[kept++] = tieSquared[k];
    } else squared[RUNNER_UP] = Math.min(squared[RUNNER_UP], tieSquared[k]);
  }
  nearest.count = kept;
}

function grow(nearest: Nearest): void {
  const ties = new Int32Array(2 * nearest.count);
  const tieSquared = new Float64Array(2 * nearest.count);
  ties.set(nearest.ties);
  tieSquared.set(nearest.tieSquared);
  nearest.ties = ties;
  nearest.tieSquared = tieSquared;
}

import type { BellmanSystem } from "../bellman/system.ts";
import { levenbergMarquardt } from "../engine/index.ts";
import { cholesky, choleskySolve } from "../numbers/dense.ts";
import { createRandom } from "../numbers/random.ts";
import type { ExpectedSteps } from "./expected-steps.ts";

export interface PointwiseSettings {
  /** [d] how far a state is expected to move in one step: a prior around "nothing moves", one standard deviation */
  readonly reach: readonly number[];
  /** First guesses a pair: the state itself, then random ones within its reach. */
  readonly starts: number;
  readonly iterations: number;
  /** Whitened residuals beyond this count linearly. */
  readonly huber: number;
  readonly seed: number;
  /** [d] deviations over what they would be if all heads of a critic erred as one (1): independent errors average out */
  readonly independence?: readonly number[];
  /** Heads with a goal nearer than this (in the units of the first coordinates) to the state are left out: there they say nothing. */
  readonly goalMask?: number;
  /** Where a step is expected to lead, where that is not "nothing moves": the reach is then around it. */
  readonly expected?: ExpectedSteps;
}

export interface PointwiseSolution {
  /** [n, d] */
  readonly nextStates: Float64Array;
  /** [n] √(Σ (r_i/σ_i)²) over the heads used */
  readonly residual: Float64Array;
  /** [n, d] √diag (JᵀWJ + P)⁻¹: the reach where the heads see nothing */
  readonly deviation: Float64Array;
  /** [n] 1 where another answer, found from another start, explains the values as well: an even value function has the same value at s' and its mirror image. The deviation then reaches to it. */
  readonly ambiguous: Uint8Array;
}

/**
 * Every (state, action) pair on its own: the s' that minimises Σ_i ρ((V_i(s') − y_i)/σ_i) + ½ Σ_j ((s'_j − s_j)/reach_j)², from several starts, the lowest kept.
 * @param states [n, d] @param targets y [n, k] @param sigma [k] @param expected the prior's mean, [n, d]: `expectedStates` of the settings, else the states
 */
export async function solvePointwise(
  system: BellmanSystem,
  states: Float64Array,
  targets: Float64Array,
  sigma: Float64Array,
  settings: PointwiseSettings,
  expected: Float64Array = states,
): Promise<PointwiseSolution> {
  const { stateSize: d, coordinates, heads, session } = system;
  const k = heads.length;
  const n = states.length / d;
  const random = createRandom(settings.seed);
  const weights = headWeights(system, states, sigma, settings.goalMask);
  const precision = Float64Array.from(settings.reach, (reach) => 1 / (reach * reach));
  const low = Float64Array.from(coordinates.low, (x, j) => (coordinates.angular[j] ? -Infinity : x));
  const high = Float64Array.from(coordinates.high, (x, j) => (coordinates.angular[j] ? Infinity : x));
  // what no start answers stays not a number
  const nextStates = new Float64Array(n * d).fill(Number.NaN);
  const residual = new Float64Array(n).fill(Number.NaN);
  const deviation = new Float64Array(n * d).fill(Number.NaN);
  const least = new Float64Array(n).fill(Infinity);
  const solutions: { solution: Float64Array; cost: Float64Array }[] = [];
  const matrix = new Float64Array(d * d);
  const unit = new Float64Array(d);
  for (let start = 0; start < settings.starts; start++) {
    const first = start === 0 ? expected.slice() : expected.map((x, i) => x + settings.reach[i % d] * random.normal());
    for (let i = 0; i < n * d; i++) first[i] = Math.min(high[i % d], Math.max(low[i % d], first[i]));
    const found = await levenbergMarquardt(
      { session, input: "x", values: "values", jacobian: "jacobian" },
      { n, d, k, start: first, targets, weights, priorMean: expected, priorPrecision: precision, low, high, huber: settings.huber },
      { iterations: settings.iterations, tolerance: 1e-6 },
    );
    solutions.push({ solution: found.solution, cost: found.cost });
    for (let b = 0; b < n; b++) {
      if (!(found.cost[b] < least[b])) continue;
      least[b] = found.cost[b];
      nextStates.set(found.solution.subarray(b * d, (b + 1) * d), b * d);
      let sum = 0;
      for (let i = 0; i < k; i++) sum += (weights[b * k + i] * (found.values[b * k + i] - targets[b * k + i])) ** 2;
      residual[b] = Math.sqrt(sum);
      matrix.set(found.normal.subarray(b * d * d, (b + 1) * d * d));
      for (let x = 0; x < d; x++) matrix[x * d + x] += precision[x];
      if (!cholesky(matrix, d)) {
        deviation.fill(Number.NaN, b * d, (b + 1) * d);
        continue;
      }
      for (let x = 0; x < d; x++) {
        unit.fill(0);
        unit[x] = 1;
        choleskySolve(matrix, d, unit);
        deviation[b * d + x] = averagedOut(unit[x], precision[x], settings.independence?.[x] ?? 1);
      }
    }
  }
  const ambiguous = new Uint8Array(n);
  for (const { solution, cost } of solutions) {
    for (let b = 0; b < n; b++) {
      if (!(cost[b] <= least[b] + AS_GOOD)) continue;
      let apart = false;
      for (let x = 0; x < d; x++) {
        const at = b * d + x;
        const step = Math.max(settings.reach[x], Math.abs(expected[at] - states[at]));
        apart ||= Math.abs(solution[at] - nextStates[at]) > Math.max(APART * deviation[at], STEP * step);
      }
      if (!apart) continue;
      ambiguous[b] = 1;
      for (let x = 0; x < d; x++) deviation[b * d + x] = Math.hypot(deviation[b * d + x], solution[b * d + x] - nextStates[b * d + x]);
    }
  }
  return { nextStates, residual, deviation, ambiguous };
}

/** Half a squared deviation: answers whose costs differ by less are as good as each other. */
const AS_GOOD = 2;
/** Answers so many deviations apart are two, not one that is not yet converged. */
const APART = 6;
/** And this part of an expected step: a start that has not quite arrived is no other answer. */
const STEP = 0.1;

/** √ of a posterior variance whose share from the heads, 1/variance − precision, is larger by 1/factor². */
function averagedOut(variance: number, precision: number, factor: number): number {
  return Math.sqrt(factor === 1 ? variance : 1 / (precision + Math.max(0, 1 / variance - precision) / (factor * factor)));
}

/** 1/σ_i, 0 where the head's goal is too near to the state: [n, k]. */
function headWeights(system: BellmanSystem, states: Float64Array, sigma: Float64Array, goalMask: number | undefined): Float64Array {
  const { stateSize: d, heads } = system;
  const k = heads.length;
  const n = states.length / d;
  const weights = new Float64Array(n * k);
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < k; i++) {
      const { goal } = heads[i];
      let squared = 0;
      if (goal) for (let j = 0; j < goal.length; j++) squared += (goal[j] - states[b * d + j]) ** 2;
      weights[b * k + i] = goal && goalMask !== undefined && squared < goalMask * goalMask ? 0 : 1 / sigma[i];
    }
  }
  return weights;
}

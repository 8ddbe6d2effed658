import type { BellmanSystem } from "../../bellman/system.ts";
import { wrapAngle } from "../../environments/coordinates.ts";
import { cholesky, choleskySolve } from "../../numbers/dense.ts";
import { median } from "../../numbers/statistics.ts";
import type { Space } from "../../spaces/space.ts";
import { type ExpectedSteps, expectedStates, fitExpectedSteps } from "../../world-model/expected-steps.ts";
import { type PointwiseSettings, solvePointwise } from "../../world-model/pointwise.ts";
import type { Equations } from "../samples.ts";
import { headShare } from "./amortised.ts";

const ROUNDS = 6;
const PAIRS = 400;
/** A residual below this part of "nothing moves" is the rounding of float32 networks. */
const LEAST = 1e-3;

/**
 * How large the heads' errors and the steps are, from the equations alone: expectation maximisation of the variance components of a linear Gaussian model
 * (Dempster, Laird and Rubin 1977), linearised at each answer with posterior covariance Σ = (N + P)⁻¹:
 *     reach_j² ← mean[(ŝ'_j − s_j)² + Σ_jj],   σ² ← σ² · mean[Σ_i (r_i/σ_i)² + tr(NΣ)] / (number of questions)
 * With fewer heads than directions the trace keeps σ from falling: residuals that were fitted away are no evidence.
 * @param sigma [k] first guess; heads keep their proportions
 */
export async function calibratePointwise(
  system: BellmanSystem,
  actionSpace: Space,
  equations: Equations,
  sigma: Float64Array,
  settings: PointwiseSettings,
): Promise<{
  readonly sigma: Float64Array;
  readonly reach: readonly number[];
  readonly expected?: ExpectedSteps;
  readonly independence: number[];
  /** More starts and steps where heads are nearly exact: a wrong branch costs most there. */
  readonly starts?: number;
  readonly iterations?: number;
}> {
  const { stateSize: d } = system;
  const { states, targets, n } = equations;
  const pairs = Math.min(PAIRS, n);
  const few = states.subarray(0, pairs * d);
  const fewTargets = targets.subarray(0, pairs * sigma.length);
  const questions = headShare(system, equations).reduce((sum, share) => sum + 1 / (share * share), 0);
  // what training measured on transitions it held out is better evidence than what the equations leave
  const told = system.heads.every((head) => head.residual !== undefined);
  const exact = told ? undefined : await nearlyExact(system, actionSpace, equations, sigma, questions, settings);
  if (exact) return exact;
  let scale = 1;
  let reach = settings.reach.slice();
  for (let round = 0; round < ROUNDS; round++) {
    const whitening = sigma.map((x) => scale * x);
    const found = await solvePointwise(system, few, fewTargets, whitening, { ...settings, reach, starts: 1 });
    let misfit = 0;
    const moved = new Float64Array(d);
    for (let b = 0; b < pairs; b++) {
      misfit += found.residual[b] ** 2 + d;
      for (let j = 0; j < d; j++) {
        const spread = found.deviation[b * d + j] ** 2;
        misfit -= spread / reach[j] ** 2;
        const step = found.nextStates[b * d + j] - few[b * d + j];
        moved[j] += (system.coordinates.angular[j] ? Math.atan2(Math.sin(step), Math.cos(step)) : step) ** 2 + spread;
      }
    }
    if (!told) scale = Math.max(LEAST, scale * Math.sqrt(misfit / (pairs * questions)));
    reach = Array.from(moved, (sum) => Math.sqrt(sum / pairs));
  }
  const final = sigma.map((x) => scale * x);
  return { sigma: final, reach, independence: await independenceOf(system, few, fewTargets, final, { ...settings, reach, starts: 1 }) };
}

/** First guess of nearly exact heads' errors, and the most that they may turn out to be, against the first scale (a part of "nothing moves"). */
const EXACT = { first: 0.01, most: 0.15, rounds: 2, starts: 4, iterations: 60 };
/** Deviations of the prior in deviations of the middle of what a linear map leaves over. */
const ROOM = 3;

/**
 * Whether the heads agree so well that their errors are told by what a free solution leaves: with more heads than directions
 *     σ² ← σ² · median[Σ_i (r_i/σ_i)²] / (questions · (1 − d/k)),
 * under a wide prior, so that no pair is held back. Expectation maximisation from a large σ stays there: it takes the trace for evidence.
 * @returns undefined where the heads do not agree so well
 */
async function nearlyExact(
  system: BellmanSystem,
  actionSpace: Space,
  { states, actions, targets, centre, scale: spread, n }: Equations,
  sigma: Float64Array,
  questions: number,
  settings: PointwiseSettings,
) {
  const { stateSize: d } = system;
  const k = sigma.length;
  if (k <= d) return undefined;
  const pairs = Math.min(PAIRS, n);
  const few = states.subarray(0, pairs * d);
  const fewTargets = targets.subarray(0, pairs * k);
  const { starts, iterations } = EXACT;
  const free: PointwiseSettings = { ...settings, reach: Array.from(spread), huber: Infinity, starts, iterations };
  const asked = { states: few, actions: actions.subarray(0, (actions.length / n) * pairs), centre, scale: spread };
  let scale = EXACT.first;
  let expected: ExpectedSteps | undefined;
  let reach: readonly number[] = Array.from(spread);
  for (let round = 0; round < EXACT.rounds; round++) {
    const whitening = sigma.map((x) => scale * x);
    const mean = expected && expectedStates(expected, system.coordinates, actionSpace, few, asked.actions);
    const { residual, nextStates } = await solvePointwise(system, few, fewTargets, whitening, { ...free, reach }, mean);
    const left = median(residual.map((x) => (Number.isNaN(x) ? Infinity : x * x)));
    scale = Math.max(LEAST, scale * Math.sqrt(left / (questions * (1 - d / k))));
    if (!(scale <= EXACT.most)) return undefined;
    const steps = nextStates.map((x, i) => {
      const step = x - few[i];
      return system.coordinates.angular[i % d] ? wrapAngle(step) : step;
    });
    const fit = fitExpectedSteps(system.coordinates, actionSpace, asked, steps);
    expected = fit.expected;
    // a normal deviation by the middle size; worlds that are no linear map need room beyond it
    reach = fit.left.map((x, j) => Math.max(ROOM * 1.4826 * x, LEAST * spread[j]));
  }
  return { sigma: sigma.map((x) => scale * x), reach, expected, independence: new Array<number>(d).fill(1), starts, iterations };
}

/** With fewer heads a direction than this their residuals are mostly fitted away and tell nothing of how they err together. */
const HEADS_A_DIRECTION = 4;

/**
 * [d] √ of Σ_b diag(A⁻¹ JᵀC J A⁻¹ + A⁻¹ P A⁻¹) over Σ_b diag A⁻¹, A = JᵀJ + P with J whitened and P the prior: C is the whitened covariance of the heads' residuals
 * at the answers, correlated as they were found, as large as training measured or as found (White 1980). Heads of one critic are whitened as if they erred as one; where they do not, answers are better than that.
 */
async function independenceOf(
  system: BellmanSystem,
  states: Float64Array,
  targets: Float64Array,
  sigma: Float64Array,
  settings: PointwiseSettings,
): Promise<number[]> {
  const d = system.stateSize;
  const k = sigma.length;
  const n = states.length / d;
  if (k < HEADS_A_DIRECTION * d || n <= k) return new Array<number>(d).fill(1);
  const { nextStates } = await solvePointwise(system, states, targets, sigma, settings);
  const { values, jacobian } = await system.linearise(nextStates);
  const residual = new Float64Array(n * k);
  const square = new Float64Array(k);
  for (let at = 0; at < n * k; at++) {
    const i = at % k;
    residual[at] = Math.max(-settings.huber, Math.min(settings.huber, (values[at] - targets[at]) / sigma[i]));
    square[i] += residual[at] ** 2 / n;
  }
  const size = square.map((found, i) => {
    const told = system.heads[i].residual;
    return told === undefined ? Math.sqrt((found * k) / (k - d)) : told / sigma[i];
  });
  const covariance = new Float64Array(k * k);
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) covariance[i * k + j] += (residual[b * k + i] * residual[b * k + j]) / n;
  }
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) covariance[i * k + j] *= (size[i] * size[j]) / (Math.sqrt(square[i] * square[j]) || 1);
  }
  const naive = new Float64Array(d);
  const robust = new Float64Array(d);
  const matrix = new Float64Array(d * d);
  const gain = new Float64Array(d);
  const reached = new Float64Array(k);
  for (let b = 0; b < n; b++) {
    const slope = (x: number, i: number) => jacobian[(x * n + b) * k + i] / sigma[i];
    matrix.fill(0);
    for (let x = 0; x < d; x++) {
      for (let y = 0; y < d; y++) for (let i = 0; i < k; i++) matrix[x * d + y] += slope(x, i) * slope(y, i);
      matrix[x * d + x] += 1 / settings.reach[x] ** 2;
    }
    if (!cholesky(matrix, d)) continue;
    for (let x = 0; x < d; x++) {
      gain.fill(0);
      gain[x] = 1;
      choleskySolve(matrix, d, gain);
      naive[x] += gain[x];
      for (let i = 0; i < k; i++) {
        reached[i] = 0;
        for (let y = 0; y < d; y++) reached[i] += slope(y, i) * gain[y];
      }
      for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) robust[x] += reached[i] * covariance[i * k + j] * reached[j];
      for (let y = 0; y < d; y++) robust[x] += (gain[y] / settings.reach[y]) ** 2;
    }
  }
  return Array.from(robust, (sum, x) => Math.sqrt(sum / naive[x]) || 1);
}

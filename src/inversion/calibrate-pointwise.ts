import type { BellmanSystem } from "../bellman/system.ts";
import { type PointwiseSettings, solvePointwise } from "../world-model/pointwise.ts";
import { headShare } from "./amortised.ts";
import type { Equations } from "./samples.ts";

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
  equations: Equations,
  sigma: Float64Array,
  settings: PointwiseSettings,
): Promise<{ readonly sigma: Float64Array; readonly reach: number[] }> {
  const { stateSize: d } = system;
  const { states, targets, n } = equations;
  const pairs = Math.min(PAIRS, n);
  const few = states.subarray(0, pairs * d);
  const fewTargets = targets.subarray(0, pairs * sigma.length);
  const questions = headShare(system, equations).reduce((sum, share) => sum + 1 / (share * share), 0);
  // what training measured on transitions it held out is better evidence than what the equations leave
  const told = system.heads.every((head) => head.residual !== undefined);
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
  return { sigma: sigma.map((x) => scale * x), reach };
}

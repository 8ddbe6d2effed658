import { type ContinuousIdentifiability, identifyContinuous } from "../identifiability/continuous.ts";
import { identifyNoise } from "../identifiability/noise.ts";
import { expectedUnderNoise } from "../world-model/expected-values.ts";
import { underNoise } from "./noise/under-noise.ts";
import type { Solved } from "./solver.ts";

/** What the critics can and cannot say of the next state around the answers of a solver. */
export async function identifySolved(solved: Solved): Promise<ContinuousIdentifiability> {
  const { system, equations, sigma, nextStates, factors, solver, signal, costRatio, disagreement, dropped } = solved;
  const { states = equations.states, targets = equations.targets } = solved;
  const { method } = solver;
  const seen = await identifyContinuous(factors ? underNoise(system, factors) : system, {
    states,
    nextStates,
    targets,
    sigma,
    signal,
    costRatio,
    method,
    kinematic: solver.method === "amortised" && solver.dynamics.settings.integrator !== "free",
    disagreement,
    dropped,
  });
  if (!factors) return seen;
  const expected = await expectedUnderNoise(system, nextStates, factors);
  const noise = await identifyNoise(system, {
    states,
    means: nextStates,
    factors,
    residuals: expected.values.map((value, at) => value - targets[at]),
    method,
    slopes: async (means, at) => (await expectedUnderNoise(system, means, at)).slopes,
  });
  const { usable, sentence, help } = seen.verdict;
  return { ...seen, noise, verdict: { usable, sentence: `${sentence} ${noise.sentence}`, help: [...help, ...noise.help] } };
}

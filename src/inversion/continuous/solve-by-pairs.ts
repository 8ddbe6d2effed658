import { confine } from "../../world-model/confine.ts";
import { expectedStates } from "../../world-model/expected-steps.ts";
import { type PointwiseSettings, solvePointwise } from "../../world-model/pointwise.ts";
import { defaults } from "../defaults.ts";
import type { Problem, Solved } from "../solver.ts";
import { firstSigma } from "./amortised.ts";
import { calibratePointwise } from "./calibrate-pointwise.ts";
import { usefulEquations } from "./solve-structured.ts";

/** Every pair by itself: damped Gauss-Newton on the whitened residuals of all heads. */
export async function solveByPairs(problem: Problem): Promise<Solved> {
  const { settings: options } = problem;
  const { critic, system, equations, dropped } = await usefulEquations(problem);
  const { states, actions, targets, here, scale } = equations;
  const { actionSpace } = critic;
  const first: PointwiseSettings = {
    reach: Array.from(scale, (x) => 0.1 * x),
    ...defaults.pointwise,
    seed: options.seed ?? 0,
    ...options.pointwise,
  };
  options.onProgress?.(0, 2, "sizing steps and errors");
  const { sigma, ...found } = await calibratePointwise(system, actionSpace, equations, firstSigma(system, equations), first);
  const settings: PointwiseSettings = { ...first, ...found, ...options.pointwise };
  const expected = settings.expected && expectedStates(settings.expected, system.coordinates, actionSpace, states, actions);
  options.onProgress?.(1, 2, "solving every pair");
  const { nextStates, residual } = await solvePointwise(system, states, targets, sigma, settings, expected);
  options.onProgress?.(2, 2, "solved");
  const k = sigma.length;
  const cost = residual.reduce((sum, r) => sum + r * r, 0);
  let nothing = 0;
  for (let i = 0; i < targets.length; i++) nothing += ((here[i] - targets[i]) / sigma[i % k]) ** 2;
  return {
    system,
    equations,
    dropped,
    solver: { method: "pointwise", settings },
    sigma,
    nextStates: confine(nextStates, system.coordinates),
    costRatio: cost / nothing,
  };
}

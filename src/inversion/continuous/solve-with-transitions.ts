import type { Problem, Solved } from "../solver.ts";
import { answersOf, dynamicsOfFit } from "./answers.ts";
import { fitWithTransitions } from "./fit-with-transitions.ts";
import { usefulEquations } from "./solve-structured.ts";

/** The structured model fitted to real transitions as well, their weight chosen by cross-validation. */
export async function solveWithTransitions(problem: Problem): Promise<Solved> {
  const { settings } = problem;
  const { system, critic, equations, dropped } = await usefulEquations(problem);
  const { actionSpace } = critic;
  const { fit, supervisedFit, chosen, supervised, held, supervisedHeld } = await fitWithTransitions(
    system,
    actionSpace,
    equations,
    settings.transitions!,
    settings,
    settings.onProgress,
  );
  const { states, actions, n, here, targets } = equations;
  const dynamics = dynamicsOfFit(system, actionSpace, equations, fit);
  const supervisedDynamics = dynamicsOfFit(system, actionSpace, equations, supervisedFit);
  const nextStates = answersOf(await dynamics.change(states, actions, n), states, system);
  const k = fit.sigma.length;
  const misfit = (values: Float32Array) =>
    values.reduce((sum, value, i) => sum + Math.min(9, ((value - targets[i]) / fit.sigma[i % k]) ** 2), 0);
  return {
    system,
    equations,
    dropped,
    solver: { method: "amortised", dynamics },
    sigma: fit.sigma,
    nextStates,
    costRatio: misfit(await system.values(nextStates)) / misfit(here),
    transitions: {
      chosen,
      supervised,
      supervisedDynamics,
      held,
      supervisedHeld,
    },
  };
}

import { networkDynamics } from "../../world-model/network-dynamics.ts";
import { withSpread } from "../../world-model/spread.ts";
import type { Problem, Solved } from "../solver.ts";
import { answersOf, disagreementOf, spreadOf } from "./answers.ts";
import { fitNetwork } from "./fit-network.ts";
import { structured, usefulEquations } from "./solve-structured.ts";

/** A network in place of the linear structure, which remains as its rival. */
export async function solveNetwork(problem: Problem): Promise<Solved> {
  const { settings: options } = problem;
  const { system, critic, equations, dropped } = await usefulEquations(problem);
  const { states, actions, n, centre, scale } = equations;
  const { actionSpace } = critic;
  // its rival: a network is trusted where the simplest structure that explains the values says much the same
  const rival = await structured(system, critic, equations, { ...options, onProgress: undefined });
  const rivalChange =
    rival.solver.method === "amortised" ? await rival.solver.dynamics.change(states, actions, n) : new Float64Array(n * system.stateSize);
  const integrator = rival.solver.method === "amortised" ? rival.solver.dynamics.settings.integrator : "free";
  const settings = { hidden: [32], integrator, ...options.network?.settings };
  const fit = await fitNetwork(
    system,
    actionSpace,
    equations,
    { ...options.network, settings, seed: options.seed ?? 0 },
    options.onProgress,
  );
  const dynamics = networkDynamics(settings, system.coordinates, actionSpace, centre, scale, fit.members);
  const change = await dynamics.change(states, actions, n);
  return {
    system,
    equations,
    dropped,
    solver: { method: "amortised", dynamics: withSpread(dynamics, spreadOf(change, [rivalChange], system.stateSize)) },
    sigma: fit.sigma,
    nextStates: answersOf(change, states, system),
    costRatio: fit.cost / fit.costOfNothing,
    disagreement: disagreementOf(change, [rivalChange], system.stateSize),
  };
}

import type { BellmanSystem } from "../../bellman/system.ts";
import type { NetworkCritic } from "../../critics/critic.ts";
import { withSpread } from "../../world-model/spread.ts";
import { type Equations, equationsAt } from "../samples.ts";
import type { ContinuousSettings, Problem, Solved } from "../solver.ts";
import { fitAmortised, type StructuredFit } from "./amortised.ts";
import { answersOf, disagreementOf, dynamicsOfFit, spreadOf } from "./answers.ts";
import { keepUseful } from "./keep-useful.ts";

/** One model for the region, linear in features. Critics that have nothing to say are left out. */
export async function solveStructured(problem: Problem): Promise<Solved> {
  const { system, critic, equations, dropped } = await usefulEquations(problem);
  return { ...(await structured(system, critic, equations, problem.settings)), dropped };
}

/** The equations of the critics that have something to say, by each one's own structured fit. */
export async function usefulEquations({ critics, settings, open }: Problem) {
  const { kept, dropped } = await keepUseful(critics, {
    open,
    solve: async (critic, system) =>
      structured(system, critic, await equationsAt(system, settings.samples), { ...settings, onProgress: undefined }),
  });
  const system = await open(kept);
  return { critic: kept, system, equations: await equationsAt(system, settings.samples), dropped };
}

/** A fit of the linear structure, with the rivals that explain the values about as well. */
export async function structured(
  system: BellmanSystem,
  { actionSpace }: NetworkCritic,
  equations: Equations,
  settings: ContinuousSettings,
): Promise<Solved> {
  const { chosen, rivals, plausible } = await fitAmortised(system, actionSpace, equations, settings, settings.onProgress);
  const { states, actions, n } = equations;
  const dynamicsOf = (fit: StructuredFit) => dynamicsOfFit(system, actionSpace, equations, fit);
  const dynamics = dynamicsOf(chosen);
  const change = await dynamics.change(states, actions, n);
  const changesOf = (fits: readonly StructuredFit[]) => Promise.all(fits.map((fit) => dynamicsOf(fit).change(states, actions, n)));
  const others = await changesOf(rivals);
  const spread = spreadOf(change, await changesOf(plausible), system.stateSize);
  return {
    system,
    equations,
    solver: { method: "amortised", dynamics: withSpread(dynamics, spread) },
    sigma: chosen.sigma,
    nextStates: answersOf(change, states, system),
    costRatio: chosen.cost / chosen.costOfNothing,
    disagreement: others.length === 0 ? undefined : disagreementOf(change, others, system.stateSize),
  };
}

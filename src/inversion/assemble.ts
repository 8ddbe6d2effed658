import type { NetworkCritic, StateValueCritic } from "../critics/critic.ts";
import type { ContinuousIdentifiability } from "../identifiability/continuous.ts";
import { type BoundScale, boundScores } from "../world-model/bounds.ts";
import { stepSizes } from "../world-model/calibrate.ts";
import type { ContinuousDefinition } from "../world-model/definition.ts";
import { modelOf } from "../world-model/model-of.ts";
import type { ContinuousWorldModel } from "../world-model/world-model.ts";
import type { CrossValidated } from "./continuous/fit-with-transitions.ts";
import { identifySolved } from "./identify-solved.ts";
import type { Equations } from "./samples.ts";
import type { ContinuousSettings, Solved } from "./solver.ts";

export interface InferredContinuous {
  readonly model: ContinuousWorldModel & { readonly definition: ContinuousDefinition };
  readonly identifiability: ContinuousIdentifiability;
  readonly equations: Equations;
  /** How the transitions were used, where there were any. */
  readonly transitions?: {
    readonly chosen: CrossValidated;
    readonly supervised: CrossValidated;
    readonly supervisedModel: ContinuousWorldModel;
  };
}

/** The model, its bounds and the verdict of what a solver found. */
export async function assemble(
  solved: Solved,
  { actionSpace, observationSpace }: Pick<NetworkCritic | StateValueCritic, "actionSpace" | "observationSpace">,
  { environment, reward, provenance = {} }: Pick<ContinuousSettings, "environment" | "reward" | "provenance">,
): Promise<InferredContinuous> {
  const { system, equations, sigma, solver } = solved;
  const identifiability = await identifySolved(solved);
  const bounds = boundScale(solved, !identifiability.verdict.usable);
  const definition: ContinuousDefinition = {
    environment,
    reward,
    actionSpace,
    observationSpace,
    system,
    sigma,
    solver,
    bounds,
    provenance,
  };
  const model = modelOf(definition);
  if (!solved.transitions) return { model, identifiability, equations };
  const { chosen, supervised, supervisedDynamics, supervisedHeld } = solved.transitions;
  const supervisedModel = modelOf({
    ...definition,
    solver: { method: "amortised", dynamics: supervisedDynamics },
    bounds: { ...bounds, scores: boundScores(supervisedHeld.errors, supervisedHeld.deviation, bounds.typical) },
  });
  return { model, identifiability, equations, transitions: { chosen, supervised, supervisedModel } };
}

/** What "nothing moves" is off by is the reach that was found pair by pair around the states, else the RMS of the answers' steps. */
function boundScale(
  { system, equations, solver, states = equations.states, nextStates, transitions }: Solved,
  refused: boolean,
): BoundScale {
  const { angular } = system.coordinates;
  const around = solver.method === "pointwise" && !solver.settings.expected ? solver.settings.reach : undefined;
  const typical = around ? Float64Array.from(around) : stepSizes(states, nextStates, angular);
  const scores = transitions ? boundScores(transitions.held.errors, transitions.held.deviation, typical) : new Float64Array(0);
  return { basis: transitions ? "transitions" : "critics", typical, refused, scores };
}

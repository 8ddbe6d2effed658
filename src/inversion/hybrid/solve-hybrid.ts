import { bellmanSystem } from "../../bellman/system.ts";
import type { NetworkCritic } from "../../critics/critic.ts";
import { sum } from "../../numbers/statistics.ts";
import { confine } from "../../world-model/confine.ts";
import type { Dynamics } from "../../world-model/dynamics.ts";
import { withSpread } from "../../world-model/spread.ts";
import type { InferContinuousOptions, Solved } from "../continuous/infer-continuous.ts";
import { MismatchError } from "../mismatch-error.ts";
import { headRms } from "../samples.ts";
import { farthest, type Hybrid, inferHybrid } from "./infer-hybrid.ts";
import { residualOf, silence, type ValueEquations } from "./value-equations.ts";

/** Residuals beyond so many of their heads' scales are of another kind. */
const BEYOND = 3;

/**
 * Hybrid dynamics of sparse-goal critics. Where there are several, the first is inverted to choose a class of models by the residual under the others,
 * and that class is fitted to all of them together.
 */
export async function hybrid(
  equations: ValueEquations,
  critics: readonly NetworkCritic[],
  options: InferContinuousOptions,
): Promise<Solved> {
  const { coordinates, rewards, samples, seed, kinematic, timeStep, onProgress } = options;
  const { actionSpace } = critics[0];
  const { features } = options;
  if (options.transitions) throw new MismatchError("transitions cannot be weighed against critics of sparse goals yet: leave them out");
  const systems = critics.length === 1 ? [] : await Promise.all(critics.map((critic) => bellmanSystem(critic, coordinates, rewards)));
  const [first, ...validators] = systems;
  const settings = { features, kinematic, timeStep, seed, onProgress };
  let found: Hybrid;
  try {
    found = await inferHybrid(first ?? equations, actionSpace, samples, { ...settings, validators });
  } finally {
    await Promise.all(systems.map((system) => system.release()));
  }
  let { dynamics } = found;
  if (first) {
    const { integrator, features: kind } = found.chosen;
    const { spread } = found;
    const alone = dynamics;
    found = await inferHybrid(equations, actionSpace, samples, { ...settings, integrator, features: kind });
    const answer = async (by: Dynamics) => {
      const moved = await by.change(samples.states, samples.actions, samples.n);
      return confine(
        moved.map((x, i) => x + samples.states[i]),
        coordinates,
      );
    };
    // what one critic says by itself is a rival of what all say together
    const apart = farthest(await answer(found.dynamics), [await answer(alone)], equations);
    dynamics = withSpread(
      found.dynamics,
      apart.map((x, j) => Math.max(x, spread[j])),
    );
  }
  const change = await dynamics.change(samples.states, samples.actions, samples.n);
  const nextStates = confine(
    change.map((x, i) => x + samples.states[i]),
    coordinates,
  );
  const targets = await equations.targets(samples.states, samples.actions);
  const values = await equations.values(nextStates);
  const { silent } = silence(equations);
  const k = silent.length;
  const residuals = targets.map((y, at) => (y > silent[at % k] ? 0 : values[at] - y));
  const sigma = headRms(residuals, k).map((x) => x || 1e-12);
  const [left, nothing] = await Promise.all([nextStates, samples.states].map((answer) => residualOf(equations, answer, targets)));
  return {
    solver: { method: "amortised", dynamics },
    sigma,
    nextStates,
    // evidence: silent equations agree with the answer, and steps over the edge of a goal are no measure of a critic's error
    targets: targets.map((_, at) => values[at] - Math.max(-BEYOND * sigma[at % k], Math.min(BEYOND * sigma[at % k], residuals[at]))),
    costRatio: (sum(left) / sum(nothing)) ** 2,
  };
}

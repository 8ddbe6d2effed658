import type { BellmanSystem } from "../../bellman/system.ts";
import { stack } from "../../critics/stack.ts";
import { sum } from "../../numbers/statistics.ts";
import type { Dynamics } from "../../world-model/dynamics.ts";
import { withSpread } from "../../world-model/spread.ts";
import { answersOf } from "../continuous/answers.ts";
import { equationsAt, headRms } from "../samples.ts";
import type { Problem, Solved } from "../solver.ts";
import { farthest, inferHybrid } from "./infer-hybrid.ts";
import { residualOf, silence } from "./value-equations.ts";

/** Residuals beyond so many of their heads' scales are of another kind. */
const BEYOND = 3;

/**
 * Hybrid dynamics of sparse-goal critics. Where there are several, the first is inverted to choose a class of models by the residual under the others,
 * and that class is fitted to all of them together.
 */
export async function solveHybrid({ critics, settings: options, open }: Problem): Promise<Solved> {
  const { samples, seed, kinematic, timeStep, features, onProgress } = options;
  const { actionSpace } = critics[0];
  const system = await open(critics.length === 1 ? critics[0] : stack(critics));
  const equations = await equationsAt(system, samples);
  const systems: BellmanSystem[] = [];
  if (critics.length > 1) for (const critic of critics) systems.push(await open(critic));
  const [first, ...validators] = systems;
  const settings = { features, kinematic, timeStep, seed, onProgress };
  let found = await inferHybrid(first ?? system, actionSpace, samples, { ...settings, validators });
  await Promise.all(systems.map((other) => other.release()));
  let { dynamics } = found;
  if (first) {
    const { integrator, features: kind } = found.chosen;
    const { spread } = found;
    const alone = dynamics;
    found = await inferHybrid(system, actionSpace, samples, { ...settings, integrator, features: kind });
    const answer = async (by: Dynamics) => {
      return answersOf(await by.change(samples.states, samples.actions, samples.n), samples.states, system);
    };
    // what one critic says by itself is a rival of what all say together
    const apart = farthest(await answer(found.dynamics), [await answer(alone)], system);
    dynamics = withSpread(
      found.dynamics,
      apart.map((x, j) => Math.max(x, spread[j])),
    );
  }
  const nextStates = answersOf(await dynamics.change(samples.states, samples.actions, samples.n), samples.states, system);
  const { targets } = equations;
  const values = await system.values(nextStates);
  const { silent } = silence(system);
  const k = silent.length;
  const residuals = targets.map((y, at) => (y > silent[at % k] ? 0 : values[at] - y));
  const sigma = headRms(residuals, k).map((x) => x || 1e-12);
  const [left, nothing] = await Promise.all([nextStates, samples.states].map((answer) => residualOf(system, answer, targets)));
  return {
    system,
    equations,
    solver: { method: "amortised", dynamics },
    sigma,
    nextStates,
    // evidence: silent equations agree with the answer, and steps over the edge of a goal are no measure of a critic's error
    targets: targets.map((_, at) => values[at] - Math.max(-BEYOND * sigma[at % k], Math.min(BEYOND * sigma[at % k], residuals[at]))),
    costRatio: (sum(left) / sum(nothing)) ** 2,
  };
}

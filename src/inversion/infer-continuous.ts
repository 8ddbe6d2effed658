import { type BellmanSystem, bellmanSystem } from "../bellman/system.ts";
import type { NetworkCritic, StateValueCritic } from "../critics/critic.ts";
import { assemble, type InferredContinuous } from "./assemble.ts";
import type { ContinuousSettings, Solved } from "./solver.ts";
import { continuousSolver } from "./solvers.ts";

/**
 * A dynamics model from critics of one environment, by the first solver of the table that applies to them. Next states are never used.
 * Whatever happens, no session stays open but those that the model releases.
 */
export async function inferContinuous(
  critics: readonly NetworkCritic[],
  settings: ContinuousSettings,
  stateValues: readonly StateValueCritic[] = [],
): Promise<InferredContinuous> {
  const opened: BellmanSystem[] = [];
  let solved: Solved | undefined;
  let inferred: InferredContinuous | undefined;
  try {
    solved = await continuousSolver(critics, stateValues, settings).solve({
      critics,
      stateValues,
      settings,
      async open(critic) {
        const system = await bellmanSystem(critic, settings.coordinates, settings.rewards);
        opened.push(system);
        return system;
      },
    });
    inferred = await assemble(solved, critics[0] ?? stateValues[0], settings);
    return inferred;
  } finally {
    await Promise.all(opened.filter((system) => !inferred || system !== solved?.system).map((system) => system.release()));
    if (!inferred && solved?.solver.method === "amortised") await solved.solver.dynamics.release?.();
  }
}

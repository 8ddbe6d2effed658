import type { Environment } from "./environment.ts";
import { moves } from "./grid-world.ts";
import { flag } from "./options.ts";
import { clampedMove, rectangleGrid } from "./rectangle.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { buildTables } from "./tables.ts";
import { tablesEnvironment } from "./tables-environment.ts";

const rows = 4;
const columns = 12;
const start = 36;
const goal = 47;

export interface CliffWalkingOptions {
  readonly is_slippery?: boolean;
  readonly maxEpisodeSteps?: number;
}

/**
 * # CliffWalking-v1
 * Walk along a cliff from the lower left to the lower right corner of a 4×12 grid (Sutton and Barto, "Reinforcement Learning", example 6.6).
 *
 * ## Action space
 * Discrete(4): up, right, down, left. With `is_slippery`, the move asked for and the two sideways ones have ⅓ each.
 *
 * ## Observation space
 * Discrete(48): row · 12 + column.
 *
 * ## Rewards
 * −1 for every step, −100 for one over the cliff, which leads back to the start.
 *
 * ## Starting state
 * 36, the lower left corner.
 *
 * ## Episode end
 * Terminated in 47, the lower right corner; no limit of steps.
 *
 * ## Arguments
 * `is_slippery` (false), `maxEpisodeSteps` (no limit).
 */
export function cliffWalking({ is_slippery = false, maxEpisodeSteps }: CliffWalkingOptions = {}): Environment {
  const tables = buildTables(rows * columns, 4, start, (s, a, add) => {
    const taken = is_slippery ? [(a + 3) % 4, a, (a + 1) % 4] : [a];
    for (const b of taken) {
      const next = clampedMove(rows, columns, s, moves[b][0], moves[b][1]);
      if (next > start && next < goal) add(start, 1 / taken.length, -100, false);
      else add(next, 1 / taken.length, -1, next === goal);
    }
  });
  return tablesEnvironment("CliffWalking-v1", tables, { horizon: maxEpisodeSteps, grid: rectangleGrid(rows, columns) });
}

export const cliffWalkingRegistration = {
  ids: ["CliffWalking-v1"],
  options: { is_slippery: flag },
  build: (options: CliffWalkingOptions) => cliffWalking(options),
} as const satisfies EnvironmentRegistration<CliffWalkingOptions>;

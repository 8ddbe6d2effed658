import { defineConfig } from "vitest/config";

/** Far above what any test takes on a quiet machine: a busy machine fails no test, a test that hangs still ends. */
const TIMEOUT = 20 * 60_000;

/** What both kinds of runs share: sources instead of dist, one process a file. */
export const common = {
  resolve: { conditions: ["vinverse-source"] },
  ssr: { resolve: { conditions: ["vinverse-source"] } },
};

export const testing = { testTimeout: TIMEOUT, hookTimeout: TIMEOUT, teardownTimeout: TIMEOUT, pool: "forks", maxWorkers: 2 } as const;

/** `npm test`: at most 150 s on two cores. What takes longer stands under test/slow. */
export default defineConfig({
  ...common,
  test: { ...testing, include: ["test/**/*.test.ts"], exclude: ["test/slow/**"] },
});

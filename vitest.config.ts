import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["vinverse-source"] },
  ssr: { resolve: { conditions: ["vinverse-source"] } },
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000, pool: "forks", maxWorkers: 2 },
});

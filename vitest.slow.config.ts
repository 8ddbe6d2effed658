import { defineConfig } from "vitest/config";
import { common, testing } from "./vitest.config.ts";

/** `npm run test:slow`: whole paths, kills, long fuzzing, long reproductions; at most 25 minutes on two cores. */
export default defineConfig({ ...common, test: { ...testing, include: ["test/slow/**/*.test.ts"] } });

import { defineConfig } from "vitest/config";
import { judges } from "./scripts/mutants/files.ts";
import { common, testing } from "./vitest.config.ts";

/** What `npm run mutants` runs for every mutant. */
export default defineConfig({ ...common, test: { ...testing, include: judges.map((file) => `test/${file}`) } });

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

/**
 * A checker of Stryker's that lets a seeded sample of the mutants pass and takes the others out of the run as "compile errors", which
 * count neither as killed nor as survived. A mutant's lot is the hash of the seed and of what it is, so that the same seed draws the same
 * mutants again, whatever is changed in other files.
 *
 * Stryker asks one process to group all mutants, and any of them to check them: the sample goes by a file.
 */
class SampleChecker {
  file = process.env.VINVERSE_MUTANTS_FILE;
  size = Number(process.env.VINVERSE_MUTANTS_SAMPLE);
  seed = process.env.VINVERSE_MUTANTS_SEED;

  async init() {}

  async group(mutants) {
    const lots = mutants.map((mutant) => ({ id: mutant.id, lot: lotOf(this.seed, mutant) })).sort((a, b) => (a.lot < b.lot ? -1 : 1));
    writeFileSync(this.file, JSON.stringify({ of: mutants.length, ids: lots.slice(0, this.size).map(({ id }) => id) }));
    return [mutants.map(({ id }) => id)];
  }

  async check(mutants) {
    const drawn = new Set(JSON.parse(readFileSync(this.file, "utf8")).ids);
    const result = (id) => (drawn.has(id) ? { status: "passed" } : { status: "compileError", reason: "not in the sample" });
    return Object.fromEntries(mutants.map(({ id }) => [id, result(id)]));
  }
}

function lotOf(seed, { fileName, location, mutatorName, replacement }) {
  const name = fileName.slice(fileName.lastIndexOf("/src/"));
  return createHash("sha256")
    .update(JSON.stringify([seed, name, location, mutatorName, replacement]))
    .digest("hex");
}

export const strykerPlugins = [{ kind: "Checker", name: "sample", injectableClass: SampleChecker }];

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * What a script of bench/peers prints, run on one thread by the first Python that can: VINVERSE_PYTHON, the one on the path, the system's.
 * Undefined where the script is not at hand (a package without the benchmarks) or no Python has what it imports.
 */
export function pythonPeer<Answer>(name: string, args: readonly string[], input?: string): Answer | undefined {
  const script = fileURLToPath(new URL(`../../../bench/peers/${name}`, import.meta.url));
  if (!existsSync(script)) return undefined;
  const env = { ...process.env, OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
  for (const python of [process.env.VINVERSE_PYTHON, "python3", "/usr/bin/python3"]) {
    if (!python) continue;
    const { status, stdout } = spawnSync(python, [script, ...args], { input, env, encoding: "utf8", maxBuffer: 1 << 26, timeout: 600_000 });
    if (status === 0) return JSON.parse(stdout) as Answer;
  }
  return undefined;
}

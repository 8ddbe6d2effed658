import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { openRuntime } from "#runtime";
import { compile, Graph, matmul } from "../../engine/index.ts";
import { loadMujoco } from "../../environments/arm/mujoco.ts";

/** How the machine is asked. A test answers in its place. */
export interface Probes {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  /** Which build of ONNX Runtime runs. */
  runtime(): Promise<"native" | "wasm">;
  /** Its speed on a product of 1024 × 256 by 256 × 256, in billions of floating-point operations a second. */
  speed(): Promise<number>;
  mujoco(): Promise<string>;
  /** Version of an installed package of npm. */
  npmPackage(name: string): string | undefined;
  /** What a program prints, where it is there and ends well. */
  program(name: string, words: readonly string[]): string | undefined;
}

const PATIENCE_MILLISECONDS = 20_000;
const [ROWS, WIDTH, ROUNDS] = [1024, 256, 20];

export const machine: Probes = {
  node: process.versions.node,
  platform: `${process.platform} ${process.arch}`,
  cores: availableParallelism(),
  memoryGigabytes: totalmem() / 2 ** 30,
  runtime: async () => (await openRuntime()).name,
  async speed() {
    const graph = new Graph();
    const x = graph.input("x", ["N", WIDTH]);
    graph.output("y", matmul(x, graph.constant(new Float64Array(WIDTH * WIDTH).fill(1 / WIDTH), [WIDTH, WIDTH])));
    const session = await compile(graph);
    const feeds = { x: new Float32Array(ROWS * WIDTH).fill(1) };
    let fastest = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const begun = performance.now();
      await session.run(feeds);
      fastest = Math.min(fastest, performance.now() - begun);
    }
    await session.release();
    return (2 * ROWS * WIDTH * WIDTH) / (fastest * 1e6);
  },
  mujoco: async () => (await loadMujoco()).mj_versionString(),
  npmPackage(name) {
    for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
      try {
        return (JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")) as { version: string }).version;
      } catch {
        // not in this folder: the next one out is asked
      }
    }
    return undefined;
  },
  program(name, words) {
    const { status, stdout } = spawnSync(name, words, {
      encoding: "utf8",
      timeout: PATIENCE_MILLISECONDS,
      // not the working folder, whose files Python would take for modules
      cwd: dirname(process.execPath),
      stdio: ["ignore", "pipe", "ignore"],
    });
    return status === 0 ? stdout.trim() : undefined;
  },
};

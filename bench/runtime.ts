import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "../src/numbers/statistics.ts";
import { pack, project, quiet, remove, run, size } from "../test/slow/package/installed.ts";
import { type Bench, summarise } from "./bench.ts";

const ROUNDS = 3;
const CRITIC = fileURLToPath(new URL("../zoo/Pendulum-v1-sac", import.meta.url));
const SCRIPT = fileURLToPath(new URL("./runtime-once.ts", import.meta.url));

interface Once {
  readonly seconds: number;
  readonly error: number;
  readonly sentence: string;
  readonly nextStates: readonly number[];
}

/** The WebAssembly build against the native one on the same inference, in fresh processes in turn; and what an installation without the native one weighs. */
export const runtime: Bench = async ({ seeds, log }) => {
  const begun = performance.now();
  const installedMegabytesWithoutNative = weigh();
  log(`installed without the native runtime: ${installedMegabytesWithoutNative.toFixed(1)} MB`);
  const details: Record<string, unknown> = { rounds: ROUNDS, cpu: cpus()[0]?.model, cores: cpus().length };
  const runs = seeds.map((seed) => {
    const seconds: Record<"native" | "wasm", number[]> = { native: [], wasm: [] };
    let last: Record<"native" | "wasm", Once> | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      last = { native: once("native", seed), wasm: once("wasm", seed) };
      seconds.native.push(last.native.seconds);
      seconds.wasm.push(last.wasm.seconds);
      log(`seed ${seed}: native ${last.native.seconds.toFixed(2)} s, WebAssembly ${last.wasm.seconds.toFixed(2)} s`);
    }
    const { native, wasm } = last!;
    return {
      wasmOverNative: median(seconds.wasm.map((taken, i) => taken / seconds.native[i])),
      installedMegabytesWithoutNative,
      sameVerdict: native.sentence === wasm.sentence ? 1 : 0,
      largestDifference: Math.max(...native.nextStates.map((x, i) => Math.abs(x - wasm.nextStates[i]))),
      nativeSeconds: median(seconds.native),
      wasmSeconds: median(seconds.wasm),
    };
  });
  return { name: "runtime", ...summarise(runs), seeds, seconds: (performance.now() - begun) / 1000, details };
};

function once(name: "native" | "wasm", seed: number): Once {
  const words = ["--conditions=vinverse-source", "--import", "tsx", SCRIPT, CRITIC, String(seed)];
  const env = { ...process.env, VINVERSE_RUNTIME: name };
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`the inference by the runtime '${name}' failed: ${stderr}`);
  return JSON.parse(stdout) as Once;
}

function weigh(): number {
  const { folder, tarball } = pack();
  try {
    const place = project(folder, "weighed");
    const { code, err } = run(place, "npm", ["install", tarball, "--ignore-scripts", ...quiet]);
    if (code !== 0) throw new Error(`npm install of the packed tarball failed: ${err}`);
    remove(join(place, "node_modules/onnxruntime-node"));
    return size(join(place, "node_modules"));
  } finally {
    remove(folder);
  }
}

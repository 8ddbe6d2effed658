import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";
import { VinverseError } from "../../base/error.ts";
import { openNative } from "./native.ts";
import type { Runtime } from "./runtime.ts";
import { type OrtModule, wasmRuntime } from "./wasm.ts";

/** Threads that can run at once on this machine. */
export const cores = availableParallelism();

/** How to get the native build: its install script downloads parts for graphics cards, which this program does not use. */
export const INSTALL_NATIVE =
  "npm install onnxruntime-node, with ONNXRUNTIME_NODE_INSTALL=skip in the environment where downloads are closed";

let chosen: Promise<Runtime> | undefined;

/**
 * The runtime, opened with the first session: a program that runs none starts without it. The environment variable VINVERSE_RUNTIME says
 * which (`native` or `wasm`); where it is not set, the native build where it loads, else the WebAssembly build, with a note on stderr.
 * @throws VinverseError for another value, or where the native build was asked for and does not load
 */
export function openRuntime(): Promise<Runtime> {
  chosen ??= choose(process.env.VINVERSE_RUNTIME ?? "", openNative, openWasm, (note) => console.error(note));
  return chosen;
}

/** The choice itself, with its ways and its voice given. */
export async function choose(
  wish: string,
  native: () => Promise<Runtime>,
  wasm: () => Promise<Runtime>,
  say: (note: string) => void,
): Promise<Runtime> {
  const field = "VINVERSE_RUNTIME";
  if (wish !== "" && wish !== "native" && wish !== "wasm")
    throw new VinverseError("OPTION", `${field} is '${wish}': set it to 'native' or 'wasm', or not at all`, { field, fix: "native, wasm" });
  if (wish === "wasm") return wasm();
  try {
    return await native();
  } catch (error) {
    const reason = whyNot(error);
    if (wish === "native") {
      const fix = INSTALL_NATIVE;
      throw new VinverseError("OPTION", `${field} is 'native', but ${reason}: ${fix}`, { field, fix, cause: error });
    }
    say(`vinverse: ${reason}, so ONNX Runtime's slower WebAssembly build runs. For the fast one: ${INSTALL_NATIVE}.`);
    return wasm();
  }
}

function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return "onnxruntime-node is not installed";
  return `onnxruntime-node does not load (${message.split("\n")[0]})`;
}

const MODULE = "ort-wasm-simd-threaded.mjs";

/** The two files of the WebAssembly build lie beside this one in the package, and in onnxruntime-web where it runs from source. */
function wasmFile(): URL {
  const shipped = new URL(`./onnxruntime/${MODULE}`, import.meta.url);
  return existsSync(fileURLToPath(shipped)) ? shipped : pathToFileURL(createRequire(import.meta.url).resolve(`onnxruntime-web/${MODULE}`));
}

/** The WebAssembly build, on all threads of this machine. */
export async function openWasm(): Promise<Runtime> {
  const worker = Object.getOwnPropertyDescriptor(globalThis, "Worker");
  const { default: instantiate } = (await import(wasmFile().href)) as { default: (settings: object) => Promise<OrtModule> };
  const ort = await instantiate({ numThreads: cores });
  // in Node the module defines a global Worker, by which other libraries take the program for a page
  if (worker) Object.defineProperty(globalThis, "Worker", worker);
  else Reflect.deleteProperty(globalThis, "Worker");
  return wasmRuntime(ort, cores);
}

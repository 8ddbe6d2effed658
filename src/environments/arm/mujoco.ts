import type { MainModule } from "mujoco-js";
import { EnvironmentError } from "../errors.ts";

let loading: Promise<MainModule> | undefined;
let loaded: MainModule | undefined;

/**
 * Load the physics engine MuJoCo (WebAssembly, 11 MB), once. It starts asynchronously and cannot be had otherwise;
 * nothing of it is read before this is called.
 */
export async function loadMujoco(): Promise<MainModule> {
  loading ??= import("mujoco-js").then(({ default: instantiate }) => instantiate());
  try {
    loaded = await loading;
  } catch (error) {
    loading = undefined;
    throw new EnvironmentError(`MuJoCo does not start (${error instanceof Error ? error.message : String(error)}); install mujoco-js`);
  }
  return loaded;
}

/** MuJoCo where it has been loaded. */
export function mujocoFor(id: string): MainModule {
  if (!loaded)
    throw new EnvironmentError(`${id} runs in MuJoCo, which is not loaded yet: call \`await prepare("${id}")\` before it is made`);
  return loaded;
}

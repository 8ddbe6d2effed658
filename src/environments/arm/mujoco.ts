import { EnvironmentError } from "../errors.ts";

/** What is used of a model of MuJoCo. */
export interface MjModel {
  delete(): void;
}

/** What is used of a state of MuJoCo: views of its memory, which is theirs until it grows. */
export interface MjData {
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly qacc_warmstart: Float64Array;
  readonly ctrl: Float64Array;
  readonly site_xpos: Float64Array;
  delete(): void;
}

/** What is used of MuJoCo. */
export interface Mujoco {
  readonly MjModel: { from_xml_string(xml: string): MjModel };
  readonly MjData: new (model: MjModel) => MjData;
  mj_versionString(): string;
  mj_step(model: MjModel, data: MjData): void;
  mj_kinematics(model: MjModel, data: MjData): void;
}

/** An optional dependency: a name in a variable, so that neither the compiler nor a bundler insists on it. */
const PACKAGE: string = "@mujoco/mujoco";

let loading: Promise<Mujoco> | undefined;
let loaded: Mujoco | undefined;

/**
 * Load the physics engine MuJoCo (DeepMind's WebAssembly build, 10 MB), once. It starts asynchronously and cannot be had otherwise;
 * nothing of it is read before this is called.
 * @throws EnvironmentError where it is not installed or does not start
 */
export async function loadMujoco(): Promise<Mujoco> {
  loading ??= import(PACKAGE).then(({ default: instantiate }: { default: () => Promise<Mujoco> }) => instantiate());
  try {
    loaded = await loading;
  } catch (error) {
    loading = undefined;
    const missing = (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    const reason = missing ? "is not installed" : `does not start (${error instanceof Error ? error.message : String(error)})`;
    throw new EnvironmentError(`the physics engine MuJoCo ${reason}: npm install ${PACKAGE}`);
  }
  return loaded;
}

/** MuJoCo where it has been loaded. */
export function mujocoFor(id: string): Mujoco {
  if (!loaded)
    throw new EnvironmentError(`${id} runs in MuJoCo, which is not loaded yet: call \`await prepare("${id}")\` before it is made`);
  return loaded;
}

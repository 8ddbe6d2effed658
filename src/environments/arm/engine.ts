import { clamp } from "../../numbers/statistics.ts";
import { gripPosition, jointsFor } from "./kinematics.ts";
import { type ArmWorld, actuatorCount, armModel, fingerReach, jointCount, joints, substeps, timestep, workspace } from "./model.ts";
import { type MjData, type MjModel, type Mujoco, mujocoFor } from "./mujoco.ts";

/** Metres that an action of 1 moves the target. */
export const stride = 0.02;
/** Radians that an action of 1 turns the hand, and how far it may turn either way. */
export const turnStride = 0.2;
const turnLimit = Math.PI / 2;

/** qpos and qvel of a world; MuJoCo's warm start has the length of qvel. */
export function sizes(world: ArmWorld): { readonly positions: number; readonly velocities: number } {
  return world.cubeMass === undefined ? { positions: 7, velocities: 7 } : { positions: 14, velocities: 13 };
}

interface Engine {
  readonly mujoco: Mujoco;
  readonly model: MjModel;
  readonly data: MjData;
  qpos: Float64Array;
  qvel: Float64Array;
  warmStart: Float64Array;
  ctrl: Float64Array;
}

/**
 * Engines by their world, the one used last at the end. An engine holds nothing between two calls, so that all environments of a world share
 * one; those beyond the limit are deleted, since WebAssembly's memory is not collected.
 */
const engines = new Map<string, Engine>();
const engineLimit = 4;

function engineFor(id: string, world: ArmWorld): Engine {
  const key = `${world.cubeMass} ${world.jointStrength.join(" ")}`;
  let engine = engines.get(key);
  if (engine) engines.delete(key);
  else {
    for (const [oldest, { data, model }] of engines) {
      if (engines.size < engineLimit) break;
      engines.delete(oldest);
      data.delete();
      model.delete();
    }
    engine = start(mujocoFor(id), world);
  }
  engines.set(key, engine);
  // memory that has grown detaches every view that was taken before
  if (engine.qpos.length === 0) takeViews(engine);
  return engine;
}

function start(mujoco: Mujoco, world: ArmWorld): Engine {
  const model = mujoco.MjModel.from_xml_string(armModel(world));
  const data = new mujoco.MjData(model);
  const none = new Float64Array(0);
  return { mujoco, model, data, qpos: none, qvel: none, warmStart: none, ctrl: none };
}

function takeViews(engine: Engine): void {
  engine.qpos = engine.data.qpos;
  engine.qvel = engine.data.qvel;
  engine.warmStart = engine.data.qacc_warmstart;
  engine.ctrl = engine.data.ctrl;
}

const from = new Float64Array(jointCount);
const towards = new Float64Array(jointCount);
const grip = new Float64Array(3);

/**
 * One control step of each of n states in place. A state begins with qpos, qvel and the solver's warm start: MuJoCo's next state is a function
 * of these and the controls, which are written anew before each of its steps (time enters no law), so that futures are bit-identical.
 * The grip is led in a straight line of the joints from where it is to where the action wants it, with the damping fed forward.
 * @param states [n, width] @param actions [n, actionWidth]: x, y, z in strides, then the opening from −1 to 1
 *   (without one the fingers stay), then the turn of the hand in strides (without one the fingers point along y)
 */
export function advance(
  id: string,
  world: ArmWorld,
  states: Float64Array,
  width: number,
  actions: Float64Array,
  actionWidth: number,
  n: number,
): void {
  const engine = engineFor(id, world);
  const { mujoco, model, data, qpos, qvel, warmStart, ctrl } = engine;
  const positions = qpos.length;
  const velocities = qvel.length;
  for (let i = 0; i < n; i++) {
    const s = i * width;
    const a = i * actionWidth;
    for (let k = 0; k < positions; k++) qpos[k] = states[s + k];
    for (let k = 0; k < velocities; k++) qvel[k] = states[s + positions + k];
    for (let k = 0; k < velocities; k++) warmStart[k] = states[s + positions + velocities + k];

    gripPosition(qpos, 0, grip, 0);
    for (let k = 0; k < 3; k++) grip[k] = clamp(grip[k] + stride * clamp(actions[a + k], -1, 1), workspace.low[k], workspace.high[k]);
    jointsFor(grip[0], grip[1], grip[2], towards, 0);
    if (actionWidth > 4) towards[4] += clamp(qpos[0] + qpos[4] + turnStride * clamp(actions[a + 4], -1, 1), -turnLimit, turnLimit);
    for (let k = 0; k < jointCount; k++) from[k] = qpos[k];
    const opening = actionWidth > 3 ? (fingerReach / 2) * (clamp(actions[a + 3], -1, 1) + 1) : restOpening;
    for (let k = jointCount; k < actuatorCount; k++) ctrl[k] = opening;
    for (let t = 1; t <= substeps; t++) {
      for (let k = 0; k < jointCount; k++) {
        const way = towards[k] - from[k];
        ctrl[k] = from[k] + way * (t / substeps + joints[k].damping / joints[k].stiffness / (substeps * timestep));
      }
      mujoco.mj_step(model, data);
    }

    for (let k = 0; k < positions; k++) states[s + k] = qpos[k];
    for (let k = 0; k < velocities; k++) states[s + positions + k] = qvel[k];
    for (let k = 0; k < velocities; k++) states[s + positions + velocities + k] = warmStart[k];
  }
}

/** Half the distance between the fingers where no action moves them. */
export const restOpening = 0.01;

/** Bytes of WebAssembly memory in use by MuJoCo, and engines alive. */
export function engineMemory(): { readonly bytes: number; readonly engines: number } {
  const [first] = engines.values();
  return { bytes: first ? first.data.qpos.buffer.byteLength : 0, engines: engines.size };
}

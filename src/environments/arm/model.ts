/** Lengths of the arm in metres: height of the shoulder, upper arm, forearm, wrist to grip. */
export const links = { shoulder: 0.3, upper: 0.33, fore: 0.33, tool: 0.16 } as const;

/** Half an edge of the cube; the widest opening of one finger from the middle. */
export const cubeHalf = 0.02;
export const fingerReach = 0.04;

/** Where the grip may go, in metres; x points from the base over the table, z up from it. */
export const workspace = { low: [0.26, -0.18, 0.02], high: [0.5, 0.18, 0.3] } as const;

/** 20 steps of 2.5 ms a control step: 20 Hz. */
export const timestep = 0.0025;
export const substeps = 20;

export const jointCount = 5;
export const actuatorCount = 7;

/** Position control of a joint: force = stiffness (target − q) − damping q̇, within ±limit (N m). */
export const joints = [
  { stiffness: 3000, damping: 60, limit: 60 },
  { stiffness: 4000, damping: 80, limit: 80 },
  { stiffness: 3000, damping: 60, limit: 60 },
  { stiffness: 1000, damping: 20, limit: 30 },
  { stiffness: 1000, damping: 20, limit: 30 },
] as const;

/** What of the world may be varied. */
export interface ArmWorld {
  /** Mass of the cube in kg; undefined for a table without a cube. */
  readonly cubeMass: number | undefined;
  /** [5] share of its stiffness, damping and greatest torque that each joint has. */
  readonly jointStrength: readonly number[];
}

/**
 * The world as MJCF: five joints (yaw, shoulder, elbow, wrist pitch, wrist yaw), two coupled fingers, a table, perhaps a cube.
 * The arm is weightless (gravcomp), its links touch nothing: pads, cube and table do. Pads decide the friction of a grasp (priority).
 * Coordinates qpos: joints [5], fingers [2], cube position [3] and quaternion [4].
 */
export function armModel({ cubeMass, jointStrength }: ArmWorld): string {
  const actuators = joints.map(({ stiffness, damping, limit }, k) => {
    const share = jointStrength[k];
    return `<position joint="j${k}" kp="${stiffness * share}" kv="${damping * share}" forcerange="${-limit * share} ${limit * share}"/>`;
  });
  const finger = (name: string, sign: 1 | -1) => `
    <body name="${name}" pos="0 0 ${-links.tool}" gravcomp="1">
      <joint name="${name}" type="slide" axis="0 ${sign} 0" range="0 ${fingerReach}" armature="0.05" damping="4"/>
      <geom class="pad" size="0.011 0.005 0.018" pos="0 ${0.005 * sign} 0" mass="0.03"/>
      <geom class="arm" type="box" size="0.008 0.005 0.025" pos="0 ${0.007 * sign} 0.042" mass="0.02"/>
    </body>`;
  const cube = `
    <body name="cube" pos="0.4 0 ${cubeHalf}">
      <freejoint name="cube"/>
      <geom type="box" size="${cubeHalf} ${cubeHalf} ${cubeHalf}" mass="${cubeMass}" condim="4" friction="1 0.02 0.0001"/>
    </body>`;
  return `
<mujoco model="arm">
  <compiler angle="radian" autolimits="true"/>
  <size memory="512K"/>
  <option timestep="${timestep}" integrator="implicitfast" cone="elliptic" impratio="10" iterations="30" ls_iterations="20"/>
  <default>
    <geom solref="0.008 1" solimp="0.95 0.99 0.001"/>
    <default class="arm"><geom contype="0" conaffinity="0"/><joint armature="0.1" damping="1"/></default>
    <default class="pad"><geom type="box" condim="4" friction="2 0.05 0.0001" priority="1"/></default>
  </default>
  <worldbody>
    <geom name="table" type="box" size="0.4 0.4 0.02" pos="0.4 0 -0.02" friction="1 0.005 0.0001"/>
    <body name="turret" pos="0 0 ${links.shoulder}" gravcomp="1">
      <joint name="j0" axis="0 0 1" range="-2.5 2.5" class="arm"/>
      <geom type="cylinder" size="0.055 0.05" class="arm" mass="0.8"/>
      <body name="upper" gravcomp="1">
        <joint name="j1" axis="0 -1 0" range="-1.5 2.6" class="arm"/>
        <geom type="capsule" size="0.035" fromto="0 0 0 ${links.upper} 0 0" class="arm" mass="0.8"/>
        <body name="fore" pos="${links.upper} 0 0" gravcomp="1">
          <joint name="j2" axis="0 -1 0" range="-2.9 0" class="arm"/>
          <geom type="capsule" size="0.03" fromto="0 0 0 ${links.fore} 0 0" class="arm" mass="0.5"/>
          <body name="wrist" pos="${links.fore} 0 0" gravcomp="1">
            <joint name="j3" axis="0 -1 0" range="-2.6 2.6" class="arm"/>
            <geom type="sphere" size="0.035" class="arm" mass="0.15"/>
            <body name="hand" gravcomp="1">
              <joint name="j4" axis="0 0 1" range="-2.8 2.8" class="arm"/>
              <geom type="capsule" size="0.025" fromto="0 0 0 0 0 -0.07" class="arm" mass="0.15"/>
              <geom type="box" size="0.02 0.055 0.012" pos="0 0 -0.09" class="arm" mass="0.1"/>
              <site name="grip" pos="0 0 ${-links.tool}"/>${finger("left", 1)}${finger("right", -1)}
            </body>
          </body>
        </body>
      </body>
    </body>${cubeMass === undefined ? "" : cube}
  </worldbody>
  <equality><joint joint1="left" joint2="right" polycoef="0 1 0 0 0" solref="0.005 1"/></equality>
  <actuator>
    ${actuators.join("\n    ")}
    <position joint="left" kp="400" kv="16" forcerange="-10 10"/>
    <position joint="right" kp="400" kv="16" forcerange="-10 10"/>
  </actuator>
</mujoco>`;
}
